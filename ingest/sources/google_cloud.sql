/*
title = "Google Cloud: load balancers, IAP, Cloud Endpoints, API Gateway, Cloud Run requests"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"logName"\s*:\s*"[^"]*".*"httpRequest"\s*:\s*\{|"httpRequest"\s*:\s*\{.*"logName"\s*:\s*"(projects|organizations|folders|billingAccounts)/|"(api_key_state|service_config_id|producer_project_id)"\s*:\s*"|"methodName"\s*:\s*"AuthorizeUser"|google\.cloud\.loadbalancing\.type\.LoadBalancerLogEntry'
priority = 42
documentation = [
    "https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry",
    "https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring",
    "https://cloud.google.com/load-balancing/docs/l7-internal/monitoring",
    "https://cloud.google.com/iap/docs/audit-log-howto",
    "https://cloud.google.com/endpoints/docs/openapi/ref-endpoints-logs",
    "https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/api_proxy/service_control/request_builder.cc",
    "https://cloud.google.com/api-gateway/docs/viewing-logs",
    "https://cloud.google.com/run/docs/securing/authenticating",
]
cannot_tell = "A load balancer tells who answered and not why a backend said 401. Behind IAP a denial is only handled_by_identity_aware_proxy: enable the Data Access audit logs of iap.googleapis.com, whose AuthorizeUser entries name the user and the unsatisfied access levels. The Endpoints proxies name no claim of a token unless ESPv2 runs with --log_jwt_payloads=iss,aud,azp,sub, and the older ESP gives one word for several faults. A load balancer and the service behind it log the same request each: read one of the two logs, or count twice."

[fields]
insert_id = "/insertId"
log_name = "/logName"
time = "/timestamp"
receive_time = "/receiveTimestamp"
trace = "/trace"
request_method = "/httpRequest/requestMethod"
request_url = "/httpRequest/requestUrl"
request_status = "/httpRequest/status"
request_agent = "/httpRequest/userAgent"
request_ip = "/httpRequest/remoteIp"
request_latency = "/httpRequest/latency"
resource_type = "/resource/type"
resource_backend = "/resource/labels/backend_service_name"
resource_url_map = "/resource/labels/url_map_name"
resource_service = "/resource/labels/service_name"
resource_api = "/resource/labels/service"
resource_gateway = "/resource/labels/gateway_id"
status_details = "/jsonPayload/statusDetails"
proxy_status = "/jsonPayload/proxyStatus"
policy_name = "/jsonPayload/enforcedSecurityPolicy/name"
policy_outcome = "/jsonPayload/enforcedSecurityPolicy/outcome"
authz_result = "/jsonPayload/authzPolicyInfo/result"
payload_ip = "/jsonPayload/remoteIp"
response_details = "/jsonPayload/responseDetails"
label_details = "/labels/response_details"
text_payload = "/textPayload"
inner_api_key = "/jsonPayload/api_key"
inner_key_state = "/jsonPayload/api_key_state"
inner_api = "/jsonPayload/api_name"
inner_cause = "/jsonPayload/error_cause"
inner_detail = "/jsonPayload/response_code_detail"
inner_message = "/jsonPayload/log_message"
inner_claims = "/jsonPayload/jwt_payloads"
inner_project = "/jsonPayload/producer_project_id"
inner_status = "/jsonPayload/http_status_code"
inner_code = "/jsonPayload/http_response_code"
inner_method = "/jsonPayload/http_method"
inner_url = "/jsonPayload/url"
inner_ip = "/jsonPayload/client_ip"
inner_latency = "/jsonPayload/request_latency_in_ms"
api_key = "/api_key"
key_state = "/api_key_state"
api = "/api_name"
cause = "/error_cause"
detail = "/response_code_detail"
log_message = "/log_message"
claims = "/jwt_payloads"
project = "/producer_project_id"
http_status = "/http_status_code"
http_code = "/http_response_code"
http_method = "/http_method"
url = "/url"
client_ip = "/client_ip"
latency = "/request_latency_in_ms"
audit_method = "/methodName"
audit_code = "/status/code"
audit_message = "/status/message"
audit_user = "/authenticationInfo/principalEmail"
audit_ip = "/requestMetadata/callerIp"
audit_agent = "/requestMetadata/callerSuppliedUserAgent"
audit_path = "/requestMetadata/requestAttributes/path"
audit_host = "/requestMetadata/requestAttributes/host"
audit_verb = "/requestMetadata/requestAttributes/method"
audit_time = "/requestMetadata/requestAttributes/time"
audit_client = "/metadata/oauth_client_id"
audit_request = "/metadata/request_id"
audit_levels = "/metadata/unsatisfied_access_levels"

[[advice]]
columns = ["client_id", "token_issuer", "token_audience"]
add = '--log_jwt_payloads=iss,aud,azp,sub to the flags of ESPv2'
tells = "whose token it was, and for whom"

[[advice]]
columns = ["error_code", "error_description"]
add = 'Data Access audit logs (DATA_READ) of iap.googleapis.com to the audit configuration of the project'
tells = "whom Identity-Aware Proxy refused, and for which access level"
*/
-- A LogEntry with httpRequest comes whole; of others only the payload does: an older endpoints_log, or an AuditLog of IAP.
WITH told AS (
    SELECT "offset", line, matched, time, receive_time, insert_id, log_name, trace, resource_type, policy_name, api_key, inner_api_key,
        text_payload, authz_result, policy_outcome,
        audit_method = 'AuthorizeUser' AS by_iap,
        request_method IS NOT NULL OR request_url IS NOT NULL OR request_status IS NOT NULL AS has_request,
        coalesce(http_status(request_status), http_status(inner_status), http_status(inner_code), http_status(http_status), http_status(http_code)) AS status,
        coalesce(nullify(request_method), nullify(inner_method), nullify(http_method), nullify(audit_verb)) AS method,
        coalesce(nullify(request_url), nullify(inner_url), nullify(url), nullify(audit_path)) AS target,
        coalesce(nullify(request_agent), nullify(audit_agent)) AS user_agent,
        coalesce(nullify(request_ip), nullify(payload_ip), nullify(inner_ip), nullify(client_ip), nullify(audit_ip)) AS ip,
        coalesce(CASE WHEN ends_with(request_latency, 's') THEN TRY_CAST(request_latency[:-2] AS DOUBLE) * 1000 END, TRY_CAST(inner_latency AS DOUBLE), TRY_CAST(latency AS DOUBLE)) AS duration,
        coalesce(nullify(resource_backend), nullify(resource_url_map), nullify(resource_gateway), nullify(resource_service), nullify(resource_api), nullify(inner_api), nullify(api), nullify(audit_host)) AS instance,
        nullify(status_details) AS status_details,
        CASE WHEN contains(proxy_status, 'error=') THEN nullif(regexp_extract(proxy_status, 'error="?([A-Za-z_]+)', 1), '') END AS proxy_error,
        CASE WHEN contains(proxy_status, 'details=') THEN nullif(regexp_extract(proxy_status, 'details="([^"]*)"', 1), '') END AS proxy_detail,
        coalesce(nullify(inner_detail), nullify(detail), nullify(response_details), nullify(label_details)) AS details,
        -- ESPv2 gives a message; the older ESP which part failed, with the message in log_message
        CASE WHEN lower(coalesce(inner_cause, cause)) IN ('internal', 'application', 'auth', 'service_control') THEN NULL ELSE coalesce(nullify(inner_cause), nullify(cause)) END AS cause,
        CASE WHEN lower(coalesce(inner_cause, cause)) IN ('internal', 'application', 'auth', 'service_control') THEN lower(coalesce(inner_cause, cause)) END AS part,
        coalesce(nullify(inner_project), nullify(project)) AS producer,
        coalesce(nullify(inner_message), nullify(log_message)) AS log_message,
        coalesce(nullify(inner_claims), nullify(claims)) AS claims,
        coalesce(nullify(inner_key_state), nullify(key_state)) AS key_state,
        TRY_CAST(audit_code AS INTEGER) AS audit_code, nullify(audit_message) AS audit_message, nullify(audit_user) AS audit_user,
        nullify(audit_client) AS audit_client, nullify(audit_request) AS audit_request, audit_time,
        nullif(nullify(audit_levels), '[]') AS audit_levels
    FROM fields
),
explained AS (
    SELECT *,
        -- `jwt_authn_access_denied{Jwt_is_expired}`
        CASE WHEN contains(details, '{') THEN split_part(details, '{', 1) ELSE details END AS detail_code,
        CASE WHEN contains(details, '{') THEN nullif(replace(rtrim(substr(details, strpos(details, '{') + 1), '}'), '_', ' '), '') END AS detail_text,
        CASE WHEN contains(details, '_error{') OR contains(details, '_bad_request{') OR contains(details, '_bad_request_{') OR contains(details, '_error_{') THEN nullif(rtrim(substr(details, strpos(details, '{') + 1), '}'), '') END AS service_control,
        -- `Method: 1.x failed: UNAUTHENTICATED: JWT validation failed: ..`
        CASE WHEN cause IS NULL AND contains(log_message, ' failed: ') THEN substr(log_message, strpos(log_message, ' failed: ') + 9) END AS told_by_log,
        ends_with(log_name, 'run.googleapis.com%2Frequests') AS by_run
    FROM told
),
judged AS (
    SELECT *,
        CASE WHEN by_iap THEN CASE WHEN audit_levels IS NOT NULL THEN 'iap.unsatisfied_access_levels'
                WHEN audit_code = 7 THEN 'iap.permission_denied' WHEN audit_code = 16 THEN 'iap.unauthenticated'
                WHEN audit_code <> 0 THEN 'iap.' || audit_code END
             WHEN detail_code IN ('via_upstream', 'response_sent_by_backend') THEN NULL
             WHEN service_control IS NOT NULL THEN service_control
             WHEN detail_code IS NOT NULL THEN detail_code
             WHEN status_details IN ('response_sent_by_backend', 'response_from_cache', 'response_from_cache_validated') THEN NULL
             WHEN status_details IS NOT NULL THEN status_details
             WHEN authz_result = 'DENIED' THEN 'denied_by_authz_policy'
             WHEN policy_outcome = 'DENY' THEN 'denied_by_security_policy'
             WHEN regexp_matches(proxy_detail, '^(denied_by|throttled_by|banned_by|client_cert|client_disconnected|handled_by_identity|jwt_authn)[a-z_]*$') THEN proxy_detail
             WHEN proxy_error IS NOT NULL THEN proxy_error
             WHEN part IN ('auth', 'service_control') AND status >= 400 AND told_by_log IS NULL THEN 'error_cause.' || part END AS code
    FROM explained
)
SELECT
    "offset",
    coalesce(iso_time(time), iso_time(audit_time), epoch_time(time), iso_time(receive_time)) AS time,
    instance,
    CASE WHEN starts_with(log_name, 'projects/') THEN split_part(log_name, '/', 2) ELSE producer END AS tenant,
    -- one insertId may be of two entries of different times
    CASE WHEN insert_id IS NOT NULL AND time IS NOT NULL THEN insert_id || '@' || time END AS event_id,
    coalesce(audit_request, insert_id) AS request_id,
    nullify(split_part(trace, '/', -1)) AS trace_id,
    coalesce(audit_client, CASE WHEN claims IS NOT NULL THEN nullif(regexp_extract(claims, '(?:^|[;.])(?:azp|client_id)=([^;]+)', 1), '') END) AS client_id,
    coalesce(audit_user, CASE WHEN claims IS NOT NULL THEN nullif(regexp_extract(claims, '(?:^|[;.])(?:sub|email)=([^;]+)', 1), '') END) AS user_name,
    ip_address(ip) AS client_ip,
    user_agent,
    CASE WHEN by_iap THEN 'api' END AS endpoint,
    target AS path,
    method,
    status,
    CASE WHEN status_details = 'response_sent_by_backend' OR detail_code = 'via_upstream' THEN status END AS upstream_status,
    CASE WHEN by_iap THEN 'gateway'
         WHEN status_details = 'response_sent_by_backend' OR detail_code = 'via_upstream' THEN 'upstream'
         WHEN by_run AND status >= 400 AND starts_with(text_payload, 'The ') THEN 'gateway'
         WHEN part = 'application' THEN 'upstream'
         WHEN starts_with(status_details, 'client_') AND NOT starts_with(status_details, 'client_cert') THEN NULL
         WHEN status_details IS NOT NULL OR detail_code IS NOT NULL OR cause IS NOT NULL OR part IS NOT NULL OR told_by_log IS NOT NULL OR proxy_error IS NOT NULL THEN
            CASE WHEN status IS NOT NULL THEN 'gateway' END END AS answered_by,
    duration AS duration_ms,
    CASE WHEN claims IS NOT NULL THEN nullif(regexp_extract(claims, '(?:^|[;.])iss=([^;]+)', 1), '') END AS token_issuer,
    CASE WHEN claims IS NOT NULL THEN nullif(regexp_extract(claims, '(?:^|[;.])aud=([^;]+)', 1), '') END AS token_audience,
    -- an API key is a secret: only its fingerprint stays
    nullify(coalesce(inner_api_key, api_key)) AS credential,
    code AS error_code,
    CASE WHEN by_iap THEN audit_message
         ELSE coalesce(cause, told_by_log, CASE WHEN service_control IS NULL THEN detail_text END,
            CASE WHEN by_run THEN CASE WHEN starts_with(text_payload, 'The ') THEN split_part(text_payload, '. Read more', 1) END END,
            proxy_detail, CASE WHEN status_details LIKE '%security_policy' THEN policy_name END) END AS error_description,
    CASE WHEN by_iap THEN CASE WHEN coalesce(audit_code, 0) = 0 THEN 'success' ELSE 'failure' END
         WHEN status IS NULL AND (status_details IS NOT NULL OR has_request) THEN 'other'
         WHEN status >= 400 AND (starts_with(details, 'jwt_authn') OR starts_with(details, 'service_control_check_error') OR starts_with(details, 'service_control_bad_request')
            OR key_state = 'INVALID' OR starts_with(coalesce(cause, told_by_log), 'API key') OR part IN ('auth', 'service_control') OR contains(coalesce(cause, told_by_log), 'JWT')
            OR status_details LIKE 'client\_cert%' ESCAPE '\') THEN 'failure' END AS outcome,
    CASE WHEN matched AND NOT coalesce(by_iap, false) AND status IS NULL AND NOT has_request THEN 'not a request' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' END AS quarantined
FROM judged
