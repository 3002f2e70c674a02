/*
title = "Keycloak events"
kind = "auth_server"
provenance = "captured"
recognise = '(^|[^A-Za-z]|\x1b\[[0-9;]*m)(type|operationType)=\\?[^A-Za-z ]?[A-Z][A-Z0-9_]+[^A-Za-z ]{0,2}, realmId=|([\["> ]|\x1b\[[0-9;]*m)org\.keycloak\.(a[^d]|[b-z])[A-Za-z.]+'
priority = 32
documentation = [
    "https://www.keycloak.org/docs/latest/server_admin/#auditing-user-events",
    "https://www.keycloak.org/server/logging",
    "https://www.keycloak.org/server/all-provider-config",
]
cannot_tell = "Keycloak logs failures at WARN and successes at DEBUG: without --spi-events-listener-jboss-logging-success-level=info there is no failure rate, only failures. It writes no event for an unsupported grant_type, a missing grant_type, a pending device code or prompt=none without a session, no HTTP status anywhere, and no zone in its text format (run it in UTC, or log JSON)."
*/
-- The jboss-logging listener writes `type="LOGIN_ERROR", realmId="...", ...` into Keycloak's log, which is text or
-- JSON, line by line. Values stand in quotes since release 21 (a character of one's choice, or none); before, in
-- none, or in '...' where they hold a blank. A quote within a value is written \", but a backslash stays as it is.
-- Such a message is turned into a JSON object by exchanging its separators, which one from_json then reads.
WITH read AS (
    SELECT "offset", line, j,
        CASE WHEN line[1] = '{' THEN coalesce(j.message, j.full_message, j.short_message) ELSE line END AS written,
        coalesce(j."loggerName", j."log.logger") AS logger
    FROM (
        SELECT "offset",
            CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line,
            CASE WHEN line[1] = '{' THEN TRY(from_json(line,
                '{"timestamp":"VARCHAR","@timestamp":"VARCHAR","loggerName":"VARCHAR","log.logger":"VARCHAR",
                  "message":"VARCHAR","full_message":"VARCHAR","short_message":"VARCHAR",
                  "hostName":"VARCHAR","host.hostname":"VARCHAR","host.name":"VARCHAR","host":"VARCHAR",
                  "traceId":"VARCHAR","trace.id":"VARCHAR","mdc":{"traceId":"VARCHAR"}}')) END AS j
        FROM records
    )
),
-- where the message of an event begins: ` type=LOGIN, realmId=`, whatever the log's own format puts before it
found AS (
    SELECT *,
        CASE WHEN begins > 0 AND begins < realm AND realm - begins < 80 THEN 'type='
             WHEN realm > 0 AND strpos(written, 'operationType=') BETWEEN 1 AND realm THEN 'operationType='
             WHEN begins > 0 AND begins < realm THEN 'type=' END AS shape
    FROM (SELECT *, strpos(written, 'type=') AS begins, strpos(written, ', realmId=') AS realm FROM read)
),
told AS (
    SELECT *, message[6] AS quote
    FROM (
        SELECT * EXCLUDE (begins, realm),
            CASE WHEN shape IS NULL OR shape <> 'type=' THEN NULL
                 WHEN realm - begins < 80 THEN substr(written, begins)
                 ELSE 'type=' || split_part(substr(written, 1, realm - 1), 'type=', -1) || substr(written, realm) END AS message
        FROM found
    )
),
-- a value's own backslashes become chr(2), its own quotes chr(1) (a double one) or chr(3) (the log's quote)
escaped AS (
    SELECT *,
        CASE WHEN message IS NULL THEN NULL
             WHEN quote = '"' AND ends_with(message, '"') AND NOT contains(message, '\') THEN message
             WHEN quote BETWEEN 'A' AND 'Z' THEN
                CASE WHEN regexp_matches(message, '[\x00-\x1f"\\]')
                     THEN translate(regexp_replace(message, '[\x00-\x1f]', ' ', 'g'), '\"', chr(2) || chr(1)) ELSE message END
             -- a backslash before the quote that ends a value is the value's own; before another it marks the value's quote
             ELSE replace(replace(regexp_replace(regexp_replace(
                    replace(replace(regexp_replace(message, '[\x00-\x1f]', ' ', 'g'),
                        '"', CASE WHEN quote = '"' THEN '"' ELSE chr(1) END), quote, '"'),
                    '", (?:cookies=\[|stackTrace=).*$', '"'),
                    '\\"(, [^ ,="]+="|$)', chr(2) || '"\1', 'g'),
                    '\"', chr(3)), '\', chr(2)) END AS flat
    FROM told
),
objects AS (
    SELECT *,
        CASE WHEN contains(bare, chr(1)) OR contains(bare, chr(2)) OR contains(bare, chr(3))
             THEN replace(replace(replace(bare, chr(1), '\"'), chr(2), '\\'), chr(3),
                    CASE WHEN quote = '"' THEN '\"' ELSE quote END)
             ELSE bare END AS object
    FROM (
        SELECT *,
            CASE WHEN flat IS NULL THEN NULL
                 -- no quotes; releases up to 20 set '...' around a value with blanks
                 WHEN quote BETWEEN 'A' AND 'Z'
                      AND regexp_full_match(flat, 'type=[A-Z0-9_]+(?:, [A-Za-z][A-Za-z0-9_.-]*=[^=,]*)+') THEN
                    replace(replace('{"' || replace(replace(flat, '=', '":"'), ', ', '","') || '"}',
                        '":"''', '":"'), '''"', '"')
                 -- values that hold commas or =: a part that begins like `key=` is a field, another belongs to the one before
                 WHEN quote BETWEEN 'A' AND 'Z' THEN
                    replace(replace('{' || substr(array_to_string(list_transform(string_split(flat, ', '),
                        lambda part: CASE WHEN regexp_matches(part, '^[A-Za-z][A-Za-z0-9_.-]*=')
                            THEN '","' || split_part(part, '=', 1) || '":"' || substr(part, strpos(part, '=') + 1)
                            ELSE ', ' || part END), ''), 3) || '"}',
                        '":"''', '":"'), '''"', '"')
                 ELSE '{"' || replace(replace(flat, '="', '":"'), '", ', '","') || '}' END AS bare
        FROM escaped
    )
),
parsed AS (
    SELECT * EXCLUDE (message, quote, flat, bare, object),
        -- without quotes a client_id may hold `, error=`: the error is what follows the address
        CASE WHEN quote BETWEEN 'A' AND 'Z' AND contains(message, ', error=')
             THEN nullif(regexp_extract(message,
                ', ipAddress=[^ ,]*, error=(.*?)(?:, [A-Za-z][A-Za-z0-9_.-]*=|$)', 1), '') END AS placed_error,
        CASE WHEN object IS NOT NULL THEN TRY(from_json(object,
            '{"type":"VARCHAR","realmId":"VARCHAR","realmName":"VARCHAR","clientId":"VARCHAR","userId":"VARCHAR",
              "sessionId":"VARCHAR","ipAddress":"VARCHAR","error":"VARCHAR","reason":"VARCHAR","detail":"VARCHAR",
              "client_policy_error":"VARCHAR","client_policy_error_detail":"VARCHAR",
              "authentication_error_detail":"VARCHAR","client_registration_policy":"VARCHAR",
              "username":"VARCHAR","grant_type":"VARCHAR","auth_method":"VARCHAR","auth_type":"VARCHAR",
              "response_type":"VARCHAR","scope":"VARCHAR","redirect_uri":"VARCHAR","code_id":"VARCHAR",
              "token_id":"VARCHAR","refresh_token_id":"VARCHAR","refresh_token_sub":"VARCHAR",
              "client_assertion_id":"VARCHAR","client_jwt_kid":"VARCHAR","authSessionParentId":"VARCHAR"}')) END AS e
    FROM objects
),
events AS (
    SELECT *,
        coalesce(placed_error, e.error) AS code,
        ends_with(e.type, '_ERROR') AS failed,
        CASE WHEN ends_with(e.type, '_ERROR') THEN e.type[:-7] ELSE e.type END AS kind,
        CASE WHEN e.reason = 'client_policy_error' THEN coalesce(e.client_policy_error_detail, e.client_policy_error)
             ELSE coalesce(e.reason, e.detail, e.client_policy_error_detail, e.authentication_error_detail,
                    'Client registration policy: ' || e.client_registration_policy) END AS said
    FROM parsed
),
placed AS (
    SELECT *,
        CASE kind
            WHEN 'LOGIN' THEN CASE WHEN e.grant_type IS NOT NULL OR e.auth_method = 'oauth_credentials'
                                   THEN 'token' ELSE 'authorization' END
            WHEN 'CODE_TO_TOKEN' THEN 'token'
            WHEN 'REFRESH_TOKEN' THEN 'token'
            WHEN 'CLIENT_LOGIN' THEN 'token'
            WHEN 'INTROSPECT_TOKEN' THEN 'introspection'
            WHEN 'USER_INFO_REQUEST' THEN 'userinfo'
            WHEN 'LOGOUT' THEN 'end_session'
            WHEN 'TOKEN_EXCHANGE' THEN 'token'
            WHEN 'REVOKE_GRANT' THEN 'revocation'
            WHEN 'OAUTH2_DEVICE_CODE_TO_TOKEN' THEN 'token'
            WHEN 'OAUTH2_DEVICE_AUTH' THEN 'device_authorization'
            WHEN 'OAUTH2_DEVICE_VERIFY_USER_CODE' THEN 'device_authorization'
            WHEN 'AUTHREQID_TO_TOKEN' THEN 'token'
            WHEN 'PERMISSION_TOKEN' THEN 'token'
            WHEN 'OAUTH2_EXTENSION_GRANT' THEN 'token'
            WHEN 'JWT_BEARER' THEN 'token'
            WHEN 'JWT_AUTHORIZATION_GRANT' THEN 'token'
            WHEN 'VERIFIABLE_CREDENTIAL_PRE_AUTHORIZED_GRANT' THEN 'token'
            WHEN 'VALIDATE_ACCESS_TOKEN' THEN 'introspection'
            WHEN 'PUSHED_AUTHORIZATION_REQUEST' THEN 'pushed_authorization_request'
            WHEN 'CLIENT_REGISTER' THEN 'registration'
            WHEN 'CLIENT_UPDATE' THEN 'registration'
            WHEN 'CLIENT_DELETE' THEN 'registration'
            WHEN 'CLIENT_INFO' THEN 'registration'
            WHEN 'RESTART_AUTHENTICATION' THEN 'authorization'
            WHEN 'IDENTITY_PROVIDER_LOGIN' THEN 'authorization'
            WHEN 'IDENTITY_PROVIDER_RESPONSE' THEN 'authorization'
            WHEN 'IDENTITY_PROVIDER_FIRST_LOGIN' THEN 'authorization'
            WHEN 'IDENTITY_PROVIDER_POST_LOGIN' THEN 'authorization'
            WHEN 'IDENTITY_PROVIDER_RETRIEVE_TOKEN' THEN 'api'
            WHEN 'VERIFIABLE_CREDENTIAL_REQUEST' THEN 'api'
            WHEN 'VERIFIABLE_CREDENTIAL_OFFER_REQUEST' THEN 'api'
            WHEN 'VERIFIABLE_CREDENTIAL_NONCE_REQUEST' THEN 'api'
            WHEN 'VERIFIABLE_CREDENTIAL_CREATE_OFFER' THEN 'api'
        END AS endpoint,
        coalesce(e.grant_type, CASE kind
            WHEN 'CODE_TO_TOKEN' THEN 'authorization_code'
            WHEN 'REFRESH_TOKEN' THEN 'refresh_token'
            WHEN 'CLIENT_LOGIN' THEN 'client_credentials'
            WHEN 'LOGIN' THEN CASE WHEN e.auth_method = 'oauth_credentials' THEN 'password' END
            WHEN 'TOKEN_EXCHANGE' THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
            WHEN 'OAUTH2_DEVICE_CODE_TO_TOKEN' THEN 'urn:ietf:params:oauth:grant-type:device_code'
            WHEN 'AUTHREQID_TO_TOKEN' THEN 'urn:openid:params:grant-type:ciba'
            WHEN 'PERMISSION_TOKEN' THEN 'urn:ietf:params:oauth:grant-type:uma-ticket'
            WHEN 'JWT_BEARER' THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
            WHEN 'JWT_AUTHORIZATION_GRANT' THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
            WHEN 'VERIFIABLE_CREDENTIAL_PRE_AUTHORIZED_GRANT' THEN 'urn:ietf:params:oauth:grant-type:pre-authorized_code'
        END) AS grant_type
    FROM events
)
SELECT
    "offset",
    CASE WHEN e IS NULL THEN NULL
         WHEN j IS NOT NULL THEN coalesce(iso_time(coalesce(j.timestamp, j."@timestamp")), epoch_time(j.timestamp))
         WHEN line[24] = ' ' AND line[20] = ',' THEN NULL
         ELSE iso_time(regexp_replace(
                regexp_extract(split_part(line, 'type=', 1),
                    '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?: ?[+-][0-9]{2}:?[0-9]{2}|Z)'),
                ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2')) END AS time,
    -- the text format has no zone
    CASE WHEN e IS NULL OR j IS NOT NULL THEN NULL
         WHEN line[24] = ' ' AND line[20] = ',' THEN TRY_CAST(line[:19] || '.' || line[21:23] AS TIMESTAMP)
         -- the last one: what shows logs of containers sets its own time before
         ELSE iso_time(regexp_extract(split_part(line, 'type=', 1),
            '.*([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?)', 1)) END AS local_time,
    -- WildFly's console has no date
    CASE WHEN e IS NULL OR j IS NOT NULL OR line[20] = ',' THEN NULL
         ELSE TRY_CAST(replace(nullif(regexp_extract(left(line, 60),
            '^(?:[^0-9]|[0-9]+[a-z])*([0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,6})?)\b', 1), ''), ',', '.') AS TIME) END AS clock,
    nullify(coalesce(j."hostName", j."host.hostname", j."host.name", j.host)) AS instance,
    -- Keycloak writes "null" where it has no value
    coalesce(nullif(e."realmName", 'null'), nullif(e."realmId", 'null')) AS tenant,
    CASE WHEN j IS NOT NULL THEN nullify(coalesce(j.mdc."traceId", j."traceId", j."trace.id"))
         WHEN e IS NOT NULL AND contains(written, 'traceId=') THEN
            nullif(regexp_extract(split_part(written, ', realmId=', 1), 'traceId=([0-9a-f]{32})', 1), '') END AS trace_id,
    -- code_id is no code: it is the id of the login session that the code belongs to
    coalesce(nullif(e."sessionId", 'null'), nullif(e."authSessionParentId", 'null'), nullif(e.code_id, 'null')) AS session_id,
    nullif(e."clientId", 'null') AS client_id,
    coalesce(nullif(e."userId", 'null'), nullif(e.username, 'null'), nullif(e.refresh_token_sub, 'null')) AS user_name,
    nullif(e."ipAddress", 'null') AS client_ip,
    endpoint,
    grant_type,
    coalesce(e.response_type, e.auth_type) AS response_type,
    coalesce(e.scope, CASE WHEN starts_with(e.reason, 'Invalid scopes: ') THEN substr(e.reason, 17) END) AS scope,
    e.redirect_uri AS redirect_uri,
    CASE kind WHEN 'REFRESH_TOKEN' THEN coalesce(e.refresh_token_id, e.token_id)
              WHEN 'INTROSPECT_TOKEN' THEN e.token_id
              WHEN 'REVOKE_GRANT' THEN coalesce(e.refresh_token_id, e.token_id)
              ELSE coalesce(nullif(e.code_id, 'null'), e.token_id, e.refresh_token_id, e.client_assertion_id) END AS credential,
    e.client_jwt_kid AS kid,
    CASE WHEN failed THEN 'failure' ELSE 'success' END AS outcome,
    -- what the caller was told, where the event leaves no doubt: a wrong secret, an unknown and a disabled client are
    -- unauthorized_client in some releases and at some endpoints, and invalid_client or invalid_request in others
    CASE WHEN NOT failed THEN NULL
         WHEN starts_with(said, 'Invalid scopes: ') AND endpoint IN ('token', 'authorization') THEN 'invalid_scope'
         WHEN code IN ('slow_down', 'authorization_pending') THEN code
         WHEN code = 'expired_oauth2_device_code' THEN 'expired_token'
         WHEN code = 'not_logged_in' AND endpoint = 'authorization' THEN 'login_required'
         WHEN code = 'rejected_by_user' THEN 'access_denied'
         WHEN code = 'access_denied' AND endpoint IN ('token', 'authorization') THEN 'access_denied'
         WHEN e.reason = 'client_policy_error' THEN
            CASE WHEN grant_type IN ('authorization_code', 'urn:ietf:params:oauth:grant-type:device_code')
                      AND endpoint = 'token' THEN 'invalid_grant'
                 WHEN endpoint <> 'authorization' THEN e.client_policy_error END
         WHEN e.detail IS NOT NULL AND kind IN ('PUSHED_AUTHORIZATION_REQUEST', 'INTROSPECT_TOKEN') THEN code
         WHEN starts_with(said, 'Missing parameter: ') THEN 'invalid_request'
         WHEN kind = 'CODE_TO_TOKEN' THEN CASE
            -- releases up to 18 say invalid_code for a missing code too, which is an invalid_request
            WHEN code = 'invalid_code' AND e.code_id IS NOT NULL THEN 'invalid_grant'
            WHEN code IN ('expired_code', 'invalid_redirect_uri', 'user_session_not_found', 'user_not_found',
                'user_disabled', 'code_verifier_missing', 'invalid_code_verifier', 'pkce_verification_failed') THEN 'invalid_grant'
            WHEN code = 'invalid_client' AND starts_with(said, 'Auth error') THEN 'invalid_grant' END
         WHEN kind = 'REFRESH_TOKEN' THEN CASE
            WHEN code = 'invalid_token' AND said = 'Client no longer has requested consent from user' THEN 'invalid_scope'
            WHEN code = 'invalid_token' AND said IS NOT NULL THEN 'invalid_grant' END
         WHEN kind = 'OAUTH2_DEVICE_CODE_TO_TOKEN' AND code <> 'not_allowed' THEN CASE
            WHEN code IN ('user_disabled', 'user_not_found') THEN 'invalid_grant'
            -- without a realm's name it is an old release, which gives no reason for a missing device code either
            WHEN code = 'invalid_oauth2_device_code' AND e."realmName" IS NOT NULL THEN 'invalid_grant' END
         WHEN kind = 'LOGIN' AND endpoint = 'token' THEN CASE
            WHEN code IN ('invalid_user_credentials', 'user_disabled', 'user_temporarily_disabled',
                'resolve_required_actions') THEN 'invalid_grant'
            WHEN code = 'user_not_found' AND e.username IS NOT NULL THEN 'invalid_grant'
            WHEN said = 'Client not allowed for direct access grants' THEN 'unauthorized_client' END
         WHEN kind = 'CLIENT_LOGIN' THEN CASE
            WHEN contains(said, 'retrieve service account') THEN 'unauthorized_client' END
         WHEN kind = 'TOKEN_EXCHANGE' THEN CASE
            WHEN code = 'not_allowed' AND (starts_with(said, 'client not allowed')
                OR said IN ('client is not the token holder', 'subject not allowed to impersonate')) THEN 'access_denied'
            WHEN code = 'client_not_found' AND said = 'audience not found' THEN 'invalid_client' END
         WHEN kind = 'PERMISSION_TOKEN' AND code = 'invalid_token' THEN 'invalid_grant'
         WHEN kind = 'REVOKE_GRANT' AND code = 'invalid_request' THEN 'invalid_request'
         WHEN kind = 'LOGOUT' AND code = 'invalid_token' AND said = 'Invalid refresh token' THEN 'invalid_grant'
         WHEN kind IN ('OAUTH2_DEVICE_CODE_TO_TOKEN', 'AUTHREQID_TO_TOKEN') AND code = 'not_allowed'
            AND starts_with(said, 'Client not allowed') THEN 'invalid_grant'
         WHEN kind = 'LOGIN' THEN CASE
            WHEN said = 'Unsupported response_type' THEN 'unsupported_response_type'
            WHEN starts_with(said, 'Client is not allowed to initiate browser login') THEN 'unauthorized_client'
            WHEN starts_with(said, 'Invalid parameter: ') THEN 'invalid_request' END
         WHEN kind = 'USER_INFO_REQUEST' THEN CASE
            WHEN said = 'Missing openid scope' THEN 'insufficient_scope'
            WHEN code = 'session_expired' OR code = 'invalid_token' AND said <> 'Missing token' THEN 'invalid_token' END
    END AS error,
    code AS error_code,
    CASE WHEN failed THEN said END AS error_description,
    CASE WHEN shape = 'operationType=' THEN 'admin event'
         WHEN e.auth_method IN ('saml', 'docker-v2') THEN 'not OAuth: ' || e.auth_method
         WHEN kind IN ('REGISTER', 'UPDATE_EMAIL', 'UPDATE_PROFILE', 'UPDATE_PASSWORD', 'UPDATE_TOTP', 'UPDATE_CREDENTIAL',
            'REMOVE_TOTP', 'REMOVE_CREDENTIAL', 'VERIFY_EMAIL', 'VERIFY_PROFILE', 'SEND_VERIFY_EMAIL', 'SEND_RESET_PASSWORD',
            'SEND_IDENTITY_PROVIDER_LINK', 'RESET_PASSWORD', 'GRANT_CONSENT', 'UPDATE_CONSENT', 'DELETE_ACCOUNT',
            'CUSTOM_REQUIRED_ACTION', 'EXECUTE_ACTIONS', 'EXECUTE_ACTION_TOKEN', 'FEDERATED_IDENTITY_LINK',
            'FEDERATED_IDENTITY_OVERRIDE_LINK', 'REMOVE_FEDERATED_IDENTITY', 'IDENTITY_PROVIDER_LINK_ACCOUNT',
            'CLIENT_INITIATED_ACCOUNT_LINKING', 'IMPERSONATE', 'INVITE_ORG', 'USER_SESSION_DELETED',
            'USER_DISABLED_BY_PERMANENT_LOCKOUT', 'USER_DISABLED_BY_TEMPORARY_LOCKOUT') THEN 'account event'
         WHEN kind IN ('REGISTER_NODE', 'UNREGISTER_NODE') THEN 'cluster node of a client'
         WHEN e IS NULL AND shape IS NULL AND NOT (starts_with(line, '{"') AND j IS NULL)
            AND (NOT coalesce(logger = 'org.keycloak.events', contains(line, '[org.keycloak.events] '))
                 OR contains(written, 'Invalid quotes configuration')) THEN 'server message' END AS ignored,
    CASE WHEN e IS NOT NULL THEN CASE WHEN e.type IS NULL OR e."realmId" IS NULL THEN 'an event without type or realm' END
         WHEN shape = 'operationType=' THEN NULL
         WHEN starts_with(line, '{"') AND j IS NULL THEN 'broken JSON'
         WHEN shape IS NOT NULL THEN 'a broken event'
         WHEN coalesce(logger = 'org.keycloak.events', contains(line, '[org.keycloak.events] '))
            AND NOT contains(written, 'Invalid quotes configuration') THEN 'not an event of the jboss-logging listener' END AS quarantined
FROM placed
