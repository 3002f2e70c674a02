/*
title = "PingOne audit activities"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"action"\s*:\s*\{[^{}]*"type"\s*:\s*"[A-Z][A-Z0-9_]*\.[A-Z][A-Z0-9_]*".*"(actors|recordedAt|resources|result)"\s*:|"(actors|recordedAt)"\s*:.*"action"\s*:\s*\{[^{}]*"type"\s*:\s*"[A-Z][A-Z0-9_]*\.[A-Z][A-Z0-9_]*"'
priority = 40
documentation = [
    "https://developer.pingidentity.com/pingone-api/platform/audit-activities.html",
    "https://developer.pingidentity.com/pingone-api/platform/reference/audit-reporting-events.html",
    "https://docs.pingidentity.com/pingone/monitoring/p1_event_types.html",
    "https://docs.pingidentity.com/pingone/integrations/p1_create_webhook.html",
]
cannot_tell = "PingOne writes what happened to users, sessions and devices: a sign-in, a refused password or code, a consent that was declined, access that was denied. It has no activity for a request of a token that was refused, for introspection or userinfo, and no status, grant, scope or duration: a gateway's log tells those. Of a refusal there is the type and a sentence. Addresses and user agents come with the webhook (the options for them in its filter), not with every activity of the API."
# a collector for Splunk has the activity in `event`
held_in = ["/event", "/detail", "/data"]

[fields]
action_type = "/action/type"
id = "/id"
recorded = "/recordedAt"
created = "/createdAt"
correlation = "/correlationId"
transaction_id = "/internalCorrelation/transactionId"
own_session = "/internalCorrelation/sessionId"
actor_client_id = "/actors/client/id"
actor_client_name = "/actors/client/name"
client_environment = "/actors/client/environment/id"
actor_user_name = "/actors/user/name"
actor_user_id = "/actors/user/id"
user_environment = "/actors/user/environment/id"
first_type = "/resources/0/type"
first_id = "/resources/0/id"
first_name = "/resources/0/name"
first_environment = "/resources/0/environment/id"
second_type = "/resources/1/type"
second_id = "/resources/1/id"
second_name = "/resources/1/name"
state = "/result/status"
result_description = "/result/description"
ip = "/source/ipAddress"
agent = "/source/userAgent"

[[advice]]
columns = ["client_ip", "user_agent"]
add = "the IP address and user agent to the webhook (ipAddressExposed and useragentExposed of its filterOptions)"
tells = "from where a sign-in failed"
*/
-- Activities as GET /v1/environments/{id}/activities gives them, and as webhooks send them in lists.
WITH named AS (
    SELECT *,
        upper(action_type) AS kind_of_action,
        split_part(upper(action_type), '.', 1) AS thing,
        split_part(upper(action_type), '.', 2) AS deed,
        upper(state) IN ('FAILED', 'FAILURE', 'ERROR', 'DENIED') AS failed,
        first_type = 'USER' AS first_is_user,
        second_type = 'USER' AS second_is_user
    FROM fields
),
placed AS (
    SELECT *,
        CASE
            WHEN thing IN ('TOKEN', 'ACCESS_TOKEN', 'REFRESH_TOKEN', 'ID_TOKEN') THEN CASE WHEN deed IN ('REVOKED', 'DELETED') THEN 'revocation' ELSE 'token' END
            WHEN kind_of_action IN ('USER.ACCESS_ALLOWED', 'USER.ACCESS_DENIED', 'PASSWORD.CHECK_FAILED', 'OTP.CHECK_FAILED', 'OTP.CHECK_INVALID',
                'DEVICE_PAYLOAD.CHECK_INVALID', 'DEVICE.ACTIVATION_OTP_FAILED', 'DEVICE.ACTIVATION_OTP_INVALID', 'DEVICE.FRAUD_REPORTED', 'USER.LOCKED',
                'USER.KERBEROS_FAILED', 'OAUTH_CONSENT.DECLINED') THEN 'authorization'
            WHEN thing = 'AUTHENTICATION' OR thing = 'FLOW' AND failed OR thing = 'SESSION' AND failed OR thing = 'OAUTH_CONSENT' AND failed
                OR kind_of_action = 'PASSWORD.CHECK_SUCCEEDED' AND failed THEN 'authorization'
            WHEN kind_of_action IN ('USER.SLO_FAILURE', 'USER.SLO_SUCCESS', 'USER.SLO_PARTIAL_LOGOUT') THEN 'end_session'
            WHEN starts_with(thing, 'HTTP_') AND ends_with(deed, 'EVALUATED') THEN 'api' END AS place
    FROM named
),
judged AS (
    SELECT *,
        CASE WHEN place IS NULL THEN NULL
             WHEN failed OR deed IN ('ACCESS_DENIED', 'CHECK_FAILED', 'CHECK_INVALID', 'ACTIVATION_OTP_FAILED', 'ACTIVATION_OTP_INVALID', 'FRAUD_REPORTED',
                'LOCKED', 'KERBEROS_FAILED', 'DECLINED', 'SLO_FAILURE', 'FAILED', 'DENIED') THEN 'failure'
             WHEN deed = 'SLO_PARTIAL_LOGOUT' THEN 'other'
             ELSE 'success' END AS end_of_it
    FROM placed
)
SELECT
    "offset",
    coalesce(iso_time(recorded), iso_time(created)) AS time,
    nullify(coalesce(client_environment, first_environment, user_environment)) AS tenant,
    nullify(id) AS event_id,
    coalesce(nullify(correlation), nullify(transaction_id)) AS request_id,
    coalesce(nullify(own_session), CASE WHEN first_type = 'SESSION' THEN nullify(first_id) END) AS session_id,
    coalesce(CASE WHEN first_type = 'APPLICATION' THEN nullify(first_id) WHEN second_type = 'APPLICATION' THEN nullify(second_id) END, nullify(actor_client_id)) AS client_id,
    coalesce(CASE WHEN first_type = 'APPLICATION' THEN nullify(first_name) WHEN second_type = 'APPLICATION' THEN nullify(second_name) END, nullify(actor_client_name)) AS client_name,
    coalesce(CASE WHEN first_is_user THEN coalesce(nullify(first_name), nullify(first_id))
                  WHEN second_is_user THEN coalesce(nullify(second_name), nullify(second_id)) END,
             nullify(actor_user_name), nullify(actor_user_id)) AS user_name,
    nullify(ip) AS client_ip,
    nullify(agent) AS user_agent,
    place AS endpoint,
    end_of_it AS outcome,
    CASE WHEN end_of_it <> 'success' THEN coalesce(oauth_error(result_description), oauth_error(regexp_extract(result_description, '^([a-z_]+):', 1))) END AS error,
    CASE WHEN end_of_it <> 'success' THEN kind_of_action END AS error_code,
    CASE WHEN end_of_it <> 'success' THEN
        CASE WHEN first_is_user AND strlen(first_name) > 3 AND contains(result_description, first_name) THEN replace(result_description, first_name, '[user]')
             WHEN strlen(actor_user_name) > 3 AND contains(result_description, actor_user_name) THEN replace(result_description, actor_user_name, '[user]')
             ELSE nullify(result_description) END END AS error_description,
    CASE WHEN place IS NULL AND action_type IS NOT NULL THEN
        CASE WHEN thing IN ('FLOW', 'SESSION', 'RISK_EVALUATION', 'NOTIFICATION', 'FLOW_EXECUTION')
                OR kind_of_action IN ('PASSWORD.CHECK_SUCCEEDED', 'OTP.CHECK_SUCCESS', 'DEVICE_PAYLOAD.CHECK_SUCCESS', 'OAUTH_CONSENT.ACCEPTED',
                    'USER.SLO_REQUESTED', 'USER.KERBEROS_SUCCEEDED')
             THEN 'a step of a sign-in, another activity tells how it ended'
             ELSE 'not a sign-in or OAuth event' END END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN action_type IS NULL THEN 'no action type' END AS quarantined
FROM judged
