/*
title = "nginx error log (also OpenResty, Kong, APISIX, ingress-nginx)"
kind = "gateway"
provenance = "captured"
recognise = '^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(?:emerg|alert|crit|error|warn|notice|info|debug)\] \d+#\d+: '
priority = 40
documentation = [
    "https://nginx.org/en/docs/ngx_core_module.html#error_log",
    "https://nginx.org/en/docs/http/ngx_http_auth_request_module.html",
    "https://github.com/zmartzone/lua-resty-openidc/blob/master/lib/resty/openidc.lua",
    "https://github.com/apache/apisix/blob/master/apisix/plugins/openid-connect.lua",
    "https://developer.konghq.com/gateway/pdk/reference/kong.log/",
    "https://github.com/nginxinc/nginx-openid-connect",
    "https://github.com/kjdev/nginx-auth-jwt",
]
cannot_tell = "An error line has neither a status nor a zone, no successes, and no id but Kong's (add the access log for these; run nginx in UTC). Kong's jwt, oauth2, key-auth and acl refuse without a line; its openid-connect tells why at `log_level = notice`, APISIX's plugins at `error_log_level: warn`, nginx's auth_basic and TLS client certificates at `error_log ... info`. A failed upstream may have been made good by the next one. njs does not write which request its line is of."
*/
-- `2026/03/02 02:15:04 [error] 31#31: *88412 message, client: A, server: S, request: "R", subrequest: "U", upstream: "U",
-- host: "H", referrer: "R", request_id: "I"`: nothing is escaped, and a line is cut at 2048 bytes.
WITH opened AS (
    SELECT line, "offset",
        regexp_matches(line, '^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: ') AS ours,
        split_part(substr(line, 22), ']', 1) AS level,
        substr(line, strpos(line, '] ') + 2) AS rest
    FROM records
),
tailed AS (
    SELECT *,
        CASE WHEN ours THEN CASE WHEN contains(rest, ', client: ') THEN split_part(rest, ', client: ', 1) ELSE rest END END AS head,
        -- who writes `, client: ` into a message could name another one
        CASE WHEN ours AND contains(rest, ', client: ') AND split_part(rest, ', client: ', 3) = ''
             THEN split_part(rest, ', client: ', 2) END AS tail
    FROM opened
),
parts AS (
    SELECT *,
        split_part(head, ' ', 1) || ' ' || split_part(head, ' ', 2) AS connection,
        CASE WHEN contains(tail, ', request: "') THEN substr(tail, strpos(tail, ', request: "') + 12) END AS asked,
        -- the message itself, without `31#31: *88412 `
        substr(head, CASE WHEN contains(head, '#') AND split_part(head, ' ', 2)[1] = '*'
            THEN len(split_part(head, ' ', 1)) + len(split_part(head, ' ', 2)) + 3 ELSE strpos(head, ': ') + 2 END) AS message
    FROM tailed
),
requests AS (
    SELECT *,
        split_part(asked, '", ', 1) AS begun,
        CASE WHEN contains(asked, '", upstream: "') THEN split_part(split_part(asked, '", upstream: "', 2), '"', 1) END AS upstream,
        -- [lua] openidc.lua:573: openidc_discover(): ..., [kong] handler.lua:12 [jwt] ...; the reason stands behind it
        CASE WHEN starts_with(message, '[lua] ') OR starts_with(message, '[kong] ') THEN split_part(message, ' ', 2) END AS script
    FROM parts
),
unplaced AS (
    SELECT *,
        CASE WHEN script IS NOT NULL THEN substr(message, len(split_part(message, ' ', 1)) + len(script) + 3) END AS behind
    FROM requests
),
unnamed AS (
    SELECT *,
        CASE WHEN ends_with(split_part(behind, ' ', 1), '():') THEN substr(behind, strpos(behind, ' ') + 1) ELSE behind END AS words
    FROM unplaced
),
marked AS (
    SELECT *,
        -- the plugin of Kong in brackets
        CASE WHEN words[1] = '[' AND strpos(words, '] ') BETWEEN 3 AND 40 AND NOT contains(split_part(words, '] ', 1), ' ')
                  AND NOT contains(split_part(words, '] ', 1), '"') THEN substr(split_part(words, '] ', 1), 2) END AS named,
        CASE WHEN script IS NOT NULL
             THEN split_part(split_part(split_part(split_part(script, ':', 1), '/', -1), '.lua', 1), '(', 1) END AS file
    FROM unnamed
),
told AS (
    SELECT *,
        -- a request without its closing quote was cut
        CASE WHEN len(begun) < len(asked) THEN begun
             WHEN ends_with(begun, '"') THEN begun[:-2] END AS request,
        coalesce(named, file) AS module,
        CASE WHEN named IS NOT NULL THEN substr(words, len(named) + 4)
             WHEN script IS NOT NULL THEN words
             WHEN starts_with(message, 'js: ') THEN substr(message, 5) ELSE message END AS said,
        starts_with(message, 'js: OIDC ') AS by_njs,
        CASE WHEN asked IS NOT NULL THEN hash(connection || split_part(tail, ',', 1) || begun) END AS key,
        CASE WHEN upstream IS NOT NULL THEN hash(upstream) END AS tried,
        -- what a line may be to those behind it
        CASE WHEN script IS NULL THEN CASE WHEN upstream IS NOT NULL THEN 'upstream' ELSE '' END
             WHEN contains(words, ' exits with http status code ') THEN 'exit'
             WHEN file = 'openidc' THEN 'openidc' ELSE 'script' END AS sort
    FROM marked
),
-- one request may say the same in several lines: what stood in one of the three lines before, of the same request
followed AS (
    SELECT *,
        CASE WHEN asked IS NULL THEN NULL
             WHEN lag(key, 1) OVER placed = key THEN lag(sort, 1) OVER placed
             WHEN lag(key, 2) OVER placed = key THEN lag(sort, 2) OVER placed
             WHEN lag(key, 3) OVER placed = key THEN lag(sort, 3) OVER placed END AS before,
        CASE WHEN asked IS NULL THEN NULL
             WHEN lag(key, 1) OVER placed = key THEN lag(tried, 1) OVER placed
             WHEN lag(key, 2) OVER placed = key THEN lag(tried, 2) OVER placed
             WHEN lag(key, 3) OVER placed = key THEN lag(tried, 3) OVER placed END AS tried_before
    FROM told
    WINDOW placed AS (ORDER BY "offset")
),
judged AS (
    SELECT *,
        module = 'plugin' AND contains(said, ' exits with http status code ') AS exits,
        CASE WHEN module IN ('openidc', 'openid-connect', 'openid_connect', 'oidc', 'jwt', 'jwt-auth', 'jwt-signer', 'jwe-decrypt', 'oauth2',
                'oauth2-introspection', 'upstream-oauth', 'authz-keycloak', 'authz-casdoor', 'auth-casdoor', 'authz-casbin', 'forward-auth',
                'key-auth', 'key-auth-enc', 'basic-auth', 'hmac-auth', 'ldap-auth', 'ldap-auth-advanced', 'multi-auth', 'mtls-auth',
                'header-cert-auth', 'vault-auth', 'cas-auth', 'wolf-rbac', 'opa', 'acl', 'consumer-restriction', 'jwt_parser', 'session')
             THEN level NOT IN ('info', 'debug') AND (level <> 'notice' OR module = 'openid-connect')
             -- a plugin of one's own
             WHEN regexp_matches(named, '(?i)auth|jwt|oidc|openid|saml|introspect|keycloak') AND asked IS NOT NULL
                  AND level IN ('error', 'crit', 'alert', 'emerg') THEN true
             ELSE regexp_matches(said,
                    '^(?:limiting (?:requests, excess|connections by)|access forbidden by rule|auth request unexpected status|no user/password was provided|user ".*" was not found in|user ".*": password mismatch|auth_jwt: |client SSL certificate verify error|client sent no required SSL certificate|OIDC )')
                  AND NOT (by_njs AND level IN ('info', 'debug', 'warn', 'notice'))
                  OR regexp_matches(said, '(?i)\bjw[tsk]s?\b|\boidc\b|openid|\boauth|id_token|bearer token|access token|\btoken (?:verification|validation|introspection)\b')
                     AND (level IN ('error', 'crit', 'alert', 'emerg')
                          OR level IN ('info', 'notice', 'warn') AND regexp_matches(said, '(?i)expired|invalid|fail|mismatch|not found|reject|denied'))
                     AND asked IS NOT NULL AND upstream IS NULL
             END AS refuses
    FROM followed
),
weighed AS (
    SELECT *,
        CASE WHEN exits THEN TRY_CAST(split_part(said, ' exits with http status code ', 2) AS SMALLINT)
             WHEN starts_with(said, 'auth request unexpected status') THEN 500
             WHEN starts_with(said, 'access forbidden by rule') THEN 403
             WHEN contains(said, 'password') AND regexp_matches(said, '^(?:no user/password|user ".*": password mismatch)')
                  OR starts_with(said, 'user "') AND contains(said, '" was not found in') THEN 401
             WHEN starts_with(said, 'no live upstreams') THEN 502
             WHEN starts_with(said, 'client intended to send too large') THEN 413
             WHEN starts_with(said, 'client sent too long URI') THEN 414
             WHEN starts_with(said, 'client SSL certificate verify error') THEN 400
             WHEN starts_with(said, 'client sent ') AND NOT starts_with(said, 'client sent invalid header line') THEN 400 END AS code,
        CASE
            WHEN NOT ours THEN NULL
            WHEN level = 'debug' THEN 'debug message'
            WHEN asked IS NULL AND NOT by_njs AND NOT (refuses AND tail IS NULL AND contains(rest, ', request: "')) AND NOT regexp_matches(said, '^(?:lua entry thread aborted|js exception)')
                THEN 'message of no request'
            WHEN contains(said, ', dry run') AND starts_with(said, 'limiting ') THEN 'limit in a dry run'
            WHEN exits THEN
                CASE WHEN before IN ('openidc', 'script') THEN 'told by a line before'
                     WHEN NOT regexp_matches(said, ' [45]\d\d$') THEN 'request that was not refused' END
            WHEN before = 'openidc' AND (file = 'openid-connect' OR named = 'oidc' AND starts_with(said, 'Bearer JWT verify failed')) THEN 'told by a line before'
            WHEN before = 'openidc' AND module = 'openidc' AND regexp_matches(said,
                '^(?:id_token validation failed|error getting endpoints definition|invalid id token, discarding|lost access token:|revocation of )')
                THEN 'told by a line before'
            WHEN before = 'upstream' AND tried_before <> tried THEN 'a further try of the same request'
            WHEN refuses AND (module IN ('openidc', 'openid-connect') AND regexp_matches(said,
                'restarting the authentication flow|^using deprecated option|^configured value for token_endpoint_auth_method|^ignored id_token signature|^unable to save session')
                 OR level = 'notice' AND starts_with(said, 'loading ') AND NOT contains(said, ' failed'))
                THEN 'request that was not refused'
            WHEN refuses OR level IN ('error', 'crit', 'alert', 'emerg') THEN NULL
            WHEN starts_with(said, 'client sent ') AND NOT starts_with(said, 'client sent invalid header line')
                 OR starts_with(said, 'client intended to send too large') THEN NULL
            ELSE 'request that was not refused' END AS passed_over
    FROM judged
),
explained AS (
    SELECT * EXCLUDE (request),
        CASE WHEN passed_over IS NULL THEN request END AS request,
        CASE
            WHEN passed_over IS NOT NULL THEN NULL
            WHEN exits THEN split_part(said, ' exits with ', 1)
            WHEN starts_with(said, 'auth request unexpected status: ') THEN 'auth_request:' || said[33:35]
            ELSE module END AS plugin,
        -- without what is secret or of one person: states, nonces, signatures, names, claims
        CASE
            WHEN passed_over IS NOT NULL OR NOT ours THEN NULL
            WHEN starts_with(said, 'auth_jwt: ') THEN 'auth_jwt: ' || split_part(split_part(split_part(said, 'auth_jwt: ', 2), ': ', 1), ' (', 1)
            WHEN starts_with(said, 'state from argument') THEN 'state from argument does not match state restored from session'
            WHEN contains(said, 'nonce ') THEN regexp_replace(regexp_replace(said, '^nonce ".*" in id_token is not equal .*', 'nonce in id_token is not equal to the nonce that was sent in the request'),
                '(?:from token )?\([^)]*\) (?:(does not match client) \([^)]*\)|(specified for [a-z ]+), .*)$', '\1\2')
            WHEN contains(said, 'authentication header: ') OR contains(said, 'invalid decoded data: ')
            THEN regexp_replace(said, '(decode authentication header|invalid decoded data): .*$', '\1')
            WHEN module = 'wolf-rbac' THEN regexp_replace(said, '(?i)^(fail )?request \[.*\] ?failed!', 'request failed!')
            WHEN starts_with(said, 'user "') THEN regexp_replace(said, '^user ".*"(: password mismatch| was not found in)', 'user\1')
            -- Kong puts what it was about before the reason
            WHEN starts_with(said, 'unable to verify ') AND ends_with(said, ')') THEN regexp_replace(said, '^unable to verify [a-z ]+ \((.*)\)$', '\1')
            WHEN starts_with(said, 'failed to get from node cache: ') THEN substr(said, 32)
            WHEN contains(said, 'signature mismatch: ') THEN split_part(said, 'signature mismatch: ', 1) || 'signature mismatch'
            WHEN starts_with(said, 'unhandled request to the redirect_uri') THEN split_part(said, '?', 1)
            WHEN contains(said, 'token response is not JSON') THEN split_part(said, ' is not JSON', 1) || ' is not JSON'
            WHEN by_njs AND contains(said, '(HTTP ') THEN split_part(said, '). ', 1) || ')'
            ELSE said END AS reason,
        -- what the authorization server answered, where the gateway passes it on
        CASE WHEN passed_over IS NULL AND contains(said, '{"') THEN error_body(regexp_extract(said, '\{.*\}')) END AS answer,
        CASE WHEN passed_over IS NULL AND (starts_with(said, 'OIDC error from IdP when sending authorization code: ') OR starts_with(said, 'OIDC refresh failure: '))
             THEN regexp_extract(said, '(?:code|failure): ([a-z_]+)(?:,? (.*))?$', ['error', 'description']) END AS passed_on
    FROM weighed
),
split AS (
    SELECT *,
        CASE WHEN request LIKE '% % HTTP/_%' THEN substr(request, strpos(request, ' ') + 1, len(request) - strpos(request, ' ') - len(split_part(request, ' ', -1)) - 1)
             WHEN starts_with(request, 'GET /') THEN substr(request, 5) END AS target
    FROM explained
),
aimed AS (
    SELECT *,
        -- what an authorization server sends back, to a path of the operator's choice (RFC 6749 4.1.2)
        regexp_matches(target, '[?&]state=') AND regexp_matches(target, '[?&](?:code|error)=') AS calls_back
    FROM split
)
SELECT
    "offset",
    CAST(NULL AS TIMESTAMP) AS time,
    CASE WHEN ours THEN try_strptime(line[1:19], '%Y/%m/%d %H:%M:%S') END AS local_time,
    -- the name of the server where it has one of its own
    nullify(CASE WHEN split_part(split_part(tail, ', server: ', 2), ', ', 1) IN ('', '_', 'kong', 'localhost') THEN
            CASE WHEN contains(tail, ', host: "') THEN split_part(split_part(tail, ', host: "', 2), '"', 1) END
         ELSE split_part(split_part(tail, ', server: ', 2), ', ', 1) END) AS instance,
    CASE WHEN contains(tail, ', request_id: "') THEN nullify(split_part(split_part(tail, ', request_id: "', 2), '"', 1)) END AS request_id,
    CASE WHEN starts_with(said, 'user "') THEN nullif(regexp_extract(said, '^user "(.*)"(?:: password mismatch| was not found in)', 1), '') END AS user_name,
    CASE WHEN tail IS NOT NULL THEN nullif(nullify(split_part(tail, ', ', 1)), 'unix:') END AS client_ip,
    CASE WHEN plugin IN ('openidc', 'openid-connect') AND (starts_with(said, 'OIDC authentication failed') OR regexp_matches(said,
            '^(?:request to the redirect_uri|unhandled request to the redirect_uri|state from argument|iss from argument|client_id from argument|issuer ".*in id_token|no ".*" claim found in id_token|nonce |id_token |token expired: id_token|token audience|no match found token audience|"sub" claim in id_token|error calling userinfo|invalid nonce)'))
         OR by_njs AND NOT contains(said, 'refresh') OR calls_back THEN 'authorization' END AS endpoint,
    target AS path,
    CASE WHEN target IS NOT NULL AND regexp_matches(request, '^[A-Z]+ ') THEN split_part(request, ' ', 1) END AS method,
    CAST(code AS SMALLINT) AS status,
    CASE WHEN starts_with(said, 'no live upstreams') OR exits OR refuses AND upstream IS NULL THEN 'gateway' END AS answered_by,
    -- the gateway is the client here
    CASE WHEN by_njs AND starts_with(said, 'OIDC refresh') OR starts_with(said, 'lost access token:') AND answer.error IS NOT NULL THEN 'refresh_token'
         WHEN by_njs AND contains(said, 'sending authorization code') THEN 'authorization_code'
         WHEN starts_with(said, 'OIDC authentication failed: ') AND answer.error = 'invalid_grant' THEN 'authorization_code' END AS grant_type,
    CASE WHEN answer IS NOT NULL OR passed_on IS NOT NULL
         THEN oauth_error(coalesce(answer.error, nullif(passed_on.error, ''))) END AS error,
    plugin AS error_code,
    -- a callback that brought an error tells it in its own words
    CASE WHEN contains(target, 'error=') AND starts_with(said, 'unhandled request') THEN NULL
         ELSE coalesce(answer.error_description, nullif(passed_on.description, ''),
            CASE WHEN starts_with(reason, 'OIDC introspection failed: response indicates') THEN reason
                 WHEN plugin IS NULL THEN reason
                 ELSE regexp_replace(regexp_replace(reason,
                    '^(?:OIDC (?:introspection|authentication) failed: |Bearer JWT verify failed: |lost access token:|[a-z-]+ failed to authenticate the request, code: 401\. error: )', ''),
                    '^failed to verify jwt: (''|claim )', '\1') END)
         END AS error_description,
    CASE WHEN passed_over IS NOT NULL THEN NULL
         WHEN refuses THEN 'failure'
         WHEN exits AND regexp_matches(said, '^(?:limit-|ai-rate-limiting)') THEN 'failure'
         -- it could not tell whether the caller may pass
         WHEN exits AND code >= 500 AND regexp_matches(said, '^(?:openid-connect|authz-keycloak|\S*casdoor|forward-auth'
                || '|cas-auth|jwt-auth|multi-auth|ldap-auth|wolf-rbac|opa) ') THEN 'failure'
         WHEN code IS NOT NULL THEN NULL
         WHEN contains(asked, '", subrequest: "') OR target IS NULL THEN 'other'
         WHEN calls_back THEN 'failure'
         WHEN regexp_matches(target, '(?i)auth|oidc|openid|connect|token|jwk|cert|keys|user_?info|introspect|revo|device|/par|pushed|regist|/reg|/dcr|logout|session|/slo|well-known')
              AND endpoint_of(target) <> 'api' THEN 'failure'
         ELSE 'other' END AS outcome,
    CASE WHEN ours THEN passed_over
         WHEN regexp_matches(line, '^(?:stack traceback:|coroutine \d+:|, client: |\s|[a-z_]+_by_lua\S*:\d+: in |\[C\]: in )') THEN 'continuation of a line before'
         WHEN regexp_matches(line, '^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] ') THEN 'message of a program' END AS ignored,
    CASE WHEN NOT ours THEN 'not a line of an nginx error log' END AS quarantined
FROM aimed
