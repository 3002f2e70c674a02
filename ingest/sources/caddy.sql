/*
title = "Caddy"
kind = "gateway"
provenance = "captured"
recognise = '"logger"\s*:\s*"(http\.(log\.(access|error)|handlers\.|authentication\.|auto_https|reverse_proxy|stdlib|matchers\.)|tls\.(cache|obtain|renew|issuance|on_demand)|admin\.api|security")|"msg"\s*:\s*"(handled request|NOP)".*"(resp_headers|duration|bytes_read)"\s*:|"msg"\s*:\s*"auth provider returned error"|\s(\x1b\[\d+m)?(DEBUG|INFO|WARN|ERROR|debug|info|warn|error)(\x1b\[0m)?\s+(http\.(log|handlers|authentication|auto_https|reverse_proxy|stdlib)|tls\.(cache|obtain|renew|issuance)|security|admin\.api)[A-Za-z0-9_.-]*\s'
priority = 45
documentation = [
    "https://caddyserver.com/docs/caddyfile/directives/log",
    "https://caddyserver.com/docs/logging",
    "https://caddyserver.com/docs/json/apps/http/servers/logs/",
    "https://docs.authcrunch.com/docs/intro",
]
cannot_tell = "Caddy writes no access log until a site has the `log` directive. That log has the challenge and the Location of an answer, so it tells why an API refused and which error went back by redirect, but of a refused token request only the status: `log_append resp_body {http.response.body}` brings the error (Caddy 2.11). Why a plugin refused (caddy-security, caddy-jwt) stands in a line of its own, without the request: the request's line is another event. A log that `transform` writes as common log is read as nginx's."
*/
-- zap's JSON, or its console format: `time, level, logger, message, {fields}` with tabs between, which becomes JSON here.
-- Which keys a line has depends on the release: remote_addr (to 2.4), remote_ip and user_id (2.5), client_ip (2.7).
WITH documents AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '{' THEN line
             WHEN parts IS NULL THEN NULL
             ELSE '{"ts":' || CAST(to_json(parts[1]) AS VARCHAR) || ',"level":' || CAST(to_json(parts[2]) AS VARCHAR)
                || CASE WHEN len(parts) > 3 THEN ',"logger":' || CAST(to_json(parts[3]) AS VARCHAR) ELSE '' END
                || ',"msg":' || CAST(to_json(parts[-1]) AS VARCHAR)
                || CASE WHEN begins = 0 THEN '}' ELSE ',' || substr(plain, begins + 2) END END AS document
    FROM (
        SELECT *, CASE WHEN line[1] <> '{' AND contains(plain, chr(9))
            THEN string_split(CASE WHEN begins = 0 THEN plain ELSE left(plain, begins - 1) END, chr(9)) END AS parts
        FROM (
            SELECT "offset", line, plain, strpos(plain, chr(9) || '{') AS begins
            FROM (SELECT "offset", line,
                    -- a terminal's copy has colours, and blanks instead of tabs
                    CASE WHEN line[1] = '{' THEN line
                         WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*m', '', 'g')
                         WHEN NOT contains(line, chr(9)) AND line[1] BETWEEN '0' AND '9' AND ends_with(line, '}') THEN
                            regexp_replace(line, '^(\S+(?: \S+)??) +(DEBUG|INFO|WARN|ERROR) +(\S+) +(.*?) +(\{".*)$',
                                '\1' || chr(9) || '\2' || chr(9) || '\3' || chr(9) || '\4' || chr(9) || '\5')
                         ELSE line END AS plain
                  FROM records)
        )
    )
),
read AS (
    SELECT "offset", line, held IS NOT NULL AS matched,
        coalesce(held[1], held[2], held[3], held[4]) AS ts,
        held[5] AS level,
        coalesce(held[6], held[7]) AS logger,
        coalesce(held[8], held[9]) AS msg,
        held[10] AS remote_ip, held[11] AS remote_addr, held[12] AS caller_ip,
        held[13] AS verb, held[14] AS host, held[15] AS uri,
        -- headers are Name: [values]; of some, what is asked is whether they are there
        held[16:17] || held[39:41] AS h,
        held[35:35] || held[42:46] AS r,
        held[18] AS user_id, held[19] AS took, held[20] AS code,
        held[21] AS problem, held[22] AS provider, held[23] AS first_msg, held[24] AS first_status,
        held[25] AS session, coalesce(held[26], held[27]) AS appended_id,
        coalesce(held[28], held[29]) AS trace, coalesce(held[30], held[31]) AS answer,
        coalesce(held[32], held[33]) AS form, held[34] AS appended_client,
        coalesce(held[13], held[15], held[14], held[10], held[11], held[47]) IS NOT NULL AS of_request,
        coalesce(held[36], held[37]) AS user_email, held[38] AS user_addr
    FROM (
        SELECT "offset", line, TRY(json_extract_string(document, [
            '$.ts', '$.time', '$.timestamp', '$."@timestamp"', '$.level', '$.logger', '$.name', '$.msg', '$.message',
            '$.request.remote_ip', '$.request.remote_addr', '$.request.client_ip',
            '$.request.method', '$.request.host', '$.request.uri',
            '$.request.headers."User-Agent"[0]', '$.request.headers."X-Request-Id"[0]',
            '$.user_id', '$.duration', '$.status', '$.error', '$.provider', '$.first_error.msg', '$.first_error.status',
            '$.session_id', '$.request_id', '$.uuid', '$.traceID', '$.trace_id', '$.resp_body', '$.response_body',
            '$.req_body', '$.request_body', '$.client_id', '$.resp_headers."Www-Authenticate"',
            '$.user.email', '$.user.sub', '$.user.addr',
            '$.request.headers."X-Correlation-Id"[0]', '$.request.headers.Traceparent[0]', '$.request.headers.Authorization[0]',
            '$.resp_headers.Location[0]', '$.resp_headers.Via', '$.resp_headers.Server[0]', '$.resp_headers.Date',
            '$.resp_headers."X-Request-Id"[0]', '$.request.proto'])) AS held
        FROM documents
    )
),
kinds AS (
    SELECT *,
        CASE WHEN NOT matched THEN NULL
             WHEN msg IN ('handled request', 'NOP') AND of_request THEN 'access'
             WHEN starts_with(logger, 'http.log.access') AND of_request AND code IS NOT NULL THEN 'access'
             WHEN starts_with(logger, 'http.log.error') AND of_request THEN 'error'
             -- of caddy-jwt its own line tells it; caddy-auth-jwt, whose provider has the same name, writes no other
             WHEN msg = 'auth provider returned error' AND problem IS NOT NULL THEN
                CASE WHEN provider IS DISTINCT FROM 'jwt' OR starts_with(problem, 'token validator: ') THEN 'authentication' END
             WHEN logger = 'http.authentication.providers.jwt' AND msg IN ('invalid token', 'invalid user claim') THEN 'jwt'
             WHEN starts_with(logger, 'security') AND session IS NOT NULL AND problem IS NOT NULL
                AND lower(level) <> 'debug' THEN 'portal'
             WHEN starts_with(logger, 'security') AND msg = 'Successful login' THEN 'portal'
             WHEN logger = 'http.handlers.auth_portal' AND msg = 'Authentication failed' AND problem IS NOT NULL THEN 'portal'
        END AS kind
    FROM read
),
opened AS (
    SELECT *,
        CASE WHEN kind = 'authentication' AND contains(problem, 'user authorization failed: ')
             THEN regexp_extract(problem, 'user authorization failed: (.*?), reason: (.*)$', ['who', 'reason']) END AS refused
    FROM kinds
),
-- an error in the Location goes back to the client by redirect (RFC 6749 4.1.2.1)
judged AS (
    SELECT *,
        -- an error without a status is answered by a 500
        http_status(coalesce(code, first_status, CASE WHEN kind = 'error' THEN '500' END)) AS status,
        -- wall clock times have no zone
        matched AND ts[5] IN ('/', '-') AND NOT ends_with(ts, 'Z') AND NOT regexp_matches(ts, '[+-]\d\d:?\d\d$') AS zoneless,
        CASE WHEN kind = 'access' AND code BETWEEN '301' AND '308' AND contains(r[2], 'error=')
             THEN oauth_error(query_param(r[2], 'error')) END AS redirected,
        coalesce(contains(r[3], 'Caddy'), false) AS proxied
    FROM opened
)
SELECT
    "offset",
    CASE WHEN zoneless OR NOT matched THEN NULL
         WHEN ts[3] = '/' THEN clf_time(ts)
         WHEN ts[5] = '-' THEN iso_time(regexp_replace(ts, '([+-]\d\d)(\d\d)$', '\1:\2'))
         ELSE epoch_time(ts) END AS time,
    CASE WHEN zoneless THEN TRY_CAST(replace(left(ts, 26), '/', '-') AS TIMESTAMP) END AS local_time,
    nullify(host) AS instance,
    coalesce(nullify(appended_id), nullify(h[2]), nullify(h[3]), nullify(r[6])) AS request_id,
    coalesce(nullify(trace), CASE WHEN len(h[4]) >= 35 THEN nullify(split_part(h[4], '-', 2)) END) AS trace_id,
    CASE WHEN kind = 'portal' THEN nullify(session) END AS session_id,
    coalesce(nullify(appended_client),
        CASE WHEN contains(form, 'client_id=') THEN query_param(form, 'client_id') END) AS client_id,
    CASE WHEN contains(form, 'grant_type=') THEN query_param(form, 'grant_type') END AS grant_type,
    CASE WHEN contains(form, 'scope=') THEN query_param(form, 'scope') END AS scope,
    CASE WHEN contains(h[5], ' ') THEN basic_user(h[5]) END AS login,
    coalesce(nullify(user_id), nullify(user_email),
        CASE WHEN refused IS NOT NULL THEN coalesce(
            nullif(regexp_extract(refused.who, '(?:^|, )email=([^,]+)', 1), ''),
            nullif(regexp_extract(refused.who, '(?:^|, )sub=([^,]+)', 1), '')) END) AS user_name,
    CASE WHEN refused IS NOT NULL THEN nullif(regexp_extract(refused.who, '(?:^|, )jti=([^,]+)', 1), '') END AS credential,
    -- remote_addr has its port, and an IPv6 address its brackets
    coalesce(nullify(caller_ip), nullify(remote_ip),
        CASE WHEN remote_addr[1] = '[' THEN split_part(substr(remote_addr, 2), ']', 1)
             ELSE nullify(split_part(remote_addr, ':', 1)) END,
        nullify(user_addr),
        CASE WHEN refused IS NOT NULL THEN nullif(regexp_extract(refused.who, 'src_ip=([^,\s]+)', 1), '') END) AS client_ip,
    nullify(h[1]) AS user_agent,
    CASE WHEN redirected IS NOT NULL OR kind = 'portal' THEN 'authorization'
         WHEN kind IN ('authentication', 'jwt') THEN 'api' END AS endpoint,
    nullify(uri) AS path,
    nullify(verb) AS method,
    status,
    CASE WHEN kind = 'access' AND proxied THEN status END AS upstream_status,
    -- Caddy puts Via into what an upstream answered (since 2.9); its own errors have no body, and no Date in this log
    CASE WHEN kind IN ('error', 'authentication', 'jwt') THEN 'gateway'
         WHEN kind <> 'access' THEN NULL
         WHEN proxied THEN 'upstream'
         WHEN status >= 400 AND r[4] = 'Caddy' AND r[5] IS NULL THEN 'gateway' END AS answered_by,
    -- seconds have decimals; whole numbers are milliseconds or nanoseconds; or text such as 1m2.5s
    CASE WHEN took IS NULL THEN NULL
         WHEN contains(took, '.') AND took[-1] BETWEEN '0' AND '9' OR contains(took, 'e') THEN round(TRY_CAST(took AS DOUBLE) * 1000, 6)
         WHEN took[-1] BETWEEN '0' AND '9' THEN
            CASE WHEN len(took) > 5 THEN TRY_CAST(took AS DOUBLE) / 1e6 ELSE TRY_CAST(took AS DOUBLE) END
         WHEN ends_with(took, 'ms') THEN TRY_CAST(took[:-3] AS DOUBLE)
         WHEN ends_with(took, 'µs') OR ends_with(took, 'us') THEN TRY_CAST(took[:-3] AS DOUBLE) / 1e3
         WHEN ends_with(took, 'ns') THEN TRY_CAST(took[:-3] AS DOUBLE) / 1e6
         WHEN ends_with(took, 's') THEN
            coalesce(TRY_CAST(nullif(regexp_extract(took, '([0-9]+)h', 1), '') AS DOUBLE), 0) * 3600000
            + coalesce(TRY_CAST(nullif(regexp_extract(took, '([0-9]+)m', 1), '') AS DOUBLE), 0) * 60000
            + TRY_CAST(nullif(regexp_extract(took, '([0-9.]+)s$', 1), '') AS DOUBLE) * 1000 END AS duration_ms,
    CASE WHEN contains(h[5], 'eyJ') THEN bearer_jwt(h[5]) END AS jwt,
    CASE WHEN r[1][1] = '[' THEN array_to_string(TRY(from_json(r[1], '["VARCHAR"]')), ', ') END AS challenge,
    CASE WHEN status >= 400 AND answer[1] = '{' THEN answer END AS body,
    coalesce(redirected, CASE WHEN kind = 'portal' AND contains(problem, 'error: ')
        THEN oauth_error(regexp_extract(problem, 'error: "?([a-z_]+)', 1)) END) AS error,
    CASE kind
        WHEN 'access' THEN CASE WHEN redirected IS NOT NULL THEN query_param(r[2], 'error_description') END
        WHEN 'error' THEN coalesce(first_msg, msg)
        WHEN 'authentication' THEN coalesce(nullif(refused.reason, ''), problem)
        -- the claim would be a varying text if it stood in quotes
        WHEN 'jwt' THEN coalesce(CASE WHEN contains(problem, 'not satisfied') THEN replace(problem, '"', '') ELSE problem END, msg)
        WHEN 'portal' THEN problem
    END AS error_description,
    CASE WHEN redirected IS NOT NULL OR kind IN ('authentication', 'jwt') THEN 'failure'
         WHEN kind = 'portal' THEN CASE WHEN msg = 'Successful login' THEN 'success' ELSE 'failure' END END AS outcome,
    CASE WHEN kind IS NOT NULL THEN NULL
         WHEN matched AND msg = 'rate limit exceeded' THEN 'rate limit: the line of the request tells it'
         WHEN matched AND msg IN ('token validation error', 'auth provider returned error') THEN 'another line of the same refusal tells it'
         WHEN matched AND level IS NOT NULL THEN 'server message' END AS ignored,
    CASE WHEN kind IS NOT NULL THEN NULL
         WHEN line[1] = '{' AND NOT matched THEN 'broken JSON'
         WHEN NOT matched OR level IS NULL THEN 'not a line of Caddy' END AS quarantined
FROM judged
