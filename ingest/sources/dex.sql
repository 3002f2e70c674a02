/*
title = "Dex"
kind = "auth_server"
provenance = "captured"
recognise = '^(?:time="?[0-9][^ "]*"? level=[A-Za-z]+ |\{(?:"[a-z_]+":"[^"]*",)*)"?msg"?[=:]"?(?:(?i:Version info"|config (?:issuer|storage|static client|connector|device requests|refresh tokens|signing keys|id tokens|auth requests|skipping approval|using password grant|response types)|keys (?:expired, rotating|rotated)|key rotation not needed|garbage collection run, delete auth|login successful: connector |token exchange successful|received device request|(?:missing|invalid) client_secret on token request|failed login attempt(?:: invalid credentials| for user: )|unsupported grant type|failed to (?:parse authorization request|get auth code|get auth request|get finalized auth request|create authorization request|delete authorization request|create auth code|delete auth code|finalize login|refresh identity|verify subject token|get connector with id |parse connector|get device (?:code|request|token)|store device (?:request|token)|update device token|guess token type|get client \\?")|invalid .state. parameter|trying to claim token|client [^ ]+ trying to claim token|refresh token (?:claimed twice|with id)|connector (?:mismatch: |with id|not allowed for client|returned error|does(?:n.t| not)|\\?")|mismatched connector|(?:could not|unable to) parse (?:request body|device|user code)|server template error: |performing ldap search|username mapped to entry|username \\?"[^"]*" mapped to entry|no public keys found|password grant failed|token exchange failed|saml request mapped|oauth2 request mapped|creating saml data|auth request does not have an identity|expected password connector|error validating cross client trust|spnego authentication error|ldap: )|(?i:login successful|failed login attempt|token request failed|invalid client_id provided|refresh token expired|connector (?:not found|mismatch)|server template error|error while fetching (?:token|client)|failed to (?:authenticate|login user|list connectors|issue tokens|calculate code challenge|create (?:new )?access token|create id token|get (?:client|keys|(?:list of )?connectors?)\b|(?:get|create|update) offline session|(?:get|create|update|delete|marshal|rotate) refresh token)).*[ ,]"?(?:request_id|connector_id|client_remote_addr)"?[=:])|^(?:time="?[0-9][^ "]*"? level=[a-z]+ |\{"level":"[a-z]+",)"?msg"?[=:]"?(?i:failed to (?:authenticate|login user|list connectors|create (?:new )?access token|create id token|get (?:client|keys|(?:list of )?connectors?)|(?:get|create|update) offline session|(?:get|create|update|delete|marshal|rotate) refresh token)): '
priority = 46
documentation = [
    "https://dexidp.io/docs/configuration/",
    "https://github.com/dexidp/dex/blob/master/server/handlers.go",
    "https://github.com/dexidp/dex/blob/master/server/refreshhandlers.go",
    "https://github.com/dexidp/dex/blob/master/cmd/dex/logger.go",
]
cannot_tell = "Dex has no access log: it writes a sign-in, but neither a token that it issued nor a request that it answered, and no setting changes that. Of the refusals many are silent: an unknown client at the token endpoint, a code that is unknown or used, a wrong code_verifier, an unknown refresh token, a pending device code, a bad token at userinfo. A gateway before Dex has their statuses. Dex gives a request an id of its own (since 2.41) and takes none from the caller, so that only time joins the two; `web.clientRemoteIP.header` adds the caller's address."
*/
-- slog since release 2.41 (levels in capitals, what varies in fields of its own, the id of the request), logrus before
-- (all in the message); each in JSON or as logfmt, which one from_json reads.
WITH objects AS (
    SELECT "offset", line, CASE WHEN line[1] = '{' THEN line ELSE logfmt_json(line) END AS object FROM records
),
read AS (
    SELECT "offset", line,
        TRY(from_json(object,
            '{"time":"VARCHAR","level":"VARCHAR","msg":"VARCHAR","err":"VARCHAR","request_id":"VARCHAR","client_remote_addr":"VARCHAR",
              "client_id":"VARCHAR","connector_id":"VARCHAR","user":"VARCHAR","username":"VARCHAR","preferred_username":"VARCHAR",
              "email":"VARCHAR","user_id":"VARCHAR","token_id":"VARCHAR","grant_type":"VARCHAR","scoped":"VARCHAR"}')) AS j
    FROM objects
),
said AS (
    SELECT *,
        lower(j.msg) AS low,
        j.level BETWEEN 'A' AND 'Z' AS by_slog,
        upper(j.level) IN ('ERROR', 'WARN', 'WARNING') AS bad
    FROM read
),
-- the message without what varies in it
coded AS (
    SELECT *,
        CASE
            WHEN low IS NULL THEN NULL
            WHEN starts_with(low, 'failed login attempt') THEN 'failed login attempt'
            WHEN starts_with(low, 'invalid client_secret on token request') THEN 'invalid client_secret on token request'
            WHEN starts_with(low, 'missing client_secret on token request') THEN 'missing client_secret on token request'
            WHEN contains(low, 'trying to claim token for') THEN 'trying to claim token for different client'
            WHEN starts_with(low, 'refresh token') THEN CASE
                WHEN ends_with(low, 'claimed twice') THEN 'refresh token claimed twice'
                WHEN contains(low, 'inactiv') THEN 'refresh token expired due to inactivity'
                WHEN contains(low, 'expired') THEN 'refresh token expired'
                ELSE low END
            WHEN starts_with(low, 'connector "') OR starts_with(low, 'connector with id') THEN CASE
                WHEN contains(low, 'returned error when creating callback') THEN 'connector returned error when creating callback'
                WHEN contains(low, 'not found') THEN 'connector not found'
                WHEN contains(low, 'implement token exchange') THEN 'connector doesn''t implement token exchange'
                ELSE split_part(low, '"', 1) END
            WHEN starts_with(low, 'connector mismatch') OR starts_with(low, 'mismatched connector id') THEN 'connector mismatch'
            WHEN starts_with(low, 'failed to get connector') THEN 'failed to get connector'
            WHEN starts_with(low, 'failed to get client') THEN 'failed to get client'
            WHEN starts_with(low, 'unsupported grant type') THEN 'unsupported grant type'
            WHEN starts_with(low, 'could not exchange auth code for clien') THEN 'could not exchange auth code'
            WHEN starts_with(low, 'login successful') THEN 'login successful'
            WHEN starts_with(low, 'received device request') THEN 'received device request'
            WHEN starts_with(low, 'error while fetching client_id') THEN 'error while fetching client_id from token'
            ELSE rtrim(split_part(low, ': ', 1), '.:') END AS code,
        -- Go writes <nil> for no error; in older releases the error stands behind the message
        nullif(nullif(trim(coalesce(j.err, CASE WHEN NOT by_slog AND contains(j.msg, ': ') THEN substr(j.msg, strpos(j.msg, ': ') + 2) END)), '<nil>'), '') AS detail
    FROM said
),
placed AS (
    SELECT *,
        CASE
            WHEN code IN ('login successful', 'failed to parse authorization request', 'failed to parse arguments', 'failed to parse connector',
                'failed to get list of connectors', 'failed to list connectors', 'failed to create authorization request', 'connector mismatch',
                'connector returned error when creating callback', 'creating saml data', 'invalid ''state'' parameter provided',
                'failed to get auth request', 'expected password connector in handlepasswordlogin()', 'failed login attempt',
                'failed to finalize login', 'failed to get finalized auth request', 'saml request mapped to oauth2 connector',
                'oauth2 request mapped to saml connector', 'failed to authenticate', 'auth request does not have an identity for approval',
                'failed to delete authorization request', 'failed to create auth code', 'invalid client_id provided',
                'spnego authentication error', 'failed to create/update auth session', 'failed to update mfa secret',
                'failed to complete mfa step') THEN 'authorization'
            WHEN code IN ('invalid client_secret on token request', 'missing client_secret on token request', 'unsupported grant type',
                'could not parse request body', 'failed to get auth code', 'failed to delete auth code', 'trying to claim token for different client',
                'refresh token claimed twice', 'refresh token expired', 'refresh token expired due to inactivity', 'failed to refresh identity',
                'failed to update refresh token', 'failed to rotate refresh token', 'failed to create refresh token',
                'failed to marshal refresh token', 'failed to delete refresh token', 'connector doesn''t implement token exchange',
                'failed to verify subject token', 'token exchange failed to create new token', 'token exchange successful',
                'password grant failed to create new access token', 'password grant failed to create new id token',
                'failed to marshal access token response', 'token error response', 'failed to write token response', 'token request failed',
                'failed to issue tokens', 'error validating cross client trust', 'connector not allowed for client',
                'connector does not allow grant', 'connector does not allow refresh token grant', 'failed to get device token',
                'failed to update device token', 'could not parse device token request body') THEN 'token'
            WHEN code IN ('received device request', 'could not parse device request body', 'failed to store device request',
                'failed to store device token', 'could not parse user code verification request body', 'failed to get device request',
                'could not exchange auth code', 'failed to marshal device token response') THEN 'device_authorization'
            WHEN code IN ('failed to guess token type', 'error while fetching token claims', 'error while fetching client_id from token',
                'error while fetching client from storage', 'unknown token type', 'an unknown error occurred',
                'introspect error response') THEN 'introspection'
            WHEN code IN ('no public keys found') THEN 'jwks'
            WHEN code IN ('failed to marshal discovery data') THEN 'discovery'
        END AS endpoint,
        -- of a request, though of which endpoint the message does not tell
        code IN ('failed to login user', 'failed to get connector', 'connector not found', 'failed to get client', 'failed to get keys',
            'server template error', 'failed to calculate code challenge', 'failed to get device code', 'failed to get refresh token',
            'failed to create new access token', 'failed to create id token', 'failed to get offline session', 'failed to create offline session',
            'failed to update offline session', 'failed to marshal offline session id', 'error computing at_hash', 'error computing c_hash',
            'failed to get user identity') AS elsewhere
    FROM coded
),
judged AS (
    SELECT *,
        CASE WHEN code IN ('login successful', 'token exchange successful', 'received device request') THEN 'success'
             WHEN endpoint IS NOT NULL OR elsewhere THEN 'failure'
             WHEN bad AND j.request_id IS NOT NULL THEN 'other' END AS outcome,
        -- what a client sends as scope, between the brackets of JSON or of Go
        coalesce(j.scoped, CASE WHEN code = 'received device request' THEN regexp_extract(j.msg, ' with scopes (\[.*\])$', 1) END) AS scopes
    FROM placed
)
SELECT
    "offset",
    iso_time(j.time) AS time,
    nullify(j.request_id) AS request_id,
    -- a pointer where the text format of 2.41 should have the id
    coalesce(CASE WHEN code = 'trying to claim token for different client' AND starts_with(j.client_id, '0x') THEN NULL ELSE nullify(j.client_id) END,
        CASE WHEN by_slog THEN NULL
        WHEN code = 'trying to claim token for different client' THEN nullif(regexp_extract(j.msg, '(?i)^client (\S+) trying', 1), '')
        WHEN code IN ('invalid client_secret on token request', 'missing client_secret on token request') THEN nullify(detail)
        WHEN code = 'received device request' THEN nullif(regexp_extract(j.msg, 'for client (\S+) with scopes', 1), '')
        WHEN code = 'failed to get client' THEN nullif(regexp_extract(j.msg, '(?i)get client "([^"]*)"', 1), '') END) AS client_id,
    -- one name for a person, whether the sign-in failed or not
    CASE WHEN code = 'failed login attempt' THEN coalesce(nullify(j.user), nullif(regexp_extract(j.msg, 'for user: "([^"]*)"', 1), ''))
         WHEN code = 'login successful' AND NOT by_slog THEN coalesce(
            nullif(regexp_extract(j.msg, ' email="([^" ]*)', 1), ''), nullif(regexp_extract(j.msg, ' username="([^"]*)"', 1), ''))
         ELSE coalesce(nullif(split_part(j.email, ' (unverified)', 1), ''), nullify(j.preferred_username), nullify(j.username), nullify(j.user_id))
         END AS user_name,
    nullify(j.client_remote_addr) AS client_ip,
    endpoint,
    CASE WHEN by_slog THEN CASE
            WHEN code IN ('invalid client_secret on token request', 'missing client_secret on token request', 'failed to verify subject token') THEN 401
            WHEN code IN ('unsupported grant type', 'trying to claim token for different client') THEN 400 END END AS status,
    CASE WHEN code IN ('failed to get auth code', 'failed to delete auth code') AND endpoint = 'token' THEN 'authorization_code'
         WHEN code IN ('trying to claim token for different client', 'refresh token claimed twice', 'refresh token expired',
            'refresh token expired due to inactivity', 'failed to refresh identity', 'failed to update refresh token',
            'failed to rotate refresh token', 'connector does not allow refresh token grant') THEN 'refresh_token'
         WHEN starts_with(code, 'password grant') THEN 'password'
         WHEN code IN ('failed to verify subject token', 'connector doesn''t implement token exchange', 'token exchange successful',
            'token exchange failed to create new token') THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
         WHEN code IN ('failed to get device token', 'failed to update device token', 'could not parse device token request body')
            THEN 'urn:ietf:params:oauth:grant-type:device_code'
         ELSE coalesce(nullify(j.grant_type),
            CASE WHEN code = 'unsupported grant type' AND NOT by_slog THEN nullify(detail) END) END AS grant_type,
    nullify(trim(replace(translate(scopes, '[]"', ''), ',', ' '))) AS scope,
    CASE WHEN contains(detail, 'redirect_uri (') THEN nullif(regexp_extract(detail, 'redirect_uri \(\\?"(.*?)\\?"\)', 1), '') END AS redirect_uri,
    coalesce(nullify(j.token_id), CASE WHEN NOT by_slog AND starts_with(low, 'refresh token with id') THEN
        nullif(regexp_extract(j.msg, 'id (\S+) ', 1), '') END) AS credential,
    outcome,
    CASE WHEN outcome = 'failure' THEN CASE
        WHEN by_slog AND code IN ('invalid client_secret on token request', 'missing client_secret on token request') THEN 'invalid_client'
        WHEN by_slog AND code = 'trying to claim token for different client' THEN 'invalid_grant'
        WHEN by_slog AND code = 'unsupported grant type' THEN 'unsupported_grant_type'
        WHEN by_slog AND code = 'failed to verify subject token' THEN 'access_denied'
        WHEN code = 'failed to parse authorization request' THEN CASE
            WHEN regexp_matches(detail, 'scope\(s\)') THEN 'invalid_scope'
            WHEN starts_with(detail, 'Unsupported response type') THEN 'unsupported_response_type'
            WHEN detail = 'Server does not support request parameter.' THEN 'request_not_supported'
            WHEN regexp_matches(detail, '^(Invalid response type|No response_type|Response type|Invalid ConnectorID|Unsupported PKCE|Invalid prompt)') THEN 'invalid_request'
            WHEN detail IN ('Internal server error.', 'Unable to retrieve connectors') THEN 'server_error' END END END AS error,
    CASE WHEN outcome <> 'success' THEN code END AS error_code,
    -- without the user's name
    CASE WHEN outcome = 'success' THEN NULL
         WHEN code = 'failed login attempt' THEN 'failed login attempt: Invalid credentials.'
         WHEN contains(detail, 'user "') THEN concat_ws(': ', code, regexp_replace(detail, '\buser "[^"]*"', 'user', 'g'))
         WHEN by_slog THEN nullif(rtrim(concat_ws(': ', j.msg, detail, CASE WHEN code = 'unsupported grant type' THEN nullify(j.grant_type) END)), '')
         ELSE rtrim(j.msg, ' :') END AS error_description,
    CASE WHEN outcome IS NOT NULL OR j.msg IS NULL THEN NULL
         WHEN regexp_matches(low, '^(ldap: |performing ldap search|no results returned for filter|username .*mapped to entry|invalid password for user|constraint violation for user|(github: )?user .*in org|groups search)')
            THEN 'a detail of a sign-in, another line tells how it ended'
         ELSE 'server message' END AS ignored,
    CASE WHEN j IS NULL THEN CASE WHEN line[1] = '{' THEN 'broken JSON' ELSE 'not logfmt' END
         WHEN j.msg IS NULL THEN 'no message' END AS quarantined
FROM judged
