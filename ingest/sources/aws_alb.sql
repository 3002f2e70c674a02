/*
title = "AWS Application Load Balancer access log"
kind = "gateway"
provenance = "composed"
recognise = '^[a-z][a-z0-9]* \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z app/\S+ \S+ \S+ -?[0-9.]|^Enable AccessLog for ELB: '
priority = 40
documentation = [
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-verify-jwt.html",
    "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
]
cannot_tell = "error_reason says which step of a login failed, and never what the identity provider answered: its own log tells that. The log names no user and no client, and no reason for a 401 or 403 that the target answered. The address is that of the last proxy before the load balancer. Delivery is best effort: lines may be missing or come twice, and no field is unique to a line. A log has no setting for more fields; connection logs are files of their own and tell of no request."
*/
-- Words and quoted fields; AWS adds new ones at the end, so old lines end earlier and new ones may go on. A line whose
-- quotes do not come out right (a raw quote in a URL or a user agent) is read by the regular expression.
WITH split AS (
    SELECT "offset", line, q, string_split(q[1], ' ') AS w, string_split(q[5], ' ') AS g, string_split(q[11], ' ') AS r
    FROM (SELECT "offset", line, string_split(line, '"') AS q FROM records)
),
checked AS (
    SELECT *,
        coalesce(len(w) = 13 AND w[13] = '' AND q[3] = ' ' AND len(g) = 5 AND g[1] = '' AND g[5] = ''
            AND trim(coalesce(q[7], '')) = '' AND trim(coalesce(q[9], '')) = '', false) AS fast
    FROM split
),
fields AS (
    SELECT "offset", line, w, fast,
        CASE WHEN NOT fast AND len(q) > 6 AND len(w) = 13 THEN nullif(regexp_extract(line,
            '^[^"]* "(.* HTTP/[0-9.]+|[^"]*|.*)" "(.*)" [^ "]+ [^ "]+ (?:arn:[^ "]+|-) "([^"]*)"(?: "[^"]*" "[^"]*"(?: ([^ "]+) ([^ "]+) "([^"]*)" "[^"]*"(?: "([^"]*)"(?: "[^"]*" "[^"]*"(?: "([^"]*)" "([^"]*)")?)?)?)?)?(?: [^"]*(?:"[^"]*" ?)*[^"]*)?$',
            ['request', 'agent', 'trace', 'priority', 'created', 'actions', 'reason', 'class', 'class_reason']),
            {'request': '', 'agent': '', 'trace': '', 'priority': '', 'created': '', 'actions': '', 'reason': '', 'class': '', 'class_reason': ''}) END AS s,
        q, r
    FROM checked
),
named AS (
    SELECT "offset", line, w, fast OR s IS NOT NULL AS matched,
        CASE WHEN fast THEN q[2] ELSE s.request END AS request,
        CASE WHEN fast THEN q[4] ELSE s.agent END AS agent,
        CASE WHEN fast THEN q[6] ELSE s.trace END AS trace,
        CASE WHEN fast THEN r[3] ELSE s.created END AS created,
        nullify(CASE WHEN fast THEN q[12] ELSE s.actions END) AS actions,
        nullify(CASE WHEN fast THEN q[16] ELSE s.reason END) AS reason,
        nullify(CASE WHEN fast THEN q[24] ELSE s.class_reason END) AS class_reason
    FROM fields
),
placed AS (
    SELECT *,
        http_status(w[9]) AS code,
        http_status(w[10]) AS target_code,
        -- a client that sent no whole request leaves `- http://host:80- -` or `- - -`
        CASE WHEN starts_with(request, '- ') OR NOT contains(request, ' ') THEN NULL ELSE split_part(request, ' ', 1) END AS verb,
        -- the load balancer writes the URL as it came, blanks and all
        CASE WHEN starts_with(request, '- ') THEN NULL
             WHEN starts_with(split_part(request, ' ', -1), 'HTTP/')
                THEN substr(request, strpos(request, ' ') + 1, len(request) - strpos(request, ' ') - len(split_part(request, ' ', -1)) - 1)
             ELSE nullif(rtrim(rtrim(substr(request, strpos(request, ' ') + 1), '- ')), '') END AS target,
        regexp_matches(reason, '^(Auth|JWT|JWKS|UnhandledException)') AS of_login,
        TRY_CAST(w[6] AS DOUBLE) AS t1, TRY_CAST(w[7] AS DOUBLE) AS t2, TRY_CAST(w[8] AS DOUBLE) AS t3
    FROM named
),
told AS (
    SELECT *,
        contains(target, '/oauth2/idpresponse') AND contains(split_part(target, '?', 1), '/oauth2/idpresponse') AS is_callback,
        CASE WHEN code IS NULL OR code = 460 THEN NULL
             WHEN target_code IS NOT NULL AND target_code = code THEN 'upstream'
             ELSE 'gateway' END AS answered
    FROM placed
)
SELECT
    "offset",
    coalesce(TRY_CAST(w[2] AS TIMESTAMP), iso_time(w[2])) AS time,
    nullify(w[3]) AS instance,
    -- X-Amzn-Trace-Id: the Root is the request's, a Self before it is the load balancer's
    CASE WHEN starts_with(trace, 'Root=') THEN nullif(split_part(substr(trace, 6), ';', 1), '')
         WHEN contains(trace, 'Root=') THEN nullif(regexp_extract(trace, '(?:^|;)\s*Root=([^;]+)', 1), '') END AS trace_id,
    -- address and port: 203.0.113.7:2817, [2001:db8::7]:2817 or 2001:db8::7:2817
    CASE WHEN w[4][1] = '[' THEN split_part(substr(w[4], 2), ']', 1)
         WHEN contains(w[4], '.') AND NOT contains(w[4], '::') THEN split_part(w[4], ':', 1)
         ELSE nullify(regexp_replace(w[4], ':[0-9]+$', '')) END AS client_ip,
    hex_unescape(nullify(agent)) AS user_agent,
    -- the load balancer's own callback
    CASE WHEN is_callback THEN 'authorization' END AS endpoint,
    target AS path,
    verb AS method,
    code AS status,
    target_code AS upstream_status,
    answered AS answered_by,
    -- three times in seconds; where one is -1, from the receipt of the request to the answer
    CASE WHEN code IS NULL THEN NULL
         WHEN t1 >= 0 AND t2 >= 0 AND t3 >= 0 THEN round((t1 + t2 + t3) * 1000, 3)
         WHEN w[1] NOT IN ('ws', 'wss') AND TRY_CAST(created AS TIMESTAMP) <= TRY_CAST(w[2] AS TIMESTAMP)
            THEN (epoch_us(TRY_CAST(w[2] AS TIMESTAMP)) - epoch_us(TRY_CAST(created AS TIMESTAMP))) / 1000.0 END AS duration_ms,
    CASE WHEN is_callback AND contains(target, 'code=') THEN query_param(target, 'code') END AS credential,
    -- without a reason, the action that answered, or why the request was taken for a smuggled one
    CASE WHEN reason IS NOT NULL THEN reason
         WHEN code >= 400 AND answered = 'gateway' AND target_code IS NULL AND code NOT IN (460, 463, 464) THEN
            CASE WHEN code = 400 AND class_reason IS NOT NULL THEN class_reason
                 WHEN split_part(actions, ',', -1) IN ('waf', 'fixed-response', 'authenticate', 'jwt-validation')
                    AND code IN (400, 401, 403, 405, 429) THEN split_part(actions, ',', -1) END END AS error_code,
    CASE WHEN of_login THEN 'failure' WHEN code IS NULL THEN 'other' END AS outcome,
    CASE WHEN starts_with(line, 'Enable AccessLog for ELB: ') THEN 'test of access to the bucket' END AS ignored,
    CASE WHEN NOT matched OR matched IS NULL THEN 'not a line of this access log' END AS quarantined
FROM told
