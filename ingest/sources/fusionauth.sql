/*
title = "FusionAuth"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"(?:createInstant|insertInstant)"\s*:\s*[0-9]{10,}.*"type"\s*:\s*"(?:(?:user|jwt|group|entity|identity|audit-log|event-log|kickstart)\.[a-zA-Z.-]+|Information|Debug|Error)"|(?s)"type"\s*:\s*"(?:(?:user|jwt|group|entity|identity|audit-log|event-log|kickstart)\.[a-zA-Z.-]+|Information|Debug|Error)".*"(?:createInstant|insertInstant)"\s*:\s*[0-9]{10,}|"insertInstant"\s*:\s*[0-9]{10,}.*"insertUser"\s*:|"insertUser"\s*:.*"insertInstant"\s*:\s*[0-9]{10,}|(?s)"instant"\s*:\s*[0-9]{13}\b.*"(?:loginId|userId)"\s*:|(?s)"(?:loginId|userId)"\s*:.*"instant"\s*:\s*[0-9]{13}\b|^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}) [0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} [AP]M (?:TRACE|DEBUG|INFO|WARN|ERROR) +(?:io\.fusionauth|com\.inversoft|org\.primeframework)\.[A-Za-z0-9_.$]+ +-'
priority = 42
documentation = [
    "https://fusionauth.io/docs/operate/troubleshooting/troubleshooting",
    "https://fusionauth.io/docs/apis/event-logs",
    "https://fusionauth.io/docs/apis/audit-logs",
    "https://fusionauth.io/docs/extend/events-and-webhooks/events/",
    "https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/endpoints#oautherror",
    "https://github.com/FusionAuth/fusionauth-typescript-client",
]
cannot_tell = "FusionAuth writes no line for a refused OAuth request: neither its application log nor its events tell of a wrong client secret, a spent code or a bad redirect URI, so the log of a gateway before it must. Of users it tells by webhook events only (Tenants > Edit > Webhooks: user.login.failed, user.two-factor.failed-attempt, jwt.refresh), and not of a user that it does not know. The Event Log has the failures of identity providers, connectors and lambdas; with oauthConfiguration.debug of an application it has traces of token requests, of which why401 reads what is given there as error and error_reason. Nothing holds an HTTP status; the application log has no zone."
[[advice]]
columns = ["user_id", "client_ip", "error_code"]
add = 'a webhook with user.login.failed and user.two-factor.failed-attempt, both enabled in Tenants > Edit > Webhooks'
tells = "sign-ins that failed, with the user, the application and the address"

[[advice]]
columns = ["error_description"]
add = 'Applications > Edit > OAuth > Debug enabled, and Debug enabled of the identity provider'
tells = "why the exchange of a code and the call of an identity provider failed"
*/
-- Webhook events, entries of the Event Log and of the audit log and login records are JSON; the application log is text of Logback:
-- a line for each message, and a stack trace below the one that tells of an exception, from which that line takes its exception and action.
-- A webhook puts an event into `event`, the webhook event log once more; without a type at the top one of these holds it.
WITH objects AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '{' THEN TRY(json_extract_string(line, ['$.type', '$.createInstant', '$.insertInstant', '$.instant', '$.event.type', '$.event.event.type',
            '$.eventLog.type', '$.auditLog.insertUser'])) END AS kinds
    FROM records
),
opened AS (
    SELECT "offset", line, kinds IS NOT NULL AS matched,
        CASE WHEN kinds IS NULL THEN NULL
             WHEN kinds[1] IS NOT NULL THEN line
             WHEN kinds[5] IS NOT NULL THEN CAST(json_extract(line, '$.event') AS VARCHAR)
             WHEN kinds[6] IS NOT NULL THEN CAST(json_extract(line, '$.event.event') AS VARCHAR)
             WHEN kinds[7] IS NOT NULL THEN CAST(json_extract(line, '$.eventLog') AS VARCHAR)
             WHEN kinds[8] IS NOT NULL THEN CAST(json_extract(line, '$.auditLog') AS VARCHAR)
             ELSE line END AS object
    FROM objects
),
parsed AS (
    SELECT "offset", line, matched,
        CASE WHEN object IS NOT NULL THEN json_extract_string(object, [
            '$.type', '$.id', '$.createInstant', '$.insertInstant', '$.instant', '$.message', '$.insertUser', '$.tenantId', '$.applicationId', '$.applicationName',
            '$.userId', '$.loginId', '$.user.id', '$.ipAddress', '$.info.ipAddress', '$.info.userAgent', '$.authenticationType', '$.reason.code',
            '$.reason.lambdaResult.generalErrors[0].message', '$.reason.lambdaResult.fieldErrors', '$.token', '$.refreshToken', '$.refreshToken.token',
            '$.refreshToken.applicationId', '$.refreshToken.tenantId', '$.refreshToken.userId', '$.eventLog.id', '$.eventLog.insertInstant', '$.eventLog.type',
            '$.eventLog.message']) END AS held
    FROM opened
),
fields AS (
    SELECT "offset", line, matched,
            held[1] AS type, held[2] AS id, held[3] AS created, held[4] AS inserted, held[5] AS instant, held[6] AS message, held[7] AS insert_user,
            held[8] AS tenant_id, held[9] AS application_id, held[10] AS application_name, held[11] AS user_id, held[12] AS login_id, held[13] AS user_own_id,
            held[14] AS ip_address, held[15] AS info_ip, held[16] AS info_agent, held[17] AS authentication_type, held[18] AS reason_code,
            held[19] AS reason_general, held[20] AS reason_fields, held[21] AS token, held[22] AS refresh_token, held[23] AS refresh_value,
            held[24] AS refresh_application, held[25] AS refresh_tenant, held[26] AS refresh_user, held[27] AS entry_id, held[28] AS entry_inserted,
            held[29] AS entry_type, held[30] AS entry_message
    FROM parsed
),
written AS (
    SELECT * REPLACE (
            -- an entry of the Event Log, as it is or in an event of its own
            CASE WHEN type = 'event-log.create' AND entry_message IS NOT NULL THEN coalesce(entry_type, 'Error') ELSE type END AS type,
            coalesce(entry_message, message) AS message,
            coalesce(entry_id, id) AS id,
            coalesce(entry_inserted, inserted) AS inserted),
        CASE WHEN NOT matched AND line[1] <> '{' AND line[1] <> ' ' AND line[1] <> chr(9)
             THEN regexp_extract(line,
                '^((?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}) [0-9]{1,2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}(?: [AP]M)?) +(TRACE|DEBUG|INFO|WARN|ERROR) +([A-Za-z0-9_.$]+) +- ?(.*)$',
                ['stamp', 'level', 'logger', 'words']) END AS t
    FROM fields
),
named AS (
    SELECT *,
        nullif(t.stamp, '') AS stamp,
        split_part(t.logger, '.', -1) AS class,
        CASE WHEN NOT matched THEN NULL
             WHEN type IN ('Information', 'Debug', 'Error') AND message IS NOT NULL THEN 'entry'
             WHEN created IS NOT NULL AND (contains(type, '.') OR type = 'test') THEN 'event'
             WHEN insert_user IS NOT NULL AND message IS NOT NULL THEN 'audit'
             WHEN instant IS NOT NULL AND coalesce(user_id, login_id, application_id) IS NOT NULL THEN 'login' END AS sort
    FROM written
),
-- the lines below a message belong to it
below AS (
    SELECT owner,
        arg_min(line, "offset") FILTER (WHERE "offset" > owner AND regexp_matches(line, '^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z0-9_$]+)+(: |$)')) AS thrown,
        arg_min(line, "offset") FILTER (WHERE contains(line, 'at io.fusionauth.app.action.')) AS acted
    FROM (
        SELECT "offset", line, unhandled, last_value(CASE WHEN stamp IS NOT NULL THEN "offset" END IGNORE NULLS) OVER (ORDER BY "offset") AS owner
        FROM (SELECT "offset", line, stamp, contains(t.words, 'unhandled exception was thrown') AS unhandled FROM named WHERE NOT matched)
    )
    WHERE owner IS NOT NULL
    GROUP BY owner
    HAVING bool_or(unhandled)
),
traced AS (
    SELECT named.*,
        below.thrown,
        below.acted,
        nullif(regexp_extract(coalesce(below.acted, below.thrown), 'io\.fusionauth\.app\.action\.([A-Za-z0-9_.]+)', 1), '') AS action
    FROM named LEFT JOIN below ON named."offset" = below.owner AND named.stamp IS NOT NULL
),
-- what an entry of the Event Log is about, by its first line
told AS (
    SELECT *,
        CASE WHEN sort = 'entry' THEN trim(split_part(ltrim(message, chr(10) || chr(13) || ' '), chr(10), 1), ' ' || chr(13)) END AS head
    FROM traced
),
topics AS (
    SELECT *,
        CASE WHEN head IS NULL THEN NULL
             WHEN regexp_matches(head, 'IdP Response Debug Log|Connector Debug Log|^Unable to resolve OpenID Connect configuration|^Request to the \[|^Bind request to connector|\[ExternalAuthenticationException\]') THEN 'idp'
             WHEN regexp_matches(head, '(?i)\blambda\b') THEN 'lambda'
             WHEN regexp_matches(head, '\bCORS\b') THEN 'cors'
             WHEN regexp_matches(head, '(?i)webhook|kafka|smtp|e-?mail|sms|message template|messenger') THEN NULL
             WHEN contains(message, 'error_reason') OR regexp_matches(head, '(?i)\boauth') THEN 'oauth'
             WHEN contains(head, 'SAML') AND regexp_matches(head, '(?i)response') THEN 'idp' END AS topic
    FROM told
),
judged AS (
    SELECT *,
        CASE WHEN topic IN ('oauth', 'idp') AND contains(message, 'error_reason') THEN nullif(regexp_extract(message, '\berror_reason\\?["'']?\]? *[:=]? *[\["'']?([a-z_]+)', 1), '') END AS reason,
        CASE WHEN topic = 'oauth' AND contains(message, 'error') THEN nullif(regexp_extract(message, '\berror\\?["'']?\]? *[:=]? *[\["'']?([a-z]+_[a-z_]+)', 1), '') END AS said_error,
        CASE WHEN topic = 'oauth' AND contains(message, 'error_description') THEN nullif(regexp_extract(message, '\berror_description\\?["'']?\]? *[:=]? *(?:"([^"]*)"|\[[^\]\n]*\]|[^\n&",}]+)', 1), '') END AS said_description,
        -- the line of a trace that tells of a failure: `4/6/2020 02:27:52 AM UTC Endpoint returned status code [400]`
        CASE WHEN topic IS NOT NULL AND type = 'Debug' THEN nullif(regexp_extract(message,
            '(?:^|\n)[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2} [AP]M [A-Za-z0-9_/:+-]+ ([^\n]*(?:status code \[(?:-1|0|[45][0-9]{2})\]|not successful|(?i:\bfail(?:ed|ure)\b|\binvalid\b|\bunable to\b|exception|not allowed|did not match|does not match|\bdenied\b))[^\n]*)', 1), '') END AS failing_line
    FROM topics
),
decided AS (
    SELECT *,
        CASE
            WHEN sort = 'event' THEN CASE
                WHEN type IN ('user.login.failed', 'user.two-factor.failed-attempt', 'user.two-factor.failed.attempt') THEN 'failure'
                WHEN type IN ('user.login.success', 'jwt.refresh', 'jwt.refresh-token.revoke') THEN 'success' END
            WHEN sort = 'login' THEN 'success'
            WHEN sort = 'entry' THEN CASE
                WHEN topic IS NULL OR contains(failing_line, 'see the error event log') THEN NULL
                WHEN type = 'Error' THEN 'failure'
                WHEN type = 'Debug' AND (failing_line IS NOT NULL OR (topic = 'oauth' AND coalesce(reason, said_error) IS NOT NULL)
                    OR (topic = 'cors' AND regexp_matches(message, '(?i)\binvalid\b|not allowed|\bdenied\b|forbidden|rejected|\b403\b'))) THEN 'failure' END
            WHEN contains(t.words, 'unhandled exception was thrown') THEN CASE
                WHEN starts_with(action, 'oauth2.') OR starts_with(action, 'api.jwt.') OR starts_with(action, 'api.identityProvider.')
                    OR starts_with(action, 'api.LoginAction') OR starts_with(action, 'api.passwordless.') OR starts_with(action, 'api.twoFactor.') THEN 'failure'
                ELSE 'other' END
            WHEN class = 'CORSFilter' AND regexp_matches(t.words, '(?i)\binvalid\b|not allowed|\bdenied\b|forbidden|rejected|\b403\b') THEN 'failure' END AS end_of_it
    FROM judged
),
placed AS (
    SELECT *,
        CASE
            WHEN end_of_it IS NULL THEN NULL
            WHEN sort = 'event' THEN CASE
                WHEN type = 'jwt.refresh' OR authentication_type = 'REFRESH_TOKEN' THEN 'token'
                WHEN type = 'jwt.refresh-token.revoke' THEN 'revocation' ELSE 'authorization' END
            WHEN sort = 'login' THEN 'authorization'
            WHEN topic = 'idp' THEN 'authorization'
            WHEN topic = 'oauth' THEN CASE
                WHEN reason IN ('auth_code_not_found', 'refresh_token_not_found', 'invalid_pkce_code_verifier', 'missing_code', 'missing_code_verifier',
                    'missing_device_code', 'invalid_device_code', 'missing_grant_type', 'invalid_grant_type', 'missing_refresh_token',
                    'invalid_target_entity_scope', 'invalid_entity_permission_scope', 'invalid_expires_in')
                    OR said_error IN ('unsupported_grant_type', 'authorization_pending', 'expired_token') THEN 'token'
                WHEN reason IN ('invalid_response_type', 'missing_response_type', 'invalid_response_mode', 'invalid_pkce_code_challenge',
                    'invalid_pkce_code_challenge_method', 'missing_code_challenge', 'invalid_prompt')
                    OR said_error IN ('unsupported_response_type', 'login_required', 'interaction_required', 'consent_required') THEN 'authorization'
                WHEN reason = 'invalid_post_logout_redirect_uri' THEN 'end_session'
                WHEN regexp_matches(head, '(?i)token endpoint|token request') THEN 'token'
                WHEN regexp_matches(head, '(?i)authorize|authorization (endpoint|request)') THEN 'authorization' END
            WHEN action IS NULL THEN NULL
            WHEN starts_with(action, 'oauth2.Token') THEN 'token'
            WHEN starts_with(action, 'oauth2.Introspect') THEN 'introspection'
            WHEN starts_with(lower(action), 'oauth2.userinfo') THEN 'userinfo'
            WHEN starts_with(action, 'oauth2.Logout') THEN 'end_session'
            WHEN starts_with(action, 'oauth2.Revoke') THEN 'revocation'
            WHEN starts_with(action, 'oauth2.Device') THEN 'device_authorization'
            WHEN starts_with(action, 'oauth2.') THEN 'authorization'
            WHEN starts_with(action, 'api.jwt.Refresh') THEN 'token'
            WHEN starts_with(action, 'api.identityProvider.') OR starts_with(action, 'api.LoginAction') OR starts_with(action, 'api.passwordless.')
                OR starts_with(action, 'api.twoFactor.') THEN 'authorization'
            WHEN starts_with(action, 'api.') THEN 'api' END AS place
    FROM decided
)
SELECT
    "offset",
    CASE sort WHEN 'event' THEN epoch_time(created) WHEN 'login' THEN epoch_time(instant) ELSE epoch_time(inserted) END AS time,
    try_strptime(stamp, ['%Y-%m-%d %I:%M:%S.%g %p', '%b %d, %Y %I:%M:%S.%g %p', '%Y-%m-%d %H:%M:%S.%g']) AS local_time,
    coalesce(nullify(tenant_id), nullify(refresh_tenant)) AS tenant,
    -- an entry's number is of one installation; with its instant it is of no other
    CASE WHEN sort = 'event' THEN nullify(id)
         WHEN sort = 'entry' AND id IS NOT NULL AND inserted IS NOT NULL THEN concat_ws('/', 'event-log', id, inserted) END AS event_id,
    coalesce(nullify(application_id), nullify(refresh_application),
        CASE WHEN topic = 'idp' AND contains(message, 'application with Id [') THEN nullif(regexp_extract(message, 'application with Id \[([^\]]+)\]', 1), '')
             WHEN topic = 'oauth' THEN nullif(regexp_extract(message, '(?i)\b(?:client_?id|application(?: with id)?|client id)\\?["'']?\]? *[:=]? *[\["'']?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})', 1), '') END) AS client_id,
    nullify(application_name) AS client_name,
    coalesce(nullify(user_own_id), nullify(user_id), nullify(refresh_user), nullify(login_id),
        CASE WHEN topic = 'idp' AND contains(message, '] for [') THEN nullif(regexp_extract(message, 'from IP address \[[^\]]*\] for \[([^\]]+)\]', 1), '') END) AS user_name,
    coalesce(nullify(info_ip), nullify(ip_address),
        CASE WHEN topic = 'idp' AND contains(message, 'from IP address [') THEN nullif(regexp_extract(message, 'from IP address \[([^\]]+)\]', 1), '') END) AS client_ip,
    nullify(info_agent) AS user_agent,
    place AS endpoint,
    CASE WHEN contains(t.words, 'unhandled exception was thrown') THEN CAST(500 AS SMALLINT)
         WHEN class = 'CORSFilter' AND end_of_it = 'failure' THEN CAST(403 AS SMALLINT) END AS status,
    CASE WHEN type = 'jwt.refresh' OR authentication_type = 'REFRESH_TOKEN' OR reason IN ('refresh_token_not_found', 'missing_refresh_token', 'refresh_token_type_not_supported') THEN 'refresh_token'
         WHEN reason IN ('auth_code_not_found', 'invalid_pkce_code_verifier', 'missing_code', 'missing_code_verifier') THEN 'authorization_code'
         WHEN reason IN ('invalid_device_code', 'missing_device_code') OR said_error IN ('authorization_pending', 'expired_token') THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN reason IN ('invalid_target_entity_scope', 'invalid_entity_permission_scope') THEN 'client_credentials' END AS grant_type,
    CASE WHEN sort = 'event' AND type = 'jwt.refresh' THEN token END AS jwt,
    CASE WHEN sort = 'event' AND starts_with(type, 'jwt.') THEN coalesce(nullify(refresh_value), CASE WHEN refresh_token[1] <> '{' THEN nullify(refresh_token) END) END AS credential,
    end_of_it AS outcome,
    CASE WHEN end_of_it = 'failure' THEN oauth_error(said_error) END AS error,
    CASE WHEN end_of_it = 'success' OR end_of_it IS NULL THEN NULL
         WHEN sort = 'event' THEN CASE WHEN starts_with(type, 'user.two-factor.failed') THEN 'user.two-factor.failed-attempt'
            ELSE concat_ws('/', type, nullify(reason_code)) END
         WHEN contains(message, '[ExternalAuthenticationException]') THEN regexp_extract(message, '(\[ExternalAuthenticationException\][A-Za-z0-9]+)', 1)
         WHEN topic = 'oauth' THEN coalesce(nullif(reason, 'unknown'), CASE WHEN oauth_error(said_error) IS NULL THEN said_error END)
         WHEN thrown IS NOT NULL THEN split_part(split_part(thrown, ':', 1), '.', -1) END AS error_code,
    CASE WHEN end_of_it = 'success' OR end_of_it IS NULL THEN NULL
         WHEN sort = 'event' THEN coalesce(nullify(reason_general), CASE WHEN length(reason_fields) > 2 THEN nullif(regexp_extract(reason_fields, '"message" ?: ?"([^"]*)"', 1), '') END)
         WHEN sort = 'entry' THEN left(trim(regexp_replace(CASE
                WHEN topic = 'oauth' AND said_description IS NOT NULL THEN said_description
                WHEN topic = 'cors' THEN 'CORS: ' || coalesce(failing_line, message)
                WHEN topic = 'oauth' AND failing_line IS NOT NULL THEN failing_line
                WHEN failing_line IS NOT NULL THEN regexp_replace(head, ' (?:for )?\[.*$', '') || ': ' || failing_line
                ELSE message END, '\s+', ' ', 'g')), 500)
         WHEN class = 'CORSFilter' THEN 'CORS: ' || t.words
         ELSE concat_ws(': ', rtrim(t.words), thrown) END AS error_description,
    CASE WHEN end_of_it IS NOT NULL THEN NULL
         WHEN sort = 'event' THEN CASE
            WHEN type IN ('user.login.new-device', 'user.login.suspicious') THEN 'another event tells of the sign-in'
            WHEN starts_with(type, 'user.two-factor.challenge') OR starts_with(type, 'user.two-factor.success') THEN 'a step of a sign-in, another event tells how it ended'
            ELSE 'not a sign-in or OAuth event' END
         WHEN sort = 'audit' THEN 'a change by an administrator'
         WHEN sort = 'entry' THEN CASE
            WHEN contains(failing_line, 'see the error event log') THEN 'another entry tells why the request failed'
            WHEN topic IS NOT NULL THEN 'a trace that tells of no failure' ELSE 'server message' END
         WHEN matched THEN NULL
         WHEN stamp IS NOT NULL THEN 'server message'
         WHEN regexp_matches(line, '^\s+(at |\.\.\. \d+ )|^(Caused by|Suppressed): |^[\w.$]+(Exception|Error)(: |$)') THEN 'stack trace'
         WHEN NOT regexp_matches(line, '^\s*[{]|^([0-9]{4}-[0-9]{2}|[A-Z][a-z]{2} [0-9]{1,2}, [0-9]{4}) ?.*\b[AP]M\b') THEN 'not a log line of the server' END AS ignored,
    CASE WHEN NOT matched AND ltrim(line)[1] = '{' THEN 'broken JSON'
         WHEN NOT matched AND stamp IS NULL THEN 'broken text'
         WHEN matched AND sort IS NULL THEN 'neither an event nor an entry of a log' END AS quarantined
FROM placed
