/*
title = "Logto (audit log, webhooks, console)"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)^\s*\{.*"key"\s*:\s*"(ExchangeTokenBy\.[A-Z]|Interaction\.(Create|End|SignIn|Register|ForgotPassword)\b|RevokeToken"|RevokeGrants"|JwtCustomizer\.[AC]|SamlApplication\.|TriggerHook\.|(Action|InlineHook)\.Post|TrustedDevice\.)|(?s)^\s*\{.*"type"\s*:\s*"(CodeExchangeToken|RefreshTokenExchangeToken|(SignIn|Register)(UsernamePassword|EmailPassword|SmsPassword|Email|Sms|EmailSendPasscode|SmsSendPasscode|Social|SocialBind)|ForgotPassword(Sms|Email|SmsSendPasscode|EmailSendPasscode|Reset)|Continue(Email|Sms|EmailSendPasscode|SmsSendPasscode))"|(?s)^\s*\{.*("hookId"\s*:.*"event"\s*:\s*"[A-Z][A-Za-z]+(\.[A-Z]|")|"event"\s*:\s*"[A-Z][A-Za-z]+[."].*"hookId"\s*:)|^(\x1b\[[0-9;]*m)*([A-Za-z0-9_-]{16}(\x1b\[[0-9;]*m)* {1,3}(\x1b\[[0-9;]*m)*(<--|-->|xxx|-x-)(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*[A-Z]+(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*[/]|[A-Za-z0-9_-]{16}(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*(error|warn)(\x1b\[[0-9;]*m)* (server_error: |([A-Z][A-Za-z]*(Error|InvalidGrant|NotFound)|Invalid[A-Z][A-Za-z]+|AccessDenied|InsufficientScope|Unsupported[A-Z][A-Za-z]+)\b)|[A-Za-z0-9_-]{16}(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*info(\x1b\[[0-9;]*m)* \t(Triggering hook|Hook) |(core|admin) *(\x1b\[[0-9;]*m)* +(\x1b\[[0-9;]*m)*info(\x1b\[[0-9;]*m)* +(\x1b\[[0-9;]*m)*(Core|Admin) app is running at | {0,2}(\x1b\[[0-9;]*m)*(<--|-->|xxx|-x-)(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*[A-Z]+(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*[/](oidc[/]|api[/](interaction|experience|session)[/ ]))'
priority = 40
documentation = [
    "https://docs.logto.io/developers/audit-logs",
    "https://openapi.logto.io/operation/operation-listlogs",
    "https://docs.logto.io/developers/webhooks/webhooks-request",
    "https://github.com/logto-io/logto/blob/master/packages/core/src/middleware/koa-audit-log.ts",
    "https://github.com/logto-io/logto/blob/master/packages/schemas/src/types/log/index.ts",
    "https://github.com/koajs/logger",
]
cannot_tell = "The audit log has token requests, revocations and sign-ins; what is refused at the authorization, introspection, userinfo or logout endpoint stands only in the console output, as a bare status. It names no client where the client is unknown and sent its credentials in the Authorization header, has no HTTP status for a sign-in, no duration and no id of a request. Messages of sign-ins are in the language of the user; the code is not. The console writes no time, so that only what collects its lines can tell it, and in production (NODE_ENV=production) no reason of a 4xx: read the audit log as well (GET /api/logs, or the table `logs`), and a gateway's log that keeps the response header Logto-Core-Request-Id, which is the id that stands in the console's lines."

[[advice]]
columns = ["error", "error_code", "error_description", "client_id", "grant_type"]
add = "GET /api/logs of the Management API (or an export of the table logs), beside the console output"
tells = "why a token request or a sign-in was refused, with its client, user and address"
*/
-- Records of the audit log as the Management API or the table `logs` gives them (`payload` may stand in a string), bodies of
-- webhooks, and lines of koa-logger and of the console, which share an id of the request.
WITH plain AS (
    SELECT "offset",
        CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line
    FROM records
),
read AS (
    SELECT "offset", line, ltrim(line)[1] = '{' AS of_json,
        CASE WHEN ltrim(line)[1] = '{' THEN TRY(from_json(line,
            '{"id":"VARCHAR","key":"VARCHAR","type":"VARCHAR","tenantId":"VARCHAR","tenant_id":"VARCHAR","createdAt":"VARCHAR","created_at":"VARCHAR",
              "payload":"VARCHAR","result":"VARCHAR","hookId":"VARCHAR","event":"VARCHAR","interactionEvent":"VARCHAR","sessionId":"VARCHAR",
              "userAgent":"VARCHAR","userIp":"VARCHAR","ip":"VARCHAR","userId":"VARCHAR","value":"VARCHAR","recipient":"VARCHAR",
              "applicationId":"VARCHAR","cimdClientId":"VARCHAR","application":{"id":"VARCHAR","name":"VARCHAR"},"user":{"id":"VARCHAR"}}')) END AS j,
        CASE WHEN ltrim(line)[1] <> '{' THEN regexp_extract(line,
            '^(?:([A-Za-z0-9_-]{16}|core|admin|dev|unknown) *)?\s*(<--|-->|xxx|-x-|error|warn|info|fatal) (.*)$', ['id', 'mark', 'rest']) END AS c
    FROM plain
),
opened AS (
    SELECT *,
        CASE WHEN of_json AND j.hookId IS NULL THEN TRY(from_json(CASE WHEN j.payload[1] = '{' THEN j.payload WHEN j.result IS NOT NULL THEN line END,
            '{"key":"VARCHAR","result":"VARCHAR","error":"VARCHAR","ip":"VARCHAR","userAgent":"VARCHAR","userId":"VARCHAR","applicationId":"VARCHAR",
              "cimdClientId":"VARCHAR","sessionId":"VARCHAR","scope":"VARCHAR","username":"VARCHAR","email":"VARCHAR","phone":"VARCHAR","sms":"VARCHAR",
              "identifier":{"value":"VARCHAR"},"payload":{"identifier":{"value":"VARCHAR"}},
              "token":{"clientId":"VARCHAR","accountId":"VARCHAR","scope":"VARCHAR"},
              "params":{"client_id":"VARCHAR","grant_type":"VARCHAR","scope":"VARCHAR","redirect_uri":"VARCHAR","response_type":"VARCHAR","code":"VARCHAR",
                "refresh_token":"VARCHAR","token":"VARCHAR","subject_token":"VARCHAR","device_code":"VARCHAR","id_token_hint":"VARCHAR",
                "post_logout_redirect_uri":"VARCHAR","logout":"VARCHAR"}}')) END AS p
    FROM read
),
told AS MATERIALIZED (
    SELECT "offset", line, of_json, j, p,
        -- the errors of the token endpoint are JSON in a string, the others an object
        CASE WHEN p.error[1] = '{' THEN TRY(from_json(p.error,
            '{"name":"VARCHAR","message":"VARCHAR","code":"VARCHAR","error":"VARCHAR","error_description":"VARCHAR","error_detail":"VARCHAR",
              "status":"VARCHAR","statusCode":"VARCHAR","scope":"VARCHAR"}')) END AS e,
        coalesce(p.key, j.key, j.type) AS kind,
        CASE WHEN c.mark <> '' THEN c.mark END AS mark,
        CASE WHEN len(c.id) = 16 THEN c.id END AS rid,
        CASE WHEN c.mark IN ('-->', 'xxx', '-x-', '<--') THEN string_split(c.rest, ' ') END AS parts,
        CASE WHEN c.mark = 'error' THEN c.rest END AS thrown,
        CASE WHEN c.mark = 'error' THEN starts_with(c.rest, 'server_error: ') OR regexp_matches(c.rest, '^[A-Z][A-Za-z]+(\b|:)') END AS is_thrown
    FROM opened
),
-- what the console says of a request's error goes to the line of its end, where there is one
reasons AS (
    SELECT rid AS id, any_value(thrown) AS reason FROM told WHERE rid IS NOT NULL AND is_thrown GROUP BY 1
),
ends AS (
    SELECT rid AS id FROM told WHERE rid IS NOT NULL AND mark IN ('-->', 'xxx', '-x-') AND parts IS NOT NULL GROUP BY 1
),
joined AS (
    SELECT told.*,
        CASE WHEN mark IN ('-->', 'xxx') THEN reasons.reason WHEN is_thrown THEN thrown END AS reason,
        ends.id IS NOT NULL AS has_end,
        lower(rtrim(split_part(parts[2], '?', 1), '/')) AS bare
    FROM told LEFT JOIN reasons ON told.rid = reasons.id LEFT JOIN ends ON told.rid = ends.id
),
sorted AS (
    SELECT *,
        split_part(kind, '.', 1) AS family,
        p.result = 'Error' AS failed,
        coalesce(e.message, CASE WHEN p.error[1] <> '{' THEN p.error END,
            CASE WHEN starts_with(reason, 'server_error: ') THEN substr(reason, 15) ELSE reason END) AS message,
        -- "InvalidGrant: invalid_grant", as an error of the provider is written where it is turned into text
        regexp_extract(coalesce(e.message, reason), '^(?:([A-Z][A-Za-z]+): )?([a-z_]+)$', ['name', 'code']) AS word
    FROM joined
),
judged AS (
    SELECT *,
        CASE
            WHEN p IS NOT NULL THEN CASE
                WHEN family = 'ExchangeTokenBy' OR kind IN ('CodeExchangeToken', 'RefreshTokenExchangeToken') THEN 'token'
                -- the grant goes when its code or refresh token is used twice, and at a logout
                WHEN kind = 'RevokeToken' THEN CASE WHEN p.params.token IS NOT NULL OR (p.params.grant_type IS NULL AND p.params.logout IS NULL AND p.params.id_token_hint IS NULL
                    AND p.params.post_logout_redirect_uri IS NULL) THEN 'revocation' END
                WHEN kind = 'RevokeGrants' THEN CASE WHEN failed THEN 'authorization' END
                WHEN family = 'JwtCustomizer' THEN 'token'
                WHEN family = 'Interaction' THEN CASE
                    WHEN split_part(kind, '.', 2) = 'ForgotPassword' THEN NULL
                    WHEN failed OR kind IN ('Interaction.SignIn.Submit', 'Interaction.Register.Submit') THEN 'authorization' END
                WHEN starts_with(kind, 'SignIn') OR starts_with(kind, 'Register') OR starts_with(kind, 'Continue') THEN
                    CASE WHEN failed OR NOT (ends_with(kind, 'SendPasscode') OR ends_with(kind, 'SocialBind') OR starts_with(kind, 'Continue')) THEN 'authorization' END END
            WHEN j.hookId IS NOT NULL THEN CASE
                WHEN j.event IN ('PostSignIn', 'PostRegister') THEN 'authorization'
                WHEN j.event IN ('Identifier.Lockout', 'Message.RateLimited') AND j.interactionEvent IS DISTINCT FROM 'ForgotPassword' THEN 'authorization' END
            WHEN bare = '/oidc/auth' OR starts_with(bare, '/oidc/auth/') THEN 'authorization'
            WHEN bare = '/oidc/me' THEN 'userinfo'
            WHEN starts_with(bare, '/oidc/session/end') THEN 'end_session'
            WHEN bare = '/oidc/device' OR starts_with(bare, '/oidc/device/') THEN 'device_authorization'
            WHEN bare = '/oidc/request' THEN 'pushed_authorization_request'
            WHEN bare = '/oidc/reg' OR starts_with(bare, '/oidc/reg/') THEN 'registration'
        END AS place,
        -- a request of koa-logger that is one of OAuth or of the interfaces that ask for a token
        starts_with(bare, '/oidc/') OR (starts_with(bare, '/api/') AND NOT starts_with(bare, '/api/.well-known') AND bare NOT IN ('/api/status', '/api/swagger.json'))
            OR starts_with(bare, '/me/') AS of_api,
        coalesce(nullif(e.error, ''), CASE WHEN starts_with(e.code, 'oidc.') THEN substr(e.code, 6) END, oauth_error(word.code)) AS oauth,
        CASE WHEN e.error IS NOT NULL OR oauth_error(word.code) IS NOT NULL THEN CASE
                WHEN e.error_detail IS NULL OR starts_with(e.error_detail, 'client_id ') THEN e.error_description
                WHEN e.error_description IS NULL OR e.error_description IN ('grant request is invalid', 'client authentication failed', 'invalid token provided') THEN e.error_detail
                WHEN e.error_description = e.error_detail THEN e.error_detail
                ELSE e.error_description || ': ' || e.error_detail END
             ELSE message END AS description
    FROM sorted
)
SELECT
    "offset",
    CASE WHEN j IS NOT NULL THEN coalesce(epoch_time(j.createdAt), iso_time(j.createdAt), epoch_time(j.created_at), iso_time(j.created_at)) END AS time,
    coalesce(nullify(j.tenantId), nullify(j.tenant_id)) AS tenant,
    CASE WHEN p IS NOT NULL THEN nullify(j.id) END AS event_id,
    rid AS request_id,
    coalesce(nullify(p.sessionId), CASE WHEN j.hookId IS NOT NULL THEN nullify(j.sessionId) END) AS session_id,
    coalesce(nullify(p.applicationId), nullify(p.cimdClientId), nullify(p.params.client_id), nullify(p.token.clientId),
        CASE WHEN j.hookId IS NOT NULL THEN coalesce(nullify(j.applicationId), nullify(j.application.id), nullify(j.cimdClientId)) END) AS client_id,
    CASE WHEN j.hookId IS NOT NULL THEN nullify(j.application.name) END AS client_name,
    coalesce(nullify(p.userId), nullify(p.token.accountId), nullify(p.identifier.value), nullify(p.payload.identifier.value), nullify(p.username), nullify(p.email), nullify(p.phone), nullify(p.sms),
        CASE WHEN j.hookId IS NOT NULL THEN coalesce(nullify(j.userId), nullify(j.user.id), nullify(j.value), nullify(j.recipient)) END) AS user_name,
    regexp_replace(coalesce(nullify(p.ip), CASE WHEN j.hookId IS NOT NULL THEN coalesce(nullify(j.userIp), nullify(j.ip)) END), '^::ffff:([0-9.]+)$', '\1') AS client_ip,
    coalesce(nullify(p.userAgent), CASE WHEN j.hookId IS NOT NULL THEN nullify(j.userAgent) END) AS user_agent,
    place AS endpoint,
    nullify(parts[2]) AS path,
    CASE WHEN regexp_full_match(parts[1], '[A-Z]+') THEN parts[1] END AS method,
    CASE WHEN mark IN ('-->', 'xxx') THEN http_status(parts[3])
         WHEN failed AND e.error IS NOT NULL THEN http_status(coalesce(e.statusCode, e.status)) END AS status,
    -- 1,234ms, and from ten seconds on 12s
    CASE WHEN mark IN ('-->', 'xxx', '-x-') THEN CASE
        WHEN ends_with(parts[4], 'ms') THEN TRY_CAST(replace(left(parts[4], -2), ',', '') AS DOUBLE)
        WHEN ends_with(parts[4], 's') THEN TRY_CAST(replace(left(parts[4], -1), ',', '') AS DOUBLE) * 1000 END END AS duration_ms,
    CASE WHEN place = 'token' THEN coalesce(nullify(p.params.grant_type), CASE kind
        WHEN 'ExchangeTokenBy.AuthorizationCode' THEN 'authorization_code'
        WHEN 'CodeExchangeToken' THEN 'authorization_code'
        WHEN 'ExchangeTokenBy.RefreshToken' THEN 'refresh_token'
        WHEN 'RefreshTokenExchangeToken' THEN 'refresh_token'
        WHEN 'ExchangeTokenBy.ClientCredentials' THEN 'client_credentials'
        WHEN 'JwtCustomizer.ClientCredentials' THEN 'client_credentials'
        WHEN 'ExchangeTokenBy.TokenExchange' THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
        WHEN 'ExchangeTokenBy.DeviceCode' THEN 'urn:ietf:params:oauth:grant-type:device_code' END) END AS grant_type,
    nullify(p.params.response_type) AS response_type,
    coalesce(nullify(p.params.scope), nullify(e.scope), nullify(p.scope), nullify(p.token.scope)) AS scope,
    nullify(p.params.redirect_uri) AS redirect_uri,
    coalesce(nullify(p.params.code), nullify(p.params.refresh_token), nullify(p.params.device_code), nullify(p.params.subject_token), nullify(p.params.token)) AS credential,
    CASE WHEN family = 'JwtCustomizer' THEN 'other'
         WHEN p IS NOT NULL THEN CASE WHEN failed THEN 'failure' ELSE 'success' END
         WHEN j.hookId IS NOT NULL THEN CASE WHEN contains(j.event, '.') THEN 'failure' ELSE 'success' END
         WHEN is_thrown THEN 'failure'
         WHEN mark = '-x-' THEN CASE WHEN starts_with(bare, '/oidc/') THEN 'failure' ELSE 'other' END END AS outcome,
    CASE WHEN failed THEN oauth_error(oauth)
         WHEN mark IS NOT NULL AND reason IS NOT NULL THEN coalesce(oauth_error(word.code), CASE WHEN starts_with(reason, 'server_error: ') THEN 'server_error' END) END AS error,
    CASE WHEN family = 'JwtCustomizer' THEN kind
         WHEN failed THEN CASE WHEN word.name = 'SessionNotFound' THEN word.name WHEN oauth_error(oauth) IS NULL THEN coalesce(nullify(e.code), oauth) END
         WHEN j.hookId IS NOT NULL AND contains(j.event, '.') THEN j.event
         WHEN mark IS NOT NULL AND word.name = 'SessionNotFound' THEN word.name
         WHEN mark = '-x-' THEN 'response closed' END AS error_code,
    CASE WHEN failed OR reason IS NOT NULL THEN nullify(description) END AS error_description,
    CASE
        WHEN of_json AND j IS NULL THEN NULL
        WHEN p IS NOT NULL THEN CASE
            WHEN place IS NOT NULL THEN NULL
            WHEN kind = 'RevokeToken' THEN CASE WHEN p.params.grant_type IS NOT NULL THEN 'grant revoked after a refused request' ELSE 'grant revoked at a logout' END
            WHEN kind = 'RevokeGrants' THEN 'grants revoked over the limit'
            WHEN starts_with(kind, 'Interaction.ForgotPassword') OR starts_with(kind, 'ForgotPassword') THEN 'recovery of a password'
            WHEN family = 'Interaction' THEN 'a step of a sign-in'
            WHEN starts_with(kind, 'SignIn') OR starts_with(kind, 'Register') OR starts_with(kind, 'Continue') THEN 'a step of a sign-in'
            WHEN family = 'TriggerHook' THEN 'delivery of a webhook'
            WHEN family IN ('Action', 'InlineHook') THEN 'run of an action'
            WHEN family = 'SamlApplication' THEN 'request of SAML'
            WHEN kind IS NOT NULL THEN 'an event of no request' END
        WHEN j.hookId IS NOT NULL THEN CASE
            WHEN place IS NOT NULL OR j.event IS NULL THEN NULL
            WHEN j.event = 'PostResetPassword' OR j.interactionEvent = 'ForgotPassword' THEN 'recovery of a password'
            WHEN j.event = 'PostSignInAdaptiveMfaTriggered' THEN 'a step of a sign-in'
            WHEN j.event = 'Grant.LimitExceeded' THEN 'grants revoked over the limit'
            ELSE 'change of data' END
        WHEN mark = '<--' THEN 'start of a request'
        WHEN mark IN ('-->', 'xxx', '-x-') THEN CASE WHEN NOT of_api AND bare IS NOT NULL THEN 'page or file' END
        WHEN is_thrown THEN CASE WHEN has_end OR rid IS NULL THEN 'error of a request that ends in another line' END
        WHEN mark IS NOT NULL THEN 'server message'
    END AS ignored,
    CASE
        WHEN of_json AND j IS NULL THEN 'broken JSON'
        WHEN of_json AND p IS NULL AND j.hookId IS NULL THEN 'no payload'
        WHEN of_json AND p IS NOT NULL AND (kind IS NULL OR p.result IS NULL OR p.result NOT IN ('Success', 'Error')) THEN 'no result'
        WHEN of_json AND j.hookId IS NOT NULL AND j.event IS NULL THEN 'no event'
        WHEN mark IS NULL AND NOT of_json THEN 'no line of Logto'
        WHEN mark IN ('-->', 'xxx', '-x-') AND (bare IS NULL OR (mark <> '-x-' AND http_status(parts[3]) IS NULL)) THEN 'no status'
    END AS quarantined
FROM judged
