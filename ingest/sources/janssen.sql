/*
title = "Janssen / Gluu auth server (jans-auth.log, oxauth.log, audit and HTTP logs)"
kind = "auth_server"
provenance = "composed"
recognise = '^(?:[a-z0-9-]+ (?:===>|-) )?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[,.][0-9]{3,9} [A-Z]+ +\[.*\[(?:io\.jans\.|jans\.as\.|as\.(?:server|model|common)\.|org\.gluu\.|gluu\.oxauth\.|oxauth\.|org\.xdi\.|xdi\.oxauth\.)[\w.$]+\] \([\w$]+\.java:[0-9]+\) -(?: |$)|(?s)^\s*\{.*"loggerName"\s*:\s*"(?:io\.jans\.|org\.gluu\.|org\.xdi\.)|(?s)^\s*\{\s*"ip"\s*:.*"action"\s*:\s*"(?:CLIENT_|USER_AUTHORIZATION|USER_INFO|TOKEN_|SESSION_|BACKCHANNEL_|DEVICE_CODE_|SSA_)|(?s)^\s*\{.*"action"\s*:\s*"(?:CLIENT_REGISTRATION|CLIENT_UPDATE|CLIENT_READ|CLIENT_DELETE|USER_AUTHORIZATION|USER_INFO|TOKEN_REQUEST|TOKEN_VALIDATE|TOKEN_REVOCATION|SESSION_(?:UN)?AUTHENTICATED|SESSION_DESTROYED|BACKCHANNEL_[A-Z_]+|DEVICE_CODE_AUTHORIZATION|SSA_[A-Z]+)".*"(?:macAddress|success|ip)"\s*:'
priority = 44
documentation = [
    "https://docs.jans.io/stable/janssen-server/auth-server/logging/standard-logs/",
    "https://docs.jans.io/stable/janssen-server/auth-server/logging/audit-logs/",
    "https://docs.jans.io/stable/janssen-server/auth-server/logging/log4j2/",
    "https://github.com/JanssenProject/jans/tree/main/jans-auth-server/server/src/main/java/io/jans/as/server",
    "https://github.com/GluuFederation/oxAuth",
]
cannot_tell = "At the usual level INFO jans-auth.log tells of failed client authentication, failed sign-ins and errors, and not of a refused code or refresh token: these are lines of level DEBUG or TRACE (loggingLevel), or stand in http_request_response.log (httpLoggingEnabled, httpLoggingResponseBodyContent and level DEBUG), whose body has the error and, with errorReasonEnabled, its reason. The audit log (enabledOAuthAuditLogging) says only that a request failed; requests whose client could not be authenticated are not in it, and the redirect to the login page counts there as no success. A line names no client where authentication failed, and the times of text have no zone. The address in http_request_response.log is the server's own."

[[advice]]
columns = ["error", "error_description", "status", "grant_type", "client_id"]
add = "httpLoggingEnabled: true, httpLoggingResponseBodyContent: true, errorReasonEnabled: true and loggingLevel: DEBUG of the AS configuration"
tells = "each request with its status, its error and the reason, in http_request_response.log"

[[advice]]
columns = ["client_ip", "scope"]
add = "enabledOAuthAuditLogging: true of the AS configuration"
tells = "token requests, sessions and registrations with the caller's address, client, user and scopes"
*/
-- log4j2's layout `%d %-5p [%t] %X{X-Correlation-Id} [%C{6}] (%F:%L) - %m` (audit lines have a hardware address before the
-- thread, the console a name before the time), or its JsonLayout. What stands over several lines, JSON of the audit log, the
-- request and response of the HTTP log, the exception of an error, is read with the line that it begins on.
WITH seen AS (
    SELECT "offset", line,
        strpos(line, '.java:') AS place,
        CASE WHEN starts_with(line, '20') THEN 1
             WHEN contains(line[:60], '===> 20') THEN strpos(line, '===> 20') + 5
             WHEN contains(line[:60], ' - 20') THEN strpos(line, ' - 20') + 3 END AS begins,
        line[1] = '{' OR ltrim(line, ' ' || chr(9) || chr(10))[1] = '{' AS of_json
    FROM records
),
cut AS (
    SELECT "offset", line, of_json,
        CASE WHEN place > 0 AND NOT of_json AND begins > 0 THEN strpos(substr(line, place), ') -') END AS closes,
        CASE WHEN place > 0 AND begins > 0 THEN try_strptime(replace(line[begins:begins + 22], ',', '.'), '%Y-%m-%d %H:%M:%S.%g') END AS stamp,
        place, begins
    FROM seen
),
headed AS (
    SELECT "offset", line, of_json, stamp, coalesce(closes > 0 AND stamp IS NOT NULL, false) AS is_head,
        CASE WHEN closes > 0 THEN split_part(ltrim(substr(line, place + closes + 2), ' '), chr(10), 1) END AS said,
        -- a collector may have joined the lines
        CASE WHEN closes > 0 AND contains(line, chr(10)) THEN substr(line, strpos(line, chr(10)) + 1) END AS rest,
        CASE WHEN closes > 0 THEN substr(line, begins, place - begins) END AS head
    FROM cut
),
grouped AS MATERIALIZED (
    SELECT *, sum(CASE WHEN is_head OR of_json THEN 1 ELSE 0 END) OVER (ORDER BY "offset" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS grp,
        CASE WHEN is_head THEN string_split(head, '[') END AS pieces,
        -- what goes on in a line below
        CASE WHEN is_head OR of_json THEN false
             WHEN line[1] IN (' ', chr(9), '}', '"') THEN true
             WHEN starts_with(line, 'REQUEST: ') OR starts_with(line, 'RESPONSE: ') OR starts_with(line, 'RESPONSE BODY: ') OR starts_with(line, 'Caused by: ') THEN true
             ELSE regexp_matches(line, '^[\w.$]+(?:Exception|Error)(?:: |$)') END AS goes_on
    FROM headed
),
tails AS (
    SELECT grp AS of_grp, string_agg(line, chr(10) ORDER BY "offset") AS tail
    FROM grouped WHERE goes_on AND grp > 0 AND NOT starts_with(ltrim(line, ' ' || chr(9)), 'at ') AND NOT starts_with(ltrim(line, ' ' || chr(9)), '... ') GROUP BY 1
),
opened AS (
    SELECT grouped.*, coalesce(tails.tail, rest) AS tail,
        CASE WHEN of_json THEN TRY(from_json(line,
            '{"instant":{"epochSecond":"BIGINT","nanoOfSecond":"BIGINT"},"timeMillis":"VARCHAR","level":"VARCHAR","loggerName":"VARCHAR","message":"VARCHAR",
              "thrown":{"name":"VARCHAR","message":"VARCHAR","cause":{"name":"VARCHAR","message":"VARCHAR","cause":{"message":"VARCHAR"}}},
              "contextMap":{"X-Correlation-Id":"VARCHAR"},"action":"VARCHAR"}')) END AS j
    FROM grouped LEFT JOIN tails ON grouped.grp = tails.of_grp WHERE is_head OR of_json
),
told AS (
    SELECT *,
        CASE WHEN is_head THEN split_part(pieces[-1], ']', 1) ELSE j."loggerName" END AS class,
        CASE WHEN is_head THEN trim(split_part(pieces[1], ' ', 3)) ELSE j.level END AS level,
        CASE WHEN is_head THEN nullif(nullif(trim(split_part(pieces[-2], '] ', 2)), ''), 'null') ELSE j."contextMap"."X-Correlation-Id" END AS correlation,
        coalesce(said, j.message) AS message,
        -- the whole of what was written
        CASE WHEN is_head THEN CASE WHEN tail IS NOT NULL THEN said || chr(10) || tail ELSE said END ELSE j.message END AS text,
        CASE WHEN j.action IS NOT NULL AND j."loggerName" IS NULL THEN line END AS document
    FROM opened
),
parted AS (
    SELECT *,
        split_part(class, '.', -1) AS short,
        -- an object without objects in it
        CASE WHEN document IS NOT NULL THEN document
             WHEN contains(class, 'ApplicationAuditLogger') OR contains(class, 'OAuth2AuditLogger') THEN CASE WHEN ltrim(text)[1] = '{' AND contains(text, '}') THEN split_part(text, '}', 1) || '}' END END AS audit_text,
        CASE WHEN contains(text, 'REQUEST: {') THEN split_part(split_part(text, 'REQUEST: ', 2), chr(10), 1) END AS request_text,
        CASE WHEN contains(text, 'RESPONSE: {') THEN split_part(split_part(text, 'RESPONSE: ', 2), chr(10), 1) END AS response_text,
        CASE WHEN contains(text, 'RESPONSE BODY: ') THEN trim(substr(text, strpos(text, 'RESPONSE BODY: ') + 15)) END AS body_text,
        -- the exception nearest to the cause
        CASE WHEN of_json THEN coalesce(j.thrown.cause.cause.message, j.thrown.cause.message, j.thrown.message)
             WHEN tail IS NOT NULL AND regexp_matches(tail, '^[\w.$]+(?:Exception|Error)(?:: |\n|$)') THEN
                regexp_replace(split_part(CASE WHEN contains(tail, chr(10) || 'Caused by: ') THEN split_part(tail, chr(10) || 'Caused by: ', -1) ELSE tail END, chr(10), 1), '^[\w.$]+(?:: |$)', '') END AS cause_text,
        CASE WHEN of_json THEN j.thrown IS NOT NULL ELSE regexp_matches(tail, '^[\w.$]+(?:Exception|Error)(?:: |\n|$)') END AS thrown
    FROM told
),
read AS (
    SELECT *,
        CASE WHEN audit_text IS NOT NULL THEN TRY(from_json(audit_text,
            '{"ip":"VARCHAR","action":"VARCHAR","timestamp":"VARCHAR","success":"VARCHAR","isSuccess":"VARCHAR","clientId":"VARCHAR","username":"VARCHAR","scope":"VARCHAR"}')) END AS a,
        CASE WHEN request_text IS NOT NULL THEN TRY(from_json(request_text,
            '{"method":"VARCHAR","path":"VARCHAR","duration":"VARCHAR","body":"VARCHAR","headers":"VARCHAR",
              "params":{"client_id":"VARCHAR","grant_type":"VARCHAR","redirect_uri":"VARCHAR","scope":"VARCHAR","response_type":"VARCHAR","code":"VARCHAR","refresh_token":"VARCHAR","username":"VARCHAR"}}')) END AS r,
        CASE WHEN response_text IS NOT NULL THEN TRY(from_json(response_text, '{"status":"VARCHAR"}')) END AS s,
        CASE WHEN body_text[1] = '{' THEN TRY(from_json(body_text, '{"error":"VARCHAR","error_description":"VARCHAR","reason":"VARCHAR"}')) END AS b,
        CASE WHEN request_text IS NULL AND audit_text IS NULL THEN CASE WHEN contains(message, '  ') OR contains(message, chr(10)) THEN regexp_replace(message, '\s+', ' ', 'g') ELSE coalesce(message, '') END END AS words,
        coalesce(nullif(cause_text, ''), NULL) AS why
    FROM parted
),
-- what a message is: `part` is the part of it that holds no name, code or token
judged AS (
    SELECT *,
        coalesce(nullify(r.params.grant_type), CASE WHEN contains(r.body, 'grant_type=') THEN query_param('?' || r.body, 'grant_type') END) AS asked_grant,
        CASE
            WHEN words IS NULL OR class IS NULL THEN NULL
            WHEN short = 'AuthenticationFilter' THEN CASE
                WHEN starts_with(words, 'Basic authentication failed') THEN 'Basic authentication failed'
                WHEN starts_with(words, 'Post authentication failed') THEN 'Post authentication failed'
                WHEN starts_with(words, 'JWT authentication failed') THEN 'JWT authentication failed'
                WHEN starts_with(words, 'Bearer authorization failed') OR starts_with(words, 'Bearer authentication failed') THEN 'Bearer authorization failed'
                WHEN starts_with(words, 'Failed to authenticate client by ') THEN words
                WHEN starts_with(words, 'Invalid DPoP') THEN 'Invalid DPoP'
                WHEN starts_with(words, 'Client is not set for grant') THEN 'Client is not set for grant' END
            WHEN short IN ('DpopService', 'DPoPService') THEN CASE
                WHEN starts_with(words, 'Failed to validate dpop') THEN 'Failed to validate dpop'
                WHEN starts_with(words, 'Invalid dpop') THEN 'Invalid dpop'
                WHEN starts_with(words, 'Client requires DPoP bound access token') THEN words
                WHEN starts_with(words, 'DPoP Thumprint between') THEN 'DPoP Thumprint does not match'
                WHEN starts_with(words, 'Multiple DPoP header values') THEN 'Multiple DPoP header values are not allowed' END
            WHEN short = 'MTLSService' THEN CASE
                WHEN starts_with(words, 'Client certificate is missed') THEN 'Client certificate is missed'
                WHEN starts_with(words, 'Failed to parse client certificate') THEN 'Failed to parse client certificate'
                WHEN starts_with(words, 'SubjectDN is not set for client') THEN 'SubjectDN is not set for client'
                WHEN starts_with(words, 'Unable to load json web keys for client') THEN 'Unable to load json web keys for client'
                WHEN starts_with(words, 'MTLS authentication failed') OR starts_with(words, 'Reject request. isCertValidForClient') THEN words END
            WHEN short = 'Authenticator' THEN CASE
                WHEN regexp_matches(words, '^Authentication failed for [Uu]ser: ') THEN
                    CASE WHEN contains(words, 'Custom script returned false') THEN 'Authentication failed. Custom script returned false for authenticate method.'
                         WHEN contains(words, 'Failed to find session') THEN 'Authentication failed. Failed to find session.' ELSE 'Authentication failed for user' END
                WHEN starts_with(words, 'Failed to get CustomScriptConfiguration') THEN 'Failed to get CustomScriptConfiguration'
                WHEN starts_with(words, 'Failed to get determined CustomScriptConfiguration') THEN 'Failed to get CustomScriptConfiguration'
                WHEN starts_with(words, 'Failed to determine authentication mode') THEN 'Failed to determine authentication mode'
                WHEN starts_with(words, 'There are authentication steps not marked as passed') THEN 'There are authentication steps not marked as passed'
                WHEN starts_with(words, 'Unable to get session attributes') THEN 'Unable to get session attributes' END
            WHEN contains(class, '.ws.rs.') OR contains(class, '.revoke.') OR contains(class, '.introspection.') OR contains(class, '.service.') THEN CASE
                WHEN starts_with(words, 'PKCE check fails') THEN 'PKCE check fails. Code challenge does not match to request code verifier'
                WHEN starts_with(words, 'PKCE is required but') THEN 'PKCE is required but code_challenge or code verifier is blank'
                WHEN starts_with(words, 'AuthorizationGrant not found by clientId') THEN 'AuthorizationGrant not found'
                WHEN starts_with(words, 'AuthorizationGrant is found but belongs to another client') THEN 'AuthorizationGrant is found but belongs to another client'
                WHEN starts_with(words, 'The authentication request has expired for deviceCode') THEN 'The authentication request has expired'
                WHEN starts_with(words, 'Access hasn''t been granted yet for deviceCode') THEN 'Access hasn''t been granted yet'
                WHEN starts_with(words, 'Slow down protection deviceCode') THEN 'Slow down protection'
                WHEN starts_with(words, 'The end-user denied the authorization request for deviceCode') THEN 'The end-user denied the authorization request'
                WHEN starts_with(words, 'Refresh token is already used by another request') THEN 'Refresh token is already used by another request'
                WHEN starts_with(words, 'Unable to find client by id') OR starts_with(words, 'Unable to find client on AS by client_id') THEN 'Unable to find client'
                WHEN regexp_matches(words, '^Client \S+ is disabled') THEN 'Client is disabled'
                WHEN starts_with(words, 'client_id is empty or blank') THEN 'client_id is empty or blank'
                WHEN starts_with(words, 'Failed to match aud to AS') THEN 'Failed to match aud to AS'
                WHEN starts_with(words, 'Request object expired') THEN 'Request object expired'
                WHEN starts_with(words, 'Request object has a wrong ') THEN regexp_extract(words, '^Request object has a wrong \w+ claim')
                WHEN starts_with(words, 'Unable to find session for device_secret') THEN 'Unable to find session for device_secret'
                WHEN starts_with(words, 'Session found by device_secret') THEN 'Session found by device_secret is not authenticated'
                WHEN starts_with(words, 'Unable to parse subject_token as JWT') THEN 'Unable to parse subject_token as JWT'
                WHEN starts_with(words, 'Unable to validate subject_token') THEN 'Unable to validate subject_token'
                WHEN starts_with(words, 'Access token is not valid. Valid:') THEN 'Access token is not valid'
                WHEN starts_with(words, 'Failed to authenticate user') THEN 'Failed to authenticate user'
                WHEN regexp_matches(words, '^(?:Grant Type is not set|Code is not set for AUTHORIZATION_CODE|Refresh Token is not set for REFRESH_TOKEN|GrantType is not allowed by|Invalid refresh token\.|redirect_uri is not set for|Unsupported (?:subject|actor)_token_type: [\w:.-]*$|actor_token is blank|audience is blank|subject_token signature verification failed|sid claim from subject_token|ds_hash claim from subject_token|Client can performa? only PAR|The exp claim is not set|Request object does not have \w+ claim|The Nested JWT signature algorithm| ?unregistered redirect uri|ACR is changed|Bad request: |Authorization grant is null|access_token used to access introspection|Feature flag is disabled|Failed to validate request parameters\. Reason: )') THEN trim(words)
                WHEN regexp_matches(words, '^HTTP [45][0-9][0-9]\b') THEN left(words, 60)
                WHEN regexp_matches(words, '^Status: [0-9]{3}, Reason:') THEN words
                WHEN level IN ('ERROR', 'FATAL') AND thrown AND regexp_matches(short, '^(?:Token|UserInfo|Authorize|Introspection|Revoke|Par|Device)\w*(?:WS|WebService\w*)$') AND NOT starts_with(words, 'Can''t') THEN 'server' END
        END AS part
    FROM read
),
-- a line that only says that a request was refused gives way to one that says why
reasons AS (
    SELECT trim(split_part(pieces[-2], '] ', 2)) AS id FROM grouped
    WHERE is_head AND (contains(head, 'AuthorizeRestWebServiceValidator')
            AND regexp_matches(said, '^(?:Unable to find client|Client \S+ is disabled|client_id is empty|Client can perform|Failed to (?:match|validate)|Request object |The exp claim|The Nested JWT|unregistered redirect)')
        OR contains(head, 'MTLSService') AND regexp_matches(said, '^(?:Client certificate is missed|Failed to parse client|SubjectDN is not set|Unable to load json)'))
    GROUP BY 1
),
weighed AS (
    SELECT judged.*, reasons.id IS NOT NULL AND regexp_matches(part, '^(?:HTTP|MTLS) ') AS is_told,
        upper(a.action) AS action,
        lower(coalesce(a.success, a."isSuccess")) AS success,
        TRY_CAST(split_part(split_part(words, 'Status: ', 2), ',', 1) AS SMALLINT) AS told_status,
        nullif(trim(split_part(words, 'Reason: ', 2)), '') AS told_reason
    FROM judged LEFT JOIN reasons ON judged.correlation = reasons.id
),
placed AS (
    SELECT *,
        CASE
            WHEN a IS NOT NULL THEN CASE
                WHEN action = 'TOKEN_REQUEST' THEN 'token'
                WHEN action = 'USER_AUTHORIZATION' AND success = 'true' THEN 'authorization'
                WHEN action = 'USER_INFO' THEN 'userinfo'
                WHEN action = 'TOKEN_VALIDATE' THEN 'introspection'
                WHEN action = 'TOKEN_REVOCATION' THEN 'revocation'
                WHEN action = 'SESSION_AUTHENTICATED' AND success = 'true' THEN 'authorization'
                WHEN action = 'SESSION_DESTROYED' AND success = 'true' THEN 'end_session'
                WHEN action IN ('CLIENT_REGISTRATION', 'CLIENT_UPDATE', 'CLIENT_READ', 'CLIENT_DELETE') THEN 'registration'
                WHEN action = 'DEVICE_CODE_AUTHORIZATION' THEN 'device_authorization' END
            WHEN r IS NOT NULL THEN CASE
                WHEN ends_with(r.path, '/restv1/register') THEN 'registration'
                WHEN contains(r.path, '/restv1/introspection') THEN 'introspection' END
            WHEN starts_with(words, 'Authentication success for User') THEN 'authorization'
            WHEN part IS NULL THEN NULL
            WHEN short IN ('DpopService', 'DPoPService') THEN 'token'
            WHEN short = 'Authenticator' THEN 'authorization'
            WHEN short = 'AuthenticationFilter' AND starts_with(part, 'Invalid DPoP') THEN 'token'
            WHEN contains(class, 'token.ws.rs') OR contains(class, '.ssa.') THEN 'token'
            WHEN contains(class, 'bcauthorize') THEN NULL
            WHEN contains(class, 'deviceauthorize') OR starts_with(short, 'DeviceAuthorization') THEN 'device_authorization'
            WHEN contains(class, 'authorize.ws.rs') THEN 'authorization'
            WHEN contains(class, 'userinfo.') THEN 'userinfo'
            WHEN contains(class, 'introspection.') OR starts_with(short, 'Introspection') THEN 'introspection'
            WHEN contains(class, 'revoke.') THEN 'revocation'
            WHEN contains(class, 'par.ws.rs') THEN 'pushed_authorization_request'
            WHEN contains(class, 'register.ws.rs') THEN 'registration'
            WHEN contains(class, 'session.ws.rs') THEN 'end_session' END AS place,
        starts_with(words, 'Authentication success for User') AS signed_in,
        lower(b.error) AS answered
    FROM weighed
)
SELECT
    "offset",
    CASE WHEN a IS NOT NULL AND epoch_time(a.timestamp) IS NOT NULL THEN epoch_time(a.timestamp)
         WHEN j.instant IS NOT NULL THEN make_timestamp(j.instant."epochSecond" * 1000000 + coalesce(j.instant."nanoOfSecond", 0) // 1000)
         WHEN j IS NOT NULL THEN epoch_time(j."timeMillis") END AS time,
    CASE WHEN a IS NULL OR epoch_time(a.timestamp) IS NULL THEN stamp END AS local_time,
    coalesce(nullify(correlation), CASE WHEN r IS NOT NULL THEN coalesce(json_text(r.headers, '$."X-Correlation-Id"'), json_text(r.headers, '$."x-correlation-id"')) END) AS request_id,
    coalesce(nullify(a."clientId"), nullify(r.params.client_id), CASE WHEN contains(r.body, 'client_id=') THEN query_param('?' || r.body, 'client_id') END,
        basic_user(coalesce(json_text(r.headers, '$.Authorization'), json_text(r.headers, '$.authorization'))),
        CASE WHEN part = 'Unable to find client' THEN nullif(rtrim(regexp_extract(words, '(?:by id|by client_id:?) (\S+)', 1), '.'), '')
             WHEN part = 'Client is disabled' THEN nullif(regexp_extract(words, '^Client (\S+) is disabled', 1), '')
             WHEN part = 'AuthorizationGrant not found' THEN nullif(regexp_extract(words, 'clientId: ''([^'']*)''', 1), '')
             WHEN part = 'SubjectDN is not set for client' THEN nullif(regexp_extract(words, 'for client (\S+) which', 1), '')
             WHEN starts_with(part, 'Client certificate') OR starts_with(part, 'Failed to parse client') THEN nullif(rtrim(regexp_extract(words, 'client_id: (\S+)', 1), '.'), '') END) AS client_id,
    coalesce(nullify(a.username), nullify(r.params.username), CASE WHEN contains(r.body, 'username=') THEN query_param('?' || r.body, 'username') END,
        CASE WHEN signed_in OR starts_with(part, 'Authentication failed') THEN nullif(nullif(trim(regexp_replace(split_part(words, 'ser: ', 2), '\. (?:Custom script|Failed to find).*$', ''), ' '''), ''), 'null') END) AS user_name,
    CASE WHEN a IS NOT NULL THEN nullify(a.ip)
         WHEN r IS NOT NULL THEN forwarded_for(coalesce(json_text(r.headers, '$."X-Forwarded-For"'), json_text(r.headers, '$."x-forwarded-for"'))) END AS client_ip,
    CASE WHEN r IS NOT NULL THEN nullify(coalesce(json_text(r.headers, '$."User-Agent"'), json_text(r.headers, '$."user-agent"'))) END AS user_agent,
    place AS endpoint,
    nullify(r.path) AS path,
    CASE WHEN regexp_full_match(r.method, '[A-Z]+') THEN r.method END AS method,
    CASE WHEN s IS NOT NULL THEN http_status(s.status)
         WHEN told_status IS NOT NULL AND starts_with(part, 'Status: ') THEN told_status
         WHEN starts_with(part, 'HTTP ') THEN http_status(split_part(part, ' ', 2))
         WHEN part = 'server' AND regexp_matches(short, '^(?:Token|UserInfo|Introspection|Authorize)') THEN 500
         WHEN short = 'AuthenticationFilter' AND regexp_matches(part, '^(?:JWT authentication failed|Failed to authenticate client)') THEN 401
         WHEN part = 'Basic authentication failed' AND contains(why, 'Token Authentication Method') THEN 401 END AS status,
    -- ISO 8601: PT1M2.5S
    CASE WHEN starts_with(r.duration, 'PT') THEN
        (coalesce(TRY_CAST(nullif(regexp_extract(r.duration, '([0-9]+)H', 1), '') AS DOUBLE), 0) * 3600 + coalesce(TRY_CAST(nullif(regexp_extract(r.duration, '([0-9]+)M', 1), '') AS DOUBLE), 0) * 60
            + coalesce(TRY_CAST(nullif(regexp_extract(r.duration, '([0-9.]+)S', 1), '') AS DOUBLE), 0)) * 1000 END AS duration_ms,
    CASE WHEN r IS NOT NULL THEN asked_grant
         WHEN part IS NULL THEN NULL
         WHEN starts_with(part, 'PKCE') OR starts_with(part, 'Code is not set') OR starts_with(part, 'redirect_uri is not set') THEN 'authorization_code'
         WHEN starts_with(lower(part), 'refresh token') OR starts_with(part, 'Invalid refresh token') THEN 'refresh_token'
         WHEN contains(words, 'deviceCode') AND place = 'token' THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN place = 'token' AND (contains(part, 'subject_token') OR contains(part, 'actor_token') OR contains(part, 'device_secret')) THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
         WHEN part = 'Failed to authenticate user' THEN 'password' END AS grant_type,
    nullify(r.params.response_type) AS response_type,
    coalesce(nullify(a.scope), nullify(r.params.scope), CASE WHEN contains(r.body, 'scope=') THEN query_param('?' || r.body, 'scope') END) AS scope,
    coalesce(nullify(r.params.redirect_uri), CASE WHEN contains(r.body, 'redirect_uri=') THEN query_param('?' || r.body, 'redirect_uri') END) AS redirect_uri,
    coalesce(nullify(r.params.code), nullify(r.params.refresh_token), CASE WHEN contains(r.body, 'code=') THEN query_param('?' || r.body, 'code') END,
        CASE WHEN contains(r.body, 'refresh_token=') THEN query_param('?' || r.body, 'refresh_token') END,
        CASE WHEN part = 'AuthorizationGrant not found' THEN nullif(regexp_extract(words, 'identifier: ''([^'']*)''', 1), '') END) AS credential,
    CASE WHEN a IS NOT NULL THEN CASE WHEN success = 'true' THEN 'success' ELSE 'failure' END
         WHEN part IS NOT NULL THEN 'failure'
         WHEN signed_in THEN 'success' END AS outcome,
    CASE WHEN r IS NOT NULL THEN oauth_error(answered)
         WHEN part IS NULL THEN NULL
         WHEN short = 'AuthenticationFilter' AND regexp_matches(part, '^(?:Basic|Post|JWT) authentication failed|^Failed to authenticate client') THEN 'invalid_client'
         WHEN short IN ('DpopService', 'DPoPService') OR part = 'Invalid DPoP' THEN 'invalid_dpop_proof'
         WHEN starts_with(part, 'Reject request. isCert') THEN 'invalid_client'
         WHEN place = 'token' AND regexp_matches(part, '^(?:PKCE|AuthorizationGrant|Invalid refresh token|Refresh token is already|GrantType is not allowed|Unable to find session|Session found by)') THEN 'invalid_grant'
         WHEN place = 'token' AND regexp_matches(part, '^(?:Grant Type is not set|Code is not set|Refresh Token is not set|redirect_uri is not set|Unsupported|actor_token|audience|subject_token|sid claim|ds_hash|Unable to (?:parse|validate) subject)') THEN 'invalid_request'
         WHEN starts_with(part, 'Access hasn') THEN 'authorization_pending'
         WHEN part = 'Slow down protection' THEN 'slow_down'
         WHEN place = 'token' AND part = 'The authentication request has expired' THEN 'expired_token'
         WHEN starts_with(part, 'The end-user denied') THEN 'access_denied'
         WHEN place = 'authorization' AND (part IN ('Unable to find client', 'client_id is empty or blank')) THEN 'unauthorized_client'
         WHEN place = 'introspection' AND regexp_matches(part, '^(?:Access token is not valid|Authorization grant is null|access_token used)') THEN 'access_denied'
         WHEN place = 'userinfo' AND told_status = 401 THEN 'invalid_token'
         WHEN place = 'userinfo' AND told_status = 403 THEN 'insufficient_scope' END AS error,
    CASE WHEN a IS NOT NULL THEN CASE WHEN success IS DISTINCT FROM 'true' THEN action END
         WHEN r IS NOT NULL AND oauth_error(answered) IS NULL THEN nullify(answered) END AS error_code,
    CASE WHEN r IS NOT NULL THEN coalesce(nullify(b.reason), nullify(regexp_replace(b.error_description, ' CorrelationId: \S+$', '')))
         WHEN part IS NULL THEN NULL
         WHEN starts_with(part, 'Status: ') THEN told_reason
         WHEN starts_with(part, 'HTTP ') THEN NULL
         WHEN part = 'server' THEN left(concat_ws(': ', nullif(words, ''), CASE WHEN why IS NOT NULL AND NOT contains(words, why) THEN why END), 500)
         WHEN why IS NOT NULL AND NOT contains(part, why) THEN rtrim(part, '.') || ': ' || left(why, 300)
         ELSE part END AS error_description,
    CASE
        WHEN a IS NOT NULL THEN CASE
            WHEN place IS NOT NULL OR action IS NULL THEN NULL
            WHEN action = 'USER_AUTHORIZATION' THEN 'authorization request that is not yet answered'
            WHEN starts_with(action, 'SESSION_') THEN 'a session begins'
            ELSE 'an event of no OAuth request' END
        WHEN r IS NOT NULL THEN CASE WHEN NOT contains(r.path, '/restv1/') AND NOT contains(r.path, '/.well-known/') THEN 'page or file' END
        WHEN class IS NOT NULL THEN CASE
            WHEN is_told THEN 'its reason stands in another line'
            WHEN part IS NOT NULL OR signed_in THEN NULL
            WHEN contains(class, 'PythonService') OR contains(class, 'custom.script') OR contains(class, 'service.custom') OR contains(class, 'agama') THEN 'message of a script'
            ELSE 'server message' END END AS ignored,
    CASE
        WHEN of_json AND j IS NULL THEN 'broken JSON'
        WHEN of_json AND class IS NULL AND a IS NULL THEN 'no line of Janssen'
        WHEN audit_text IS NOT NULL AND (a IS NULL OR action IS NULL) THEN 'no action'
        WHEN r IS NOT NULL AND s IS NULL THEN 'no response'
        WHEN class IS NULL AND a IS NULL THEN 'no line of Janssen' END AS quarantined
FROM placed
UNION ALL BY NAME
SELECT "offset", CASE WHEN goes_on THEN 'goes on from a line before' END AS ignored, CASE WHEN NOT goes_on THEN 'no line of Janssen' END AS quarantined
FROM grouped WHERE NOT is_head AND NOT of_json
ORDER BY "offset"
