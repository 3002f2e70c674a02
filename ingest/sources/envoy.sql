/*
title = "Envoy access log (also Istio, Envoy Gateway, Contour, Emissary)"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage",
    "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details",
    "https://istio.io/latest/docs/tasks/observability/logs/access-log/",
]
cannot_tell = "Envoy's default format tells the status and not the reason. Add %RESPONSE_CODE_DETAILS% (the filter that refused and why) and %RESP(WWW-AUTHENTICATE)%; for the client, log claims of the token by %DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt_payload:azp)%."
priority = 45
recognise = '\[[^\]]{10,40}\] "|^\s*\{'
format_language = "envoy"
variables = [
    "start_time", "req_method", "req_path", "protocol", "response_code", "response_flags",
    "response_code_details", "duration", "upstream_host", "req_x_forwarded_for",
    "downstream_remote_address", "downstream_direct_remote_address", "req_user_agent",
    "req_x_request_id", "stream_id", "unique_id", "req_traceparent", "trace_id",
    "resp_www_authenticate", "req_authorization", "grpc_status", "local_reply_body", "hostname",
    "claim_client_id", "claim_sub", "claim_iss", "claim_aud", "claim_scope", "claim_jti",
    "query_param_client_id", "query_param_error",
]

[formats]
default = '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
istio = '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%'
istio_to_1_8 = '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% "%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%'
istio_to_1_3 = '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% "%DYNAMIC_METADATA(istio.mixer:status)%" "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME%'
emissary = 'ACCESS [%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
json = 'json'

[[advice]]
columns = ["error", "error_code", "error_description"]
add = '%RESPONSE_CODE_DETAILS% and %RESP(WWW-AUTHENTICATE)% to the access log format'
tells = "the filter that refused and why, and the challenge of an answer"

[[advice]]
columns = ["client_id"]
add = '%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt_payload:azp)% to the access log format, and payload_in_metadata: jwt_payload to the provider'
tells = "the client, by the claim of its token"

[[advice]]
columns = ["request_id", "trace_id"]
add = '%REQ(X-REQUEST-ID)% to the access log format'
tells = "one id in the logs of gateway and auth server"
*/
WITH named AS (
    SELECT *,
        nullify(response_code_details) AS details,
        nullify(response_flags) AS flags,
        http_status(response_code) AS code,
        nullify(local_reply_body) AS reply,
        coalesce(forwarded_for(req_x_forwarded_for),
            nullify(downstream_remote_address), nullify(downstream_direct_remote_address)) AS caller,
        -- the name or the number of a gRPC status; a refused gRPC request has the HTTP status 200
        CASE replace(upper(nullify(grpc_status)), '_', '')
            WHEN '7' THEN 'PERMISSION_DENIED' WHEN 'PERMISSIONDENIED' THEN 'PERMISSION_DENIED'
            WHEN '8' THEN 'RESOURCE_EXHAUSTED' WHEN 'RESOURCEEXHAUSTED' THEN 'RESOURCE_EXHAUSTED'
            WHEN '16' THEN 'UNAUTHENTICATED' WHEN 'UNAUTHENTICATED' THEN 'UNAUTHENTICATED'
        END AS grpc_refusal
    FROM fields
),
-- details are `head{reason}`, `head[policy]`, a word, or a sentence of the oauth2 filter whose part
-- behind the colon is raw input: query, state, code verifier, URL, body. Blanks may be written `_`.
headed AS (
    SELECT *,
        CASE WHEN details IS NOT NULL AND details <> 'via_upstream'
             THEN regexp_extract(details, '^[^{[:]+') END AS start,
        CASE WHEN contains(details, '{') OR contains(details, '[')
             THEN regexp_extract(details, '^[^{[:]+[{[](.*?)[}\]]?$', 1) END AS reason
    FROM named
),
told AS (
    SELECT *,
        CASE WHEN start[1] BETWEEN 'A' AND 'Z' OR contains(start, 'failed') AND contains(details, start || ':')
             THEN replace(start, '_', ' ') END AS sentence,
        CASE
            WHEN code IS NULL THEN NULL
            WHEN details = 'via_upstream' OR start = 'upstream_reset_after_response_started' THEN 'upstream'
            WHEN details IS NOT NULL OR upstream_host = '-' THEN 'gateway'
            -- what Envoy answers in place of an upstream is an error with a flag; with DI the answer
            -- was only delayed, with DC the client went away while it was sent
            WHEN code >= 400 AND flags IS NOT NULL AND flags NOT IN ('DI', 'DC') THEN 'gateway'
            WHEN upstream_host IS NOT NULL THEN 'upstream' END AS answered
    FROM headed
)
SELECT
    "offset",
    CASE WHEN ends_with(start_time, 'Z') THEN TRY_CAST(start_time AS TIMESTAMP)
         ELSE coalesce(iso_time(start_time), epoch_time(start_time)) END AS time,
    nullify(hostname) AS instance,
    -- unlike the request id and the stream id, which every hop and every sidecar logs again
    nullify(unique_id) AS event_id,
    coalesce(nullify(req_x_request_id), nullify(stream_id)) AS request_id,
    coalesce(nullify(trace_id), trace_of(req_traceparent)) AS trace_id,
    coalesce(nullify(claim_client_id), nullify(query_param_client_id)) AS client_id,
    nullify(claim_sub) AS user_name,
    ip_address(caller) AS client_ip,
    nullify(req_user_agent) AS user_agent,
    -- the way back from the authorization server ends at a path of the operator's choice
    CASE WHEN start IN ('oauth.logged_in', 'oauth.race_redirect') THEN 'authorization'
         WHEN start = 'oauth.sign_out' THEN 'end_session'
         WHEN sentence IN ('OAuth server returned an error', 'Code or state query param does not exist',
                           'CSRF token validation failed', 'Code verifier cookie is missing in the request',
                           'Failed to decrypt code verifier', 'Failed to get access token',
                           'Failed to get access token due to HTTP request failure',
                           'Failed to parse oauth response body', 'Token endpoint cluster not found',
                           'No access token found in the token exchange response',
                           'No default or explicit access token expiration found in the token exchange response')
           OR starts_with(sentence, 'State query param') OR starts_with(sentence, 'State url')
         THEN 'authorization' END AS endpoint,
    nullify(req_path) AS path,
    nullify(req_method) AS method,
    code AS status,
    CASE WHEN answered = 'upstream' THEN code END AS upstream_status,
    answered AS answered_by,
    TRY_CAST(duration AS DOUBLE) AS duration_ms,
    nullify(claim_scope) AS scope,
    nullify(claim_iss) AS token_issuer,
    nullify(claim_aud) AS token_audience,
    nullify(claim_jti) AS credential,
    CASE WHEN req_authorization IS NOT NULL THEN bearer_jwt(req_authorization) END AS jwt,
    nullify(resp_www_authenticate) AS challenge,
    CASE WHEN reply[1] = '{' THEN reply END AS body,
    coalesce(nullify(query_param_error),
        CASE WHEN sentence = 'OAuth server returned an error' THEN query_param(details, 'error')
             WHEN sentence IS NOT NULL AND regexp_matches(details, 'response[_ ]body')
             THEN nullif(regexp_extract(details, '"error"\s*:[_\s]*"([A-Za-z0-9_.-]+)"', 1), '') END) AS error,
    -- a reset says by its reason whether TLS failed
    coalesce(CASE WHEN regexp_matches(reason, 'TLS[_ ]error') THEN 'TLS_error' END, sentence, start,
        CASE WHEN grpc_refusal IS NOT NULL THEN 'grpc:' || grpc_refusal END,
        CASE WHEN details IS NULL THEN 'flag:' || flags END) AS error_code,
    CASE
        WHEN reason <> '' AND starts_with(start, 'rbac_') THEN 'policy ' || reason
        WHEN reason <> '' THEN replace(reason, '_', ' ')
        -- the authorization server's own words, where it said any
        WHEN sentence = 'OAuth server returned an error'
            THEN coalesce(query_param(details, 'error_description'), sentence)
        WHEN sentence = 'Failed to get access token'
            THEN replace(coalesce(
                nullif(regexp_extract(details, '"error_description"\s*:[_\s]*"([^"]+)"', 1), ''),
                sentence || ': ' || regexp_extract(details, 'response[_ ]code:[_ ][0-9]+')), '_', ' ')
        WHEN sentence IS NOT NULL THEN sentence
        WHEN details IS NULL AND reply[1] <> '{' THEN reply
    END AS error_description,
    CASE WHEN grpc_refusal IS NOT NULL THEN 'failure'
         WHEN code < 400 AND start IN ('jwt_authn_access_denied', 'rbac_access_denied_matched_policy',
            'ext_authz_denied', 'ext_authz_error', 'local_rate_limited', 'request_rate_limited') THEN 'failure'
         WHEN response_code = '0' THEN 'other' END AS outcome,
    CASE WHEN matched AND coalesce(req_method, '-') = '-' AND coalesce(protocol, '-') = '-'
              AND coalesce(response_code, '0') IN ('0', '-') THEN 'connection without a request'
         WHEN NOT matched AND regexp_matches(line,
            '^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\[\d+\]\[[a-z]+\]|^\d{4}-\d\d-\d\dT[\d:.]+Z\t[a-z]+\t')
              -- what envoy_log.sql reads and an access line of the same request tells in no format
              AND NOT regexp_matches(line, '\[jwt\] | envoy (?:jwt|rbac)\b|\]\[rbac\] |Oauth response body: ')
         THEN 'server message' END AS ignored,
    CASE WHEN NOT matched THEN 'not a line of this access log format' END AS quarantined
FROM told
