/*
title = "Pomerium"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"message"\s*:\s*"(authorize check|httputil: error|authenticate: [a-z]|identity_manager|idp-token-session-creator)|"upstream-cluster"\s*:.*"message"\s*:\s*"http-request"|"message"\s*:\s*"http-request".*"(upstream-cluster|response-code-details)"|"response-code-details"\s*:.*"message"\s*:\s*"http-request"|"http-code"\s*:\s*\d+.*"message"\s*:\s*"http-error"|"level"\s*:\s*"[a-z]+".*"service"\s*:\s*"(authorize|authenticate|databroker|envoy|all-in-one)".*"message"\s*:'
priority = 45
documentation = [
    "https://www.pomerium.com/docs/reference/authorize-log-fields",
    "https://www.pomerium.com/docs/reference/access-log-fields",
    "https://www.pomerium.com/docs/capabilities/audit-logs",
    "https://github.com/pomerium/pomerium/blob/main/authorize/log.go",
]
cannot_tell = "A refused request has a line of the decision with its reasons, and one of the proxy with its status; both are events under one request id, and a status of the decision is in the other line. That a user is not signed in is no fault, and why a bearer token was not accepted is not among the reasons. The query is logged only with query in access_log_fields and authorize_log_fields. With pomerium_debug the log is text for people, which is not read."

[fields]
level = "/level"
message = "/message"
service = "/service"
time = "/time"
request_id = "/request-id"
check_request_id = "/check-request-id"
old_request_id = "/req_id"
login_request_id = "/pomerium_request_uuid"
method = "/method"
path = "/path"
query = "/query"
host = "/host"
authority = "/authority"
ip = "/ip"
forwarded_for = "/forwarded-for"
user_agent = "/user-agent"
session_id = "/session-id"
session = "/session_id"
user = "/user"
user_id = "/user-id"
old_user_id = "/user_id"
email = "/email"
service_account = "/service-account-id"
idp_user = "/pomerium_idp_user"
event = "/authenticate_event"
allow = "/allow"
allow_why = "/allow-why-false"
deny = "/deny"
deny_why = "/deny-why-true"
old_allow_why = "/not-allowed-reasons"
old_deny_why = "/denied-reasons"
deny_reasons = "/deny_reasons"
session_expired = "/session_expired"
response_code = "/response-code"
details = "/response-code-details"
cluster = "/upstream-cluster"
duration = "/duration"
error = "/error"
error_status = "/status"
http_code = "/http-code"
trace_id = "/trace-id"
*/
-- zerolog's JSON. Of a request tell: `http-request` (what Envoy answered), `authorize check` (what was decided, and why) and
-- `httputil: error` (what a page of Pomerium's own said).
WITH kinds AS (
    SELECT *,
        CASE WHEN message = 'http-request' THEN 'access'
             WHEN message = 'authorize check' THEN CASE WHEN allow IS NOT NULL THEN 'check' END
             WHEN message IN ('httputil: error', 'http-error') THEN 'page'
             WHEN message = 'authenticate: event' THEN CASE WHEN event = 'sign_in_completed' THEN 'signed in' END
             WHEN starts_with(message, 'authenticate: couldn''t verify session') THEN 'session'
             WHEN error IS NOT NULL AND (starts_with(message, 'failed to refresh oauth2 token') OR starts_with(message, 'failed to update user info')
                OR starts_with(message, 'identity_manager')) THEN 'refresh'
             WHEN error IS NOT NULL AND starts_with(message, 'idp-token-session-creator') THEN 'token' END AS kind
    FROM fields
),
decided AS (
    SELECT *,
        kind = 'check' AND allow = 'true' AND coalesce(deny, 'false') <> 'true' AS allowed,
        -- the reasons of the half of the policy that decided
        CASE WHEN kind = 'check' THEN translate(CASE WHEN deny = 'true' THEN coalesce(deny_why, old_deny_why)
             ELSE coalesce(allow_why, old_allow_why, deny_reasons) END, '[]"', '') END AS why,
        CASE WHEN kind = 'access' THEN http_status(response_code)
             WHEN kind = 'page' THEN http_status(coalesce(error_status, http_code)) END AS code,
        CASE WHEN contains(error, 'oauth2: "') THEN regexp_extract(error, 'oauth2: "([^"]*)"(?: "((?:[^"\\]|\\.)*)")?', ['code', 'words']) END AS refused,
        CASE WHEN contains(error, 'identity provider: ') THEN split_part(error, 'identity provider: ', -1) END AS said,
        CASE WHEN contains(error, 'Response: {') THEN substr(error, strpos(error, 'Response: {') + 10) END AS reply
    FROM kinds
),
judged AS (
    SELECT *,
        -- the reason that decides how Pomerium answers comes first
        CASE WHEN kind <> 'check' OR allowed THEN NULL
             WHEN session_expired = 'true' THEN 'session_expired'
             ELSE list_filter(['invalid-client-certificate', 'client-certificate-required', 'user-unauthenticated', 'device-unauthenticated',
                'device-unauthorized', 'client-certificate-unauthorized', 'source-ip-unauthorized', 'route-not-found', 'http-method-unauthorized',
                'http-path-unauthorized', 'mcp-method-unauthorized', 'mcp-tool-unauthorized', 'mcp-tool-no-match', 'claim-unauthorized', 'groups-unauthorized',
                'domain-unauthorized', 'email-unauthorized', 'user-unauthorized', 'reject'], lambda one: contains(why, one))[1] END AS reason,
        coalesce(reply, CASE WHEN contains(error, ': {"') AND ends_with(error, '}') THEN substr(error, strpos(error, ': {"') + 2) END) AS answer
    FROM decided
)
SELECT
    "offset",
    iso_time(time) AS time,
    nullify(coalesce(authority, host)) AS instance,
    -- release 0.9 wrote a list
    coalesce(nullify(request_id), nullify(translate(check_request_id, '[]"', '')), nullify(old_request_id),
        nullify(login_request_id)) AS request_id,
    nullify(trace_id) AS trace_id,
    coalesce(nullify(session_id), nullify(session)) AS session_id,
    coalesce(nullify(email), nullify("user"), nullify(user_id), nullify(old_user_id), nullify(idp_user), nullify(service_account)) AS user_name,
    CASE WHEN kind = 'access' THEN coalesce(nullify(split_part(forwarded_for, ',', 1)), nullify(ip)) ELSE nullify(ip) END AS client_ip,
    nullify(user_agent) AS user_agent,
    CASE WHEN contains(error, 'error redeeming authenticate code') THEN 'token'
         WHEN kind IN ('signed in', 'session') OR kind = 'page' AND path IS NULL THEN 'authorization'
         WHEN kind = 'refresh' THEN CASE WHEN contains(message, 'user info') THEN 'userinfo' ELSE 'token' END
         WHEN kind = 'token' THEN 'api' END AS endpoint,
    CASE WHEN nullify(query) IS NULL THEN nullify(path) ELSE path || '?' || query END AS path,
    CASE WHEN kind IN ('access', 'check', 'page') THEN nullif(nullify(method), 'METHOD_UNSPECIFIED') END AS method,
    code AS status,
    CASE WHEN kind = 'access' AND details = 'via_upstream' AND NOT starts_with(cluster, 'pomerium-control-plane') THEN code END AS upstream_status,
    CASE WHEN kind = 'access' THEN CASE WHEN details = 'via_upstream' THEN
            -- Pomerium's own pages are an upstream of its Envoy
            CASE WHEN starts_with(cluster, 'pomerium-') THEN 'gateway' ELSE 'upstream' END
         WHEN nullify(details) IS NOT NULL THEN 'gateway' END
         WHEN kind IS NOT NULL THEN 'gateway' END AS answered_by,
    CASE WHEN kind = 'access' THEN TRY_CAST(duration AS DOUBLE) END AS duration_ms,
    CASE WHEN kind = 'refresh' AND NOT contains(message, 'user info') THEN 'refresh_token'
         WHEN contains(error, 'error redeeming authenticate code') THEN 'authorization_code' END AS grant_type,
    CASE WHEN kind IN ('refresh', 'page', 'token', 'session') THEN answer END AS body,
    coalesce(oauth_error(refused.code), oauth_error(said)) AS error,
    CASE WHEN kind = 'check' THEN coalesce(reason, CASE WHEN NOT allowed THEN 'denied' END)
         WHEN kind = 'access' THEN CASE WHEN details <> 'via_upstream' AND (code >= 400 OR code IS NULL) THEN
            nullif(regexp_extract(replace(details, '_', ' '), '^[^{\[:]+'), '') END
         WHEN kind IN ('refresh', 'session') THEN split_part(message, ',', 1)
         WHEN kind = 'token' THEN 'idp-token-session-creator' END AS error_code,
    CASE WHEN kind = 'check' THEN CASE WHEN NOT allowed THEN nullify(replace(why, ',', ', ')) END
         WHEN kind = 'access' THEN CASE WHEN details <> 'via_upstream' AND contains(details, '{') THEN nullif(replace(regexp_extract(details, '\{(.*)\}', 1), '_', ' '), '') END
         WHEN kind IS NULL OR answer IS NOT NULL THEN NULL
         WHEN refused.words <> '' THEN refused.words
         WHEN refused.code <> '' AND oauth_error(refused.code) IS NOT NULL THEN NULL
         WHEN oauth_error(said) IS NOT NULL THEN NULL
         ELSE error END AS error_description,
    CASE WHEN kind = 'access' THEN CASE WHEN response_code = '0' THEN 'other'
            -- 450 and 495 are Pomerium's own, for a device and for a certificate
            WHEN details = 'ext_authz_denied' AND code IN (450, 495) THEN 'failure' END
         WHEN kind = 'signed in' THEN 'success'
         -- no such route is no failure of OAuth
         WHEN kind = 'check' THEN CASE WHEN reason = 'route-not-found' THEN 'other' ELSE 'failure' END
         WHEN kind IN ('refresh', 'session', 'token') THEN 'failure' END AS outcome,
    CASE WHEN allowed THEN 'allowed: the line of the request tells the rest'
         -- the page of a decision repeats it
         WHEN kind = 'page' AND code IN (401, 403, 404, 450, 495) AND NOT contains(error, ': ') THEN 'the line of the decision tells it'
         WHEN kind IS NOT NULL THEN NULL
         WHEN matched AND level IS NOT NULL AND message IS DISTINCT FROM 'authorize check' THEN 'server message' END AS ignored,
    CASE WHEN kind IS NOT NULL THEN NULL
         WHEN NOT matched THEN 'broken JSON'
         WHEN message = 'authorize check' THEN 'a check without a decision'
         WHEN level IS NULL THEN 'not a line of Pomerium' END AS quarantined
FROM judged
