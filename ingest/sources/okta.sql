/*
title = "Okta System Log"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"eventType"\s*:\s*"[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+".*"published"\s*:|"published"\s*:.*"eventType"\s*:\s*"[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+"'
priority = 40
documentation = [
    "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
    "https://developer.okta.com/docs/reference/api/event-types/",
    "https://developer.okta.com/docs/reference/error-codes/#okta-oauth-2-0-error-codes",
    "https://help.okta.com/okta_help.htm?type=oie&id=ext-log-streaming",
    "https://developer.okta.com/docs/concepts/event-hooks/",
]
cannot_tell = "Okta writes neither an HTTP status nor a duration, and no event for introspection, userinfo, keys, discovery or a pending device code: the gateway's log tells those. debugData holds the grant, the scopes and the redirect URI, but Okta does not promise its keys. One token request gives one event for the request and one for each token, under one request_id."
*/
-- LogEvent objects as GET /api/v1/logs, event hooks and log streaming give them. A stream to Amazon EventBridge puts
-- each into `detail`, one to Splunk into `event`: such a record has no type of its own and is read again, one level down.
WITH read AS (
    SELECT "offset", line, TRY(from_json(line,
        '{"uuid":"VARCHAR","published":"VARCHAR","eventType":"VARCHAR","outcome":{"result":"VARCHAR","reason":"VARCHAR"},
          "actor":{"id":"VARCHAR","type":"VARCHAR","alternateId":"VARCHAR","displayName":"VARCHAR"},
          "client":{"id":"VARCHAR","ipAddress":"VARCHAR","userAgent":{"rawUserAgent":"VARCHAR"}},
          "authenticationContext":{"externalSessionId":"VARCHAR"},
          "debugContext":{"debugData":{"requestId":"VARCHAR","requestUri":"VARCHAR","url":"VARCHAR","clientId":"VARCHAR",
            "grantType":"VARCHAR","responseType":"VARCHAR","redirectUri":"VARCHAR","requestedScopes":"VARCHAR",
            "scopes":"VARCHAR","authorizationServer":"VARCHAR"}},
          "transaction":{"id":"VARCHAR"},
          "target":[{"id":"VARCHAR","type":"VARCHAR","alternateId":"VARCHAR","displayName":"VARCHAR",
            "detailEntry":{"hash":"VARCHAR"}}]}')) AS plain
    FROM records
),
unwrapped AS (
    SELECT "offset", line, plain IS NULL AS broken,
        CASE WHEN plain."eventType" IS NULL
             THEN TRY(from_json(coalesce(TRY(json_extract(line, '$.detail')), TRY(json_extract(line, '$.event'))),
        '{"uuid":"VARCHAR","published":"VARCHAR","eventType":"VARCHAR","outcome":{"result":"VARCHAR","reason":"VARCHAR"},
          "actor":{"id":"VARCHAR","type":"VARCHAR","alternateId":"VARCHAR","displayName":"VARCHAR"},
          "client":{"id":"VARCHAR","ipAddress":"VARCHAR","userAgent":{"rawUserAgent":"VARCHAR"}},
          "authenticationContext":{"externalSessionId":"VARCHAR"},
          "debugContext":{"debugData":{"requestId":"VARCHAR","requestUri":"VARCHAR","url":"VARCHAR","clientId":"VARCHAR",
            "grantType":"VARCHAR","responseType":"VARCHAR","redirectUri":"VARCHAR","requestedScopes":"VARCHAR",
            "scopes":"VARCHAR","authorizationServer":"VARCHAR"}},
          "transaction":{"id":"VARCHAR"},
          "target":[{"id":"VARCHAR","type":"VARCHAR","alternateId":"VARCHAR","displayName":"VARCHAR",
            "detailEntry":{"hash":"VARCHAR"}}]}'))
             ELSE plain END AS e
    FROM read
),
-- `short` is the type without the kind of authorization server (the org's own or a custom one, which is `as`)
named AS (
    SELECT *,
        e."eventType" AS type,
        CASE WHEN starts_with(e."eventType", 'app.oauth2.as.') THEN substr(e."eventType", 15)
             WHEN starts_with(e."eventType", 'app.oauth2.') THEN substr(e."eventType", 12) END AS short,
        e."debugContext"."debugData" AS debug,
        upper(e.outcome.result) AS result,
        nullify(trim(e.outcome.reason)) AS reason,
        ends_with(e.actor.type, 'ClientApp') OR e.actor.type IN ('AppInstance', 'Client') AS by_app,
        CASE WHEN by_app OR (starts_with(e."eventType", 'app.oauth2.') AND e.client.id IS NOT NULL) THEN NULL
             ELSE list_filter(e.target,
                 lambda one: ends_with(one.type, 'ClientApp') OR one.type IN ('AppInstance', 'Client'))[1] END AS app,
        CASE WHEN e.actor.type = 'User' AND nullif(nullify(e.actor."alternateId"), 'unknown') IS NOT NULL THEN NULL
             ELSE list_filter(e.target, lambda one: one.type = 'User')[1] END AS person
    FROM unwrapped
),
placed AS (
    SELECT *,
        -- `path` leaves it to the request's path; NULL: no request of OAuth and no sign-in
        CASE
            WHEN short IS NOT NULL THEN CASE
                WHEN starts_with(short, 'token.revoke') THEN 'revocation'
                WHEN starts_with(short, 'token.') THEN 'token'
                WHEN starts_with(short, 'authorize') THEN 'authorization'
                WHEN starts_with(short, 'invalid_client_') OR short = 'evaluate.claim' THEN 'token'
                WHEN starts_with(short, 'interact.') OR short IN ('signon', 'consent.grant') THEN 'authorization'
                WHEN regexp_matches(short,
                    '^(admin|client|credentials|consent|key|resource_server|trusted_server)\.|lifecycle|_warning$') THEN NULL
                ELSE 'path' END
            WHEN starts_with(type, 'user.authentication.') THEN
                CASE WHEN type = 'user.authentication.slo' OR contains(type, 'logout') THEN 'end_session'
                     ELSE 'authorization' END
            WHEN starts_with(type, 'user.mfa.okta_verify') THEN 'authorization'
            WHEN starts_with(type, 'system.') THEN CASE
                WHEN ends_with(type, '.request_outside_allowed_range') THEN 'api'
                WHEN starts_with(type, 'system.client.') AND ends_with(type, 'rate_limit.violation') THEN 'authorization'
                WHEN ends_with(type, 'rate_limit.violation') THEN 'path' END
            WHEN type IN ('user.session.start', 'policy.evaluate_sign_on', 'application.policy.sign_on.deny_access',
                'user.account.lock', 'user.account.lock.limit', 'user.mfa.attempt_bypass',
                'app.generic.unauth_app_access_attempt') THEN 'authorization'
            WHEN type = 'user.session.end' THEN 'end_session'
            WHEN type IN ('security.request.blocked', 'security.threat.detected', 'core.concurrency.org.limit.violation')
                THEN 'path'
        END AS place,
        -- types that say by themselves that something was refused, whatever the outcome of noticing it
        ends_with(type, '.detect_reuse') OR ends_with(type, 'limit.violation') OR starts_with(type, 'user.account.lock')
            OR ends_with(type, '.request_outside_allowed_range') OR starts_with(short, 'invalid_client_')
            OR ends_with(type, '.scope_denied') OR starts_with(type, 'user.mfa.okta_verify.deny_push')
            OR type IN ('app.generic.unauth_app_access_attempt', 'application.policy.sign_on.deny_access',
                'security.request.blocked') AS refusal
    FROM named
),
judged AS (
    SELECT *,
        -- CHALLENGE asks for another factor: the caller did not get what it wanted, though that is no fault
        CASE WHEN refusal OR result IN ('FAILURE', 'DENY', 'CHALLENGE', 'RATE_LIMIT', 'ABANDONED', 'UNANSWERED') THEN 'failure'
             WHEN result IN ('SUCCESS', 'ALLOW') THEN 'success'
             WHEN result IS NOT NULL THEN 'other' END AS outcome
    FROM placed
),
-- A reason is a code, a sentence, or both (`code: sentence`); without a code of its own an event's type is one.
explained AS (
    SELECT *,
        CASE WHEN outcome = 'failure' THEN nullif(coalesce(
            nullif(regexp_extract(reason, '^[A-Za-z][A-Za-z0-9_.-]*$'), ''),
            regexp_extract(reason, '^([A-Za-z0-9]+(?:_[A-Za-z0-9]+)+|E[0-9]{7}|[A-Z]{4,}) *:', 1)), '') END AS code
    FROM judged
)
SELECT
    "offset",
    iso_time(e.published) AS time,
    coalesce(nullify(debug."authorizationServer"),
        CASE WHEN starts_with(debug."requestUri", '/oauth2/') AND contains(debug."requestUri", '/v1/')
             THEN nullif(nullif(split_part(debug."requestUri", '/', 3), 'v1'), '') END) AS tenant,
    nullify(e.uuid) AS event_id,
    nullif(coalesce(nullify(debug."requestId"), nullify(e.transaction.id)), 'unknown') AS request_id,
    nullif(nullify(e."authenticationContext"."externalSessionId"), 'unknown') AS session_id,
    -- for OAuth requests client.id is the OAuth client; for others it is an agent's id
    nullif(nullify(CASE WHEN by_app THEN e.actor.id
        ELSE coalesce(CASE WHEN short IS NOT NULL OR starts_with(e.client.id, '0oa') THEN e.client.id END,
                      debug."clientId", app.id) END), 'unknown') AS client_id,
    nullif(nullify(CASE WHEN by_app THEN e.actor."displayName"
        WHEN app.id = coalesce(CASE WHEN short IS NOT NULL OR starts_with(e.client.id, '0oa') THEN e.client.id END,
                      debug."clientId", app.id) THEN app."displayName" END), 'unknown') AS client_name,
    coalesce(
        CASE WHEN e.actor.type = 'User' THEN coalesce(nullif(nullify(e.actor."alternateId"), 'unknown'),
                                                      nullif(nullify(e.actor.id), 'unknown')) END,
        nullif(nullify(person."alternateId"), 'unknown'), nullif(nullify(person.id), 'unknown')) AS user_name,
    nullify(CASE WHEN e.client."ipAddress" IS NULL
        THEN coalesce(TRY(json_extract_string(line, '$.request.ipChain[0].ip')),
                      TRY(json_extract_string(line, '$.detail.request.ipChain[0].ip'))) ELSE e.client."ipAddress" END) AS client_ip,
    nullify(e.client."userAgent"."rawUserAgent") AS user_agent,
    nullif(place, 'path') AS endpoint,
    CASE WHEN contains(debug.url, '?') THEN debug.url ELSE coalesce(nullify(debug."requestUri"), nullify(debug.url)) END AS path,
    nullify(debug."grantType") AS grant_type,
    nullify(replace(debug."responseType", ',', ' ')) AS response_type,
    -- a list in words, commas or JSON
    nullify(trim(replace(replace(translate(coalesce(nullify(debug."requestedScopes"), debug.scopes), '[]",', '    '),
        '   ', ' '), '  ', ' '))) AS scope,
    nullify(debug."redirectUri") AS redirect_uri,
    -- Okta logs the SHA-256 of a token or code; dtHash is the device's, not the credential's
    CASE WHEN short IS NOT NULL
         THEN list_filter(e.target, lambda one: one."detailEntry".hash IS NOT NULL)[1]."detailEntry".hash END AS credential,
    outcome,
    CASE WHEN lower(code) IN (
        'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope',
        'access_denied', 'unsupported_response_type', 'server_error', 'temporarily_unavailable', 'invalid_token',
        'insufficient_scope', 'unsupported_token_type', 'interaction_required', 'login_required',
        'account_selection_required', 'consent_required', 'invalid_request_uri', 'invalid_request_object',
        'request_not_supported', 'request_uri_not_supported', 'registration_not_supported', 'invalid_redirect_uri',
        'invalid_client_metadata', 'invalid_software_statement', 'unapproved_software_statement', 'authorization_pending',
        'slow_down', 'expired_token', 'invalid_target', 'invalid_dpop_proof', 'use_dpop_nonce', 'invalid_authorization_details',
        'insufficient_user_authentication', 'unmet_authentication_requirements', 'unknown_user_id', 'login_hint_required',
        'expired_login_hint_token', 'invalid_user_code', 'missing_user_code', 'invalid_binding_message', 'transaction_failed'
    ) THEN lower(code) END AS error,
    CASE WHEN outcome <> 'failure' THEN NULL
         WHEN code IS NOT NULL THEN code
         -- what these types do fails in one way; a sentence about others (a sign-in, a policy) says more than the type
         WHEN refusal OR short = 'evaluate.claim' OR type IN ('security.threat.detected', 'user.authentication.auth_via_mfa',
            'user.authentication.auth_via_IDP', 'user.authentication.auth_via_inbound_SAML',
            'user.authentication.auth_via_social') THEN type
         WHEN reason IS NULL THEN CASE WHEN result IN ('FAILURE', 'DENY') THEN type ELSE result END END AS error_code,
    CASE WHEN outcome = 'failure' AND code IS DISTINCT FROM reason THEN reason END AS error_description,
    CASE WHEN place IS NULL AND type IS NOT NULL THEN 'not a sign-in or OAuth event' END AS ignored,
    CASE WHEN broken THEN 'broken JSON' WHEN type IS NULL THEN 'no eventType' END AS quarantined
FROM explained
