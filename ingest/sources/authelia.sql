/*
title = "Authelia"
kind = "auth_server"
provenance = "composed"
recognise = '^time="[^"]+" level=[a-z]+ msg=.* path="?[^ "]*[/](?:api/|\.well-known/|jwks\.json).* remote_ip=|^\{.*"msg":.*"path":"[^"]*[/](?:api/|\.well-known/|jwks\.json)[^"]*".*"remote_ip":|msg"?[=:]"(?:Authelia v[0-9]|(?:Authorization|Access|Introspection|Revocation|User ?Info|Pushed Authorization|Device Authorization) (?:Request|Response) .*with id .*on client with id |Check authorization of subject username=|(?:Unsuccessful|Successful|Mark) (?:1FA|TOTP|WebAuthn|Webauthn|Duo|U2F) authentication attempt)'
priority = 44
documentation = [
    "https://www.authelia.com/configuration/miscellaneous/logging/",
    "https://www.authelia.com/integration/openid-connect/introduction/",
    "https://www.authelia.com/reference/guides/troubleshooting/",
    "https://github.com/authelia/authelia/tree/master/internal/handlers",
]
cannot_tell = "Authelia writes refusals at level error or info and successes at debug: without `log.level: debug` there is no failure rate. A refused OpenID Connect request bears the description, the hint and the detail of its error, not its name, which why401 tells by the description; its client only where the message names it, and neither its grant nor its status. Nothing in a line joins it with the gateway's, but the address and the time. With `log.format: text` on a terminal the lines have no date: set `log.file_path` or `log.format: json`."
*/
-- logrus, as JSON or logfmt, which one from_json reads. What a request is about stands in the message.
WITH objects AS (
    SELECT "offset", line, CASE WHEN line[1] = '{' THEN line ELSE logfmt_json(line) END AS object FROM records
),
read AS (
    SELECT "offset", line,
        TRY(from_json(object,
            '{"time":"VARCHAR","level":"VARCHAR","msg":"VARCHAR","error":"VARCHAR","method":"VARCHAR","path":"VARCHAR","remote_ip":"VARCHAR",
              "username":"VARCHAR","client_id":"VARCHAR","flow":"VARCHAR","access_request_id":"VARCHAR","oauth2_access_request_id":"VARCHAR"}')) AS j
    FROM objects
),
-- what kind of message it is
sorted AS (
    SELECT *,
        j.level IN ('error', 'warning', 'fatal', 'panic') AS bad,
        CASE
            WHEN starts_with(j.msg, 'Access to ') AND regexp_matches(j.msg, ' is (not authorized|forbidden) to user ') THEN 'access'
            WHEN regexp_matches(j.msg, '^(Unsuccessful|Successful) .{1,20} authentication attempt (made )?by user ') THEN 'attempt'
            WHEN starts_with(j.msg, 'Error occurred getting details for user with username input') THEN 'unknown user'
            WHEN regexp_matches(j.msg, '^(Authorization|Access|Introspection|Revocation|User ?Info|Pushed Authorization|Device Authorization|Device Access|JSON Web Key|End Session|Logout) (Request|Response)\b') THEN 'oidc'
            WHEN j.level IN ('error', 'warning') AND (contains(j.path, '/api/oidc/') OR j.flow = 'openid_connect') THEN 'oidc'
            WHEN j.level IN ('error', 'warning') AND regexp_matches(j.path, '/api/(authz/|verify$|firstfactor|secondfactor/)') THEN 'trouble'
        END AS kind
    FROM read
),
told AS (
    SELECT *,
        CASE WHEN kind = 'access' THEN regexp_extract(j.msg,
            '^Access to ''?(.*?)''?(?: \(method ([^)]*)\))? is (not authorized|forbidden) to user ''?(.*?)''?(?:,? (?:redirecting|responding|sending) .*)?$',
            ['target', 'method', 'verdict', 'who']) END AS a,
        CASE WHEN kind = 'attempt' THEN regexp_extract(j.msg,
            '^(Unsuccessful|Successful) (.{1,20}?) authentication attempt (?:made )?by user ''(.*?)''(?: and they are (banned) until .*|: (.*))?$',
            ['result', 'factor', 'who', 'banned', 'why']) END AS f,
        -- of an OpenID Connect request: what stands behind its ids
        CASE WHEN kind = 'oidc' THEN concat_ws(' ', CASE
            WHEN contains(j.msg, ' with error: ') THEN substr(j.msg, strpos(j.msg, ' with error: ') + 13)
            WHEN contains(j.msg, 'could not be created: ') THEN substr(j.msg, strpos(j.msg, 'could not be created: ') + 22)
            ELSE regexp_replace(j.msg, '^.*?(?: with id ''[^'']*'')?(?: on client with id ''[^'']*'')?(?: using (?:policy|consent mode) ''[^'']*'')? (could not|failed to|had|encountered|is not)\b', '\1')
            END, nullify(j.error)) END AS text
    FROM sorted
),
-- the description of fosite is that of the error's name; the hint and the detail behind it tell more
named AS (
    SELECT *,
        CASE WHEN text IS NULL OR NOT bad THEN NULL
            -- releases before 4.33 write the name alone
            WHEN regexp_full_match(text, '[a-z_]+') THEN text
            WHEN contains(text, '''none'' was requested but the user is not logged in') THEN 'login_required'
            WHEN contains(text, 'Client authentication failed (e.g.') THEN 'invalid_client'
            WHEN contains(text, 'The provided authorization grant (e.g.') THEN 'invalid_grant'
            WHEN contains(text, 'The request is missing a required parameter, includes') THEN 'invalid_request'
            WHEN contains(text, 'The client is not authorized to request a token using this method') THEN 'unauthorized_client'
            WHEN contains(text, 'The resource owner or authorization server denied the request') THEN 'access_denied'
            WHEN contains(text, 'does not support obtaining a token using this method') THEN 'unsupported_response_type'
            WHEN contains(text, 'does not support obtaining a response using this response mode') THEN 'unsupported_response_mode'
            WHEN contains(text, 'The requested scope is invalid, unknown, or malformed') THEN 'invalid_scope'
            WHEN contains(text, 'encountered an unexpected condition that prevented it') THEN 'server_error'
            WHEN contains(text, 'unable to handle the request due to a temporary overloading') THEN 'temporarily_unavailable'
            WHEN contains(text, 'The authorization grant type is not supported') THEN 'unsupported_grant_type'
            WHEN contains(text, 'The state is missing or does not have enough characters') THEN 'invalid_state'
            WHEN contains(text, 'The request could not be authorized.') THEN 'request_unauthorized'
            WHEN contains(text, 'requires End-User authentication.') THEN 'login_required'
            WHEN contains(text, 'requires End-User interaction') THEN 'interaction_required'
            WHEN contains(text, 'requires End-User consent.') THEN 'consent_required'
            WHEN contains(text, 'use of the request parameter.') THEN 'request_not_supported'
            WHEN contains(text, 'use of the request_uri parameter.') THEN 'request_uri_not_supported'
            WHEN contains(text, 'use of the registration parameter.') THEN 'registration_not_supported'
            WHEN contains(text, 'The request_uri in the authorization request returns an error') THEN 'invalid_request_uri'
            WHEN contains(text, 'contains an invalid Request Object') THEN 'invalid_request_object'
            WHEN contains(text, 'The jti was already used') THEN 'jti_known'
            WHEN contains(text, 'The authorization request is still pending') THEN 'authorization_pending'
            WHEN contains(text, 'The device_code has expired') THEN 'expired_token'
            WHEN contains(text, 'Too many requests within a short time period') OR contains(text, 'polling too') THEN 'slow_down'
            WHEN contains(text, 'The requested resource is invalid, missing, unknown') THEN 'invalid_target'
            WHEN contains(text, 'The requested authorization details are invalid') THEN 'invalid_authorization_details'
            WHEN contains(text, 'requires higher privileges than provided by the Access Token') THEN 'insufficient_scope'
            WHEN contains(text, 'The DPoP proof is missing or invalid') THEN 'invalid_dpop_proof'
            WHEN contains(text, 'requires nonce in DPoP proof') THEN 'use_dpop_nonce'
            WHEN contains(text, 'Token is inactive because it is malformed') THEN 'token_inactive'
            WHEN contains(text, 'token was not granted the requested scope') THEN 'scope_not_granted'
            WHEN contains(text, 'failed validation due to a claim mismatch') THEN 'token_claim'
            WHEN contains(text, 'Token signature mismatch') THEN 'token_signature_mismatch'
            WHEN contains(text, 'Token expired.') OR contains(text, 'Invalid token format') OR contains(text, 'token provided is expired, revoked, malformed') THEN 'invalid_token'
            WHEN contains(text, 'security parameter (e.g., anti-replay, anti-csrf) with insufficient entropy') THEN 'insufficient_entropy'
            WHEN contains(text, 'internal error that is probably caused by misconfiguration') THEN 'misconfiguration'
            WHEN contains(text, 'Could not find the requested resource(s)') THEN 'not_found'
        END AS name,
        nullif(trim(regexp_replace(text,
            '(?:The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed|Client authentication failed \(e\.g\., [^)]*\)|The provided authorization grant \(e\.g\., [^)]*\) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client|The client is not authorized to request a token using this method|The resource owner or authorization server denied the request|The authorization server does not support obtaining a (?:token using this method|response using this response mode)|The requested scope is invalid, unknown, or malformed|The authorization server encountered an unexpected condition that prevented it from fulfilling the request|The authorization grant type is not supported by the authorization server|The state is missing or does not have enough characters and is therefore considered too weak|The request could not be authorized|The Authorization Server requires End-User (?:authentication|consent|interaction of some form to proceed)|Token expired|Token signature mismatch|Invalid token format|The (?:access )?token provided is expired, revoked, malformed, or invalid for other reasons|The requested resource is invalid, missing, unknown, or malformed|The DPoP proof is missing or invalid|The jti was already used)\. ?', '')), '') AS said
    FROM told
),
judged AS (
    SELECT *,
        kind = 'attempt' AND f.who = '' AS doubled,
        CASE
            WHEN kind = 'access' THEN 'failure'
            WHEN kind = 'attempt' THEN CASE WHEN f.result = 'Successful' THEN 'success' WHEN f.who <> '' THEN 'failure' END
            WHEN kind = 'unknown user' THEN 'failure'
            WHEN kind = 'oidc' THEN CASE
                WHEN bad THEN 'failure'
                WHEN regexp_matches(j.msg, 'successfully (been )?processed|was successful') THEN 'success' END
            WHEN kind = 'trouble' AND regexp_matches(j.msg, '^(Target URL|Error (?:getting|occurred (?:while|getting|attempting))|Failed to (parse|perform)|Unable to|Could not|Session for)') THEN
                CASE WHEN regexp_matches(j.msg, 'insecure scheme|protected domain|session cookie|authenticate a request|request body|no longer authorized') THEN 'failure' ELSE 'other' END
        END AS outcome
    FROM named
)
SELECT
    "offset",
    iso_time(j.time) AS time,
    CASE WHEN kind = 'oidc' THEN coalesce(nullify(j.access_request_id), nullify(j.oauth2_access_request_id),
        nullif(regexp_extract(j.msg, '(?:Request|for Request)(?: Response)? with id ''([^'']*)''', 1), '')) END AS request_id,
    CASE WHEN kind = 'oidc' THEN coalesce(nullify(j.client_id),
        nullif(regexp_extract(j.msg, '(?:on|registered) client with id ''([^'']*)''', 1), '')) END AS client_id,
    -- a ban may be of an address
    nullif(nullif(CASE kind WHEN 'access' THEN a.who
        WHEN 'attempt' THEN CASE WHEN f.who <> coalesce(j.remote_ip, '') THEN f.who END
        WHEN 'unknown user' THEN regexp_extract(j.msg, 'username input ''(.*?)'' which', 1)
        ELSE j.username END, '<anonymous>'), '') AS user_name,
    nullify(j.remote_ip) AS client_ip,
    CASE WHEN kind = 'access' OR (kind = 'trouble' AND contains(j.path, '/authz/')) THEN 'api'
         WHEN kind IN ('attempt', 'unknown user', 'trouble') THEN
            CASE WHEN regexp_matches(j.path, '/(authz/|verify$)') THEN 'api' ELSE 'authorization' END
         WHEN kind = 'oidc' AND j.path IS NULL THEN CASE
            WHEN starts_with(j.msg, 'Authorization') THEN 'authorization'
            WHEN starts_with(j.msg, 'Access') THEN 'token' END
         WHEN contains(j.path, '/api/oidc/consent') OR (j.flow = 'openid_connect' AND NOT contains(j.path, '/api/oidc/')) THEN 'authorization'
         END AS endpoint,
    -- of an access that was refused, the one that was asked for; Authelia was asked by a gateway
    CASE WHEN kind = 'access' THEN a.target ELSE nullify(j.path) END AS path,
    CASE WHEN kind = 'access' THEN CASE WHEN regexp_full_match(a.method, '[A-Z]+') THEN a.method END ELSE nullify(j.method) END AS method,
    CASE WHEN kind = 'access' THEN CASE
            WHEN contains(j.msg, 'responding with status code ') THEN http_status(regexp_extract(j.msg, 'status code ([0-9]{3})(?: with|$)', 1))
            WHEN contains(j.msg, ', sending 401 response') THEN 401
            WHEN a.verdict = 'forbidden' THEN 403 END END AS status,
    CASE WHEN kind = 'oidc' AND contains(text, 'request scope ''') THEN nullif(regexp_extract(text, 'request scope ''([^'']*)''', 1), '') END AS scope,
    outcome,
    CASE WHEN outcome = 'failure' THEN oauth_error(name) END AS error,
    CASE WHEN outcome IN ('success') OR outcome IS NULL THEN NULL
         WHEN kind = 'access' THEN CASE WHEN a.verdict = 'forbidden' THEN 'access is forbidden'
            WHEN a.who = '<anonymous>' THEN 'access is not authorized to an anonymous user' ELSE 'access is not authorized to the user' END
         WHEN kind = 'attempt' THEN CASE
            WHEN f.banned = 'banned' THEN CASE WHEN f.who = j.remote_ip THEN 'address is banned' ELSE 'user is banned' END
            WHEN f.factor = '1FA' THEN 'unsuccessful 1FA' ELSE 'unsuccessful ' || f.factor END
         WHEN kind = 'unknown user' THEN 'unknown user'
         WHEN kind = 'oidc' AND oauth_error(name) IS NULL THEN name END AS error_code,
    -- without the user's name
    CASE WHEN outcome = 'success' OR outcome IS NULL THEN NULL
         WHEN kind = 'attempt' THEN coalesce(nullif(f.why, ''), nullify(j.error))
         WHEN kind = 'unknown user' THEN nullify(j.error)
         WHEN kind = 'oidc' THEN CASE WHEN said <> name OR name IS NULL OR said <> text THEN
            CASE WHEN contains(said, 'user ''') THEN regexp_replace(said, '\b(user|username|subject) ''[^'']*''', '\1', 'g') ELSE said END END
         WHEN kind = 'trouble' THEN concat_ws(': ', regexp_replace(j.msg, '(user|Target URL|value) ''[^'']*''', '\1', 'g'), regexp_replace(nullify(j.error), 'user ''[^'']*''', 'user', 'g'))
         END AS error_description,
    CASE WHEN outcome IS NOT NULL OR j.msg IS NULL THEN NULL
         WHEN doubled THEN 'another line tells why the sign-in failed'
         WHEN j.path IS NOT NULL OR kind IS NOT NULL THEN 'a step of a request'
         ELSE 'server message' END AS ignored,
    CASE WHEN j IS NULL THEN CASE WHEN line[1] = '{' THEN 'broken JSON' ELSE 'not logfmt' END
         WHEN j.msg IS NULL THEN 'no message' END AS quarantined
FROM judged
