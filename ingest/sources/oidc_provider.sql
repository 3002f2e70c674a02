/*
title = "node oidc-provider"
kind = "auth_server"
provenance = "captured"
recognise = '(^|[^A-Za-z0-9_./-])oidc-provider:(error|server_error|authentication|token|userinfo|introspection|revocation|bearer|uid|device_authorization|pushed_authorization_request|mixin)[: \x1b"]|^\s*\{(?s:.*)(:\s*"([^"]*[^a-z"])?((authorization|grant|userinfo|introspection|revocation|discovery|jwks|end_session|end_session_confirm|end_session_success|device_authorization|device_resume|code_verification|pushed_authorization_request|backchannel_authentication|registration_(create|read|update|delete))\.(error|success)|grant\.revoked)\b|"allow_redirect"\s*:\s*(true|false)|"(event|eventName|event_name|msg|message)"\s*:\s*"server_error")'
priority = 45
documentation = [
    "https://github.com/panva/node-oidc-provider/blob/main/docs/events.md",
    "https://github.com/panva/node-oidc-provider/blob/main/lib/helpers/errors.js",
    "https://github.com/panva/node-oidc-provider/blob/main/lib/shared/error_handler.js",
    "https://github.com/debug-js/debug",
]
cannot_tell = "The lines of DEBUG=oidc-provider:*error name neither client nor user, grant, status, address or request id, nothing that succeeded, and for an authorization request not even the path. Log the provider's events as JSON to know these: provider.on('grant.error', (ctx, err) => ...) with ctx.oidc.client.clientId, ctx.oidc.params.grant_type, ctx.ip, ctx.path, the request's x-request-id, and err with its error_detail. On a terminal debug writes no time: only what collects the lines can tell it. Sign-in pages are the operator's, so a wrong password is in no line."
*/
-- Two kinds of lines: the ones of the `debug` module, whose values are written as node's util.inspect writes them
-- (releases up to 6 have uid= before them, and say what succeeded), and JSON that integrators make of the
-- provider's events, whose error stands in a member of its own or at the top.
WITH read AS (
    SELECT "offset", plain, j,
        CASE WHEN j IS NULL THEN plain
             -- debug whose output goes through a logger: the namespace stands beside the message, or before it
             WHEN contains(coalesce(j.ns, j.namespace), 'oidc-provider:') THEN coalesce(j.ns, j.namespace) || ' ' || coalesce(j.msg, j.message)
             WHEN contains(coalesce(j.msg, j.message), 'oidc-provider:') THEN coalesce(j.msg, j.message) END AS text,
        coalesce(j.err, j.exception, CASE WHEN j.error[1] = '{' THEN j.error END) AS thrown
    FROM (
        SELECT "offset", plain,
            CASE WHEN ltrim(plain)[1] = '{' THEN TRY(from_json(plain,
                '{"time":"VARCHAR","timestamp":"VARCHAR","@timestamp":"VARCHAR","ts":"VARCHAR","date":"VARCHAR",
                  "hostname":"VARCHAR","ns":"VARCHAR","namespace":"VARCHAR","msg":"VARCHAR","message":"VARCHAR",
                  "event":"VARCHAR","eventName":"VARCHAR","event_name":"VARCHAR","type":"VARCHAR","name":"VARCHAR","action":"VARCHAR",
                  "requestId":"VARCHAR","request_id":"VARCHAR","reqId":"VARCHAR","correlationId":"VARCHAR","correlation_id":"VARCHAR",
                  "traceparent":"VARCHAR","traceId":"VARCHAR","trace_id":"VARCHAR","sessionId":"VARCHAR","sessionUid":"VARCHAR",
                  "ip":"VARCHAR","clientIp":"VARCHAR","client_ip":"VARCHAR","remoteAddress":"VARCHAR",
                  "userAgent":"VARCHAR","user_agent":"VARCHAR","method":"VARCHAR","path":"VARCHAR","url":"VARCHAR",
                  "clientId":"VARCHAR","client_id":"VARCHAR","client":"VARCHAR","clientName":"VARCHAR","client_name":"VARCHAR",
                  "accountId":"VARCHAR","account_id":"VARCHAR","grantType":"VARCHAR","grant_type":"VARCHAR",
                  "responseType":"VARCHAR","response_type":"VARCHAR","redirectUri":"VARCHAR","redirect_uri":"VARCHAR",
                  "scope":"VARCHAR","issuer":"VARCHAR","iss":"VARCHAR","duration":"VARCHAR","responseTime":"VARCHAR",
                  "status":"VARCHAR","statusCode":"VARCHAR","allow_redirect":"VARCHAR","detail":"VARCHAR",
                  "error":"VARCHAR","error_description":"VARCHAR","error_detail":"VARCHAR","err":"VARCHAR","exception":"VARCHAR","stack":"VARCHAR",
                  "params":{"client_id":"VARCHAR","grant_type":"VARCHAR","response_type":"VARCHAR","redirect_uri":"VARCHAR","scope":"VARCHAR"},
                  "req":{"id":"VARCHAR","method":"VARCHAR","url":"VARCHAR","remoteAddress":"VARCHAR"},
                  "res":{"statusCode":"VARCHAR"}}')) END AS j
        FROM (SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS plain
              FROM records)
    )
),
-- `rest` is what follows the namespace
split AS (
    SELECT *,
        CASE WHEN text IS NOT NULL AND begins > 0 THEN split_part(substr(text, begins + 14), ' ', 1) END AS place,
        CASE WHEN j IS NULL AND begins > 0 THEN coalesce(
            TRY_CAST(CASE WHEN plain[begins - 2] = 'Z' THEN plain[begins - 25 : begins - 2] END AS TIMESTAMP), NULL) END AS stamp,
        CASE WHEN thrown[1] = '{' THEN TRY(from_json(thrown,
            '{"type":"VARCHAR","name":"VARCHAR","message":"VARCHAR","error":"VARCHAR","error_description":"VARCHAR","error_detail":"VARCHAR",
              "status":"VARCHAR","statusCode":"VARCHAR","scope":"VARCHAR","allow_redirect":"VARCHAR","stack":"VARCHAR"}')) END AS t
    FROM (SELECT *, strpos(text, 'oidc-provider:') AS begins FROM read)
),
told AS (
    SELECT *,
        CASE WHEN place IS NOT NULL THEN
            CASE WHEN stamp IS NULL AND j IS NULL AND contains(right(text, 8), '+')
                 THEN regexp_replace(substr(text, begins + 15 + len(place)), ' \+[0-9]+(ms|s|m|h|d)$', '')
                 ELSE substr(text, begins + 15 + len(place)) END END AS rest,
        CASE WHEN place IS NULL AND j IS NOT NULL THEN coalesce(nullif(regexp_extract(
            concat_ws(' ', j.event, j."eventName", j.event_name, j.type, j.action, j.name, j.msg, j.message),
            '(?:^|[^a-z_.])((?:[a-z_]+)\.(?:error|success|revoked|accepted|started|ended|issued|saved|destroyed|consumed|client)|server_error)(?:[^a-z_.]|$)', 1), ''),
            -- an error without the event that it came with
            CASE WHEN coalesce(t.allow_redirect, j.allow_redirect) IS NOT NULL THEN 'error' END) END AS event
    FROM split
),
named AS (
    SELECT *,
        CASE WHEN place IS NOT NULL THEN
            CASE place WHEN 'error' THEN 'failure' WHEN 'server_error' THEN 'failure' WHEN 'authentication:error' THEN 'failure'
                       WHEN 'authentication:success' THEN 'success'
                       WHEN 'token' THEN CASE WHEN starts_with(rest, 'response ') THEN 'success' END
                       WHEN 'device_authorization' THEN 'success'
                       WHEN 'pushed_authorization_request:success' THEN 'success'
                       WHEN 'userinfo' THEN 'success' WHEN 'introspection' THEN 'success' WHEN 'revocation' THEN 'success' END
             WHEN event = 'error' OR event = 'server_error' THEN 'failure'
             WHEN starts_with(event, 'backchannel.') THEN NULL
             WHEN ends_with(event, '.error') THEN 'failure'
             WHEN ends_with(event, '.success') THEN 'success'
             -- the answer to a revocation request has no event of its own
             WHEN event = 'grant.revoked' AND ends_with(rtrim(split_part(coalesce(j.path, j.url, j.req.url), '?', 1), '/'), 'revocation') THEN 'success' END AS outcome,
        CASE WHEN place IS NOT NULL AND contains(rest, 'path=') THEN split_part(split_part(rest, 'path=', 2), ' method=', 1)
             WHEN place IS NULL THEN coalesce(j.path, j.url, j.req.url) END AS target,
        CASE WHEN place IS NOT NULL AND contains(rest, ' error=') THEN substr(rest, strpos(rest, ' error=') + 7)
             WHEN place = 'authentication:error' THEN substr(rest, strpos(rest, '{')) END AS object
    FROM told
),
-- what stands in the object of a line of text: values are quoted by ', by " where they hold one, by ` where they hold both
said AS (
    SELECT *,
        CASE WHEN place = 'server_error' THEN coalesce(
                nullif(regexp_extract(object, '^(.*?)\s+at (?:async |new |file:|node:|/|<|[A-Za-z]:\\|\S+ (?:\[as \S+ )?\()', 1), ''), object)
             WHEN object IS NOT NULL THEN replace(split_part(replace(substr(words, 2), '\''', chr(1)), words[1], 1), chr(1), '''')
             WHEN place IS NULL THEN CASE WHEN event = 'server_error' OR coalesce(t.error, j.error, '') = 'server_error'
                THEN concat_ws(': ', coalesce(t.type, t.name), nullif(coalesce(t.message, j.message, j.msg), ''))
                ELSE coalesce(t.error_description, j.error_description) END END AS description,
        CASE WHEN place = 'server_error' THEN 'server_error'
             WHEN object IS NOT NULL THEN nullif(split_part(split_part(object, 'error: ''', 2), '''', 1), '')
             WHEN place IS NULL THEN coalesce(t.error, CASE WHEN j.error[1] <> '{' THEN j.error END,
                CASE WHEN event = 'server_error' THEN 'server_error' END,
                -- releases that had no `error` in their errors have it as the message
                CASE WHEN regexp_full_match(t.message, '[a-z_]+') THEN t.message END) END AS code,
        nullif(CASE WHEN place = 'error' THEN split_part(object, ' } detail=', 2)
                    WHEN place IS NULL THEN coalesce(t.error_detail, j.error_detail, j.detail) END, 'undefined') AS detail,
        lower(rtrim(split_part(target, '?', 1), '/')) AS bare
    FROM (SELECT *, CASE WHEN contains(object, 'error_description: ') THEN substr(object, strpos(object, 'error_description: ') + 19) END AS words
          FROM named)
),
placed AS (
    SELECT *,
        CASE split_part(coalesce(place, event), CASE WHEN place IS NULL THEN '.' ELSE ':' END, 1)
            WHEN 'grant' THEN CASE WHEN event = 'grant.revoked' THEN 'revocation' ELSE 'token' END
            WHEN 'token' THEN 'token'
            WHEN 'authorization' THEN 'authorization'
            WHEN 'authentication' THEN 'authorization'
            WHEN 'userinfo' THEN 'userinfo'
            WHEN 'introspection' THEN 'introspection'
            WHEN 'revocation' THEN 'revocation'
            WHEN 'device_authorization' THEN 'device_authorization'
            WHEN 'code_verification' THEN 'device_authorization'
            WHEN 'device_resume' THEN 'device_authorization'
            WHEN 'pushed_authorization_request' THEN 'pushed_authorization_request'
            WHEN 'discovery' THEN 'discovery'
            WHEN 'jwks' THEN 'jwks'
            WHEN 'end_session' THEN 'end_session'
            WHEN 'end_session_confirm' THEN 'end_session'
            WHEN 'end_session_success' THEN 'end_session'
            WHEN 'registration_create' THEN 'registration'
            WHEN 'registration_read' THEN 'registration'
            WHEN 'registration_update' THEN 'registration'
            WHEN 'registration_delete' THEN 'registration'
            -- the paths that the product has by default, where they are not those that most servers have
            ELSE CASE WHEN ends_with(bare, '/me') THEN 'userinfo'
                      WHEN contains(bare, '/session/end') THEN 'end_session'
                      WHEN ends_with(bare, '/request') THEN 'pushed_authorization_request'
                      WHEN ends_with(bare, '/device/auth') THEN 'device_authorization'
                      WHEN regexp_matches(bare, '/device(/[^/]+)?$') THEN 'device_authorization'
                      WHEN regexp_matches(bare, '/auth(/[^/]+)?$') THEN 'authorization'
                      WHEN regexp_matches(bare, '/reg(/[^/]+)?$') THEN 'registration' END
        END AS endpoint,
        -- a text that every error of a class has says less than its detail; a detail about one client is not the message
        CASE WHEN outcome IS DISTINCT FROM 'failure' THEN NULL
             WHEN detail IS NULL OR starts_with(detail, 'client_id ') THEN description
             WHEN description IS NULL OR description IN ('grant request is invalid', 'client authentication failed', 'invalid token provided', 'bearer token error') THEN detail
             WHEN description = detail THEN detail
             ELSE description || ': ' || detail END AS message
    FROM said
)
SELECT
    "offset",
    coalesce(stamp, CASE WHEN j IS NOT NULL THEN coalesce(
        epoch_time(j.time), iso_time(j.time), iso_time(j.timestamp), epoch_time(j.timestamp), iso_time(j."@timestamp"),
        epoch_time(j.ts), iso_time(j.ts), iso_time(j.date)) END) AS time,
    nullify(j.hostname) AS instance,
    coalesce(nullify(j.issuer), nullify(j.iss), CASE WHEN place = 'authentication:error' THEN nullif(split_part(split_part(object, ' iss: ''', 2), '''', 1), '') END) AS tenant,
    -- uid is the request's own id until a code or token is found, from then on the grant's
    coalesce(nullify(j."requestId"), nullify(j.request_id), nullify(j."reqId"), nullify(j.req.id), nullify(j."correlationId"), nullify(j.correlation_id),
        CASE WHEN place IS NOT NULL AND contains(rest, 'uid=') THEN nullif(split_part(split_part(rest, 'uid=', 2), ' ', 1), 'undefined') END) AS request_id,
    coalesce(nullify(j."traceId"), nullify(j.trace_id), trace_of(j.traceparent)) AS trace_id,
    coalesce(nullify(j."sessionUid"), nullify(j."sessionId")) AS session_id,
    coalesce(nullify(j."clientId"), nullify(j.client_id), nullify(j.params.client_id),
        CASE WHEN j.client[1] <> '{' THEN nullify(j.client) WHEN j.client[1] = '{' THEN
            coalesce(json_text(j.client, '$.clientId'), json_text(j.client, '$.client_id')) END,
        CASE WHEN starts_with(detail, 'client_id ') THEN split_part(detail, ' ', 2)
             WHEN contains(message, ' not allowed for client: ') THEN split_part(message, ' not allowed for client: ', 2)
             WHEN place IN ('revocation', 'introspection') THEN nullif(split_part(split_part(rest, 'client=', 2), ' ', 1), '') END) AS client_id,
    coalesce(nullify(j."clientName"), nullify(j.client_name)) AS client_name,
    coalesce(nullify(j."accountId"), nullify(j.account_id)) AS user_name,
    coalesce(nullify(j.ip), nullify(j."clientIp"), nullify(j.client_ip), nullify(j."remoteAddress"), nullify(j.req."remoteAddress")) AS client_ip,
    coalesce(nullify(j."userAgent"), nullify(j.user_agent)) AS user_agent,
    endpoint,
    -- a backchannel authentication endpoint is none of those that there are columns for
    CASE WHEN starts_with(event, 'backchannel_authentication.') OR (endpoint IS NULL AND ends_with(bare, '/backchannel')) THEN NULL ELSE nullify(target) END AS path,
    coalesce(nullify(j.method), nullify(j.req.method),
        CASE WHEN place IS NOT NULL AND contains(rest, ' method=') THEN split_part(split_part(rest, ' method=', 2), ' ', 1) END) AS method,
    -- an error that goes back by redirect has the status of its class, which nobody got
    coalesce(http_status(j.res."statusCode"),
        CASE WHEN place IS NOT NULL THEN NULL
             WHEN event = 'authorization.error' AND coalesce(t.allow_redirect, j.allow_redirect, 'true') = 'true' THEN NULL
             ELSE http_status(coalesce(t."statusCode", t.status, j."statusCode", j.status)) END) AS status,
    TRY_CAST(coalesce(j.duration, j."responseTime") AS DOUBLE) AS duration_ms,
    coalesce(nullify(j."grantType"), nullify(j.grant_type), nullify(j.params.grant_type),
        CASE WHEN endpoint = 'token' OR ends_with(bare, '/token') THEN CASE
                WHEN place = 'token' THEN nullif(split_part(split_part(rest, 'grant_type: ''', 2), '''', 1), '')
                WHEN starts_with(message, 'authorization code ') OR contains(message, 'code_verifier') OR contains(message, 'PKCE') THEN 'authorization_code'
                WHEN starts_with(message, 'refresh token ') THEN 'refresh_token'
                WHEN starts_with(message, 'device code ') THEN 'urn:ietf:params:oauth:grant-type:device_code'
                WHEN starts_with(message, 'backchannel authentication request ') THEN 'urn:openid:params:grant-type:ciba'
                WHEN starts_with(message, 'pre-authorized code ') THEN 'urn:ietf:params:oauth:grant-type:pre-authorized_code' END END) AS grant_type,
    coalesce(nullify(j."responseType"), nullify(j.response_type), nullify(j.params.response_type)) AS response_type,
    coalesce(nullify(j.scope), nullify(j.params.scope), nullify(t.scope),
        CASE WHEN contains(object, ' scope: ') THEN nullif(split_part(split_part(object, ' scope: ''', 2), '''', 1), '') END) AS scope,
    coalesce(nullify(j."redirectUri"), nullify(j.redirect_uri), nullify(j.params.redirect_uri)) AS redirect_uri,
    outcome,
    CASE WHEN outcome = 'failure' THEN oauth_error(code) END AS error,
    CASE WHEN outcome = 'failure' AND oauth_error(code) IS NULL THEN code END AS error_code,
    message AS error_description,
    CASE WHEN outcome IS NOT NULL THEN NULL
         WHEN place = 'server_error:trace' THEN 'stack trace'
         WHEN place IS NOT NULL THEN 'a step of a request'
         WHEN event IS NOT NULL THEN 'an event of no request'
         WHEN starts_with(plain, 'oidc-provider NOTICE: ') OR starts_with(plain, 'oidc-provider WARNING: ') THEN 'notice at start'
         WHEN j IS NOT NULL THEN 'message of a program' END AS ignored,
    CASE WHEN outcome = 'failure' AND code IS NULL THEN 'no error'
         WHEN outcome IS NULL AND j IS NULL AND ltrim(plain)[1] = '{' THEN 'broken JSON'
         WHEN outcome IS NULL AND place IS NULL THEN 'no line of oidc-provider' END AS quarantined
FROM placed
