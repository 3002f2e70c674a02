/*
title = "ZITADEL"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '^(?:time|level)=.* (?:oidc_error\.[a-z_]+=|caller="?[^" ]*[/]zitadel[/](?:internal|cmd|pkg|backend)/|msg="http request served" .*http_method=)|"oidc_error"\s*:\s*\{|"caller"\s*:\s*"[^"]*[/]zitadel[/](?:internal|cmd|pkg|backend)/|(?s)"msg"\s*:\s*"http request served".*"http_method"\s*:|(?s)"aggregate"\s*:\s*\{.*"resourceOwner"\s*:.*"creationDate"\s*:|(?s)"creationDate"\s*:.*"aggregate"\s*:\s*\{.*"resourceOwner"\s*:'
priority = 45
documentation = [
    "https://zitadel.com/docs/self-hosting/manage/configure",
    "https://zitadel.com/docs/guides/integrate/external-audit-log",
    "https://github.com/zitadel/oidc/blob/main/pkg/op/error.go",
    "https://github.com/zitadel/zitadel/blob/main/internal/api/oidc/error.go",
]
cannot_tell = "Before release 4 a refused request is one line with the OAuth error, its description and its parent, but neither the path, the client, the address nor an id of the request; authorization requests name the client. Since release 4 lines have the path, the method, a request id of ZITADEL's own and a trace id. Successes are written only by release 4 (`http request served`) or with LogStore.Access.Stdout.Enabled. A wrong password, second factor or client secret of a user or an application is in the event store alone (`POST /admin/v1/events/_search`)."

[[advice]]
columns = ["client_ip", "user_agent", "duration_ms"]
add = 'LogStore.Access.Stdout.Enabled: true (ZITADEL_LOGSTORE_ACCESS_STDOUT_ENABLED=true)'
tells = "requests with their address, user agent and status, also those that succeed"
*/
-- slog in JSON or text (OpenID Connect, and all since release 4), logrus in JSON or text before, and events of the event store.
WITH objects AS (
    SELECT "offset", line, CASE WHEN ltrim(line)[1] = '{' THEN line ELSE logfmt_json(line) END AS object FROM records
),
read AS MATERIALIZED (
    SELECT "offset", line,
        TRY(from_json(object,
            '{"time":"VARCHAR","level":"VARCHAR","msg":"VARCHAR","caller":"VARCHAR","error":"JSON","err":"JSON","record":"JSON",
              "oidc_error":{"type":"VARCHAR","description":"VARCHAR","parent":"JSON","redirect_disabled":"VARCHAR"},
              "oidc_error.type":"VARCHAR","oidc_error.description":"VARCHAR","oidc_error.parent":"VARCHAR","oidc_error.redirect_disabled":"VARCHAR",
              "oidc_error.parent.id":"VARCHAR","oidc_error.parent.message":"VARCHAR","oidc_error.parent.parent":"VARCHAR",
              "auth_request":{"client_id":"VARCHAR","redirect_uri":"VARCHAR","response_type":"VARCHAR","scopes":"VARCHAR"},
              "auth_request.client_id":"VARCHAR","auth_request.redirect_uri":"VARCHAR","auth_request.response_type":"VARCHAR","auth_request.scopes":"VARCHAR",
              "status_code":"VARCHAR","status":"VARCHAR","http_method":"VARCHAR","path":"VARCHAR","request_id":"VARCHAR","duration":"VARCHAR",
              "TraceID":"VARCHAR","trace_id":"VARCHAR","domain":"JSON","instance":"VARCHAR","instance_id":"VARCHAR","instanceID":"VARCHAR",
              "aggregate":{"id":"VARCHAR","type":{"type":"VARCHAR"},"resourceOwner":"VARCHAR"},"sequence":"VARCHAR","creationDate":"VARCHAR",
              "editor":{"userId":"VARCHAR","displayName":"VARCHAR"},
              "type":{"type":"VARCHAR"},"payload":{"reason":"VARCHAR","clientId":"VARCHAR","client_id":"VARCHAR","scope":"VARCHAR","userID":"VARCHAR",
                "userAgentID":"VARCHAR","redirect_uri":"VARCHAR"}}')) AS j
    FROM objects
),
told AS (
    SELECT "offset", line, j,
        coalesce(j.oidc_error."type", j."oidc_error.type") AS name,
        coalesce(j.oidc_error.description, j."oidc_error.description") AS description,
        coalesce(j."oidc_error.parent",
            CASE WHEN json_type(cause) = 'VARCHAR' THEN cause ->> '$'
                 WHEN cause IS NOT NULL THEN coalesce(nullif(concat_ws(' ', 'Kind=' || (cause ->> '$.kind'), 'ID=' || (cause ->> '$.id'), 'Message=' || (cause ->> '$.message'),
                     'Parent=(' || coalesce(cause ->> '$.parent.message', cause ->> '$.parent.error', CASE WHEN json_type(cause, '$.parent') = 'VARCHAR' THEN cause ->> '$.parent' END) || ')'), ''),
                     cause ->> '$.error', CAST(cause AS VARCHAR)) END,
            CASE WHEN j."oidc_error.parent.id" IS NOT NULL THEN concat_ws(' ', 'ID=' || j."oidc_error.parent.id", 'Message=' || j."oidc_error.parent.message", j."oidc_error.parent.parent") END) AS parent,
        CASE WHEN j.msg = 'log record emitted' THEN TRY(from_json(CASE WHEN json_type(j.record) = 'VARCHAR' THEN j.record ->> '$' ELSE CAST(j.record AS VARCHAR) END,
            '{"logDate":"VARCHAR","protocol":"VARCHAR","requestUrl":"VARCHAR","responseStatus":"VARCHAR","requestHeaders":{"user-agent":["VARCHAR"],
              "x-forwarded-for":["VARCHAR"],"x-real-ip":["VARCHAR"],"x-request-id":["VARCHAR"],"traceparent":["VARCHAR"]},"instanceId":"VARCHAR","requestedHost":"VARCHAR"}')) END AS r
    FROM (SELECT *, coalesce(j.oidc_error.parent, CASE WHEN j.msg = 'oidc introspection' THEN coalesce(j.err, j.error) END) AS cause FROM read)
),
sorted AS (
    SELECT *,
        CASE WHEN j IS NULL THEN NULL
             WHEN j.aggregate.id IS NOT NULL AND j.creationDate IS NOT NULL THEN 'event'
             WHEN name IS NOT NULL AND (j.msg = 'request error' OR starts_with(j.msg, 'auth request')) THEN 'refusal'
             WHEN j.msg = 'oidc introspection' AND parent IS NOT NULL THEN 'introspection'
             WHEN j.msg = 'http request served' OR (j.status IS NOT NULL AND j.path IS NOT NULL AND name IS NULL) THEN 'served'
             WHEN r IS NOT NULL THEN 'access' END AS sort,
        j."type"."type" AS kind_of
    FROM told
),
-- since release 4 the refusal and the end of its request share an id
refused AS (
    SELECT j.request_id AS id FROM sorted WHERE sort IN ('refusal', 'introspection') AND j.request_id IS NOT NULL GROUP BY 1
),
judged AS (
    SELECT sorted.*, refused.id IS NOT NULL AS is_told,
        CASE WHEN sort IN ('served', 'refusal', 'introspection') THEN j.path WHEN sort = 'access' AND r.protocol = '1' THEN r."requestUrl" END AS target,
        CASE WHEN sort = 'served' THEN http_status(j.status) WHEN sort = 'refusal' THEN http_status(j.status_code)
             WHEN sort = 'access' AND r.protocol = '1' THEN http_status(r."responseStatus") END AS answered,
        -- the message's key is a name, and else the error's id
        CASE WHEN sort IN ('refusal', 'introspection') THEN nullif(coalesce(
            CASE WHEN starts_with(description, 'Errors.') THEN regexp_extract(description, '^Errors\.[A-Za-z0-9.]*[A-Za-z0-9]') END,
            nullif(regexp_extract(parent, '(?:Message=|"message":")(Errors?\.[A-Za-z0-9.]*[A-Za-z0-9])', 1), ''),
            regexp_extract(parent, '(?:ID=|"id":")([A-Z0-9]+-[A-Za-z0-9]+)', 1)), '')
             WHEN sort = 'event' THEN kind_of END AS code
    FROM sorted LEFT JOIN refused ON sorted.j.request_id = refused.id
),
placed AS (
    SELECT *,
        CASE WHEN sort = 'event' THEN CASE
                WHEN kind_of IN ('auth_request.failed', 'auth_request.succeeded') THEN 'authorization'
                WHEN regexp_matches(kind_of, '^user\.(human\.|)(password|mfa|otp|passwordless|externalidp|u2f).*\.check\.failed$') OR kind_of IN ('user.locked', 'user.human.signed.in') THEN 'authorization'
                WHEN kind_of = 'user.human.signed.out' THEN 'end_session'
                WHEN ends_with(kind_of, 'secret.check.failed') OR kind_of IN ('oidc_session.access_token.added', 'device.authorization.canceled') THEN 'token' END
             WHEN sort = 'introspection' THEN 'introspection'
             WHEN sort IS NULL OR target IS NOT NULL THEN NULL
             WHEN starts_with(j.msg, 'auth request') OR coalesce(j.oidc_error.redirect_disabled, j."oidc_error.redirect_disabled") = 'true' THEN 'authorization'
             WHEN description IN ('access token missing', 'access token invalid') THEN 'userinfo'
             WHEN name IN ('invalid_grant', 'unsupported_grant_type', 'authorization_pending', 'slow_down', 'expired_token', 'invalid_target')
                OR description IN ('grant_type missing', 'code missing', 'redirect_uri missing', 'refresh_token missing', 'assertion missing', 'subject_token missing',
                    'device_code missing', 'subject_token invalid', 'actor_token invalid', 'assertion invalid', 'code_verifier required')
                OR regexp_matches(code, '^Errors\.(User\.RefreshToken|OIDCSession\.RefreshToken|AuthRequest\.NoCode|User\.Code|DeviceAuth|TokenExchange)')
                OR contains(description, 'grant_type') OR contains(description, 'not supported') AND name = 'unsupported_grant_type' THEN 'token'
             WHEN starts_with(description, 'post_logout_redirect_uri') OR starts_with(description, 'id_token_hint') OR starts_with(description, 'client_id does not match azp') THEN 'end_session' END AS place,
        CASE WHEN sort IN ('refusal', 'introspection') THEN 'failure'
             WHEN sort = 'event' THEN CASE
                WHEN ends_with(kind_of, '.check.failed') AND place IS NOT NULL OR kind_of IN ('auth_request.failed', 'device.authorization.canceled', 'user.locked') THEN 'failure'
                WHEN kind_of IN ('auth_request.succeeded', 'oidc_session.access_token.added', 'user.human.signed.out') THEN 'success' END END AS outcome,
        regexp_matches(target, '^/(oauth/v2|oidc/v1)/') AS oauth
    FROM judged
)
SELECT
    "offset",
    CASE WHEN sort = 'event' THEN iso_time(j.creationDate)
         WHEN sort = 'access' THEN coalesce(iso_time(r."logDate"), iso_time(j."time")) ELSE iso_time(j."time") END AS time,
    CASE WHEN sort = 'access' THEN nullify(r."requestedHost")
         WHEN j."domain" IS NOT NULL AND json_type(j."domain") = 'OBJECT' THEN nullify(coalesce(j."domain" ->> '$.requested_host', j."domain" ->> '$.public_host', j."domain" ->> '$.instance_host')) END AS instance,
    coalesce(nullify(j.instance_id), nullify(j."instanceID"), nullify(j.instance), nullify(r."instanceId"),
        CASE WHEN sort = 'event' THEN nullify(j.aggregate."resourceOwner") END) AS tenant,
    CASE WHEN sort = 'event' AND j.sequence IS NOT NULL THEN concat_ws('/', j.aggregate."type"."type", j.aggregate.id, j.sequence) END AS event_id,
    coalesce(nullify(r."requestHeaders"."x-request-id"[1]), nullify(j.request_id)) AS request_id,
    coalesce(nullify(j."TraceID"), nullify(j.trace_id), trace_of(r."requestHeaders".traceparent[1])) AS trace_id,
    coalesce(nullify(j.auth_request.client_id), nullify(j."auth_request.client_id"),
        CASE WHEN sort = 'event' THEN coalesce(nullify(j.payload."clientId"), nullify(j.payload.client_id)) END) AS client_id,
    CASE WHEN sort = 'event' THEN coalesce(nullify(j.payload."userID"),
        CASE WHEN j.aggregate."type"."type" = 'user' THEN nullify(j.aggregate.id) END) END AS user_name,
    CASE WHEN sort = 'access' THEN coalesce(forwarded_for(r."requestHeaders"."x-forwarded-for"[1]), ip_address(r."requestHeaders"."x-real-ip"[1])) END AS client_ip,
    nullify(r."requestHeaders"."user-agent"[1]) AS user_agent,
    place AS endpoint,
    nullify(target) AS path,
    CASE WHEN regexp_full_match(j.http_method, '[A-Z]+') THEN j.http_method END AS method,
    answered AS status,
    -- nanoseconds in JSON; a refusal is written before its request ends
    CASE WHEN sort = 'served' THEN coalesce(TRY_CAST(j.duration AS DOUBLE) / 1000000, go_duration_ms(j.duration)) END AS duration_ms,
    CASE WHEN outcome IS DISTINCT FROM 'failure' OR sort <> 'refusal' THEN NULL
         WHEN regexp_matches(code, 'RefreshToken') OR description = 'refresh_token missing' THEN 'refresh_token'
         WHEN regexp_matches(code, '^Errors\.(AuthRequest\.NoCode|User\.Code)') OR description IN ('code missing', 'code_verifier required', 'invalid code_verifier', 'redirect_uri does not correspond', 'invalid code') THEN 'authorization_code'
         WHEN name IN ('authorization_pending', 'slow_down', 'expired_token') OR starts_with(code, 'Errors.DeviceAuth') OR description = 'device_code missing' THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN starts_with(code, 'Errors.TokenExchange') OR name = 'invalid_target' OR starts_with(description, 'subject_token') OR starts_with(description, 'actor_token') THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
         WHEN description IN ('assertion missing', 'assertion invalid') THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
         WHEN contains(description, 'grant_type "') THEN nullif(regexp_extract(description, 'grant_type "([^"]*)" not allowed', 1), '') END AS grant_type,
    coalesce(nullify(j.auth_request.response_type), nullify(j."auth_request.response_type")) AS response_type,
    nullify(trim(replace(translate(coalesce(j.auth_request.scopes, j."auth_request.scopes", CASE WHEN sort = 'event' THEN j.payload.scope END), '[]"', ''), ',', ' '))) AS scope,
    coalesce(nullify(j.auth_request.redirect_uri), nullify(j."auth_request.redirect_uri"), CASE WHEN sort = 'event' THEN nullify(j.payload.redirect_uri) END) AS redirect_uri,
    outcome,
    CASE WHEN sort = 'refusal' THEN oauth_error(name)
         WHEN kind_of = 'auth_request.failed' THEN ['invalid_request', 'unauthorized_client', 'access_denied', 'unsupported_response_type', 'invalid_scope', 'server_error',
            'temporarily_unavailable', 'interaction_required', 'login_required', 'account_selection_required', 'consent_required', 'invalid_request_uri',
            'invalid_request_object', 'request_not_supported', 'request_uri_not_supported', 'registration_not_supported'][TRY_CAST(j.payload.reason AS INTEGER)] END AS error,
    CASE WHEN outcome <> 'failure' THEN NULL
         -- the reason says more than the kind of the event
         WHEN kind_of = 'auth_request.failed' AND TRY_CAST(j.payload.reason AS INTEGER) BETWEEN 1 AND 16 THEN NULL
         ELSE code END AS error_code,
    CASE WHEN sort IN ('refusal', 'introspection') THEN nullif(concat_ws(' ', CASE WHEN NOT starts_with(description, 'Errors.') THEN description END, parent), '') END AS error_description,
    CASE WHEN j IS NULL OR sort IN ('refusal', 'introspection') THEN NULL
         WHEN sort = 'event' THEN CASE WHEN outcome IS NULL THEN 'not a sign-in or OAuth event' END
         WHEN sort = 'served' THEN CASE WHEN is_told THEN 'another line tells why the request failed'
            WHEN j.path IS NULL OR answered IS NULL THEN 'a request without a path' END
         WHEN sort = 'access' THEN CASE WHEN r.protocol = '0' THEN 'a request of gRPC'
            WHEN oauth AND answered IN (400, 401, 403, 500) THEN 'another line tells why the request failed' END
         WHEN lower(j.msg) = 'oidc error' THEN 'another line tells why the request failed'
         WHEN j.msg IS NOT NULL THEN 'server message' END AS ignored,
    CASE WHEN j IS NULL THEN CASE WHEN ltrim(line)[1] = '{' THEN 'broken JSON' ELSE 'not logfmt' END
         WHEN sort IS NULL AND j.msg IS NULL THEN 'no message' END AS quarantined
FROM placed
