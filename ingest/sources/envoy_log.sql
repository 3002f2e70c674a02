/*
title = "Envoy's own log (also Istio's proxies, Envoy Gateway): jwt_authn, oauth2, rbac"
kind = "gateway"
provenance = "composed"
rules_of = "envoy"
documentation = [
    "https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-log-format",
    "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter",
    "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/oauth2_filter",
    "https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/",
]
cannot_tell = "No line names the request, the caller or the token: read the access log with %RESPONSE_CODE_DETAILS% beside it, where each failure counts again. jwt_authn and rbac tell at debug only (--component-log-level jwt:debug,rbac:debug, istioctl proxy-config log --level jwt:debug), oauth2 at warn since 1.37 and at debug before."
priority = 46
recognise = '^(?:\[Envoy \(Epoch \d+\)\] )?\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\[\d+\]\[(?:trace|debug|info|warning|error|critical)\]\[[a-z_0-9.]+\] |^\d{4}-\d\d-\d\dT[\d:.]+Z\s+(?:trace|debug|info|warn|warning|error|critical)\s+envoy [a-z_0-9]+\s'
*/
-- `[time][thread][level][logger] [file.cc:1] [Tags: "ConnectionId":"0"] message`; Istio: `time level envoy logger file.cc:1 message
-- thread=1` with tabs, which a copy from a terminal has lost. Before 1.27 `[C0][S1]` stands for the tags, of which a request has its id.
WITH parted AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '[' THEN regexp_extract(line,
                '^(?:\[Envoy \(Epoch \d+\)\] )?\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)\]\[\d+\]\[([a-z]+)\]\[([a-z_0-9.]+)\] (?:\[[^\]]*\.(?:cc|h):\d+\] )?(?:\[Tags: [^\]]*\] |\[C\d+\]\[S\d+\] )?(.*)$',
                ['time', 'level', 'logger', 'message'])
             ELSE regexp_extract(line,
                '^(\d{4}-\d\d-\d\dT[\d:.]+Z)\s+([a-z]+)\s+envoy ([a-z_0-9]+)(?: \S+\.(?:cc|h):\d+)?\s+(?:\[Tags: [^\]]*\] |\[C\d+\]\[S\d+\] )?(.*?)(?:\s+thread=\d+)?$',
                ['time', 'level', 'logger', 'message']) END AS v
    FROM records
),
told AS (
    SELECT *,
        v['message'] AS message,
        CASE v['logger']
            WHEN 'jwt' THEN CASE
                WHEN starts_with(lower(v['message']), 'jwt authentication completed with: ') THEN 'end'
                WHEN contains(v['message'], 'JWT token verification completed with: ') THEN 'token'
                WHEN regexp_matches(v['message'], '(?i)pubkey.*: (?:failed|network error|response status code|body is empty|body is null)|^Jwks async fetching url=.*: failed|^Jwks fetch.*fail') THEN 'fetch' END
            WHEN 'oauth2' THEN CASE
                WHEN starts_with(v['message'], 'Responding with ') THEN 'oauth2'
                WHEN starts_with(v['message'], 'Oauth response body: {') THEN 'answer' END
            WHEN 'rbac' THEN CASE WHEN starts_with(v['message'], 'enforced denied') THEN 'rbac' END
        END AS kind
    FROM parted
),
-- what one provider says of a token is told again by the end of the request, unless another provider took it
followed AS (
    SELECT *,
        kind = 'token' AND list_contains(list(ended) OVER next_lines, left(v['time'], 19)) AS told_again
    FROM (SELECT *, CASE WHEN kind = 'end' THEN left(v['time'], 19) END AS ended FROM told)
    WINDOW next_lines AS (ORDER BY "offset" ROWS BETWEEN 1 FOLLOWING AND 4 FOLLOWING)
),
reasoned AS (
    SELECT *,
        CASE kind
            WHEN 'end' THEN split_part(message, 'completed with: ', 2)
            WHEN 'token' THEN split_part(message, 'completed with: ', 2)
            WHEN 'oauth2' THEN split_part(message, '. Cause: ', 2)
            WHEN 'answer' THEN substr(message, 22)
            ELSE message END AS reason,
        CASE WHEN contains(line, '"RequestId":"') THEN split_part(split_part(line, '"RequestId":"', 2), '"', 1) END AS request_id
    FROM followed
),
judged AS (
    SELECT *,
        CASE WHEN kind IN ('end', 'token') AND reason IN ('OK', '') THEN 'success'
             WHEN told_again THEN 'again' ELSE kind END AS said,
        CASE WHEN kind = 'oauth2' AND starts_with(reason, 'OAuth server returned an error: ') THEN '?' || ltrim(substr(reason, 33), '?') END AS query,
        CASE WHEN kind = 'answer' OR contains(reason, 'response body: {') THEN error_body(regexp_extract(reason, '\{.*\}')) END AS answer
    FROM reasoned
)
SELECT
    "offset",
    CASE WHEN v['time'][11] = 'T' THEN iso_time(v['time']) END AS time,
    CASE WHEN v['time'][11] = ' ' THEN TRY_CAST(v['time'] AS TIMESTAMP) END AS local_time,
    nullify(request_id) AS request_id,
    CASE WHEN said IN ('end', 'token', 'rbac') THEN 'api'
         WHEN said = 'oauth2' AND regexp_matches(reason, '^(?:OAuth server|Code |State |CSRF |Failed to (?:decrypt code|get access token))') THEN 'authorization' END AS endpoint,
    CASE said WHEN 'end' THEN CASE WHEN reason = 'Audiences in Jwt are not allowed' THEN 403 ELSE 401 END
              WHEN 'rbac' THEN 403
              WHEN 'oauth2' THEN http_status(split_part(message, ' ', 3)) END AS status,
    CASE WHEN said IN ('end', 'token', 'rbac', 'oauth2') THEN 'gateway' END AS answered_by,
    CASE WHEN kind = 'oauth2' AND starts_with(reason, 'Failed to get access token') THEN 'authorization_code'
         WHEN kind = 'oauth2' AND starts_with(reason, 'Failed to refresh') THEN 'refresh_token' END AS grant_type,
    oauth_error(coalesce(answer.error, query_param(query, 'error'))) AS error,
    CASE WHEN said IN ('success', 'again') OR kind IS NULL THEN NULL
         WHEN query IS NOT NULL THEN coalesce(query_param(query, 'error_description'), 'OAuth server returned an error')
         WHEN kind = 'answer' OR answer.error IS NOT NULL THEN answer.error_description
         -- without state, code and what could not be decrypted
         WHEN kind = 'oauth2' AND regexp_matches(reason, '^(?:Code |State |Failed to decrypt)') THEN split_part(reason, ': ', 1)
         WHEN kind = 'rbac' THEN split_part(reason, ', matched', 1)
         ELSE reason END AS error_description,
    CASE WHEN kind = 'answer' AND answer.error IS NULL THEN NULL
         WHEN said IN ('end', 'token', 'fetch', 'oauth2', 'answer', 'rbac') THEN 'failure' END AS outcome,
    CASE WHEN v['level'] = '' THEN NULL
         WHEN said = 'again' THEN 'told by a line after'
         WHEN said = 'success' OR kind IS NULL OR kind = 'answer' AND answer.error IS NULL THEN 'server message' END AS ignored,
    CASE WHEN v['level'] = '' THEN 'not a line of Envoy''s log' END AS quarantined
FROM judged
