/*
title = "Cloudflare: HTTP requests, firewall events and Access requests of Logpush"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"(EdgeResponseStatus|EdgeStartTimestamp|ClientRequestURI|ClientRequestHost|SecuritySources|FirewallMatchesSources|clientRequestHTTPHost|clientRequestHTTPMethodName|AppUUID|app_uid)"\s*:|"RayID"\s*:\s*"[0-9a-f]{16}"|"rayName"\s*:\s*"[0-9a-f]{16}"'
priority = 38
documentation = [
    "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/",
    "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/firewall_events/",
    "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/access_requests/",
    "https://developers.cloudflare.com/logs/logpush/logpush-job/custom-fields/",
    "https://developers.cloudflare.com/api-shield/security/jwt-validation/",
    "https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/",
]
cannot_tell = "The edge tells which security product refused a request and by which rule, not what was wrong with the token: API Shield's JWT validation gives one name for missing, expired and forged ones. Of an origin's 401 only the status is known, unless the response header www-authenticate is a custom field of the job. Access says that a login was denied, and not by which policy. A request that the firewall refused is in two datasets: read http_requests or firewall_events, since a ray id may be of several requests and does not tell them apart."

[fields]
edge_status = "/EdgeResponseStatus"
edge_start = "/EdgeStartTimestamp"
edge_end = "/EdgeEndTimestamp"
first_byte = "/EdgeTimeToFirstByteMs"
origin_status = "/OriginResponseStatus"
uri = "/ClientRequestURI"
path = "/ClientRequestPath"
query = "/ClientRequestQuery"
host = "/ClientRequestHost"
method = "/ClientRequestMethod"
client_ip = "/ClientIP"
user_agent = "/ClientRequestUserAgent"
ray_id = "/RayID"
cache_status = "/CacheCacheStatus"
worker_status = "/WorkerStatus"
mtls_status = "/ClientMTLSAuthStatus"
security_action = "/SecurityAction"
security_actions = "/SecurityActions"
security_sources = "/SecuritySources"
security_description = "/SecurityRuleDescription"
matches_actions = "/FirewallMatchesActions"
matches_sources = "/FirewallMatchesSources"
waf_action = "/WAFAction"
waf_message = "/WAFRuleMessage"
rate_limit_action = "/EdgeRateLimitAction"
request_headers = "/RequestHeaders"
response_headers = "/ResponseHeaders"
datetime = "/Datetime"
action = "/Action"
event_source = "/Source"
description = "/Description"
allowed = "/Allowed"
app_domain = "/AppDomain"
app_uuid = "/AppUUID"
created_at = "/CreatedAt"
email = "/Email"
user_uid = "/UserUID"
ip_address = "/IPAddress"
api_action = "/action"
api_allowed = "/allowed"
api_domain = "/app_domain"
api_app = "/app_uid"
api_created = "/created_at"
api_email = "/user_email"
api_ip = "/ip_address"
api_ray = "/ray_id"
graph_ray = "/rayName"
graph_time = "/datetime"
graph_source = "/source"
graph_description = "/description"
graph_host = "/clientRequestHTTPHost"
graph_method = "/clientRequestHTTPMethodName"
graph_path = "/clientRequestPath"
graph_query = "/clientRequestQuery"
graph_ip = "/clientIP"
graph_agent = "/userAgent"
graph_edge_status = "/edgeResponseStatus"
graph_origin_status = "/originResponseStatus"

[[advice]]
columns = ["error"]
add = 'the response header www-authenticate to the custom fields of the Logpush job (response_fields)'
tells = "why an origin refused a token"

[[advice]]
columns = ["client_id"]
add = 'the request header cf-access-client-id to the custom fields of the Logpush job (request_fields)'
tells = "which service token of Access was used"

[[advice]]
columns = ["upstream_status", "answered_by"]
add = 'OriginResponseStatus, SecurityAction, SecurityActions, SecuritySources and SecurityRuleDescription to the fields of the Logpush job'
tells = "whether the edge or the origin answered, and which product refused"
*/
-- One HTTP request, one match of a firewall rule, or one login of Access; the latter two also as the API gives them.
WITH told AS (
    SELECT *,
        CASE WHEN coalesce(allowed, api_allowed) IS NOT NULL AND coalesce(app_uuid, api_app, app_domain, api_domain) IS NOT NULL THEN 'access'
             WHEN edge_start IS NOT NULL OR edge_end IS NOT NULL THEN 'request'
             WHEN (action IS NOT NULL AND coalesce(event_source, ray_id) IS NOT NULL) OR graph_ray IS NOT NULL THEN 'firewall'
             WHEN edge_status IS NOT NULL THEN 'request' END AS dataset,
        http_status(coalesce(edge_status, graph_edge_status)) AS status,
        CASE WHEN coalesce(security_actions, matches_actions) <> '[]' THEN TRY(CAST(CAST(coalesce(security_actions, matches_actions) AS JSON) AS VARCHAR[])) END AS actions,
        CASE WHEN coalesce(security_sources, matches_sources) <> '[]' THEN TRY(CAST(CAST(coalesce(security_sources, matches_sources) AS JSON) AS VARCHAR[])) END AS sources,
        CASE WHEN length(request_headers) > 2 THEN TRY(json_extract_string(request_headers, ['$."authorization"', '$."cf-access-client-id"', '$."x-request-id"', '$."traceparent"', '$."Authorization"', '$."x-client-id"'])) END AS asked,
        CASE WHEN length(response_headers) > 2 THEN TRY(json_extract_string(response_headers, ['$."www-authenticate"', '$."WWW-Authenticate"', '$."x-request-id"'])) END AS answered
    FROM fields
),
-- the product whose action ended the request: what only logs, skips or was solved did not
ended AS (
    SELECT *,
        list_position(list_transform(actions, lambda one: lower(one) IN ('block', 'challenge', 'jschallenge', 'managedchallenge', 'connectionclose', 'forceconnectionclose', 'drop')), true) AS place,
        CASE WHEN dataset = 'firewall' THEN
                CASE WHEN lower(coalesce(action, api_action)) IN ('block', 'challenge', 'jschallenge', 'managedchallenge', 'managed_challenge', 'connectionclose', 'connection_close', 'drop')
                     THEN lower(coalesce(event_source, graph_source, 'unknown')) END
             WHEN place > 0 THEN lower(sources[place])
             WHEN lower(security_action) IN ('block', 'challenge', 'jschallenge', 'managedchallenge', 'connectionclose', 'forceconnectionclose') THEN coalesce(lower(sources[1]), 'unknown')
             WHEN waf_action IN ('drop', 'challenge') THEN 'waf'
             WHEN rate_limit_action IN ('drop', 'ban', 'challenge', 'jschallenge') THEN 'ratelimit' END AS refused_by
    FROM told
),
judged AS (
    SELECT *,
        coalesce(allowed, api_allowed) = 'true' AS let_in,
        lower(coalesce(action, api_action)) AS deed,
        http_status(nullif(coalesce(origin_status, graph_origin_status), '0')) AS origin
    FROM ended
)
SELECT
    "offset",
    coalesce(epoch_time(coalesce(edge_start, datetime, created_at)), iso_time(coalesce(edge_start, datetime, created_at, api_created, graph_time, edge_end)), epoch_time(coalesce(edge_end, api_created))) AS time,
    CASE WHEN dataset = 'access' THEN 'auth_server' END AS kind,
    nullify(coalesce(host, graph_host)) AS instance,
    nullify(coalesce(ray_id, graph_ray, api_ray)) AS request_id,
    nullify(split_part(asked[4], '-', 2)) AS trace_id,
    nullify(CASE WHEN dataset = 'access' THEN coalesce(app_uuid, api_app) ELSE coalesce(asked[2], asked[6]) END) AS client_id,
    CASE WHEN dataset = 'access' THEN nullify(coalesce(app_domain, api_domain)) END AS client_name,
    CASE WHEN dataset = 'access' THEN coalesce(nullify(email), nullify(api_email), nullify(user_uid)) END AS user_name,
    ip_address(nullify(coalesce(client_ip, ip_address, api_ip, graph_ip))) AS client_ip,
    nullify(coalesce(user_agent, graph_agent)) AS user_agent,
    CASE WHEN dataset = 'access' THEN CASE WHEN deed = 'logout' THEN 'end_session' ELSE 'authorization' END END AS endpoint,
    CASE WHEN dataset = 'access' THEN NULL ELSE coalesce(nullify(uri),
        coalesce(path, graph_path) || CASE WHEN coalesce(query, graph_query) <> '' THEN '?' || ltrim(coalesce(query, graph_query), '?') ELSE '' END) END AS path,
    nullify(coalesce(method, graph_method)) AS method,
    status,
    origin AS upstream_status,
    bearer_jwt(coalesce(asked[1], asked[5])) AS jwt,
    CASE WHEN dataset = 'access' OR status = 499 THEN NULL
         WHEN refused_by IS NOT NULL AND status >= 400 THEN 'gateway'
         WHEN origin = status THEN 'upstream'
         WHEN origin IS NOT NULL AND status IS NOT NULL THEN 'gateway'
         -- 0 is no answer of an origin; with a Worker it may be that of the request which the Worker made
         WHEN origin_status = '0' AND coalesce(worker_status, 'unknown') IN ('unknown', '') THEN 'gateway' END AS answered_by,
    -- whole seconds tell no duration
    CASE WHEN dataset <> 'request' THEN NULL
         WHEN length(edge_start) >= 13 AND length(edge_end) >= 13 AND edge_start NOT LIKE '%-%' THEN
            CASE WHEN TRY_CAST(edge_end AS HUGEINT) >= TRY_CAST(edge_start AS HUGEINT) THEN (TRY_CAST(edge_end AS HUGEINT) - TRY_CAST(edge_start AS HUGEINT)) / CASE WHEN length(edge_start) >= 19 THEN 1e6 WHEN length(edge_start) >= 16 THEN 1e3 ELSE 1 END END
         WHEN contains(edge_start, '.') AND contains(edge_end, '.') THEN (epoch_us(iso_time(edge_end)) - epoch_us(iso_time(edge_start))) / 1000.0
         ELSE nullif(TRY_CAST(first_byte AS DOUBLE), 0) END AS duration_ms,
    CASE WHEN status >= 400 THEN coalesce(answered[1], answered[2]) END AS challenge,
    CASE WHEN dataset = 'access' THEN CASE WHEN NOT let_in THEN 'access_login_denied' END
         WHEN status < 400 THEN NULL
         WHEN refused_by IN ('firewallcustom', 'firewallrules') AND mtls_status IN ('untrusted', 'notyetvalid', 'expired') THEN 'mtls_' || mtls_status
         ELSE nullif(refused_by, 'unknown') END AS error_code,
    CASE WHEN refused_by IS NOT NULL AND dataset <> 'access' THEN nullify(coalesce(security_description, description, graph_description, waf_message)) END AS error_description,
    CASE WHEN dataset = 'access' THEN CASE WHEN let_in THEN 'success' ELSE 'failure' END
         WHEN dataset = 'firewall' AND status IS NULL THEN 'failure' END AS outcome,
    CASE WHEN dataset = 'firewall' AND refused_by IS NULL THEN 'a rule that ended no request'
         WHEN matched AND dataset IS NULL THEN 'not a request' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON'
         WHEN dataset = 'request' AND status IS NULL THEN 'no status' END AS quarantined
FROM judged
