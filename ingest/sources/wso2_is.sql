/*
title = "WSO2 Identity Server (wso2carbon.log, audit.log, diagnostic logs)"
kind = "auth_server"
provenance = "composed"
recognise = '\{org\.wso2\.carbon\.(?:identity|core|user)\.|\{AUDIT_LOG\}|"componentId" ?: ?"(?:oauth-inbound-service|client-authentication-handler|authentication-framework)"|"resultStatus" ?: ?"(?:SUCCESS|FAILED)", ?"resultMessage"|^\[[0-9]{4}-[0-9-]{5} [0-9:,]{12}\] (?:\[[^\]]*\] )? *[A-Z]+ - (?:OAuth2Service|OAuth2TokenEndpoint|OAuth2AuthzEndpoint|AccessTokenIssuer|EndpointUtil) |^Initiator ?[:=] '
priority = 47
documentation = [
    "https://is.docs.wso2.com/en/latest/deploy/monitor/monitor-logs/",
    "https://is.docs.wso2.com/en/latest/guides/asgardeo-logs/diagnostic-logs/",
    "https://github.com/wso2-extensions/identity-inbound-auth-oauth",
]
cannot_tell = "wso2carbon.log tells of errors of the server and of few refusals: most of what a client did wrong is logged at level DEBUG of org.wso2.carbon.identity.oauth2 or as diagnostic log only, so that the access log has most failures with their status alone. audit.log tells of sign-ins and of tokens issued, and not why a sign-in failed. The id in brackets (since release 5.8) is the correlation id that the caller sends as activityid."

[[advice]]
columns = ["error_description", "client_id", "request_id"]
add = 'logger.org-wso2-identity-oauth2.name = org.wso2.carbon.identity.oauth2 with level DEBUG in log4j2.properties'
tells = "why a token request was refused, with its client and grant"
*/
-- Carbon's layout with messages, the audit log in it, and diagnostic logs in JSON. The line of an exception stands below.
WITH placed AS (
    SELECT line, "offset", lead(line) OVER () AS below,
        CASE WHEN starts_with(line, 'TID') OR starts_with(line, '[2') OR starts_with(line, 'osgi> [2') THEN strpos(line, '[2') END AS begins
    FROM records
),
cut AS (
    SELECT *,
        CASE WHEN begins > 0 THEN line[begins + 1:begins + 23] END AS stamp,
        CASE WHEN begins > 0 THEN ltrim(substr(line, begins + 25)) END AS behind,
        CASE WHEN begins > 1 THEN split_part(split_part(line[:begins], '[', 2), ']', 1) END AS tenant_id
    FROM placed
),
-- since release 5.8 of the Identity Server the id of the request stands before the level
headed AS (
    SELECT *,
        CASE WHEN behind[1] = '[' THEN split_part(behind[2:], ']', 1) END AS correlation,
        CASE WHEN behind[1] = '[' THEN ltrim(substr(behind, strpos(behind, ']') + 1)) ELSE behind END AS levelled
    FROM cut
),
spoken AS (
    SELECT *,
        split_part(levelled, ' ', 1) AS level,
        ltrim(substr(levelled, strpos(levelled, ' ') + 1)) AS named
    FROM headed
),
said AS (
    SELECT *,
        -- `{logger} - message {logger}` in files, `- Class message` on the console
        CASE WHEN named[1] = '{' THEN split_part(named[2:], '}', 1)
             WHEN starts_with(named, '- ') THEN split_part(named[3:], ' ', 1) END AS logger,
        CASE WHEN named[1] = '{' THEN rtrim(regexp_replace(ltrim(substr(named, strpos(named, '}') + 1), ' -'), ' *\{[\w.$]+\}\s*$', ''))
             WHEN starts_with(named, '- ') THEN ltrim(substr(named[3:], strpos(named[3:], ' '))) END AS message
    FROM spoken
),
-- log4j2 writes an exception behind its message
thrown AS (
    SELECT * EXCLUDE (message), CASE WHEN behind_it.thrown <> '' THEN behind_it.message ELSE message END AS message
    FROM (
        SELECT *, CASE WHEN contains(message, 'Exception') OR contains(message, 'Error: ') THEN regexp_extract(message,
            '^(.+?) ((?:(?:[a-z][a-z0-9_]*\.){2,}[A-Z]\w*(?:Exception|Error)(?:: .*)?)|OAuthProblemException\{.*)$',
            ['message', 'thrown']) END AS behind_it
        FROM said
    )
),
kinds AS (
    SELECT *,
        CASE WHEN line[1] = '{' THEN line WHEN starts_with(message, '{"') AND contains(message, '"resultStatus"') THEN message END AS diagnostic,
        coalesce(logger LIKE '%AUDIT_LOG%', false) OR starts_with(line, 'Initiator') AS audit,
        CASE WHEN starts_with(line, 'Initiator') THEN line ELSE message END AS words,
        coalesce(nullif(behind_it.thrown, ''), CASE WHEN regexp_matches(below[:200],
            '^(?:Caused by: )?(?:[\w.$]+(?:Exception|Error)(?:: |$)|OAuthProblemException\{)') THEN below END) AS exception
    FROM thrown
),
opened AS (
    SELECT *,
        CASE WHEN diagnostic IS NOT NULL THEN TRY(from_json(diagnostic,
            '{"logId":"VARCHAR","recordedAt":"JSON","requestId":"VARCHAR","flowId":"VARCHAR","resultStatus":"VARCHAR","resultMessage":"VARCHAR",
              "actionId":"VARCHAR","componentId":"VARCHAR","input":"JSON","configurations":"JSON"}')) END AS d,
        -- `Initiator : x | Action : y | Target : z | Data : { ... } | Result : r` or `Initiator=x Action=y Target=z Data={...} Outcome=r`
        CASE WHEN audit THEN regexp_extract(words,
            '^ *Initiator ?[:=] ?(.*?) (?:\| )?Action ?[:=] ?(.*?) (?:\| )?Target ?[:=] ?(.*?) *(?:\| )?Data ?[:=] ?(\{.*\})? *(?:(?:\| )?(?:Result|Outcome) ?[:=] ?(\S+))?', ['initiator', 'action', 'target', 'data', 'result']) END AS a,
        CASE WHEN exception IS NOT NULL THEN left(CASE
            WHEN contains(exception, 'OAuthProblemException{') THEN regexp_extract(exception, 'description=''(.*?)'', uri=', 1)
            WHEN contains(exception, ': ') THEN regexp_replace(regexp_replace(exception, '^(?:Caused by: )?[\w.$]+: ', ''), '(uthentication failed for) .*$', '\1 the user') END, 400) END AS reason
    FROM kinds
),
judged AS (
    SELECT *,
        CASE WHEN contains(a.data, '":') OR contains(a.data, '" :') THEN TRY(from_json(replace(a.data, '"N/A"', 'null'),
            '{"RelyingParty":"VARCHAR","clientId":"VARCHAR","ServiceProvider":"VARCHAR","ServiceProviderName":"VARCHAR","AuthenticatedUser":"VARCHAR",
              "AuthenticatedUserTenantDomain":"VARCHAR","RequestType":"VARCHAR","RemoteAddress":"VARCHAR","RemoteIp":"VARCHAR","scope":"VARCHAR"}')) END AS f,
        regexp_matches(a.action, '(?i)^(login|logout|posttokenissue|terminatesession|authenticationstep|step)') AS audited,
        -- messages of requests: what OAuth's classes warn of
        logger IS NOT NULL AND NOT audit AND diagnostic IS NULL
            AND (contains(logger, '.identity.oauth') OR contains(logger, '.identity.oidc') OR contains(logger, 'OAuth2') OR logger IN ('AccessTokenIssuer', 'EndpointUtil')) AS oauth,
        coalesce(reason, '') AS why
    FROM opened
),
told AS (
    SELECT *,
        CASE WHEN oauth THEN CASE
            WHEN contains(message, 'not allowed for public clients') OR regexp_matches(message, '(?i)^(?:successfully|initiali[sz]|activat|deactivat|register|loaded|starting)') THEN false
            WHEN level = 'ERROR' THEN true
            ELSE regexp_matches(message, '(?i)\b(?:error|invalid|fail(?:ed|ure)?|expired|not (?:in active|found|authorized|active|allowed|valid|match\w*|supported)|unauthorized|unsupported|mismatch|denied|missing|could not|does not match|inactive|revoked|locked|disabled)\b') END END AS failing
    FROM judged
)
SELECT
    "offset",
    CASE WHEN d IS NOT NULL THEN CASE json_type(d."recordedAt")
            WHEN 'OBJECT' THEN make_timestamp(TRY_CAST(d."recordedAt" ->> '$.seconds' AS BIGINT) * 1000000 + coalesce(TRY_CAST(d."recordedAt" ->> '$.nanos' AS BIGINT), 0) // 1000)
            ELSE coalesce(iso_time(d."recordedAt" ->> '$'), epoch_time(d."recordedAt" ->> '$')) END END AS time,
    try_strptime(replace(stamp, ',', '.'), '%Y-%m-%d %H:%M:%S.%g') AS local_time,
    coalesce(nullify(f."AuthenticatedUserTenantDomain"), nullify(d.input ->> '$.tenantDomain'), nullify(d.input ->> '$."tenant domain"'), nullify(tenant_id)) AS tenant,
    nullify(d."logId") AS event_id,
    coalesce(nullify(d."requestId"), nullify(correlation)) AS request_id,
    coalesce(nullify(f."RelyingParty"), nullify(f."clientId"), nullify(d.input ->> '$.clientId'), nullify(d.input ->> '$.client_id'), nullify(d.input ->> '$."client id"'),
        CASE WHEN oauth THEN nullif(nullif(regexp_extract(concat(message, ' ', why),
            '(?i)(?:client,?[ _]?id(?: ?= ?| ?:? (?:is )?:? ?)|consumer key ?: ?)([\w.-]{4,})', 1), ''), 'null') END) AS client_id,
    coalesce(nullify(f."ServiceProviderName"), nullify(f."ServiceProvider"), nullify(d.input ->> '$.applicationName'), nullify(d.input ->> '$."application name"')) AS client_name,
    coalesce(nullify(f."AuthenticatedUser"), nullify(d.input ->> '$."user id"'), nullify(d.input ->> '$.userId'), nullify(d.input ->> '$.user'), nullify(d.input ->> '$."username"'),
        CASE WHEN audited THEN nullif(nullify(a.initiator), 'N/A') END,
        CASE WHEN oauth THEN nullif(nullif(regexp_extract(message, 'User ID:? ?([^ ,]+)', 1), ''), 'null') END) AS user_name,
    coalesce(ip_address(f."RemoteAddress"), ip_address(f."RemoteIp")) AS client_ip,
    CASE WHEN audited THEN CASE WHEN a.action ILIKE 'posttokenissue%' THEN 'token' WHEN a.action ILIKE 'logout%' OR a.action ILIKE 'terminate%' THEN 'end_session' ELSE 'authorization' END
         WHEN d IS NOT NULL THEN CASE
            WHEN regexp_matches(d."actionId", 'authz|authorize|consent|auth-step|prompt|response-type|login') THEN 'authorization'
            WHEN regexp_matches(d."actionId", 'introspect|validate-.*access-token|validate-token') THEN 'introspection'
            WHEN contains(d."actionId", 'revoke') THEN 'revocation'
            WHEN contains(d."actionId", 'user-info') OR contains(d."actionId", 'userinfo') THEN 'userinfo'
            WHEN contains(d."actionId", 'logout') THEN 'end_session'
            WHEN regexp_matches(d."actionId", 'token|pkce|grant|client-auth|scope') OR d."componentId" = 'client-authentication-handler' THEN 'token'
            WHEN d."componentId" = 'authentication-framework' THEN 'authorization' END
         WHEN failing THEN CASE
            WHEN regexp_matches(logger, '(?i)introspect|oauth2?\.validators') THEN 'introspection'
            WHEN regexp_matches(logger, '(?i)revo[ck]') OR message ILIKE '%revok%' THEN 'revocation'
            WHEN regexp_matches(logger, '(?i)userinfo|endpoint\.user\.') THEN 'userinfo'
            WHEN regexp_matches(logger, '(?i)logout|session') THEN 'end_session'
            WHEN regexp_matches(logger, '(?i)dcr') THEN 'registration'
            WHEN regexp_matches(logger, '(?i)authz') OR contains(message, 'authorization request') THEN 'authorization'
            WHEN regexp_matches(logger, '(?i)token|grant|client\.authentication') OR contains(message, 'ccess token') OR contains(message, 'Grant Type') THEN 'token' END END AS endpoint,
    coalesce(nullify(d.input ->> '$.grantType'), nullify(d.input ->> '$.grant_type'), nullify(d.input ->> '$."grant type"'),
        CASE WHEN oauth THEN nullif(regexp_extract(message, '(?i)grant type ?: ''?([\w:.-]+)', 1), '')
             WHEN audited AND contains(a.target, 'PasswordGrant') THEN 'password' END) AS grant_type,
    coalesce(nullify(d.input ->> '$.response_type'), nullify(d.input ->> '$."response type"')) AS response_type,
    nullif(trim(translate(coalesce(d.input ->> '$."requested scopes"', d.input ->> '$.scope', d.input ->> '$.scopes', f.scope,
        CASE WHEN oauth THEN nullif(regexp_extract(message, 'Scope : \[(.*?)\]', 1), '') END), '[]",', '    ')), '') AS scope,
    coalesce(nullify(d.input ->> '$.redirectUri'), nullify(d.input ->> '$.redirect_uri'), nullify(d.input ->> '$."redirect URI"'), nullify(d.input ->> '$."redirect uri"')) AS redirect_uri,
    CASE WHEN audited THEN CASE WHEN regexp_matches(concat(a.result, a.action), '(?i)fail') THEN 'failure' ELSE 'success' END
         WHEN d IS NOT NULL THEN CASE WHEN d."resultStatus" = 'FAILED' THEN 'failure' ELSE 'success' END
         WHEN failing THEN 'failure' END AS outcome,
    CASE WHEN failing THEN oauth_error(nullif(regexp_extract(concat(exception, ' ', message), '\berror(?:=''|: )([a-z_]+)', 1), '')) END AS error,
    CASE WHEN audited THEN a.action WHEN d."resultStatus" = 'FAILED' THEN d."actionId" END AS error_code,
    CASE WHEN d."resultStatus" = 'FAILED' THEN d."resultMessage"
         WHEN failing THEN left(concat_ws(': ', rtrim(regexp_replace(regexp_replace(message, '(?i)^client id ?: ?[\w.-]+ ', 'The client '),
            '(?i)(?: provided)?(?: for| by)?(?: the)?(?: client with)?,? *client,? id ?[:=].*$', ''), ' .:'), nullif(why, '')), 500) END AS error_description,
    CASE WHEN audit THEN CASE WHEN a.action <> '' AND NOT coalesce(audited, false) THEN 'a change by an administrator or a user' END
         WHEN d IS NOT NULL THEN CASE WHEN d."resultStatus" <> 'FAILED' AND d."actionId" NOT IN ('issue-access-token', 'issue-authz-code') THEN 'a step of a request' END
         WHEN failing THEN NULL
         WHEN logger IS NOT NULL AND message <> '' THEN 'server message'
         WHEN starts_with(line, 'OAuthProblemException{') THEN 'the line before tells it' END AS ignored,
    CASE WHEN diagnostic IS NOT NULL AND d IS NULL THEN 'broken JSON'
         WHEN diagnostic IS NOT NULL AND d."resultStatus" IS NULL THEN 'not a diagnostic log'
         WHEN audit AND (a.action IS NULL OR a.action = '') THEN 'not an audit log'
         WHEN diagnostic IS NULL AND logger IS NULL AND NOT audit THEN 'not a line of WSO2'
         WHEN diagnostic IS NULL AND message = '' THEN 'no message' END AS quarantined
FROM told
