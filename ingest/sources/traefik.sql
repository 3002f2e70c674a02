/*
title = "Traefik Proxy (also traefik-forward-auth and the plugin traefik-oidc-auth)"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://doc.traefik.io/traefik/reference/install-configuration/observability/logs-and-accesslogs/",
    "https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/forwardauth/",
    "https://github.com/thomseddon/traefik-forward-auth",
    "https://github.com/sevensolutions/traefik-oidc-auth",
]
cannot_tell = "The access log tells the status and whether a service was asked, not why forwardAuth or a plugin refused: accessLog.fields.headers.names with Www-Authenticate: keep brings the challenge, Location: keep the errors that go back by redirect, X-Request-Id and Traceparent: keep what joins with the authorization server. Headers are dropped unless one asks for them. Traefik's own log (log.level: DEBUG) tells of forwardAuth calls and upstream errors, without the request they belong to: read beside the access log, such a failure counts twice. Lines of genericCLF are those of nginx's combined format and are read as such."
priority = 42
recognise = '^\S+ - .* \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] ".*" (\d{3}|-|"-") (\d+|-|"-") .* (\d+|-|"-") ("[^"]*"|-) ("[^"]*"|-) \d+ms$|^\s*\{.*"(DownstreamStatus|DownstreamContentSize|OriginStatus|OriginDuration|StartUTC|StartLocal|RetryAttempts)"\s*:|^\s*\{.*"(middlewareName|middlewareType|entryPointName|routerName|providerName)"\s*:\s*"|^\s*\{.*"(message|msg)"\s*:\s*"\x27?\d{3} (Internal Server Error|Bad Gateway|Gateway Timeout|Client Closed Request)|^(\x1b\[[0-9;]*m)*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*(TRC|DBG|INF|WRN|ERR|FTL|PNC)\b.*(traefik/|middleware(Name|Type)=|entryPointName=|routerName=|providerName=|\d{3} (Internal Server Error|Bad Gateway|Gateway Timeout|Client Closed Request))|^time="[^"]*" level=[a-z]+ msg=.*( (middlewareName|middlewareType|entryPointName|routerName|serverName|providerName)=|caused by: |\d{3} (Internal Server Error|Bad Gateway|Gateway Timeout|Client Closed Request))|^time="[^"]*" level=[a-z]+ msg=.* handler=(Auth|AuthCallback|Logout|Allow) |^time="[^"]*" level=(warning|error) msg="(Error validating csrf cookie|Invalid cookie|Invalid email)|^\s*\{.*"handler"\s*:\s*"(Auth|AuthCallback|Logout|Allow)"|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[A-Z]+\] \[traefik-oidc-auth\] '

[[advice]]
columns = ["error", "error_code", "error_description"]
add = 'accessLog.format: json and accessLog.fields.headers.names.WWW-Authenticate: keep'
tells = "the challenge of an answer, in which an API says what is wrong with the token"

[[advice]]
columns = ["request_id", "trace_id"]
add = 'accessLog.format: json and accessLog.fields.headers.names.X-Request-Id: keep'
tells = "one id in the logs of gateway and auth server"
*/
-- Four logs: the access log in common log format and in JSON, and Traefik's own as text and as JSON; of release 2
-- (logrus) and 3 (zerolog). traefik-forward-auth writes logrus too and names its handler; the plugin traefik-oidc-auth
-- `2026-03-02 02:15:04 [ERROR] [traefik-oidc-auth] message` to the same stream.
WITH read AS (
    SELECT "offset", line, plain,
        CASE WHEN starts_with(plain, '{') THEN TRY(json_extract_string(plain, [
            '$.StartUTC', '$.StartLocal', '$.time', '$.ClientHost', '$.ClientAddr', '$.ClientUsername', '$.RequestMethod', '$.RequestPath',
            '$.DownstreamStatus', '$.OriginStatus', '$.Duration', '$.OriginContentSize', '$.RouterName', '$.ServiceURL',
            '$.TraceId', '$.trace_id', '$."request_User-Agent"', '$."request_X-Request-Id"', '$."request_Traceparent"', '$."request_Authorization"',
            '$."downstream_Www-Authenticate"', '$."origin_Www-Authenticate"', '$."downstream_Location"', '$."origin_Location"',
            '$."downstream_X-Request-Id"', '$."origin_X-Request-Id"', '$."request_X-Correlation-Id"', '$."request_X-B3-Traceid"',
            '$.level', '$.message', '$.msg', '$.error', '$.middlewareType', '$.plugin', '$.RequestCount', '$."request_X-Client-Id"', '$.RequestHost',
            '$.handler', '$.uri', '$.source_ip', '$.host', '$.method', '$.user', '$.email'])) END AS v
    FROM (
        SELECT "offset", line,
            ltrim(CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*m', '', 'g') ELSE line END) AS plain
        FROM records
    )
),
-- common log format is cut at its quotes; a referrer or agent with quotes of its own is read from both ends
cut AS (
    SELECT *, CASE WHEN ends_with(plain, 'ms') AND contains(plain, '] "') THEN string_split(plain, '"') END AS q
    FROM read
),
named AS (
    SELECT *,
        v IS NOT NULL AND coalesce(v[9], v[10], v[11], v[1], v[7], v[35]) IS NOT NULL AS access_json,
        len(q) = 11 AND starts_with(q[3], ' ') AND q[5] = ' ' AND q[9] = ' ' AS exact,
        CASE WHEN q IS NOT NULL AND (len(q) <> 11 OR q[5] <> ' ' OR q[9] <> ' ') THEN regexp_extract(plain,
            '^(\S+) - (.*?) \[([^\]]+)\] "(.*)" (\d{3}|-|"-") (?:\d+|-|"-") ("(?:.*)") (?:\d+|-|"-") (?:"([^"]*)"|-) (?:"([^"]*)"|-) (\d+)ms$',
            ['host', 'user', 'time', 'request', 'status', 'said', 'router', 'service', 'duration']) END AS loose,
        -- 2026-03-02T02:15:04Z ERR file.go:1 > message error="..." key=value, or time="..." level=error msg="..." key=value
        CASE WHEN v IS NULL AND q IS NULL THEN CASE
            WHEN starts_with(plain, 'time="') THEN regexp_extract(plain, '^time="([^"]*)" level=([a-z]+) msg=("(?:[^"\\]|\\.)*"|\S+)(.*)$', ['time', 'level', 'message', 'rest'])
            WHEN plain[11] = 'T' AND plain[5] = '-' THEN regexp_extract(plain,
                '^(\S+) (TRC|DBG|INF|WRN|ERR|FTL|PNC) (?:\S+\.go:\d+ > )?(.*?)((?: [a-zA-Z_]+=(?:"(?:[^"\\]|\\.)*"|\S*))*)$', ['time', 'level', 'message', 'rest'])
            WHEN contains(plain, '] [traefik-oidc-auth] ') THEN regexp_extract(plain,
                '^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \[([A-Z]+)\] \[traefik-oidc-auth\] (.*)()$', ['time', 'level', 'message', 'rest'])
            END END AS text
    FROM cut
),
told AS (
    SELECT *,
        access_json OR exact OR loose['request'] <> '' AS access,
        CASE WHEN access_json THEN v[8]
             WHEN exact THEN q[2] WHEN loose['request'] <> '' THEN loose['request'] END AS request,
        http_status(CASE WHEN access_json THEN coalesce(v[9], nullif(v[10], '0'))
            WHEN exact THEN split_part(q[3], ' ', 2) ELSE loose['status'] END) AS code,
        CASE WHEN access_json THEN v[14] WHEN exact THEN q[10] ELSE loose['service'] END AS service,
        nullif(coalesce(v[21], v[22]), 'REDACTED') AS asked_for,
        nullif(v[20], 'REDACTED') AS sent,
        nullif(coalesce(v[23], v[24]), 'REDACTED') AS sent_to,
        CASE WHEN access_json THEN NULL
             WHEN v IS NOT NULL THEN coalesce(v[30], v[31])
             WHEN starts_with(text['message'], '"') THEN replace(text['message'][2:-2], '\"', '"')
             ELSE nullif(text['message'], '') END AS message,
        CASE WHEN access_json THEN NULL WHEN v IS NOT NULL THEN v[32]
             WHEN contains(text['rest'], ' error=') THEN replace(replace(coalesce(nullif(regexp_extract(text['rest'], ' error="((?:[^"\\]|\\.)*)"', 1), ''),
                regexp_extract(text['rest'], ' error=([^\s"]+)', 1)), '\"', '"'), '\n', chr(10)) END AS fault,
        CASE WHEN access_json THEN NULL WHEN v IS NOT NULL THEN v[38]
             WHEN contains(text['rest'], ' handler=') THEN regexp_extract(text['rest'], ' handler=(\w+)', 1) END AS handler,
        plain[5] = '-' AND plain[21] = '[' AND text['message'] <> '' AS oidc_auth,
        CASE WHEN v IS NOT NULL THEN v[34] WHEN contains(text['rest'], ' plugin=') THEN regexp_extract(text['rest'], ' plugin=(\S+)', 1) END AS plugin
    FROM named
),
judged AS (
    SELECT *,
        CASE
            WHEN message IS NULL THEN NULL
            WHEN starts_with(message, 'Remote error ') THEN 'forwardAuth'
            WHEN starts_with(message, 'Error calling ') OR starts_with(message, 'Error reading body ') OR starts_with(message, 'Error while reading ')
              OR starts_with(message, 'Error reading response location') THEN 'forwardAuth'
            WHEN message = 'Authentication failed' OR starts_with(message, 'Digest authentication failed') THEN 'authentication'
            WHEN starts_with(message, 'Rejecting IP ') OR starts_with(message, 'rejecting request') THEN 'network'
            WHEN starts_with(message, 'Request body is too large') THEN 'body'
            WHEN starts_with(message, 'blocked by circuit-breaker') THEN 'breaker'
            WHEN message IN ('Could not insert/update bucket', 'No bursty traffic allowed', 'Could not extract source of request')
              OR starts_with(message, 'could not insert/update bucket') OR starts_with(message, 'could not extract source of request') THEN 'rate'
            WHEN regexp_matches(message, '^''?\d{3} (Internal Server Error|Bad Gateway|Gateway Timeout|Client Closed Request|Service Unavailable)') THEN 'upstream'
            WHEN starts_with(message, 'Error validating csrf cookie') OR handler = 'AuthCallback' AND (starts_with(message, 'Missing csrf cookie')
              OR starts_with(message, 'Error validating state') OR starts_with(message, 'Invalid provider in csrf cookie')) THEN 'callback'
            WHEN handler = 'AuthCallback' AND regexp_matches(message, '^(?:Code exchange failed|Error exchanging code|Error getting user)') THEN 'exchange'
            WHEN starts_with(message, 'Invalid cookie: ') OR handler = 'Auth' AND message IN ('Invalid cookie', 'Invalid email', 'Invalid user') THEN 'visit'
            WHEN handler = 'AuthCallback' AND regexp_matches(message, '^(?:Successfully g|G)enerated auth cookie') THEN 'login'
            WHEN oidc_auth AND text['level'] <> 'DEBUG' AND message <> 'Exchange Auth Code: invalid status code' AND regexp_matches(message,
                '^(?:exchangeAuthCode: |Exchange Auth Code: |State on callback request is |The identity provider didn''t return a code|Failed reading state cookie|Returned token is not valid)')
            THEN 'oidc callback'
            WHEN oidc_auth AND text['level'] <> 'DEBUG' AND regexp_matches(message,
                '^(?:renewToken: |Failed to parse token: |Unauthorized\. |http-get |Failed to decode OIDC|Error on introspection request|Failed to decode introspection|failed to fetch UserInfo)')
            THEN 'oidc'
            WHEN text['level'] IN ('error', 'fatal') AND tells_failure(coalesce(fault, message)) THEN 'told'
            WHEN plugin IS NOT NULL AND regexp_matches(message, '(?i)jwt|token|oidc|oauth|authori[sz]|authenticat|forbidden|claim|scope')
              AND regexp_matches(message, '(?i)fail|invalid|expired|missing|denied|error|not |no |unauthor|forbidden|unable|could') THEN 'plugin' END AS kind_of,
        -- what Traefik says in the place of a service, it says with these words and no others
        coalesce(v[12], CASE WHEN exact THEN split_part(q[3], ' ', 3) END) AS size
    FROM told
),
stated AS (
    SELECT *,
        CASE kind_of
            WHEN 'upstream' THEN http_status(regexp_extract(message, '(\d{3}) ', 1))
            WHEN 'authentication' THEN 401
            WHEN 'network' THEN 403
            WHEN 'breaker' THEN 503
            WHEN 'callback' THEN 401
            WHEN 'visit' THEN 401
            WHEN 'exchange' THEN 503
            WHEN 'rate' THEN CASE WHEN contains(lower(message), 'source') THEN 500 ELSE 429 END
            WHEN 'forwardAuth' THEN CASE WHEN starts_with(message, 'Remote error ') THEN http_status(regexp_extract(message, 'StatusCode: (\d{3})', 1)) ELSE 500 END
            ELSE code END AS final,
        -- what the authorization server answered
        CASE WHEN kind_of IN ('exchange', 'told', 'oidc', 'oidc callback') THEN told_error(coalesce(fault, message)) END AS answer,
        CASE WHEN kind_of IN ('exchange', 'told', 'oidc', 'oidc callback') AND regexp_matches(coalesce(fault, message), library_messages()) THEN library_message(coalesce(fault, message)) END AS library,
        code IN (500, 502, 504, 499) AND (size IS NULL OR (code, size) IN ((502, '11'), (504, '15'), (500, '21'), (499, '21'))) AS perhaps_ours
    FROM judged
)
SELECT
    "offset",
    CASE WHEN access_json THEN coalesce(iso_time(regexp_replace(coalesce(v[1], v[2]), '(\.\d{6})\d+', '\1')), iso_time(v[3]))
         WHEN exact THEN clf_time(split_part(split_part(q[1], '[', -1), ']', 1))
         WHEN access THEN clf_time(loose['time'])
         WHEN v IS NOT NULL THEN coalesce(iso_time(v[3]), epoch_time(v[3]))
         ELSE iso_time(text['time']) END AS time,
    CASE WHEN oidc_auth THEN TRY_CAST(text['time'] AS TIMESTAMP) END AS local_time,
    CASE WHEN handler IS NOT NULL THEN nullify(coalesce(v[41], nullif(regexp_extract(text['rest'], ' host=(\S+)', 1), ''))) END AS instance,
    coalesce(nullif(nullify(v[18]), 'REDACTED'), nullif(nullify(v[25]), 'REDACTED'), nullif(nullify(v[26]), 'REDACTED'), nullif(nullify(v[27]), 'REDACTED')) AS request_id,
    coalesce(nullify(v[15]), nullify(v[16]), nullify(split_part(v[19], '-', 2)), nullif(nullify(v[28]), 'REDACTED')) AS trace_id,
    nullif(nullify(v[36]), 'REDACTED') AS client_id,
    coalesce(nullify(CASE WHEN access_json THEN v[6]
            WHEN exact THEN split_part(substr(q[1], strpos(q[1], ' - ') + 3), ' [', 1) ELSE loose['user'] END),
        CASE WHEN sent IS NOT NULL THEN basic_user(sent) END) AS login,
    CASE WHEN kind_of IN ('visit', 'login') THEN nullify(coalesce(v[43], v[44], nullif(regexp_extract(text['rest'], ' (?:user|email)="?([^"\s]+)', 1), ''))) END AS user_name,
    CASE WHEN access_json THEN coalesce(nullify(trim(split_part(v[4], ',', 1))),
            CASE WHEN starts_with(v[5], '[') THEN split_part(substr(v[5], 2), ']', 1) ELSE nullify(split_part(v[5], ':', 1)) END)
         WHEN exact THEN nullify(trim(split_part(left(q[1], strpos(q[1], ' - ') - 1), ',', 1)))
         WHEN access THEN nullify(trim(split_part(loose['host'], ',', 1)))
         WHEN kind_of IN ('callback', 'exchange', 'visit', 'login') THEN nullify(trim(split_part(
            coalesce(v[40], nullif(regexp_extract(text['rest'], ' (?:source_ip|RemoteAddr)="?([^"\s,]+)', 1), '')), ',', 1))) END AS client_ip,
    CASE WHEN kind_of IN ('callback', 'exchange', 'login', 'oidc callback') THEN 'authorization' END AS endpoint,
    nullif(nullify(CASE WHEN access_json THEN v[17] WHEN exact THEN q[6]
        WHEN access THEN replace(regexp_extract(loose['said'], '" "(.*)"$', 1), '\"', '"') END), 'REDACTED') AS user_agent,
    CASE WHEN access_json THEN nullify(v[8])
         WHEN handler IS NOT NULL THEN nullify(coalesce(v[39], nullif(trim(regexp_extract(text['rest'], ' uri=("[^"]*"|\S+)', 1), '"'), '')))
         WHEN request LIKE '% % HTTP/%' THEN replace(substr(request, strpos(request, ' ') + 1, len(request) - strpos(request, ' ') - len(split_part(request, ' ', -1)) - 1), '\"', '"') END AS path,
    nullify(CASE WHEN access_json THEN v[7] WHEN access THEN split_part(request, ' ', 1)
        WHEN handler IS NOT NULL THEN coalesce(v[42], regexp_extract(text['rest'], ' method=([A-Z]+)', 1)) END) AS method,
    final AS status,
    CASE WHEN coalesce(perhaps_ours, false) THEN NULL WHEN access_json THEN http_status(v[10])
         WHEN access AND nullify(service) IS NOT NULL THEN code END AS upstream_status,
    CASE WHEN kind_of = 'upstream' OR final IS NULL THEN NULL
         WHEN kind_of IS NOT NULL THEN 'gateway'
         WHEN access_json AND http_status(v[10]) IS NULL THEN CASE WHEN v[10] = '0' OR nullify(service) IS NULL THEN 'gateway' END
         WHEN nullify(service) IS NULL THEN 'gateway'
         WHEN perhaps_ours THEN NULL
         WHEN access_json AND http_status(v[10]) IS DISTINCT FROM code THEN 'gateway'
         ELSE 'upstream' END AS answered_by,
    CASE WHEN access_json THEN TRY_CAST(v[11] AS DOUBLE) / 1000000
         WHEN exact THEN TRY_CAST(trim(q[11])[:-3] AS DOUBLE)
         WHEN access THEN TRY_CAST(loose['duration'] AS DOUBLE) END AS duration_ms,
    CASE WHEN sent IS NOT NULL THEN bearer_jwt(sent) END AS jwt,
    asked_for AS challenge,
    CASE WHEN kind_of = 'exchange' OR starts_with(message, 'exchangeAuthCode: ') THEN 'authorization_code'
         WHEN kind_of = 'oidc' AND starts_with(message, 'renewToken: ') THEN 'refresh_token' END AS grant_type,
    CASE WHEN answer IS NOT NULL THEN coalesce(answer.error, answer.odd)
         WHEN contains(sent_to, 'error=') THEN query_param(sent_to, 'error') END AS error,
    CASE WHEN kind_of = 'login' THEN NULL
         WHEN answer.error IS NOT NULL OR answer.odd IS NOT NULL THEN answer.words
         WHEN library IS NOT NULL THEN library
         -- what follows `cookie: ` would be taken for its value
         WHEN kind_of IN ('callback', 'visit') THEN regexp_replace(message, 'cookie: (.*)$', 'cookie (\1)') || coalesce(' (' || nullif(fault, '') || ')', '')
         WHEN kind_of IS NOT NULL THEN regexp_replace(message, '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[A-Z]+\] (?:\[[a-z-]+\] )?', '') || CASE WHEN nullif(fault, '') IS NULL THEN '' ELSE ': ' || fault END
         WHEN contains(sent_to, 'error=') THEN query_param(sent_to, 'error_description') END AS error_description,
    CASE WHEN kind_of IN ('forwardAuth', 'plugin', 'authentication', 'network', 'rate', 'callback', 'exchange', 'visit', 'oidc callback', 'oidc', 'told') THEN 'failure'
         WHEN kind_of = 'login' THEN 'success'
         -- a status that is not there says nothing, a success neither
         WHEN kind_of IS NOT NULL OR access AND code IS NULL THEN 'other' END AS outcome,
    CASE WHEN access THEN NULL
         WHEN kind_of = 'forwardAuth' AND final < 400 THEN 'redirect of forwardAuth'
         WHEN kind_of IS NOT NULL THEN NULL
         WHEN message IS NOT NULL OR text['level'] <> '' THEN 'server message'
         WHEN regexp_matches(plain, '^(Version check is disabled|You will not be notified if a new version|More details( on)?: https://doc\.traefik|(Stats|Data) collection is (dis|en)abled|Help us improve Traefik|Many thanks for contributing)')
         THEN 'server message' END AS ignored,
    CASE WHEN access AND nullify(CASE WHEN access_json THEN coalesce(v[7], v[8], v[9], v[10]) ELSE request END) IS NULL THEN 'no request'
         WHEN NOT coalesce(access, false) AND kind_of IS NULL THEN 'not a line of Traefik' END AS quarantined
FROM stated
