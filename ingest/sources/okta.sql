/*
title = "Okta System Log"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"eventType"\s*:\s*"[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+".*"published"\s*:|"published"\s*:.*"eventType"\s*:\s*"[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+"'
priority = 30
documentation = [
    "https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
    "https://developer.okta.com/docs/reference/api/event-types/",
    "https://developer.okta.com/docs/reference/error-codes/#okta-oauth-2-0-error-codes",
    "https://help.okta.com/okta_help.htm?type=oie&id=ext-log-streaming",
    "https://developer.okta.com/docs/concepts/event-hooks/",
]
cannot_tell = "Okta writes neither an HTTP status nor a duration, and no event for introspection, userinfo, keys, discovery or a pending device code: the gateway's log tells those. debugData holds the grant, the scopes and the redirect URI, but Okta does not promise its keys. One token request gives one event for the request and one for each token, under one request_id."
# a stream to Amazon EventBridge puts each event into `detail`, one to Splunk into `event`
held_in = ["/detail", "/event"]

[fields]
event_type = "/eventType"
uuid = "/uuid"
published = "/published"
outcome_result = "/outcome/result"
outcome_reason = "/outcome/reason"
actor_id = "/actor/id"
actor_type = "/actor/type"
actor_alternate_id = "/actor/alternateId"
actor_name = "/actor/displayName"
caller_id = "/client/id"
caller_ip = "/client/ipAddress"
first_ip = "/request/ipChain/0/ip"
raw_user_agent = "/client/userAgent/rawUserAgent"
external_session_id = "/authenticationContext/externalSessionId"
transaction_id = "/transaction/id"
debug_request_id = "/debugContext/debugData/requestId"
debug_request_uri = "/debugContext/debugData/requestUri"
debug_url = "/debugContext/debugData/url"
debug_client_id = "/debugContext/debugData/clientId"
debug_grant_type = "/debugContext/debugData/grantType"
debug_response_type = "/debugContext/debugData/responseType"
debug_redirect_uri = "/debugContext/debugData/redirectUri"
debug_requested_scopes = "/debugContext/debugData/requestedScopes"
debug_scopes = "/debugContext/debugData/scopes"
debug_authorization_server = "/debugContext/debugData/authorizationServer"
target = "/target"
*/
-- LogEvent objects as GET /api/v1/logs, event hooks and log streaming give them.
WITH targeted AS (
    SELECT *, TRY(from_json(target,
        '[{"id":"VARCHAR","type":"VARCHAR","alternateId":"VARCHAR","displayName":"VARCHAR","detailEntry":{"hash":"VARCHAR"}}]')) AS targets
    FROM fields
),
-- `short` is the type without the kind of authorization server (the org's own or a custom one, which is `as`)
named AS (
    SELECT *,
        event_type AS type,
        CASE WHEN starts_with(event_type, 'app.oauth2.as.') THEN substr(event_type, 15)
             WHEN starts_with(event_type, 'app.oauth2.') THEN substr(event_type, 12) END AS short,
        upper(outcome_result) AS result,
        nullify(trim(outcome_reason)) AS reason,
        coalesce(nullify(debug_requested_scopes), debug_scopes) AS asked_scopes,
        ends_with(actor_type, 'ClientApp') OR actor_type IN ('AppInstance', 'Client') AS by_app,
        CASE WHEN by_app OR (starts_with(event_type, 'app.oauth2.') AND caller_id IS NOT NULL) THEN NULL
             ELSE list_filter(targets,
                 lambda one: ends_with(one.type, 'ClientApp') OR one.type IN ('AppInstance', 'Client'))[1] END AS app,
        CASE WHEN actor_type = 'User' AND nullif(nullify(actor_alternate_id), 'unknown') IS NOT NULL THEN NULL
             ELSE list_filter(targets, lambda one: one.type = 'User')[1] END AS person
    FROM targeted
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
    iso_time(published) AS time,
    coalesce(nullify(debug_authorization_server),
        CASE WHEN starts_with(debug_request_uri, '/oauth2/') AND contains(debug_request_uri, '/v1/')
             THEN nullif(nullif(split_part(debug_request_uri, '/', 3), 'v1'), '') END) AS tenant,
    nullify(uuid) AS event_id,
    nullif(coalesce(nullify(debug_request_id), nullify(transaction_id)), 'unknown') AS request_id,
    nullif(nullify(external_session_id), 'unknown') AS session_id,
    -- for OAuth requests client.id is the OAuth client; for others it is an agent's id
    nullif(nullify(CASE WHEN by_app THEN actor_id
        ELSE coalesce(CASE WHEN short IS NOT NULL OR starts_with(caller_id, '0oa') THEN caller_id END,
                      debug_client_id, app.id) END), 'unknown') AS client_id,
    nullif(nullify(CASE WHEN by_app THEN actor_name
        WHEN app.id = coalesce(CASE WHEN short IS NOT NULL OR starts_with(caller_id, '0oa') THEN caller_id END,
                      debug_client_id, app.id) THEN app."displayName" END), 'unknown') AS client_name,
    coalesce(
        CASE WHEN actor_type = 'User' THEN coalesce(nullif(nullify(actor_alternate_id), 'unknown'),
                                                      nullif(nullify(actor_id), 'unknown')) END,
        nullif(nullify(person."alternateId"), 'unknown'), nullif(nullify(person.id), 'unknown')) AS user_name,
    nullify(coalesce(caller_ip, first_ip)) AS client_ip,
    nullify(raw_user_agent) AS user_agent,
    nullif(place, 'path') AS endpoint,
    CASE WHEN contains(debug_url, '?') THEN debug_url ELSE coalesce(nullify(debug_request_uri), nullify(debug_url)) END AS path,
    nullify(debug_grant_type) AS grant_type,
    nullify(replace(debug_response_type, ',', ' ')) AS response_type,
    -- a list in words, commas or JSON
    nullify(CASE WHEN regexp_matches(asked_scopes, '[",\[\]]|  |^ | $') THEN trim(replace(replace(
            translate(asked_scopes, '[]",', '    '), '   ', ' '), '  ', ' ')) ELSE asked_scopes END) AS scope,
    nullify(debug_redirect_uri) AS redirect_uri,
    -- Okta logs the SHA-256 of a token or code; dtHash is the device's, not the credential's
    CASE WHEN short IS NOT NULL AND contains(target, '"hash"')
         THEN list_filter(targets, lambda one: one."detailEntry".hash IS NOT NULL)[1]."detailEntry".hash END AS credential,
    outcome,
    oauth_error(code) AS error,
    CASE WHEN outcome <> 'failure' THEN NULL
         WHEN code IS NOT NULL THEN code
         -- what these types do fails in one way; a sentence about others (a sign-in, a policy) says more than the type
         WHEN refusal OR short = 'evaluate.claim' OR type IN ('security.threat.detected', 'user.authentication.auth_via_mfa',
            'user.authentication.auth_via_IDP', 'user.authentication.auth_via_inbound_SAML',
            'user.authentication.auth_via_social') THEN type
         WHEN reason IS NULL THEN CASE WHEN result IN ('FAILURE', 'DENY') THEN type ELSE result END END AS error_code,
    CASE WHEN outcome = 'failure' AND code IS DISTINCT FROM reason THEN reason END AS error_description,
    CASE WHEN place IS NULL AND type IS NOT NULL THEN 'not a sign-in or OAuth event' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' WHEN type IS NULL THEN 'no eventType' END AS quarantined
FROM explained
