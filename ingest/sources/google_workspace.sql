/*
title = "Google Workspace audit (token, login, SAML)"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"kind"\s*:\s*"(?:admin#reports#activity|reports#activity|audit#activity)"|"applicationName"\s*:\s*"(?:token|login|saml|context_aware_access)".*"events"\s*:|"events"\s*:.*"applicationName"\s*:\s*"(?:token|login|saml|context_aware_access)"|ccc_hosted_reporting\.ActivityProto|"record_type"\s*:\s*"(?:token|login|saml|context_aware_access)".*"event_name"|"event_name"\s*:\s*"[a-zA-Z0-9_]+".*"record_type"\s*:\s*"(?:token|login|saml|context_aware_access)"'
priority = 38
documentation = [
    "https://developers.google.com/workspace/admin/reports/v1/reference/activities",
    "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/token",
    "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/login",
    "https://developers.google.com/workspace/admin/reports/v1/appendix/activity/saml",
    "https://cloud.google.com/logging/docs/audit/gsuite-audit-logging",
    "https://support.google.com/a/answer/7233312",
]
cannot_tell = "The token audit tells who gave which app access, who took it back and which APIs the app called; the token endpoint, its errors (invalid_grant, redirect_uri_mismatch ...), refreshes and expired tokens are in no audit log, and only the client sees them. There is no HTTP status, no user agent, no session and no id that a gateway shares. Events come some minutes to hours late. Of a client_id longer than 36 characters the first 24 are kept. Login events name the user and never the app that the sign-in was for, except for SAML."

[fields]
kind = "/kind"
id_time = "/id/time"
qualifier = "/id/uniqueQualifier"
app = "/id/applicationName"
customer = "/id/customerId"
actor_email = "/actor/email"
actor_profile = "/actor/profileId"
actor_key = "/actor/key"
ip = "/ipAddress"
event_name = "/events/0/name"
event_type = "/events/0/type"
parameters = "/events/0/parameters"
c_service = "/serviceName"
c_method = "/methodName"
c_email = "/authenticationInfo/principalEmail"
c_ip = "/requestMetadata/callerIp"
c_resource = "/resourceName"
c_usec = "/metadata/activityId/timeUsec"
c_qualifier = "/metadata/activityId/uniqQualifier"
c_event = "/metadata/event/0/eventName"
c_parameters = "/metadata/event/0/parameter"
p_service = "/protoPayload/serviceName"
p_method = "/protoPayload/methodName"
p_email = "/protoPayload/authenticationInfo/principalEmail"
p_ip = "/protoPayload/requestMetadata/callerIp"
p_resource = "/protoPayload/resourceName"
p_usec = "/protoPayload/metadata/activityId/timeUsec"
p_qualifier = "/protoPayload/metadata/activityId/uniqQualifier"
p_event = "/protoPayload/metadata/event/0/eventName"
p_parameters = "/protoPayload/metadata/event/0/parameter"
p_timestamp = "/timestamp"
b_record = "/record_type"
b_event = "/event_name"
b_usec = "/time_usec"
b_email = "/email"
b_ip = "/ip_address"
b_id = "/unique_identifier"
b_domain = "/domain_name"
b_token = "/token"
b_login = "/login"
b_saml = "/saml"
*/
-- Activities of the Reports API; the same as audit entries in Cloud Logging (whole, or the protoPayload alone), or as rows
-- of the BigQuery export, where the parameters are columns.
WITH named AS (
    SELECT *,
        coalesce(event_name, c_event, p_event, b_event) AS name,
        coalesce(app, b_record, CASE coalesce(c_service, p_service)
            WHEN 'oauth2.googleapis.com' THEN 'token' WHEN 'login.googleapis.com' THEN 'login' WHEN 'saml.googleapis.com' THEN 'saml' END) AS application,
        CASE WHEN coalesce(parameters, c_parameters, p_parameters) IS NOT NULL THEN
            TRY(from_json(coalesce(parameters, c_parameters, p_parameters),
                '[{"name":"VARCHAR","value":"VARCHAR","boolValue":"VARCHAR","intValue":"VARCHAR","multiValue":["VARCHAR"],"multiStrValue":["VARCHAR"],
                   "multiMessageValue":[{"parameter":[{"name":"VARCHAR","value":"VARCHAR"}]}]}]')) END AS listed,
        CASE WHEN coalesce(b_token, b_login, b_saml) IS NOT NULL THEN
            TRY(from_json(coalesce(b_token, b_login, b_saml),
                '{"client_id":"VARCHAR","app_name":"VARCHAR","api_name":"VARCHAR","method_name":"VARCHAR","scope":["VARCHAR"],
                  "login_type":"VARCHAR","login_failure_type":"VARCHAR","login_challenge_status":"VARCHAR","application_name":"VARCHAR","failure_type":"VARCHAR",
                  "affected_email_address":"VARCHAR"}')) END AS b
    FROM fields
),
-- one value of each parameter, by its name
mapped AS (
    SELECT *,
        map_from_entries(list_distinct(list_transform(list_filter(listed, lambda p: p.name IS NOT NULL), lambda p: (p.name, coalesce(p.value, p.boolValue, p.intValue,
            array_to_string(p.multiValue, ' '), array_to_string(p.multiStrValue, ' '),
            array_to_string(list_filter(list_transform(p.multiMessageValue, lambda m: list_filter(m.parameter, lambda q: q.name = 'scope_name')[1].value), lambda v: v IS NOT NULL), ' ')))))) AS m
    FROM named
),
told AS (
    SELECT *,
        coalesce(m['login_failure_type'], b.login_failure_type) AS failure_type,
        coalesce(m['failure_type'], b.failure_type) AS saml_failure,
        lower(coalesce(m['login_challenge_status'], b.login_challenge_status)) AS challenge_status,
        coalesce(m['client_id'], b.client_id) AS client,
        coalesce(m['app_name'], b.app_name, m['application_name'], b.application_name, m['CAA_ACCESS_APPLICATION'], m['caa_access_application']) AS app_name,
        coalesce(nullif(m['scope'], ''), array_to_string(b.scope, ' '), nullif(m['scope_data'], '')) AS scopes,
        lower(name) AS low
    FROM mapped
),
judged AS (
    SELECT *,
        CASE application
            WHEN 'token' THEN CASE low
                WHEN 'authorize' THEN 'authorization' WHEN 'request' THEN 'authorization' WHEN 'deny' THEN 'authorization'
                WHEN 'revoke' THEN 'revocation' WHEN 'activity' THEN 'api' WHEN 'token_request' THEN 'token' END
            WHEN 'login' THEN CASE
                WHEN low IN ('login_success', 'login_failure', 'login_challenge', 'login_verification', 'risky_sensitive_action_blocked') THEN 'authorization'
                WHEN low = 'logout' THEN 'end_session'
                WHEN starts_with(low, 'account_disabled') OR low = 'user_signed_out_due_to_suspicious_session_cookie' THEN 'authorization' END
            WHEN 'saml' THEN CASE WHEN low IN ('login_success', 'login_failure') THEN 'authorization' END
            WHEN 'context_aware_access' THEN CASE WHEN starts_with(low, 'access_deny') THEN 'authorization' END END AS endpoint
    FROM told
)
SELECT
    "offset",
    coalesce(iso_time(id_time), epoch_time(coalesce(c_usec, p_usec, b_usec)), iso_time(p_timestamp)) AS time,
    coalesce(customer, regexp_extract(coalesce(c_resource, p_resource), '^(organizations/\d+)', 1), b_domain) AS tenant,
    -- of several activities in one instant the qualifier tells them apart
    CASE WHEN qualifier IS NOT NULL AND id_time IS NOT NULL THEN id_time || '/' || qualifier || '/' || coalesce(app, '')
         WHEN coalesce(c_qualifier, p_qualifier) IS NOT NULL THEN coalesce(c_usec, p_usec, '') || '/' || coalesce(c_qualifier, p_qualifier) || '/' || coalesce(application, '')
         WHEN b_id IS NOT NULL THEN coalesce(b_usec, '') || '/' || b_id || '/' || coalesce(b_record, '') END AS event_id,
    -- redaction would take the whole id for a secret: project number and the beginning of the rest tell clients apart
    CASE WHEN len(split_part(client, '.', 1)) > 36 THEN left(client, 24) || '...' ELSE nullif(client, '') END AS client_id,
    nullif(app_name, '') AS client_name,
    coalesce(nullif(actor_email, ''), nullif(c_email, ''), nullif(p_email, ''), nullif(b_email, ''), m['affected_email_address'], b.affected_email_address, actor_profile, actor_key) AS user_name,
    ip_address(coalesce(ip, c_ip, p_ip, b_ip)) AS client_ip,
    endpoint,
    CASE WHEN low = 'activity' THEN nullif(coalesce(m['method_name'], b.method_name, m['api_name'], b.api_name), '') END AS route,
    scopes AS scope,
    CASE WHEN low IN ('login_failure', 'request', 'deny', 'risky_sensitive_action_blocked', 'user_signed_out_due_to_suspicious_session_cookie')
              OR starts_with(low, 'account_disabled') OR starts_with(low, 'access_deny')
              OR (low = 'login_challenge' AND challenge_status NOT IN ('challenge passed', 'challenge passed.', 'passed', '')) THEN 'failure'
         WHEN endpoint IS NOT NULL THEN 'success' END AS outcome,
    CASE WHEN low IN ('request', 'deny') THEN 'access_denied' END AS error,
    CASE WHEN application = 'saml' AND low = 'login_failure' THEN coalesce(nullif(saml_failure, ''), 'failure_unknown')
         WHEN low = 'login_failure' THEN coalesce(nullif(failure_type, ''), 'login_failure')
         WHEN low = 'login_challenge' THEN 'login_challenge: ' || challenge_status
         WHEN application = 'token' AND low IN ('request', 'deny') THEN 'token.' || low
         ELSE name END AS error_code,
    CASE WHEN application = 'saml' THEN coalesce(m['saml_second_level_status_code'], m['saml_status_code'])
         WHEN low = 'login_failure' THEN m['login_type']
         WHEN starts_with(low, 'access_deny') THEN coalesce(m['CAA_ACCESS_LEVEL_UNSATISFIED'], m['caa_access_level_unsatisfied']) END AS error_description,
    CASE WHEN NOT matched THEN NULL
         WHEN name IS NOT NULL AND endpoint IS NULL THEN
            CASE WHEN application IN ('token', 'login', 'saml', 'context_aware_access') THEN 'not a sign-in or OAuth request' ELSE 'activity of another application' END END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN name IS NULL THEN 'no event name' END AS quarantined
FROM judged
