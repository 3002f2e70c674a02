/*
title = "Application logs that tell of OAuth"
kind = "gateway"
provenance = "composed"
recognise = '''^(?:[^{\s=][^\s=]*\s.*)?{{failures}}|^[ \t]+["']?error(?:_?[dD]escription["']?\s*(?:=>|:)|["']?\s*(?:=>|:).{0,40}\b{{telling_codes}}\b)|^[ \t]+{{library_classes}}: 
^(?:[^{\s=][^\s=]*\s.*)?{{product_messages}}'''
priority = 99
documentation = [
    "https://www.rfc-editor.org/rfc/rfc6749#section-5.2",
    "https://www.rfc-editor.org/rfc/rfc6750#section-3",
    "https://github.com/auth0/node-jsonwebtoken",
    "https://pyjwt.readthedocs.io/en/stable/api.html#exceptions",
    "https://github.com/jwtk/jjwt",
    "https://connect2id.com/products/nimbus-jose-jwt",
    "https://github.com/golang-jwt/jwt",
    "https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet/wiki",
]
cannot_tell = "Only lines are read in which an OAuth error, a WWW-Authenticate challenge or the message of a known library stands; all others are ignored, so successes are not counted. Which request failed is told only where the line names it: log the method and path, client_id= and request_id= in the same line. A stack trace is one event, at its first line that tells a cause."

[[advice]]
columns = ["client_id"]
add = "client_id=... in the line of the error"
tells = "Which client failed."

[[advice]]
columns = ["route", "method", "request_id"]
add = "the method and path, and request_id=... in the line of the error"
tells = "Which request failed, and what joins it with the gateway's line."
*/
-- Free text. What follows a line and continues it (a stack trace, the second line of java.util.logging) belongs to it. The first line of
-- such a block that tells of a failure says why; the event is at the first line of all, which has the time.
WITH plain AS (
    SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line
    FROM records
),
-- An error body or object that stands in several lines, one name in each
beside AS (
    SELECT "offset", line, lag(line) OVER ordered AS above, lead(line) OVER ordered AS below FROM plain WINDOW ordered AS (ORDER BY "offset")
),
telling AS MATERIALIZED (
    -- Kubernetes puts its own words before those of go-oidc
    SELECT "offset", CASE WHEN NOT regexp_matches(line, '^\s+["'']?error["'']?\s*:')
            THEN regexp_replace(replace(line, 'oidc: verify token: oidc: ', 'oidc: '), ' (?:\{| +\S+\.py:\d+)$', '')
        ELSE concat_ws(' ', line, CASE WHEN regexp_matches(below, '^\s+["'']?error_?[dD]escription') THEN below WHEN regexp_matches(above, '^\s+["'']?error_?[dD]escription') THEN above END) END AS line
    FROM beside
    WHERE tells_failure(line) AND NOT starts_with(line, '{') AND NOT contains(split_part(line, ' ', 1), '=')
        -- Envoy's own log, whose access log has the request
        AND NOT regexp_matches(line, '^\[[^\]]+\]\[\d+\]\[[a-z]+\]\[[a-z0-9_]+\] \[source/')
        -- what a database says, a list of all codes, and the names of tests
        AND NOT regexp_matches(line, '\b(?:INSERT INTO|SELECT .+ FROM|UPDATE \S+ SET|DELETE FROM|STATEMENT:|DETAIL:|LOG:  )|' || telling_codes() || '["'']?, ?["'']?' || telling_codes())
        AND NOT regexp_matches(line, '[✓✔✕✗✖●]|\b(?:PASS|FAIL)(?:ED)?\b|\bshould (?:return|reject|fail|throw|refuse|accept|have)\b|(?:^|\s)(?:not )?ok \d+ |::test_|_test\.\w+:\d|\.(?:test|spec)\.[jt]sx?|##\[')
),
found AS MATERIALIZED (
    SELECT "offset", line, told_error(line) AS told, library_message(line) AS library, library_class(line) AS thrown, portable_code(line) AS portable,
        CASE WHEN regexp_matches(line, '(?i)www-authenticate\\?["'']?\s*[:=]') THEN nullif(
            regexp_extract(replace(line, '\"', '"'), '(?i)www-authenticate["'']?\s*[:=]\s*\[?["'']?((?:bearer|dpop)\b.*)$', 1), '') END AS challenged
    FROM telling
),
told AS MATERIALIZED (
    SELECT *,
        -- words that only say that another line has the cause
        told.error IS NULL AND told.odd IS NULL AND regexp_matches(library, '^(server responded with|authorization response from|Failed to obtain|oauth2: cannot fetch token)') AS vague
    FROM found
    WHERE library IS NOT NULL OR challenged IS NOT NULL OR told.odd IS NOT NULL OR regexp_matches(line, '\b' || library_classes() || ':')
        OR is_oauth_failure(told.error, told.words)
),
placed AS MATERIALIZED (
    SELECT p."offset", p.line, t."offset" IS NOT NULL AS tells, coalesce(t.vague, false) AS vague,
        regexp_matches(p.line, '^(?:$|\s|at [\w.$/]+\(|\.\.\. \d+ more|File "|Caused by: |Traceback |Response: |https?://|POST https?://|\[auth\]\[(?:cause|details)\]: |[{}()\[\]"'',;]+$|[A-Za-z_][\w.$:\\]*(?:Error|Exception|Expired|Signature)\b|(?:SEVERE|WARNING|INFO|FINE): )')
            AND leading_time(p.line) IS NULL AS continues
    FROM beside p LEFT JOIN told t ON t."offset" = p."offset"
),
blocks AS MATERIALIZED (
    SELECT *, coalesce(CASE WHEN continues THEN
        last_value(CASE WHEN NOT continues THEN "offset" END IGNORE NULLS) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING) END, "offset") AS head
    FROM placed
),
causes AS MATERIALIZED (
    SELECT f.head, t.* EXCLUDE ("offset", vague)
    FROM (SELECT head, coalesce(min("offset") FILTER (NOT vague), min("offset")) AS first FROM blocks WHERE tells GROUP BY head) f JOIN told t ON t."offset" = f.first
),
events AS MATERIALIZED (
    SELECT b."offset", b.line, b.tells, c.told, c.library, c.thrown, c.portable, c.challenged,
        CASE WHEN c.head IS NOT NULL THEN leading_time(b.line) END AS stamp,
        -- NestJS and Python's rich, month first, and klog of Kubernetes
        CASE WHEN c.head IS NOT NULL THEN regexp_extract(b.line, '^(?:\[Nest\] \d+ +- |\[)(\d\d/\d\d/(?:\d\d){1,2},? \d{1,2}:\d\d:\d\d(?: [AP]M)?)(?:\]| )', 1) END AS american,
        CASE WHEN c.head IS NOT NULL THEN regexp_extract(b.line, '^\[Nest\] \d+ +- (\d{4}-\d\d-\d\d,? \d\d:\d\d:\d\d) ', 1) END AS nest,
        CASE WHEN c.head IS NOT NULL THEN regexp_extract(b.line, '^[IWEF](\d{4} \d\d:\d\d:\d\d\.\d{6}) ', 1) END AS klog,
        CASE WHEN c.line = b.line THEN b.line WHEN c.head IS NOT NULL THEN concat_ws(' ', b.line, c.line) END AS context
    FROM blocks b LEFT JOIN causes c ON c.head = b."offset"
)
SELECT
    "offset",
    zoned_time(stamp) AS time,
    coalesce(zoneless_time(stamp), TRY_CAST(replace(nest, ',', '') AS TIMESTAMP),
        try_strptime(replace(american, ',', ''), ['%m/%d/%y %H:%M:%S', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M:%S'])) AS local_time,
    try_strptime('2000' || nullif(klog, ''), '%Y%m%d %H:%M:%S.%f') AS yearless,
    CASE WHEN context IS NOT NULL THEN coalesce(
        nullif(regexp_extract(context, '(?i)\b(?:request|req|correlation|x-request)[ _-]?id["'']?\s*[=: ]\s*["'']?([A-Za-z0-9._-]{8,64})', 1), ''),
        nullif(regexp_extract(context, '\[([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\]', 1), ''),
        -- Lambda
        nullif(regexp_extract(context, '^(?:\[[A-Z]+\]\s+|\d{13}\s+)?\S+Z\s+([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\s', 1), '')) END AS request_id,
    CASE WHEN contains(context, 'trace') THEN nullif(regexp_extract(context, '(?i)\btrace[_-]?id["'']?\s*[=:]\s*["'']?([0-9a-f]{32})\b', 1), '') END AS trace_id,
    -- Kafka names its own clients in brackets
    CASE WHEN contains(context, 'lient') THEN nullif(regexp_extract(CASE WHEN contains(context, ' clientId=') THEN regexp_replace(context, '\[\w+ clientId=[^\]]*\]', '') ELSE context END, '(?i)\bclient_?id["'']?\s*(?:=>|=|:)\s*["'']?([^\s"'',;&)\]}]+)', 1), '') END AS client_id,
    CASE WHEN context IS NOT NULL THEN ip_address(nullif(regexp_extract(context, '(?i)\b(?:(?:client[_.]?ip|client[_.]address|remote_?addr(?:ess)?|ip|from|client)["'']?\s*[=: ]\s*["'']?|failed authentication with [\w.-]*/)(\[?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7})\]?(?::[0-9]+)?)', 1), '')) END AS client_ip,
    CASE WHEN context IS NOT NULL THEN coalesce(nullif(regexp_extract(context, '\b' || http_methods() || ' ((?:https?:/)?/[^\s"'',;)`\]]*)', 1), ''),
        nullif(regexp_extract(context, '\b(?:path|uri|url|request_uri)["'']?\s*[=:]\s*["'']?((?:https?:/)?/[^\s"'',;)`\]]*)', 1), '')) END AS path,
    CASE WHEN context IS NOT NULL THEN coalesce(nullif(regexp_extract(context, '\b(' || http_methods() || ') (?:https?:/)?/', 1), ''),
        nullif(regexp_extract(context, '\bmethod["'']?\s*[=:]\s*["'']?(' || http_methods() || ')\b', 1), '')) END AS method,
    CASE WHEN context IS NOT NULL THEN http_status(coalesce(nullif(regexp_extract(context, '(?i)\bstatus(?:[ _-]?code)?["'']?\s*[=: ]\s*["'']?([1-5][0-9]{2})\b', 1), ''),
        nullif(regexp_extract(context, '\b(40[0-9]|429|50[0-4]) (?:Bad Request|Unauthorized|Forbidden|Too Many Requests|Internal Server Error)', 1), ''),
        nullif(regexp_extract(context, '\bcode=(40[0-9]|429|50[0-4])\b', 1), ''),
        nullif(regexp_extract(context, ' HTTP/[0-9.]+" ([1-5][0-9]{2})\b', 1), ''))) END AS status,
    CASE WHEN contains(context, 'grant') THEN nullif(regexp_extract(context, 'grant_?[tT]ype["'']?\s*(?:=>|=|:)\s*["'']?([a-z_:0-9A-Z.-]+)', 1), '') END AS grant_type,
    CASE WHEN contains(context, 'kid') THEN nullif(regexp_extract(context, '\bkid["'']?\s*[=:]\s*["'']?([\w.-]+)', 1), '') END AS kid,
    CASE WHEN contains(context, 'earer eyJ') THEN bearer_jwt(substr(context, strpos(context, 'earer eyJ') - 1)) END AS jwt,
    challenged AS challenge,
    CASE WHEN context IS NOT NULL THEN 'failure' END AS outcome,
    told.error AS error,
    coalesce(portable, thrown, told.odd) AS error_code,
    CASE WHEN challenged IS NULL THEN coalesce(told.words, library) END AS error_description,
    CASE WHEN context IS NOT NULL THEN NULL
         WHEN tells THEN 'a line of a stack trace'
         WHEN starts_with(line, '{') OR line SIMILAR TO '\S+=.*' THEN 'no line of free text'
         ELSE 'no word of an OAuth failure' END AS ignored
FROM events
