/*
title = "nginx access log"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://nginx.org/en/docs/http/ngx_http_log_module.html",
    "https://nginx.org/en/docs/varindex.html",
]
cannot_tell = "An access log in the combined format tells the status and not the reason: every 401 looks alike. Add $sent_http_www_authenticate (the challenge with its error), $request_id (joins with the auth server) and $upstream_status (who answered) to log_format."
priority = 60
recognise = '^\S+ - .* \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] (?:\S* )?"'
format_language = "nginx"
variables = [
    "remote_addr", "realip_remote_addr", "proxy_protocol_addr", "http_x_forwarded_for", "http_x_real_ip",
    "remote_user", "time_local", "time_iso8601", "msec",
    "request", "request_method", "request_uri", "uri", "args", "query_string", "status",
    "http_user_agent", "request_id", "req_id", "kong_request_id", "apisix_request_id", "http_x_request_id", "http_x_correlation_id",
    "http_traceparent", "otel_trace_id", "hostname", "server_name", "host", "http_host",
    "request_time", "upstream_status", "upstream_addr",
    "http_authorization", "sent_http_www_authenticate", "upstream_http_www_authenticate",
    "arg_client_id", "arg_grant_type", "arg_error", "request_body",
    "jwt_claim_client_id", "jwt_claim_azp", "jwt_claim_iss", "jwt_claim_aud", "jwt_claim_sub", "jwt_header_kid",
    "http_x_client_id",
]

[formats]
combined = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
main = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"'
# ingress-nginx before 0.25, before 0.22 and before 0.13
ingress_real_ip = '$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id'
ingress_id = '$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id'
ingress_first = '$remote_addr - [$the_real_ip] - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status'
ingress = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id'
# Kong from 3.5 on; before, and for its Admin API, it is combined
kong = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" kong_request_id: "$kong_request_id"'
# APISIX; its last parts are $upstream_scheme://$upstream_host$upstream_uri and, in recent releases, an id and what concerns an LLM
apisix = '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$proxied_url"'
apisix_id = '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$proxied_url" "$apisix_request_id"'
apisix_llm = '$remote_addr - $remote_user [$time_local] $http_host "$request" $status $body_bytes_sent $request_time "$http_referer" "$http_user_agent" $upstream_addr $upstream_status $upstream_response_time "$proxied_url" "$apisix_request_id" "$request_type" "$llm_time_to_first_token" "$llm_model" "$request_llm_model" "$llm_prompt_tokens" "$llm_completion_tokens"'

[[advice]]
columns = ["error", "error_code", "error_description"]
add = 'challenge="$sent_http_www_authenticate" to log_format'
tells = "the challenge of an answer, in which an API and most gateways say what is wrong with the token"

[[advice]]
columns = ["request_id", "trace_id"]
add = 'rid=$request_id to log_format, and proxy_set_header X-Request-ID $request_id'
tells = "one id in the logs of gateway and auth server"

[[advice]]
columns = ["upstream_status"]
add = 'us=$upstream_status to log_format'
tells = "whether the gateway or the upstream answered"

[[advice]]
columns = ["duration_ms"]
add = 'rt=$request_time to log_format'
tells = "how long an answer took"
*/
WITH target AS (
    SELECT *,
        coalesce(nullify(request_method), CASE WHEN whole THEN split_part(request, ' ', 1) WHEN starts_with(request, 'GET /') THEN 'GET' END) AS verb,
        -- a target may hold blanks, when the client sent it so
        coalesce(nullify(request_uri),
            CASE WHEN whole THEN substr(request, strpos(request, ' ') + 1, len(request) - strpos(request, ' ') - 9)
                 WHEN starts_with(request, 'GET /') THEN substr(request, 5) END,  -- HTTP/0.9
            uri || CASE WHEN nullify(coalesce(args, query_string)) IS NULL THEN ''
                        ELSE '?' || coalesce(args, query_string) END) AS target
    FROM (SELECT *, request LIKE '% % HTTP/_._' AS whole FROM fields)
)
SELECT
    "offset",
    coalesce(clf_time(time_local), epoch_time(msec), iso_time(time_iso8601)) AS time,
    nullify(coalesce(hostname, server_name, http_host, host)) AS instance,
    coalesce(nullify(request_id), nullify(req_id), nullify(kong_request_id), nullify(apisix_request_id),
        nullify(http_x_request_id), nullify(http_x_correlation_id)) AS request_id,
    coalesce(nullify(otel_trace_id), trace_of(http_traceparent)) AS trace_id,
    coalesce(nullify(http_x_client_id), nullify(jwt_claim_client_id), nullify(jwt_claim_azp), nullify(arg_client_id),
        CASE WHEN contains(request_body, 'client_id=') THEN query_param(request_body, 'client_id') END) AS client_id,
    coalesce(CASE WHEN http_authorization IS NOT NULL THEN basic_user(http_authorization) END,
             percent_decode(nullify(remote_user))) AS login,
    nullify(jwt_claim_sub) AS user_name,
    coalesce(forwarded_for(http_x_forwarded_for), ip_address(http_x_real_ip), nullify(remote_addr),
             nullify(realip_remote_addr), nullify(proxy_protocol_addr)) AS client_ip,
    nullify(http_user_agent) AS user_agent,
    target AS path,
    verb AS method,
    http_status(status) AS status,
    http_status(last_of_list(upstream_status)) AS upstream_status,
    -- nginx writes `-` (or nothing, in JSON) where no upstream was asked; a 502 or 504 of $upstream_status
    -- is nginx's own word for an upstream that did not answer, or the upstream's: the log does not tell
    CASE WHEN coalesce(upstream_status, upstream_addr) IS NULL OR status = '499' THEN NULL
         WHEN nullify(coalesce(upstream_status, upstream_addr)) IS NULL THEN 'gateway'
         WHEN http_status(last_of_list(upstream_status)) IN (502, 504) THEN NULL
         WHEN http_status(last_of_list(upstream_status)) = http_status(status) THEN 'upstream'
         WHEN upstream_status IS NULL THEN 'upstream'
         ELSE 'gateway' END AS answered_by,
    TRY_CAST(request_time AS DOUBLE) * 1000 AS duration_ms,
    coalesce(nullify(arg_grant_type),
        CASE WHEN contains(request_body, 'grant_type=') THEN query_param(request_body, 'grant_type') END) AS grant_type,
    nullify(arg_error) AS error,
    nullify(jwt_claim_iss) AS token_issuer,
    nullify(jwt_claim_aud) AS token_audience,
    nullify(jwt_header_kid) AS kid,
    CASE WHEN http_authorization IS NOT NULL THEN bearer_jwt(http_authorization) END AS jwt,
    coalesce(nullify(sent_http_www_authenticate), nullify(upstream_http_www_authenticate)) AS challenge,
    CASE WHEN NOT matched THEN 'not a line of this log_format' END AS quarantined
FROM target
