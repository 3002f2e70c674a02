/*
title = "PingAM, ForgeRock AM and OpenAM (audit logs), Advanced Identity Cloud"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '"eventName"\s*:\s*"AM-[A-Z][A-Z_-]+"'
priority = 35
documentation = [
    "https://docs.pingidentity.com/pingam/8.1/monitoring/audit-logging-ref.html",
    "https://docs.pingidentity.com/pingoneaic/tenants/audit-debug-logs-pull.html",
    "https://github.com/OpenIdentityPlatform/OpenAM/blob/master/openam-audit/openam-audit-core/src/main/java/org/forgerock/openam/audit/AuditConstants.java",
    "https://github.com/OpenIdentityPlatform/OpenAM/tree/master/openam-rest/src/main/java/org/forgerock/openam/rest/audit",
]
cannot_tell = "access.audit.json has the endpoint, the status and the time of each OAuth request; the reason is the message of the answer, at best, and never the error code: used, expired and foreign codes are told apart in AM's debug log alone. The grant stands in the attempt (AM-ACCESS-ATTEMPT) and not always in the outcome, which is what is counted. An authorization request that is refused by a redirect is a success there. A sign-in has its failure in authentication.audit.json. Some fields are written only where the allow list of the audit logging service has them."
# the logs of the cloud have the record in `payload`
held_in = ["/payload", "/event/payload", "/event", "/detail"]

[fields]
event_name = "/eventName"
stamp = "/timestamp"
id = "/_id"
transaction_id = "/transactionId"
first_tracking_id = "/trackingIds/0"
user_id_given = "/userId"
realm = "/realm"
component = "/component"
ip = "/client/ip"
server_ip = "/server/ip"
http_method = "/http/request/method"
http_path = "/http/request/path"
agent = "/http/request/headers/user-agent/0"
authorization_header = "/http/request/headers/authorization/0"
query_client_id = "/http/request/queryParameters/client_id/0"
query_redirect_uri = "/http/request/queryParameters/redirect_uri/0"
query_response_type = "/http/request/queryParameters/response_type/0"
query_scope = "/http/request/queryParameters/scope/0"
query_grant_type = "/http/request/queryParameters/grant_type/0"
asked_client_id = "/request/detail/client_id"
asked_grant_type = "/request/detail/grant_type"
asked_scope = "/request/detail/scope"
asked_redirect_uri = "/request/detail/redirect_uri"
asked_response_type = "/request/detail/response_type"
state = "/response/status"
code = "/response/statusCode"
took = "/response/elapsedTime"
unit = "/response/elapsedTimeUnits"
reason = "/response/detail/reason"
said_error = "/response/detail/error"
said_error_description = "/response/detail/error_description"
message = "/response/message"
answered_client_id = "/response/detail/client_id"
answered_scope = "/response/detail/scope"
answered_username = "/response/detail/username"
result = "/result"
principal = "/principal/0"
entry_ip = "/entries/0/info/ipAddress"
failure_reason = "/entries/0/info/failureReason"

[[advice]]
columns = ["client_id", "grant_type", "scope"]
add = "/access/request/detail and /access/response/detail to the allow list of the audit logging service (Field whitelist filters)"
tells = "the client, its grant and the scopes of a token request"

[[advice]]
columns = ["request_id"]
add = "org.forgerock.http.TrustTransactionHeader=true, and X-ForgeRock-TransactionId from the gateway"
tells = "one id in the logs of gateway and AM"
*/
-- Each request is an attempt and an outcome, under one transaction id; a sign-in has lines of its nodes or modules, then one of its end.
WITH named AS (
    SELECT *,
        substr(event_name, 4) AS event,
        upper(state) AS ended,
        contains(http_path, '/oauth2') OR contains(http_path, '/uma/') AS at_oauth
    FROM fields
),
judged AS (
    SELECT *,
        CASE WHEN event = 'ACCESS-OUTCOME' THEN CASE WHEN lower(component) IN ('oauth', 'oauth2', 'uma', 'openid connect') OR at_oauth THEN 'access' END
             WHEN event IN ('LOGIN-COMPLETED', 'TREE-LOGIN-COMPLETED') THEN 'login'
             WHEN event = 'LOGOUT' THEN 'logout' END AS deed
    FROM named
),
explained AS (
    SELECT *,
        coalesce(nullify(said_error_description), nullify(reason), nullify(message)) AS told_all,
        CASE WHEN deed = 'access' THEN coalesce(http_status(code), CASE WHEN starts_with(state, 'FAILED - ') THEN http_status(substr(state, 10)) END) END AS status_code,
        CASE WHEN deed = 'access' THEN CASE WHEN starts_with(ended, 'FAIL') THEN 'failure' WHEN starts_with(ended, 'SUCC') THEN 'success' END
             WHEN deed IS NOT NULL THEN CASE WHEN starts_with(upper(result), 'FAIL') THEN 'failure' WHEN upper(result) IS NULL AND deed = 'login' THEN 'other' ELSE 'success' END
             END AS end_of_it,
        -- each hop adds /n to the id of the caller
        CASE WHEN contains(transaction_id, '/') THEN regexp_replace(transaction_id, '(/\d+)+$', '') ELSE transaction_id END AS whole_transaction,
        regexp_extract(user_id_given, '^id=((?:[^,\\]|\\.)+),ou=([a-z]+)', ['name', 'sort']) AS person
    FROM judged
)
SELECT
    "offset",
    iso_time(stamp) AS time,
    nullify(server_ip) AS instance,
    nullify(realm) AS tenant,
    -- ids are a UUID and a number; as one they are so long that redaction takes them for a token
    CASE WHEN strlen(id) > 36 THEN left(id, 36) || '/' || ltrim(substr(id, 37), '-') ELSE nullify(id) END AS event_id,
    CASE WHEN strlen(whole_transaction) > 36 THEN left(whole_transaction, 36) || '/' || ltrim(substr(whole_transaction, 37), '-') ELSE nullify(whole_transaction) END AS request_id,
    CASE WHEN deed IN ('login', 'logout') THEN CASE WHEN strlen(first_tracking_id) > 36
        THEN left(first_tracking_id, 36) || '/' || ltrim(substr(first_tracking_id, 37), '-') ELSE nullify(first_tracking_id) END END AS session_id,
    -- older releases leave the parameters of a query encoded
    coalesce(nullify(asked_client_id), nullify(answered_client_id), percent_decode(nullify(query_client_id)),
        CASE WHEN person.sort = 'agent' THEN nullif(person.name, '') END) AS client_id,
    coalesce(nullify(principal), nullify(answered_username), CASE WHEN person.sort = 'user' THEN nullif(person.name, '') WHEN person.name = '' THEN nullify(user_id_given) END) AS user_name,
    CASE WHEN authorization_header IS NOT NULL AND deed = 'access' THEN basic_user(authorization_header) END AS login,
    CASE WHEN authorization_header IS NOT NULL AND deed = 'access' THEN bearer_jwt(authorization_header) END AS jwt,
    coalesce(nullify(ip), nullify(entry_ip)) AS client_ip,
    nullify(agent) AS user_agent,
    CASE deed WHEN 'login' THEN 'authorization' WHEN 'logout' THEN 'end_session'
        WHEN 'access' THEN CASE WHEN ends_with(http_path, '/device/user') THEN 'device_authorization'
            WHEN at_oauth AND ends_with(http_path, '/register') THEN 'registration' END END AS endpoint,
    CASE WHEN deed = 'access' THEN nullify(http_path) END AS path,
    CASE WHEN deed = 'access' THEN upper(nullify(http_method)) END AS method,
    status_code AS status,
    CASE WHEN deed = 'access' THEN TRY_CAST(took AS DOUBLE) * CASE upper(unit)
        WHEN 'NANOSECONDS' THEN 0.000001 WHEN 'MICROSECONDS' THEN 0.001 WHEN 'SECONDS' THEN 1000 ELSE 1 END END AS duration_ms,
    coalesce(nullify(asked_grant_type), nullify(query_grant_type)) AS grant_type,
    coalesce(nullify(asked_response_type), percent_decode(nullify(query_response_type))) AS response_type,
    nullify(trim(replace(translate(coalesce(nullify(asked_scope), nullify(answered_scope), percent_decode(query_scope)), '[]"', ''), ',', ' '))) AS scope,
    coalesce(nullify(asked_redirect_uri),
        CASE WHEN contains(query_redirect_uri, '/') THEN query_redirect_uri ELSE percent_decode(nullify(query_redirect_uri)) END) AS redirect_uri,
    end_of_it AS outcome,
    CASE WHEN end_of_it = 'failure' THEN coalesce(oauth_error(said_error), oauth_error(told_all)) END AS error,
    CASE WHEN end_of_it = 'failure' AND deed <> 'access' THEN coalesce(nullify(failure_reason), event_name) END AS error_code,
    -- the phrase of a status says no more than the status
    CASE WHEN end_of_it = 'failure' AND told_all NOT IN ('Bad Request', 'Unauthorized', 'Forbidden', 'Not Found', 'Method Not Allowed',
        'Internal Server Error', 'Service Unavailable') THEN told_all END AS error_description,
    CASE WHEN deed IS NOT NULL OR event_name IS NULL THEN NULL
         WHEN event = 'ACCESS-ATTEMPT' THEN 'an attempt, its outcome is another record'
         WHEN event IN ('LOGIN-MODULE-COMPLETED', 'NODE-LOGIN-COMPLETED') THEN 'a step of a sign-in, another record tells how it ended'
         WHEN event = 'ACCESS-OUTCOME' THEN 'not an OAuth request'
         ELSE 'not a sign-in or OAuth event' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN event_name IS NULL THEN 'no eventName'
         WHEN deed = 'access' AND end_of_it IS NULL THEN 'no status' END AS quarantined
FROM explained
