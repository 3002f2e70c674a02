/*
title = "authentik"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '"logger"\s*:\s*"authentik\.|"target"\s*:\s*"(?:authentik|ak_[a-z]+)(?:::[^"]*)?"|(?s)"action"\s*:\s*"[a-z_]+".*"app"\s*:\s*"authentik[._].*"client_ip"\s*:|(?s)"app"\s*:\s*"authentik[._].*"action"\s*:\s*"[a-z_]+".*"client_ip"\s*:'
priority = 43
documentation = [
    "https://docs.goauthentik.io/sys-mgmt/events/event-actions",
    "https://docs.goauthentik.io/install-config/configuration/",
    "https://github.com/goauthentik/authentik/blob/main/authentik/root/middleware.py",
    "https://github.com/goauthentik/authentik/tree/main/authentik/providers/oauth2",
    "https://github.com/goauthentik/authentik/tree/main/internal/outpost/proxyv2",
]
cannot_tell = "A refused token request has a line of its reason and the line of the request, which why401 joins by the request's id; it stays a bare status where authentik gives no reason: a missing code_verifier, a wrong app password, an unknown or pending device code, a scope that a refresh token lacks. A code is deleted with its use, so that a second use reads like an unknown code. Why an access token is refused at userinfo or introspection is written with AUTHENTIK_LOG_LEVEL=debug only. Times are those of the server's zone, without it. The lines of proxy outposts have no id of a request."

[fields]
event = "/event"
logger = "/logger"
level = "/level"
timestamp = "/timestamp"
request_id = "/request_id"
host = "/host"
vhost = "/vhost"
remote = "/remote"
method = "/method"
status = "/status"
runtime = "/runtime"
size = "/size"
scheme = "/scheme"
schema_name = "/schema_name"
user = "/user"
user_username = "/user/username"
user_agent = "/user_agent"
request_useragent = "/request_useragent"
upstream = "/upstream"
header_request_id = "/x_request_id"
header_traceparent = "/traceparent"
said_client_id = "/client_id"
provider = "/provider"
said_grant_type = "/grant_type"
type = "/type"
said_redirect_uri = "/redirect_uri"
given_redirect_uri = "/redirect_uri_given"
code = "/code"
token = "/token"
access_token = "/access_token"
exc = "/exc"
error_text = "/error"
err = "/err"
reason = "/reason"
body = "/body"
cause = "/cause"
required = "/required"
requested = "/requested"
assertion_type = "/assertion_type"
token_type = "/token_type"
audience = "/audience"
app_slug = "/app_slug"
identifier = "/identifier"
action = "/action"
app = "/app"
pk = "/pk"
created = "/created"
client_ip = "/client_ip"
brand = "/brand/name"
tenant_name = "/tenant/name"
c_message = "/context/message"
c_cause = "/context/cause"
c_error = "/context/error"
c_username = "/context/username"
c_stage = "/context/stage/model_name"
c_reason = "/context/reason"
c_auth_method = "/context/auth_method"
c_redirect_uri = "/context/redirect_uri"
c_scopes = "/context/scopes"
c_application = "/context/authorized_application/name"
c_app = "/context/application/name"
c_provider = "/context/provider/name"
r_path = "/context/http_request/path"
r_method = "/context/http_request/method"
r_request_id = "/context/http_request/request_id"
r_user_agent = "/context/http_request/user_agent"
r_client_id = "/context/http_request/args/client_id"
r_redirect_uri = "/context/http_request/args/redirect_uri"
r_response_type = "/context/http_request/args/response_type"
r_scope = "/context/http_request/args/scope"
r_query = "/context/http_request/args/query"
target = "/target"
http_headers = "/http_headers"
path = "/path"
s_path = "/spans/0/path"
s_method = "/spans/0/method"
s_host = "/spans/0/host"
s_remote = "/spans/0/remote"
s_headers = "/spans/0/http_headers"

[[advice]]
columns = ["trace_id"]
add = 'AUTHENTIK_LOG__HTTP_HEADERS=user-agent,x-request-id,traceparent'
tells = "the request id and the trace id of the gateway before authentik, instead of an id of its own"
*/
-- structlog's JSON of the server, logrus's of its router and of the outposts written in Go, tracing's of those written in Rust, and
-- Event objects as the API gives them. What concerns one request of the server is joined by `request_id`: the first of the lines that
-- tell a reason is the event, and takes its status, path and duration from the line of the request.
WITH kinds AS (
    SELECT *,
        trim(rtrim(event, '.')) AS said,
        coalesce(target IS NOT NULL OR starts_with(logger, 'authentik.outpost') OR starts_with(logger, 'authentik.router'), false) AS by_outpost,
        CASE WHEN action IS NOT NULL AND created IS NOT NULL AND event IS NULL THEN 'event'
             WHEN action IS NOT NULL AND lower(event) = 'created event' THEN 'created'
             WHEN status IS NOT NULL AND (event[1] = '/' OR starts_with(event, 'http')) THEN 'access'
             WHEN event IS NOT NULL THEN 'message' END AS sort
    FROM fields
),
-- what an Event says: of a failure, of a success, or of neither
acted AS (
    SELECT *,
        CASE WHEN sort NOT IN ('event', 'created') THEN NULL
             WHEN action = 'login_failed' OR action = 'suspicious_request' THEN 'failure'
             WHEN action = 'configuration_error' AND (starts_with(app, 'authentik.providers.oauth2') OR starts_with(app, 'authentik.common.oauth')
                OR starts_with(app, 'authentik.sources.oauth') OR starts_with(app, 'authentik_providers_oauth2')
                OR starts_with(r_path, '/application/o/')) THEN 'failure'
             WHEN action IN ('policy_exception', 'property_mapping_exception', 'system_exception')
                AND (starts_with(r_path, '/application/o/') OR contains(r_path, '/flows/executor/')) THEN 'failure'
             WHEN action IN ('login', 'authorize_application', 'logout') THEN 'success' END AS acts
    FROM kinds
),
-- how well a line tells why its request failed: 1 best, NULL not at all
ranked AS MATERIALIZED (
    SELECT *,
        CASE WHEN sort = 'created' THEN CASE WHEN acts = 'failure' THEN 2 END
             WHEN sort IS DISTINCT FROM 'message' THEN NULL
             WHEN by_outpost THEN CASE
                WHEN said IN ('failed to redeem code', 'failed to redeem callback; restarting auth flow', 'callback token already expired; clearing session and restarting',
                    'No state saved in session', 'failed to parse state jwt', 'state jwt without issuer', 'invalid state jwt issuer', 'failed to mapdecode',
                    'mismatched session ID', 'auth callback without a valid session cookie; restarting auth flow', 'invalid oauth state',
                    'oauth state does not match the session', 'missing oauth code', 'failed to save session', 'token is not active',
                    'failed to create introspection request', 'failed to send introspection request', 'failed to parse introspection response', 'bearer introspection failed',
                    'failed to create token request', 'failed to send token request', 'failed to send token request, no response body', 'failed to parse token response',
                    'failed to verify token', 'failed to convert token to claims', 'client credentials request failed', 'failed to verify client credentials token',
                    'failed to proxy to backend') THEN 1
                WHEN said = 'failed to get session' AND level IN ('warning', 'warn', 'error') THEN 1 END
             WHEN said IN ('Failed to evaluate property mapping', 'Scope returned a non-dict value, ignoring', 'Failed to parse regular expression',
                'Invalid regular expression configured', 'Using state as nonce for OpenID Request', 'request with no login event', 'user not authenticated',
                'Failed to parse regular expression, checking directly') THEN NULL
             WHEN said IN ('No token could be verified', 'Application state check failed', 'Authentication Failure', 'Invalid state parameter') THEN 3
             WHEN said IN ('The client identifier (client_id) is missing or invalid', 'The request is otherwise malformed',
                'The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri)')
                OR starts_with(said, 'The authorization server ') OR starts_with(said, 'The requested scope is invalid') OR starts_with(said, 'The provider does not support use of')
                OR starts_with(said, 'The Authorization Server requires') OR starts_with(said, 'The resource owner or authorization server denied')
                OR starts_with(said, 'The client is not authorized to request') OR starts_with(said, 'Unsupported challenge method') THEN 4
             WHEN starts_with(said, 'CORS: Origin is not an allowed origin') THEN 5
             WHEN starts_with(logger, 'authentik.providers.oauth2') OR starts_with(logger, 'authentik.common.oauth') THEN CASE
                WHEN level IN ('warning', 'error', 'critical') THEN 1
                WHEN said IN ('User not authenticated for application', 'JWT token expired', 'client_credentials grant for provider without application',
                    'token_exchange grant for provider without application', 'Audience provider has no application', 'DCR registration rejected by policy',
                    'No token passed', 'Token does not exist', 'Token has expired', 'Token is not valid', 'token not an authentication token',
                    '(basic) Provider for basic auth does not exist') THEN 1 END
             WHEN starts_with(logger, 'authentik.sources.oauth') AND level IN ('warning', 'error') THEN CASE WHEN said IN ('No code returned by the source',
                'No state parameter returned by the source', 'No state stored in the session', 'Unable to fetch access token', 'Unable to fetch user profile',
                'Unable to fetch user info') THEN 2 END
             WHEN said = 'invalid_login' OR said = 'failed to resolve application' OR said = 'Denied access'
                OR starts_with(said, 'f(exec): Flow not applicable') THEN 1 END AS rank,
        CASE WHEN sort = 'access' AND NOT by_outpost THEN {'path': event, 'method': method, 'status': status, 'runtime': runtime, 'user': user,
            'agent': coalesce(user_agent, request_useragent), 'remote': remote, 'host': host, 'id': header_request_id, 'trace': header_traceparent} END AS access
    FROM acted
),
-- requests that a line tells a reason of: the place of the best one, and the line of the request
requests AS (
    SELECT request_id AS key, min(rank * 1000000000000 + "offset") AS best, any_value(access) AS asked
    FROM ranked WHERE request_id IS NOT NULL AND (rank IS NOT NULL OR access IS NOT NULL) GROUP BY request_id HAVING best IS NOT NULL
),
grouped AS (
    SELECT ranked.* EXCLUDE (access), requests.best, coalesce(requests.asked, ranked.access) AS asked
    FROM ranked LEFT JOIN requests ON ranked.request_id = requests.key
),
told AS (
    SELECT *,
        coalesce(rank IS NOT NULL AND (best IS NULL OR best = rank * 1000000000000 + "offset"), false) AS tells,
        coalesce(nullify(r_path), asked.path, CASE WHEN by_outpost THEN coalesce(CASE WHEN sort = 'access' THEN event END, path, s_path) END) AS place,
        CASE WHEN by_outpost THEN coalesce(nullify(http_headers), s_headers) END AS headers
    FROM grouped
),
named AS (
    SELECT *,
        tells OR (sort = 'event' AND acts = 'failure') AS failing,
        -- the head of a message that holds values, or an Event's action with what tells it apart
        CASE WHEN sort IN ('event', 'created') THEN coalesce(nullify(c_cause),
                CASE WHEN action = 'login_failed' AND c_stage IS NOT NULL THEN 'login_failed/' || c_stage ELSE action END)
             WHEN nullify(cause) IS NOT NULL THEN cause
             WHEN said IN ('OAuth2Provider does not exist', 'Invalid client identifier') AND coalesce(said_client_id, '') = '' THEN said || ': none given'
             WHEN said = 'Invalid grant type' AND coalesce(said_grant_type, '') = '' THEN said || ': none given'
             WHEN said = 'Invalid response type' AND coalesce("type", '') = '' THEN said || ': none given'
             WHEN starts_with(said, 'Unsupported challenge method') THEN 'Unsupported challenge method'
             WHEN starts_with(said, 'f(exec): Flow not applicable') THEN 'Flow not applicable to current user'
             ELSE said END AS code_said,
        CASE WHEN sort IN ('event', 'created') THEN coalesce(nullify(c_message), nullify(c_reason))
             ELSE coalesce(nullify(exc), nullify(error_text), nullify(err), nullify(reason), CASE WHEN by_outpost AND said <> 'failed to send token request' THEN NULLIF(body, '') END,
                CASE WHEN said = 'Scope mismatch' THEN 'required: ' || translate(required, '{}''[]"', '') END,
                CASE WHEN nullify(requested) IS NOT NULL AND starts_with(said, 'CORS') THEN regexp_extract(requested, 'scheme=''([^'']*)''', 1) || '://' || regexp_extract(requested, 'netloc=''([^'']*)''', 1) END,
                nullify(assertion_type), CASE WHEN starts_with(said, 'Audience') THEN nullify(audience) END, CASE WHEN contains(said, 'token type') THEN nullify(token_type) END,
                nullify(app_slug), CASE WHEN said = 'Invalid response type' THEN nullify("type") END) END AS detail
    FROM told
),
placed AS (
    SELECT *,
        CASE
            WHEN sort IS NULL THEN NULL
            WHEN by_outpost THEN CASE
                WHEN sort = 'access' OR NOT tells THEN CASE
                    WHEN starts_with(place, '/outpost.goauthentik.io/callback') OR starts_with(place, '/outpost.goauthentik.io/start')
                        OR contains(lower(place), 'x-authentik-auth-callback=true') THEN 'authorization'
                    WHEN starts_with(place, '/outpost.goauthentik.io/sign_out') OR contains(lower(place), 'x-authentik-logout=true') THEN 'end_session' END
                WHEN said = 'failed to proxy to backend' THEN NULL
                WHEN said = 'token is not active' OR contains(said, 'introspection') OR contains(said, 'token re') OR contains(said, 'client credentials')
                    OR said IN ('failed to verify token', 'failed to convert token to claims') THEN 'api'
                ELSE 'authorization' END
            WHEN action = 'logout' THEN 'end_session'
            WHEN action IN ('login') AND c_auth_method IN ('token', 'jwt', 'oauth_client_secret', 'token_exchange') THEN 'token'
            WHEN action IN ('login', 'login_failed', 'authorize_application') THEN 'authorization'
            WHEN (tells OR sort = 'event') AND contains(place, '/flows/executor/') THEN 'authorization'
            WHEN starts_with(place, '/application/o/') THEN CASE
                WHEN starts_with(place, '/application/o/token/') THEN 'token'
                WHEN starts_with(place, '/application/o/authorize/') THEN 'authorization'
                WHEN starts_with(place, '/application/o/userinfo/') THEN 'userinfo'
                WHEN starts_with(place, '/application/o/introspect/') THEN 'introspection'
                WHEN starts_with(place, '/application/o/revoke/') THEN 'revocation'
                WHEN starts_with(place, '/application/o/device/') THEN 'device_authorization'
                WHEN regexp_matches(place, '^/application/o/[^/]+/(register|dcr|client-registration|clients)/?(\?|$)') THEN 'registration' END
            WHEN contains(logger, 'oauth2.views.token_revoke') THEN 'revocation'
            WHEN contains(logger, 'oauth2.views.token') OR contains(logger, 'oauth2.token') THEN 'token'
            WHEN contains(logger, 'oauth2.views.authorize') OR contains(logger, 'oauth2.views.account_selection') THEN 'authorization'
            WHEN contains(logger, 'oauth2.views.introspection') THEN 'introspection'
            WHEN contains(logger, 'oauth2.views.userinfo') THEN 'userinfo'
            WHEN contains(logger, 'oauth2.views.dcr') THEN 'registration'
            WHEN contains(logger, 'oauth2.views.device') THEN 'device_authorization'
            WHEN contains(logger, 'oauth2.views.end_session') THEN 'end_session'
            WHEN tells AND (starts_with(logger, 'authentik.sources.oauth') OR starts_with(logger, 'authentik.flows') OR starts_with(logger, 'authentik.stages')
                OR starts_with(logger, 'authentik.policies')) THEN 'authorization'
            WHEN action = 'suspicious_request' AND contains(c_message, 'refresh token') THEN 'token' END AS seat
    FROM named
),
settled AS (
    SELECT *,
        CASE WHEN sort IN ('access', 'event') OR tells THEN nullif(coalesce(r_query, CASE WHEN contains(place, 'client_id%') THEN place END), '') END AS nested
    FROM placed
)
SELECT
    "offset",
    CASE WHEN sort = 'event' THEN iso_time(created)
         WHEN regexp_matches(timestamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(timestamp)
         ELSE epoch_time(timestamp) END AS time,
    CASE WHEN sort IS DISTINCT FROM 'event' AND timestamp[5] = '-' AND NOT regexp_matches(timestamp, '(Z|[+-]\d\d:?\d\d)$')
         THEN TRY_CAST(timestamp AS TIMESTAMP) END AS local_time,
    CASE WHEN by_outpost THEN 'gateway' END AS kind,
    CASE WHEN by_outpost THEN coalesce(nullify(vhost), nullify(s_host), CASE WHEN remote IS NOT NULL THEN nullify(host) END)
         WHEN sort = 'access' AND remote IS NULL THEN NULL
         ELSE coalesce(nullify(host), nullify(asked.host)) END AS instance,
    CASE WHEN sort = 'event' THEN coalesce(nullify(brand), nullify(tenant_name)) ELSE nullif(nullify(schema_name), 'public') END AS tenant,
    CASE WHEN sort = 'event' THEN nullify(pk) END AS event_id,
    coalesce(nullify(asked.id), nullify(header_request_id), nullify(request_id), nullify(r_request_id)) AS request_id,
    trace_of(coalesce(asked.trace, header_traceparent)) AS trace_id,
    coalesce(nullify(said_client_id), nullify(r_client_id),
        CASE WHEN contains(nested, 'client_id=') THEN query_param(nested, 'client_id')
             WHEN contains(nested, 'client_id%') THEN nullif(regexp_extract(nested, 'client_id%(?:25)*3D([A-Za-z0-9_.~-]+)', 1), '') END) AS client_id,
    coalesce(nullify(c_application), nullify(c_app), nullify(c_provider), CASE WHEN provider[1] NOT IN ('<', '{') THEN nullify(provider) END) AS client_name,
    CASE WHEN action = 'login_failed' THEN coalesce(nullify(c_username), nullif(nullify(user_username), 'AnonymousUser'))
         WHEN sort IN ('event', 'created') THEN nullif(nullify(user_username), 'AnonymousUser')
         WHEN said = 'invalid_login' THEN nullify(identifier)
         WHEN user[1] NOT IN ('<', '{') THEN nullif(nullify(user), 'AnonymousUser')
         ELSE nullif(nullify(asked."user"), 'AnonymousUser') END AS user_name,
    nullif(CASE WHEN by_outpost THEN ip_address(coalesce(nullify(remote), nullify(s_remote), nullify(host)))
         ELSE ip_address(coalesce(nullify(client_ip), nullify(remote), nullify(asked.remote),
            CASE WHEN sort = 'access' THEN nullify(host) END)) END, '255.255.255.255') AS client_ip,
    coalesce(nullify(user_agent), nullify(request_useragent), nullify(r_user_agent), nullify(asked.agent),
        CASE WHEN contains(headers, '"user_agent": "') THEN nullif(regexp_extract(headers, '"user_agent": "((?:[^"\\]|\\.)*)"', 1), '') END) AS user_agent,
    seat AS endpoint,
    place AS path,
    nullify(coalesce(method, r_method, asked.method, s_method)) AS method,
    http_status(coalesce(status, CASE WHEN tells THEN asked.status END)) AS status,
    CASE WHEN by_outpost AND sort = 'access' THEN CASE WHEN nullify(upstream) IS NOT NULL THEN 'upstream' WHEN http_status(status) IN (302, 401) THEN 'gateway' END END AS answered_by,
    TRY_CAST(coalesce(runtime, CASE WHEN tells THEN asked.runtime END) AS DOUBLE) AS duration_ms,
    coalesce(nullify(said_grant_type), CASE
        WHEN NOT failing AND action IS DISTINCT FROM 'login' THEN NULL
        WHEN action = 'login' THEN CASE c_auth_method WHEN 'token' THEN 'client_credentials' WHEN 'jwt' THEN 'client_credentials'
            WHEN 'oauth_client_secret' THEN 'client_credentials' WHEN 'token_exchange' THEN 'urn:ietf:params:oauth:grant-type:token-exchange' END
        WHEN seat IS DISTINCT FROM 'token' THEN NULL
        WHEN said IN ('Missing authorization code', 'Code does not exist', 'Code is expired', 'Invalid code: invalid client or code has expired', 'Code challenge not matching')
            OR starts_with(said, 'Invalid redirect uri') OR starts_with(c_message, 'Invalid redirect') THEN 'authorization_code'
        WHEN contains(lower(said), 'refresh token') OR contains(c_message, 'refresh token') THEN 'refresh_token'
        WHEN said IN ('Invalid assertion type', 'Missing client assertion', 'JWT token expired') OR starts_with(said, 'client_credentials grant') THEN 'client_credentials'
        WHEN contains(said, 'subject_token') OR contains(said, 'subject token') OR contains(lower(said), 'actor') OR contains(said, 'udience') OR contains(said, 'requested token type')
            OR starts_with(said, 'token_exchange') OR starts_with(said, 'Resource indicators') THEN 'urn:ietf:params:oauth:grant-type:token-exchange' END) AS grant_type,
    nullify(r_response_type) AS response_type,
    coalesce(nullify(c_scopes), nullify(r_scope)) AS scope,
    coalesce(nullify(said_redirect_uri), nullify(given_redirect_uri), nullify(c_redirect_uri), nullify(r_redirect_uri)) AS redirect_uri,
    CASE WHEN failing THEN CASE WHEN said = 'Code does not exist' THEN nullify(code) ELSE coalesce(nullify(access_token), CASE WHEN token[1] NOT IN ('<', '{') THEN nullify(token) END) END END AS credential,
    CASE WHEN failing AND by_outpost THEN CASE WHEN body[1] = '{' THEN body WHEN contains(error_text, 'Response: {') THEN substr(error_text, strpos(error_text, 'Response: {') + 10) END END AS body,
    CASE WHEN failing THEN 'failure'
         WHEN sort = 'event' THEN acts
         WHEN sort = 'created' THEN acts END AS outcome,
    -- what the caller was told
    CASE WHEN NOT failing THEN NULL
         WHEN by_outpost THEN oauth_error(regexp_extract(error_text, 'oauth2: "([a-z_]+)"', 1))
         WHEN oauth_error(c_error) IS NOT NULL THEN oauth_error(c_error)
         WHEN seat = 'token' THEN CASE
            WHEN starts_with(said, 'OAuth2Provider does not exist') OR starts_with(said, 'Invalid client secret') OR starts_with(said, 'Invalid redirect uri')
                OR c_message = 'Invalid redirect URI used by provider' THEN 'invalid_client'
            WHEN said = 'Invalid grant type' THEN 'unsupported_grant_type'
            WHEN contains(said, 'DPoP') OR starts_with(said, 'bound_key') OR starts_with(said, 'Missing subject_token') OR starts_with(said, 'Missing actor_token')
                OR (starts_with(said, 'Unsupported ') AND ends_with(said, ' token type')) THEN 'invalid_request'
            WHEN contains(said, 'udience') OR starts_with(said, 'Resource indicators') THEN 'invalid_target'
            WHEN rank = 1 AND NOT starts_with(said, 'CORS') AND sort = 'message' OR said = 'No token could be verified' OR contains(c_message, 'refresh token') THEN 'invalid_grant' END
         WHEN seat = 'authorization' THEN CASE
            WHEN said = 'Invalid response type' OR starts_with(said, 'The authorization server does not support obtaining') THEN 'unsupported_response_type'
            WHEN starts_with(said, 'Missing ''openid'' scope') OR starts_with(said, 'The requested scope') THEN 'invalid_scope'
            WHEN said = 'Missing nonce for OpenID Request' OR said = 'The request is otherwise malformed' OR starts_with(said, 'Unsupported challenge method') THEN 'invalid_request'
            WHEN contains(said, 'use of the request parameter') THEN 'request_not_supported'
            WHEN contains(coalesce(c_message, said), 'requires End-User authentication') THEN 'login_required'
            WHEN contains(coalesce(c_message, said), 'requires End-User') AND contains(coalesce(c_message, said), 'consent') THEN 'consent_required'
            WHEN contains(coalesce(c_message, said), 'requires End-User interaction') THEN 'interaction_required'
            WHEN starts_with(coalesce(c_message, said), 'The resource owner or authorization server denied') THEN 'access_denied'
            WHEN said = 'Error when trying to create response uri' OR starts_with(coalesce(c_message, said), 'The authorization server encountered') THEN 'server_error' END
         WHEN said IN ('No token passed', 'Token does not exist', 'Token has expired', 'Revoked token was used') AND seat IN ('userinfo', 'api') THEN 'invalid_token'
         WHEN said = 'Scope mismatch' THEN 'insufficient_scope'
         WHEN said = 'DCR registration rejected by policy' THEN 'access_denied' END AS error,
    CASE WHEN failing THEN code_said
         -- forward authentication asks for a sign-in so
         WHEN by_outpost AND sort = 'access' AND http_status(status) = 401 AND contains(place, '/outpost.goauthentik.io/auth') THEN 'forward auth: not signed in' END AS error_code,
    CASE WHEN failing THEN CASE WHEN by_outpost AND contains(error_text, 'oauth2: "') THEN coalesce(nullif(regexp_extract(error_text, 'oauth2: "[a-z_]+" "((?:[^"\\]|\\.)*)"', 1), ''), detail)
        WHEN contains(error_text, 'Response: {') THEN NULL
        WHEN detail = err THEN trim(regexp_replace(regexp_replace(regexp_replace(err, '\x1b\[[0-9;]*m', '', 'g'), '(?s)\n\s*(Location:|━|Backtrace|SPANTRACE).*$', ''), '\s*\n\s*[0-9]+: ', ' ', 'g'))
        ELSE trim(detail) END END AS error_description,
    CASE WHEN failing THEN NULL
         WHEN rank IS NOT NULL THEN 'another line tells why the request failed'
         WHEN sort = 'access' AND best IS NOT NULL AND NOT by_outpost THEN 'another line tells why the request failed'
         WHEN sort = 'access' THEN NULL
         WHEN sort = 'event' THEN CASE WHEN acts IS NULL THEN 'not a sign-in or OAuth event' END
         WHEN sort = 'created' THEN CASE WHEN acts IS NULL THEN 'not a sign-in or OAuth event'
            WHEN action = 'login' AND coalesce(c_auth_method, '') NOT IN ('token', 'jwt', 'oauth_client_secret', 'token_exchange') THEN NULL
            WHEN action = 'logout' THEN NULL
            ELSE 'the line of the request tells it' END
         WHEN matched AND (logger IS NOT NULL OR target IS NOT NULL OR level IS NOT NULL) AND event IS NOT NULL THEN 'server message'
         WHEN NOT matched AND NOT starts_with(ltrim(line), '{') THEN 'not a log line of the server' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON'
         WHEN sort IS NULL THEN 'no event' END AS quarantined
FROM settled
