/*
title = "Amazon Cognito user pools (CloudTrail, user activity log)"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '"eventSource"\s*:\s*"([a-z0-9.-]+\.amazonaws\.com|USER_AUTH_EVENTS|USER_NOTIFICATION)"'
priority = 40
documentation = [
    "https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html",
    "https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html",
    "https://docs.aws.amazon.com/cognito/latest/developerguide/exporting-quotas-and-usage.html",
    "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
    "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html",
]
cannot_tell = "CloudTrail hides user names, passwords, codes and tokens, so that no credential and no name is told, only the subject of a user that exists. API calls have no HTTP status, and of the token endpoint there is often the status alone: the error stands in the response, which the client must log. Records come minutes late, to the second. Risk decisions and failed challenges are in the user activity log (threat protection of the Plus plan, log delivery of userAuthEvents), which names no OAuth error. Sign-up, password recovery and the administration of pools are left out."
# EventBridge puts the record into `detail`
held_in = ["/detail"]

[fields]
event_source = "/eventSource"
event_name = "/eventName"
event_time = "/eventTime"
event_id = "/eventID"
api_request_id = "/requestID"
caller_ip = "/sourceIPAddress"
agent = "/userAgent"
code = "/errorCode"
message = "/errorMessage"
api_client_id = "/requestParameters/clientId"
api_pool = "/requestParameters/userPoolId"
auth_flow = "/requestParameters/authFlow"
form_client_id = "/additionalEventData/requestParameters/client_id/0"
form_client = "/additionalEventData/requestParameters/client_id"
form_grant_type = "/additionalEventData/requestParameters/grant_type/0"
form_grant = "/additionalEventData/requestParameters/grant_type"
form_redirect_uri = "/additionalEventData/requestParameters/redirect_uri/0"
form_response_type = "/additionalEventData/requestParameters/response_type/0"
form_scope = "/additionalEventData/requestParameters/scope/0"
form_error = "/additionalEventData/requestParameters/error/0"
form_error_description = "/additionalEventData/requestParameters/error_description/0"
answer_status = "/additionalEventData/responseParameters/status"
answer_error = "/additionalEventData/responseParameters/error"
domain = "/additionalEventData/userPoolDomain"
pool = "/additionalEventData/userPoolId"
sub = "/additionalEventData/sub"
form_sub = "/additionalEventData/requestParameters/sub/0"
activity_time = "/eventTimestamp"
activity_type = "/message/eventType"
activity_response = "/message/eventResponse"
activity_sub = "/message/userSub"
activity_user = "/message/userName"
activity_client_id = "/message/clientId"
activity_pool = "/message/userPoolId"
activity_source_pool = "/logSourceId/userPoolId"
activity_ip = "/message/ipAddress"
activity_request_id = "/message/requestId"
activity_risk = "/message/riskDecision"
activity_compromised = "/message/compromisedCredentialDetected"
activity_challenges = "/message/challenges"
*/
-- CloudTrail writes HIDDEN_DUE_TO_SECURITY_REASONS for what it does not tell, and lists of one for parameters of the
-- managed login; a record of log delivery holds the activity in `message`.
WITH named AS (
    SELECT *,
        event_source = 'USER_AUTH_EVENTS' AS of_activity,
        lower(event_name) AS operation,
        http_status(split_part(answer_status, '.', 1)) AS status_code,
        nullify(code) AS vendor_code,
        nullify(message) AS told,
        upper(replace(activity_type, '_', '')) AS activity,
        upper(activity_response) AS activity_end
    FROM fields
),
placed AS (
    SELECT *,
        CASE
            WHEN of_activity THEN CASE WHEN activity = 'SIGNIN' THEN 'authorization' END
            WHEN event_source <> 'cognito-idp.amazonaws.com' THEN NULL
            -- API of the user pool
            WHEN operation IN ('initiateauth', 'admininitiateauth', 'respondtoauthchallenge', 'adminrespondtoauthchallenge',
                'gettokensfromrefreshtoken') THEN 'token'
            WHEN operation = 'getuser' THEN 'userinfo'
            WHEN operation = 'revoketoken' THEN 'revocation'
            WHEN operation IN ('globalsignout', 'adminuserglobalsignout') THEN 'end_session'
            WHEN operation IN ('verifysoftwaretoken', 'getuserauthfactors') THEN 'authorization'
            -- the domain of the user pool: `Name_METHOD`
            WHEN NOT contains(operation, '_') AND NOT operation IN ('login', 'logout', 'authorize', 'token') THEN NULL
            WHEN regexp_matches(operation, '^(oauth2_?)?token') THEN 'token'
            WHEN contains(operation, 'revoke') THEN 'revocation'
            WHEN contains(operation, 'userinfo') THEN 'userinfo'
            WHEN contains(operation, 'logout') OR contains(operation, 'signout') THEN 'end_session'
            WHEN contains(operation, 'jwks') THEN 'jwks'
            WHEN regexp_matches(operation, 'signup|confirm|resendcode|forgotpassword|resetpassword|changepassword') THEN NULL
            ELSE 'authorization' END AS place,
        coalesce(oauth_error(vendor_code), oauth_error(nullify(answer_error)), oauth_error(told), oauth_error(nullify(form_error))) AS oauth,
        CASE WHEN NOT of_activity OR activity_end NOT IN ('FAIL', 'FAILURE') AND upper(activity_risk) <> 'BLOCK' THEN NULL
             WHEN upper(activity_risk) = 'BLOCK' THEN 'RiskDecision:Block'
             WHEN lower(activity_compromised) = 'true' THEN 'CompromisedCredentials'
             WHEN regexp_matches(activity_challenges, '(?i)mfa[^,{}]*fail|mfa"[^{}]*"fail|"fail[a-z]*"[^{}]*"[a-z_]*mfa') THEN 'Mfa:Failure'
             WHEN regexp_matches(activity_challenges, '(?i)password[^,{}]*fail|password"[^{}]*"fail|"fail[a-z]*"[^{}]*"[a-z_]*password') THEN 'Password:Failure'
             ELSE 'Fail' END AS refusal
    FROM named
)
SELECT
    "offset",
    CASE WHEN event_time IS NOT NULL THEN iso_time(event_time) ELSE coalesce(epoch_time(activity_time), iso_time(activity_time)) END AS time,
    nullify(domain) AS instance,
    coalesce(nullify(pool), nullify(api_pool), nullify(activity_pool), nullify(activity_source_pool)) AS tenant,
    nullify(event_id) AS event_id,
    coalesce(nullify(api_request_id), nullify(activity_request_id)) AS request_id,
    nullif(coalesce(nullify(form_client_id), CASE WHEN form_client[1] <> '[' THEN nullify(form_client) END, nullify(api_client_id), nullify(activity_client_id)),
        'HIDDEN_DUE_TO_SECURITY_REASONS') AS client_id,
    nullif(coalesce(nullify(sub), nullify(form_sub), nullify(activity_sub), nullify(activity_user)), 'HIDDEN_DUE_TO_SECURITY_REASONS') AS user_name,
    -- the address may be the name of a service
    CASE WHEN regexp_full_match(coalesce(caller_ip, activity_ip), '[0-9A-Fa-f.:]+') THEN coalesce(caller_ip, activity_ip) END AS client_ip,
    nullify(agent) AS user_agent,
    place AS endpoint,
    CASE WHEN ends_with(operation, '_post') THEN 'POST' WHEN ends_with(operation, '_get') THEN 'GET' END AS method,
    status_code AS status,
    coalesce(nullify(form_grant_type), CASE WHEN form_grant[1] <> '[' THEN nullify(form_grant) END,
        CASE WHEN auth_flow IN ('REFRESH_TOKEN_AUTH', 'REFRESH_TOKEN') OR operation = 'gettokensfromrefreshtoken' THEN 'refresh_token'
             WHEN auth_flow IN ('USER_PASSWORD_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'ADMIN_NO_SRP_AUTH') THEN 'password' END) AS grant_type,
    nullify(form_response_type) AS response_type,
    nullify(form_scope) AS scope,
    nullif(nullify(form_redirect_uri), 'HIDDEN_DUE_TO_SECURITY_REASONS') AS redirect_uri,
    CASE WHEN vendor_code IS NOT NULL OR told IS NOT NULL OR refusal IS NOT NULL OR oauth IS NOT NULL THEN 'failure'
         WHEN status_code IS NULL THEN 'success' END AS outcome,
    oauth AS error,
    -- an exception's name may come with its package or the word alone: NotAuthorizedException, NotAuthorized
    CASE WHEN refusal IS NOT NULL THEN refusal
         WHEN oauth_error(vendor_code) IS NULL THEN split_part(vendor_code, '#', -1) END AS error_code,
    coalesce(CASE WHEN oauth_error(told) IS NULL THEN told END,
        nullif(nullify(form_error_description), 'HIDDEN_DUE_TO_SECURITY_REASONS'),
        CASE WHEN oauth_error(form_error) IS NULL THEN nullif(nullify(form_error), 'HIDDEN_DUE_TO_SECURITY_REASONS')
            END) AS error_description,
    CASE WHEN NOT matched OR event_source IS NULL THEN NULL
         WHEN event_source = 'USER_NOTIFICATION' THEN 'message to a user'
         WHEN of_activity AND activity_end IN ('INPROGRESS', 'IN_PROGRESS') AND refusal IS NULL THEN 'sign-in in progress'
         WHEN event_source NOT IN ('cognito-idp.amazonaws.com', 'USER_AUTH_EVENTS') THEN 'CloudTrail event of another service'
         WHEN place IS NULL AND (operation IS NOT NULL OR activity IS NOT NULL) THEN 'not a sign-in or OAuth request' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN event_source IS NULL THEN 'no eventSource'
         WHEN operation IS NULL AND activity IS NULL THEN 'no eventName' END AS quarantined
FROM placed
