/*
title = "Auth0 tenant logs"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"(log_id|_id)"\s*:\s*"(90020\d{9,}|\d{50,})".*"type"\s*:\s*"[a-z_]+"|"type"\s*:\s*"[a-z_]+".*"(log_id|_id)"\s*:\s*"(90020\d{9,}|\d{50,})"|"log_id"\s*:.*"data"\s*:\s*\{.*"type"\s*:\s*"[a-z_]+"|"(client_name|tenant_name)"\s*:.*"log_id"\s*:|"log_id"\s*:.*"(client_name|tenant_name)"\s*:'
priority = 42
documentation = [
    "https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes",
    "https://github.com/auth0/auth0-log-schemas",
    "https://auth0.com/docs/customize/log-streams",
    "https://auth0.com/docs/api/management/v2/logs/get-logs",
]
cannot_tell = "Auth0 writes neither a status nor a duration for sign-ins and token requests, and nothing for userinfo, introspection, keys and discovery: a gateway's log tells those. Of a failed exchange there is a type and a sentence, not the error code of the answer; a refused client says no more than Unauthorized. Codes are masked, so that no credential joins the lines of one code. A stream with PII obfuscation hides user names, and a filter by category leaves out what it does not name: add the failures of login, silent authentication and token exchange to the stream."
# a stream puts a log into `data`, and what carries the stream puts that into `detail` or `event`
held_in = ["/detail/data", "/event/data", "/data/data", "/detail", "/event", "/data", "/attributes/data"]

[fields]
stamp = "/date"
type = "/type"
log_id = "/log_id"
old_id = "/_id"
description = "/description"
own_client_id = "/client_id"
own_client_name = "/client_name"
ip = "/ip"
peer_ip = "/client_ip"
agent = "/user_agent"
hostname = "/hostname"
tenant_name = "/tenant_name"
own_user_id = "/user_id"
own_user_name = "/user_name"
audience = "/audience"
own_scope = "/scope"
correlation = "/references/correlation_id"
own_trace = "/references/trace_id"
transaction = "/details/transaction_id"
own_session = "/details/session_id"
token_session = "/details/refresh_token/session_id"
code = "/details/code"
access_token_jti = "/details/access_token_jti"
api_jti = "/details/request/auth/credentials/jti"
requested_client_id = "/details/requested_client_id"
failure_reason = "/details/failure_reason"
client_fault = "/details/client_authentoication_error"
client_fault_spelt = "/details/client_authentication_error"
fault = "/details/error"
fault_message = "/details/error/message"
fault_oauth = "/details/error/oauthError"
fault_type = "/details/error/type"
own_grant = "/details/grant_type"
form_grant = "/details/body/grant_type"
form_client_id = "/details/body/client_id"
form_redirect_uri = "/details/body/redirect_uri"
form_scope = "/details/body/scope"
asked_client_id = "/details/qs/client_id"
asked_redirect_uri = "/details/qs/redirect_uri"
asked_response_type = "/details/qs/response_type"
asked_scope = "/details/qs/scope"
api_method = "/details/request/method"
api_path = "/details/request/path"
api_status = "/details/response/statusCode"
api_code = "/details/response/body/errorCode"
api_message = "/details/response/body/message"

[[advice]]
columns = ["request_id", "trace_id"]
add = "an X-Correlation-ID header to the requests of the application"
tells = "one id in the logs of gateway and auth server"

[[advice]]
columns = ["user_id"]
add = "user names and e-mail addresses to the log stream (its PII obfuscation masks or hashes them); why401 keeps a keyed pseudonym"
tells = "for whom a sign-in failed"
*/
-- One object per log, from the Management API or from a log stream: {"log_id":"...","data":{...}}.
WITH named AS (
    SELECT *,
        nullify(trim(description)) AS sentence,
        CASE
            WHEN type IN ('s', 'f', 'fp', 'fu', 'fc', 'fco', 'fcoa', 'scoa', 'ssa', 'fsa', 'mfar', 'pwd_leak', 'limit_wc', 'limit_sul',
                'limit_mu', 'fdelsa', 'gd_auth_failed', 'gd_auth_rejected', 'gd_auth_fail_email_verification', 'gd_otp_rate_limit_exceed',
                'gd_recovery_failed', 'gd_recovery_rate_limit_exceed', 'gd_webauthn_challenge_failed', 'passkey_challenge_failed',
                'rich_consents_access_error', 'connected_accounts_connection_failed') THEN 'authorization'
            WHEN regexp_full_match(type, '[fs]e[a-z]*ft|[fs]ede|[fs]ens|[fs]ecte|[fs]eta|ferrt|fdeleacft|[a-z_]+_exchange_(failed|succeeded)|(failed|success)_on_behalf_of_token_exchange')
                OR type IN ('fd', 'sd', 'limit_delegation') THEN 'token'
            WHEN type IN ('srrt', 'frrt') THEN 'revocation'
            WHEN type IN ('slo', 'flo') OR regexp_full_match(type, '[a-z_]+_logout_(failed|succeeded)') THEN 'end_session'
            WHEN type = 'fpar' THEN 'pushed_authorization_request'
            WHEN type IN ('fdeaz', 'fdeac', 'fdecc') THEN 'device_authorization'
            WHEN type = 'limit_ui' THEN 'userinfo'
            WHEN type IN ('sapi', 'fapi', 'mgmt_api_read') THEN 'api'
            -- the path tells, if anything does
            WHEN type = 'api_limit' OR starts_with(type, 'ciba_start_') THEN 'path' END AS place,
        CASE
            WHEN type IN ('seacft', 'feacft', 'fdeleacft') THEN 'authorization_code'
            WHEN type IN ('seccft', 'feccft') THEN 'client_credentials'
            WHEN type IN ('sepft', 'fepft') THEN 'password'
            WHEN type IN ('sertft', 'fertft', 'ferrt') THEN 'refresh_token'
            WHEN type IN ('sede', 'fede') THEN 'urn:ietf:params:oauth:grant-type:device_code'
            WHEN type IN ('sepotpft', 'fepotpft') THEN 'http://auth0.com/oauth/grant-type/passwordless/otp'
            WHEN type IN ('seotpft', 'feotpft') THEN 'http://auth0.com/oauth/grant-type/mfa-otp'
            WHEN type IN ('seoobft', 'feoobft') THEN 'http://auth0.com/oauth/grant-type/mfa-oob'
            WHEN type IN ('sercft', 'fercft') THEN 'http://auth0.com/oauth/grant-type/mfa-recovery-code'
            WHEN type IN ('secte', 'fecte', 'success_on_behalf_of_token_exchange', 'failed_on_behalf_of_token_exchange')
                THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
            WHEN starts_with(type, 'ciba_exchange_') THEN 'urn:openid:params:grant-type:ciba'
            WHEN starts_with(type, 'idjag_exchange_') OR starts_with(type, 'jwt_bearer_exchange_')
                THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
            ELSE coalesce(nullify(own_grant), nullify(form_grant)) END AS grant_of
    FROM fields
),
judged AS (
    SELECT *,
        CASE WHEN place IS NULL THEN NULL
             WHEN place = 'api' AND type = 'fapi' THEN CASE WHEN api_status IS NULL THEN 'other' END
             WHEN type IN ('api_limit', 'mfar', 'pwd_leak', 'ferrt') OR starts_with(type, 'limit_') OR starts_with(type, 'gd_')
                OR starts_with(type, 'f') OR ends_with(type, '_failed') OR ends_with(type, '_error') THEN 'failure'
             ELSE 'success' END AS end_of_it,
        -- an error code in a field of its own, alone in `error`, or in front of a sentence
        coalesce(oauth_error(fault_oauth), oauth_error(fault), oauth_error(fault_type),
            oauth_error(sentence), oauth_error(fault_message),
            CASE WHEN contains(fault_oauth, '_') THEN oauth_error(regexp_extract(fault_oauth, '^([a-z_]+)\b', 1)) END) AS oauth,
        coalesce(sentence, nullify(fault_message), nullify(api_message),
            CASE WHEN fault[1] <> '{' THEN nullify(fault) END) AS said
    FROM named
),
-- without the user's name
explained AS (
    SELECT *,
        coalesce(nullify(log_id), nullify(old_id),
            CASE WHEN contains(line, '"log_id"') THEN nullif(regexp_extract(line, '"log_id"\s*:\s*"([^"]+)"', 1), '') END) AS id,
        CASE WHEN strlen(own_user_name) > 3 AND contains(said, own_user_name) THEN replace(said, own_user_name, '[user]') ELSE said END AS told
    FROM judged
)
SELECT
    "offset",
    iso_time(stamp) AS time,
    nullify(hostname) AS instance,
    coalesce(nullify(tenant_name), CASE WHEN ends_with(hostname, '.auth0.com') THEN split_part(hostname, '.', 1) END) AS tenant,
    -- in two parts: as one it is so long that redaction takes it for a token
    CASE WHEN strlen(id) > 32 THEN left(id, 28) || '/' || substr(id, 29) ELSE id END AS event_id,
    coalesce(nullify(correlation), nullify(transaction)) AS request_id,
    nullify(own_trace) AS trace_id,
    coalesce(nullify(own_session), nullify(token_session)) AS session_id,
    coalesce(nullify(own_client_id), nullify(requested_client_id), nullify(form_client_id), nullify(asked_client_id)) AS client_id,
    nullify(own_client_name) AS client_name,
    coalesce(nullify(own_user_name), nullify(own_user_id)) AS user_name,
    coalesce(nullify(ip), nullify(peer_ip)) AS client_ip,
    nullify(agent) AS user_agent,
    -- the password grant writes the types of a sign-in
    CASE WHEN place = 'authorization' AND type IN ('s', 'f', 'fp', 'fu') AND grant_of IS NOT NULL THEN 'token'
         ELSE nullif(place, 'path') END AS endpoint,
    nullify(api_path) AS path,
    upper(nullify(api_method)) AS method,
    http_status(api_status) AS status,
    grant_of AS grant_type,
    nullify(asked_response_type) AS response_type,
    nullify(trim(replace(translate(coalesce(nullify(own_scope), nullify(form_scope), asked_scope), '[]"', ''), ',', ' '))) AS scope,
    coalesce(nullify(asked_redirect_uri), nullify(form_redirect_uri)) AS redirect_uri,
    nullify(replace(translate(audience, '[]"', ''), ',', ' ')) AS token_audience,
    -- a code is masked but for its end
    coalesce(CASE WHEN NOT contains(code, '*') THEN nullify(code) END, nullify(access_token_jti), nullify(api_jti)) AS credential,
    end_of_it AS outcome,
    oauth AS error,
    CASE WHEN end_of_it = 'success' THEN NULL
         WHEN type = 'fapi' THEN coalesce(nullify(api_code), type) ELSE type END AS error_code,
    CASE WHEN end_of_it = 'success' THEN NULL
         ELSE nullif(concat_ws(': ', told, coalesce(nullify(failure_reason), nullify(client_fault), nullify(client_fault_spelt))), '') END AS error_description,
    CASE WHEN place IS NULL AND type IS NOT NULL THEN
        CASE WHEN type IN ('gd_auth_succeed', 'gd_start_auth', 'gd_send_pn', 'gd_send_sms', 'gd_send_email', 'gd_send_voice', 'cls', 'cs', 'pla',
                'w', 'passkey_challenge_started', 'actions_execution_failed') THEN 'a step of a sign-in, another log tells how it ended'
             ELSE 'not a sign-in or OAuth event' END END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN type IS NULL THEN 'no type' END AS quarantined
FROM explained
