/*
title = "Glewlwyd"
kind = "auth_server"
provenance = "captured"
recognise = '(^|\s)Glewlwyd (ERROR|WARNING|INFO|DEBUG): |\b[Gg]lewlwyd(\[\d+\])?: (Security - |Event |oidc |oauth2 |[a-z_]+ (oidc )?- )|^Security - (Authorization|Code|Token|DPoP) invalid .*at IP Address |^Event (oidc|oauth2) - Plugin |^Event - (User|Client|Scope) \x27|^(oidc |oauth2 )[a-z_]+ - |^[a-z_]+ (oidc - |- oidc - )'
priority = 45
documentation = [
    "https://github.com/babelouest/glewlwyd/blob/master/docs/INSTALL.md#log-mode",
    "https://github.com/babelouest/glewlwyd/tree/master/src/plugin",
    "https://github.com/babelouest/yder",
]
cannot_tell = "At its usual level Glewlwyd tells that a client, user, code or token was refused, and the address, not why: a wrong secret, an unknown client and a client that may not use a grant read alike. log_level=\"DEBUG\" adds grant types, PKCE, redirect URIs and parameters; then a refused code may be two failures, the reason and the refusal. It has nothing of unknown response types, scopes that are left out, device polls, introspection, userinfo, codes that are missing, and no status or request id. Times have seconds, and no zone. The log of a gateway before it has the rest."
*/
-- yder writes `time - Glewlwyd LEVEL: message` to a file or the console, and the message alone to syslog and journald.
WITH placed AS (
    SELECT *,
        CASE WHEN contains(line, 'Glewlwyd ') THEN nullif(regexp_extract(line, 'Glewlwyd (ERROR|WARNING|INFO|DEBUG): ', 1), '') END AS level
    FROM records
),
worded AS (
    SELECT *,
        CASE WHEN level IS NOT NULL THEN substr(line, strpos(line, 'Glewlwyd ' || level || ': ') + 11 + len(level))
             WHEN contains(line, 'lewlwyd') AND regexp_matches(line, '[Gg]lewlwyd(\[\d+\])?: ') THEN regexp_extract(line, '[Gg]lewlwyd(?:\[\d+\])?: (.*)$', 1)
             ELSE line END AS words
    FROM placed
),
split AS (
    SELECT *,
        CASE WHEN starts_with(words, 'Event ') OR starts_with(words, 'Security - ') OR starts_with(words, 'MHD - ') OR starts_with(words, 'jti already used') THEN NULL
             WHEN level IS NOT NULL OR contains(words, 'oidc') OR contains(words, 'oauth2') OR contains(words, ', origin: ')
             THEN regexp_extract(words, '^(?:oidc |oauth2 )?([a-z][a-z_0-9]+) +(?:- +)?(?:oidc +|oauth2 +)?(?:- +)?(.*)$', ['place', 'said']) END AS f
    FROM worded
),
named AS (
    SELECT *,
        nullif(f.place, '') AS place,
        CASE WHEN f.said <> '' THEN regexp_replace(f.said, ',? origin:? .*$', '') END AS said,
        CASE WHEN starts_with(words, 'Event ') AND contains(words, ' - Plugin ''') THEN split_part(words, '''', 2) END AS plugin
    FROM split
),
judged AS (
    SELECT *,
        CASE WHEN starts_with(words, 'Security - ') OR starts_with(words, 'jti already used for client ') THEN 'failure'
             WHEN starts_with(words, 'Event ') THEN CASE
                WHEN plugin IS NOT NULL AND contains(words, ' - Access token generated for client ') AND NOT contains(words, ' for client ''(null)''') THEN 'success'
                WHEN plugin IS NOT NULL AND contains(words, ''' registered with redirect_uri ') THEN 'success'
                WHEN contains(words, ''' granted scope list ''') THEN 'success' END
             WHEN place IS NULL THEN NULL
             -- lines that follow or go before the one that tells the cause
             WHEN place = 'check_auth_type_client_credentials_grant' AND contains(said, ' invalid') AND starts_with(said, 'Error client_id') THEN NULL
             WHEN place = 'validate_code_challenge' AND starts_with(said, 'Invalid ') THEN NULL
             WHEN said IN ('code challenge invalid', 'error is_code_challenge_valid', 'Error validate_code_challenge') THEN NULL
             WHEN contains(said, 'Unknown grant_type ') OR contains(said, 'unauthorized request parameter') OR contains(said, 'token empty or missing') OR contains(said, 'Missing code')
               OR contains(said, ' is invalid for the client ') OR contains(said, 'client_id invalid') OR contains(said, 'avoid login page') OR contains(said, 'invlid client identified')
               OR starts_with(said, 'pkce ') OR starts_with(said, 'validate_code_challenge invalid') OR contains(said, ' is not enabled for the client ')
               OR contains(said, 'confidential client must be authentified') OR starts_with(said, 'Error, client ''') OR regexp_matches(said, '^client ''[^'']*'' (is invalid|authentication method is invalid|invalid |is not confidential|uses ciba|mismatch)')
               OR contains(said, ' missing or invalid') OR contains(said, 'redirect_uri missing') OR contains(said, 'is mandatory') OR contains(said, 'mode p') AND contains(said, 'unauthorized')
               OR contains(said, 'nonce required') OR contains(said, '''openid'' missing') OR contains(said, 'is not allowed to claim scopes') OR contains(said, 'scope list ''')
               OR contains(said, 'max_age invalid') OR contains(said, 'id_token has invalid content') OR contains(said, 'id_token_hint was not') OR contains(said, 'id_token was') OR contains(said, 'no id_token provided')
               OR contains(said, 'uthorization_details') OR contains(said, 'claims parameter') OR contains(said, 'rar type') OR contains(said, 'getting request from uri')
               OR contains(said, 'jti already used') OR contains(said, 'no jti in jwt') OR contains(said, 'Encrypted requests not allowed') OR contains(said, 'validate_jwt_assertion_request') OR contains(said, 'check_client_certificate_valid')
               OR contains(said, 'login hint') OR contains(said, 'binding_message') OR contains(said, 'client_notification_token') OR contains(said, 'requested_expiry') OR contains(said, 'invalid user_code')
               OR contains(said, 'DPoP required') OR (place = 'oidc_verify_dpop_proof' AND (starts_with(said, 'Invalid') OR contains(said, 'ath invalid')))
               OR contains(said, 'post_logout_redirect_uris') OR said = 'Invalid id_token' OR contains(said, 'Error resource ') OR contains(said, 'invalid resource') OR contains(said, 'Error grant_type ')
               OR said = 'Invalid code' AND contains(place, 'device_code') OR contains(said, 'Missing or invalid access token') OR contains(said, 'client missing or disabled') OR contains(said, 'backchannel_logout response')
               THEN 'failure'
             WHEN level = 'ERROR' AND regexp_matches(place, '^(callback_(oidc_(token|authorization|get_userinfo|device_authorization)|introspection|revocation|pushed_authorization_request)|check_auth_type_|get_access_token_from_refresh$|validate_endpoint_auth$)') THEN 'failure'
        END AS outcome
    FROM named
)
SELECT
    "offset",
    CASE WHEN regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(regexp_replace(stamp, '([+-]\d\d):?(\d\d)$', '\1:\2')) END AS time,
    CASE WHEN NOT regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN TRY_CAST(stamp AS TIMESTAMP) END AS local_time,
    plugin AS tenant,
    nullif(nullif(CASE
        WHEN starts_with(words, 'Security - ') AND contains(words, ' for client_id ') THEN regexp_extract(words, ' for client_id (.*) at IP Address ', 1)
        WHEN starts_with(words, 'jti already used') THEN regexp_extract(words, ' for client (.*) at IP Address ', 1)
        WHEN plugin IS NOT NULL THEN regexp_extract(words, 'client ''(.*?)''(?: granted| with| registered| deleted|, origin|$)', 1)
        WHEN starts_with(words, 'Event - User ''') THEN regexp_extract(words, ' for client ''(.*)''$', 1)
        WHEN contains(said, 'for the client ''') THEN regexp_extract(said, 'for the client ''([^'']*)''', 1)
        WHEN contains(said, 'client ''') THEN regexp_extract(said, 'client ''([^'']*)''', 1)
        WHEN contains(said, 'for client_id ''') THEN regexp_extract(said, 'for client_id ''([^'']*)''', 1)
        WHEN contains(said, 'client ') AND contains(said, ' is not allowed to claim') THEN regexp_extract(said, 'client (\S+) is not allowed', 1)
        WHEN contains(said, 'required for client ') OR contains(said, 'invalid for client ') THEN regexp_extract(said, 'for client (\S+)$', 1) END, ''), '(null)') AS client_id,
    nullif(nullif(CASE
        WHEN starts_with(words, 'Security - ') AND contains(words, ' for username ') THEN regexp_extract(words, ' for username (.*) at IP Address ', 1)
        WHEN starts_with(words, 'Event - User ''') THEN regexp_extract(words, '^Event - User ''(.*)'' (?:granted|authenticated) ', 1)
        WHEN plugin IS NOT NULL AND contains(words, ' granted by user ''') THEN regexp_extract(words, ' granted by user ''(.*?)''(?: with scope|, origin|$)', 1)
        WHEN contains(said, 'for user ''') THEN regexp_extract(said, 'for user ''([^'']*)''', 1) END, ''), '(null)') AS user_name,
    nullif(nullif(CASE WHEN contains(words, ' at IP Address ') THEN split_part(split_part(words, ' at IP Address ', 2), ' ', 1)
         WHEN contains(words, 'origin: ') THEN split_part(words, 'origin: ', 2)
         WHEN contains(words, ', origin ') THEN split_part(words, ', origin ', 2) END, '(null)'), '') AS client_ip,
    CASE WHEN outcome IS NULL THEN NULL
         WHEN starts_with(words, 'Security - Authorization invalid for username') OR starts_with(words, 'Event - User ') THEN 'authorization'
         WHEN starts_with(words, 'Security - Code') OR starts_with(words, 'Security - Token') OR contains(words, ' - Access token generated ') THEN 'token'
         WHEN plugin IS NOT NULL THEN 'registration'
         WHEN place IS NULL THEN NULL
         WHEN starts_with(place, 'callback_oidc_token') OR place = 'get_access_token_from_refresh' OR place = 'validate_authorization_code' OR place = 'check_ciba_auth_req_id' THEN 'token'
         WHEN starts_with(place, 'check_auth_type_auth_code') OR starts_with(place, 'check_auth_type_implicit') THEN 'authorization'
         WHEN starts_with(place, 'check_auth_type_') THEN 'token'
         WHEN place IN ('callback_oidc_authorization', 'validate_endpoint_auth', 'is_code_challenge_valid', 'check_client_redirect_uri_valid', 'check_request_jti_unused', 'decrypt_request_token') THEN 'authorization'
         WHEN place IN ('check_pushed_authorization_request', 'callback_pushed_authorization_request') THEN 'pushed_authorization_request'
         WHEN place = 'callback_introspection' THEN 'introspection'
         WHEN place = 'callback_revocation' THEN 'revocation'
         WHEN place IN ('callback_oidc_get_userinfo', 'callback_check_userinfo') THEN 'userinfo'
         WHEN starts_with(place, 'callback_oidc_device') THEN 'device_authorization'
         WHEN contains(place, 'client_registration') THEN 'registration'
         WHEN starts_with(place, 'callback_oidc_end_session') THEN 'end_session' END AS endpoint,
    CASE WHEN contains(said, 'Unknown grant_type ''') THEN CASE WHEN NOT contains(said, ',') THEN nullif(nullif(split_part(said, '''', 2), '(null)'), '') END
         WHEN place = 'get_access_token_from_refresh' OR starts_with(words, 'Security - Token invalid') THEN 'refresh_token'
         WHEN place = 'validate_authorization_code' OR starts_with(words, 'Security - Code invalid') OR place = 'check_auth_type_access_token_request' THEN 'authorization_code'
         WHEN place = 'check_auth_type_device_code' THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN place = 'check_auth_type_client_credentials_grant' THEN 'client_credentials'
         WHEN place = 'check_auth_type_resource_owner_pwd_cred' THEN 'password'
         WHEN place = 'check_ciba_auth_req_id' THEN 'urn:openid:params:grant-type:ciba'
         WHEN contains(said, 'Error grant_type ') THEN split_part(split_part(said, 'grant_type ', 2), ' ', 1)
         WHEN plugin IS NOT NULL AND outcome = 'success' AND contains(words, ' - Access token ') AND NOT contains(words, ' granted by user ') THEN 'client_credentials' END AS grant_type,
    CASE WHEN starts_with(words, 'Event - User ''') THEN nullif(regexp_extract(words, ' granted scope list ''(.*?)'' for client ', 1), '')
         WHEN plugin IS NOT NULL AND contains(words, ' with scope list ''') THEN nullif(regexp_extract(words, ' with scope list ''(.*?)''(?:, origin|$)', 1), '')
         WHEN contains(said, 'claim scopes ''') THEN nullif(regexp_extract(said, 'claim scopes ''([^'']*)''', 1), '')
         WHEN contains(said, 'scope list ''') THEN nullif(regexp_extract(said, 'scope list ''([^'']*)''', 1), '') END AS scope,
    CASE WHEN contains(said, 'redirect_uri ''') THEN nullif(regexp_extract(said, 'redirect_uri ''([^'']*)''', 1), '')
         WHEN contains(words, ' registered with redirect_uri ') THEN nullif(regexp_extract(words, ' with redirect_uri (.*?)(?:, origin|$)', 1), '') END AS redirect_uri,
    outcome,
    CASE WHEN outcome IS DISTINCT FROM 'failure' THEN NULL
         WHEN contains(said, 'Unknown grant_type ') AND NOT contains(said, '(null)') THEN 'unsupported_grant_type'
         WHEN starts_with(words, 'Security - Code') THEN 'invalid_grant'
         WHEN contains(said, 'avoid login page') THEN 'login_required'
         WHEN level = 'ERROR' AND place IS NOT NULL AND starts_with(said, 'Error ') THEN 'server_error' END AS error,
    CASE WHEN outcome IS DISTINCT FROM 'failure' THEN NULL
         WHEN contains(said, 'Unknown grant_type ''(null)') THEN 'Missing grant_type'
         -- one parameter given twice stands there with a comma
         WHEN contains(said, 'Unknown grant_type ') AND split_part(split_part(said, '''', 2), ',', 1) = split_part(split_part(said, '''', 2), ',', 2) THEN 'Unknown grant_type: given twice'
         WHEN contains(said, 'Unknown grant_type ') THEN 'Unknown grant_type'
         WHEN contains(words, 'for client_id (null) at') THEN 'Authorization invalid without a client_id'
         -- a client that encodes its id (RFC 6749, section 2.3.1) is not known by it
         WHEN starts_with(words, 'Security - Authorization invalid for client_id ') THEN
            CASE WHEN regexp_matches(words, 'client_id [^ ]*%[0-9A-Fa-f]{2}') THEN 'Authorization invalid for an encoded client_id' ELSE 'Authorization invalid for client_id' END
         WHEN starts_with(words, 'Security - Authorization invalid for username ') THEN 'Authorization invalid for username'
         WHEN starts_with(words, 'Security - ') THEN split_part(substr(words, 12), ' at IP', 1)
         WHEN starts_with(words, 'jti already used') THEN 'jti already used for client'
         WHEN place = 'get_access_token_from_refresh' AND said = 'client_id invalid' THEN 'refresh token: client_id invalid'
         WHEN place = 'oidc_verify_dpop_proof' AND NOT contains(said, 'DPoP') THEN 'DPoP proof: ' || said
         WHEN place = 'callback_oidc_end_session' THEN 'end_session: ' || said
         WHEN contains(said, ' for user ''') THEN regexp_replace(said, ' for user ''[^'']*''', ' for user')
         ELSE said END AS error_description,
    CASE WHEN outcome IS NOT NULL THEN NULL
         WHEN level = 'DEBUG' AND place IS NOT NULL AND said IS NOT NULL THEN 'another line of the request tells the cause'
         WHEN starts_with(words, 'MHD - Error decoding basic') THEN 'another line of the request tells the cause'
         WHEN starts_with(words, 'Event ') THEN 'an event of no request'
         WHEN level IS NOT NULL OR contains(line, 'lewlwyd[') THEN 'message about no OAuth request'
         WHEN place IS NOT NULL AND regexp_matches(words, '^(oidc |oauth2 )?[a-z_]+ (oidc - |- oidc - |- )') THEN 'another line of the request tells the cause' END AS ignored,
    CASE WHEN outcome IS NULL THEN 'no line of Glewlwyd' END AS quarantined
FROM (SELECT *, CASE WHEN line[5] = '-' THEN nullif(regexp_extract(left(line, 40), '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?'), '') END AS stamp FROM judged)
