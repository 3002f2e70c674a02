/*
title = "WSO2 API Manager (wso2carbon.log, apim_metrics.log, http_access.log)"
kind = "gateway"
provenance = "composed"
recognise = '\{org\.wso2\.carbon\.apimgt\.gateway\.|^\[[0-9]{4}-[0-9-]{5} [0-9:,]{12}\] (?:\[[^\]]*\] )? *[A-Z]+ - (?:APIAuthenticationHandler|OAuthAuthenticator|JWTValidator|ThrottleHandler|LogMediator) |\bapimMetrics: ?apim:[a-z]+, properties ?: ?\{|\{org\.apache\.synapse\.mediators\.builtin\.LogMediator\}|\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\] [A-Z]+ /\S* HTTP/[0-9.]+ [0-9]{3} |^[0-9-]{10} [0-9:]{8},[0-9]{3}\|[^|]*\|[^|]*\|[0-9]+\|(?:HTTP|METHOD|jdbc|ldap)'
priority = 46
documentation = [
    "https://apim.docs.wso2.com/en/latest/troubleshooting/error-handling/",
    "https://apim.docs.wso2.com/en/latest/api-analytics/on-prem/elk-installation-guide/",
    "https://apim.docs.wso2.com/en/latest/observe/api-manager/monitoring-http-access-logs/",
    "https://github.com/wso2/carbon-apimgt/blob/master/components/apimgt/org.wso2.carbon.apimgt.gateway/src/main/java/org/wso2/carbon/apimgt/gateway/handlers/security/APIAuthenticationHandler.java",
]
cannot_tell = "wso2carbon.log tells why a request was refused, its path since release 4.2 and its application where the token could be read, but neither caller nor status; one message stands for a forged, a foreign and an unknown token. apim_metrics.log (apim.analytics with type = \"elk\") has the code of the error, the application and an id. The access log has the status alone. A request is told of by a line in each; correlation.log has times of steps and is not read."

[[advice]]
columns = ["error_code", "client_name", "request_id"]
add = 'enable = true and type = "elk" under [apim.analytics] in deployment.toml'
tells = "each request with its application, the code of its error and an id"
*/
-- One line of many layouts: carbon's log, the metrics in JSON, and Tomcat's access log without quotes.
WITH placed AS (
    SELECT line, "offset",
        CASE WHEN starts_with(line, 'TID') OR starts_with(line, '[2') THEN strpos(line, '[2') END AS begins
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
kinds AS (
    SELECT *,
        CASE WHEN contains(line, 'apimMetrics:') THEN 'metrics'
             WHEN begins > 0 AND logger IS NOT NULL THEN 'carbon'
             WHEN contains(line, '] ') AND contains(line, ' HTTP/') AND contains(line[:300], ' [') THEN 'access'
             WHEN regexp_matches(line, '^[0-9-]{10} [0-9:]{8},[0-9]{3}\|') THEN 'correlation' END AS kind_of
    FROM said
),
parts AS (
    SELECT *,
        CASE WHEN kind_of = 'metrics' THEN TRY(from_json(substr(line, strpos(line, '{"')),
            '{"apiName":"VARCHAR","proxyResponseCode":"VARCHAR","targetResponseCode":"VARCHAR","correlationId":"VARCHAR","apiMethod":"VARCHAR",
              "apiContext":"VARCHAR","apiResourceTemplate":"VARCHAR","applicationName":"VARCHAR","applicationId":"VARCHAR","requestTimestamp":"VARCHAR",
              "userAgent":"VARCHAR","userName":"VARCHAR","userIp":"VARCHAR","responseLatency":"VARCHAR","errorType":"VARCHAR","errorCode":"VARCHAR",
              "errorMessage":"VARCHAR","apiCreatorTenantDomain":"VARCHAR","properties":"JSON"}')) END AS m,
        -- the forwarded address may stand before that of the caller
        CASE WHEN kind_of = 'access' THEN string_split(trim(split_part(line[:300], ' [', 1)), ' ') END AS who,
        CASE WHEN kind_of = 'access' THEN substr(line, strpos(line, '] ') + 2) END AS request,
        kind_of = 'carbon' AND starts_with(message, 'API authentication failure due to ') AS refused,
        kind_of = 'carbon' AND contains(logger, 'LogMediator') AND contains(message, 'ERROR_CODE = ') AS faulted,
        -- without the token, of which a masked part stands behind
        CASE WHEN kind_of = 'carbon' AND ends_with(logger, 'JWTValidator') AND level IN ('ERROR', 'WARN')
             THEN nullif(regexp_extract(message, '^(?:JWT token is expired'
                || '|Invalid JWT token(?:\. (?:Failed to decode the token|Signature verification failed))?)', 0), '') END AS reason
    FROM kinds
),
-- the validator says why, and the line behind it that the request was refused
near AS (
    SELECT *,
        CASE WHEN refused THEN lag(reason) OVER placed END AS reason_before,
        CASE WHEN reason IS NOT NULL THEN coalesce(lead(refused) OVER placed, false) END AS refused_next
    FROM parts
    WINDOW placed AS (ORDER BY "offset")
),
requested AS (
    SELECT *,
        ltrim(request, '"') AS asked,
        CASE WHEN request IS NOT NULL THEN ltrim(substr(request, strpos(request, ' HTTP/') + 6)) END AS answer,
        CASE WHEN refused THEN message[35:] WHEN faulted THEN regexp_extract(message, 'ERROR_MESSAGE = (.*?)(?:, [A-Z_a-z]+ = .*)?$', 1) END AS words,
        CASE WHEN faulted THEN regexp_extract(message, 'ERROR_CODE = ([0-9]+)', 1) WHEN m IS NOT NULL THEN nullify(m."errorCode") END AS code
    FROM near
),
read AS (
    SELECT *,
        CASE WHEN answer IS NOT NULL THEN string_split(replace(answer, '"', ''), ' ') END AS cells,
        ends_with(split_part(asked, ' HTTP/', 1), ' ') AS empty_request
    FROM requested
)
SELECT
    "offset",
    CASE WHEN m IS NOT NULL THEN iso_time(m."requestTimestamp")
         WHEN kind_of = 'access' THEN clf_time(split_part(split_part(line[:300], '[', 2), ']', 1)) END AS time,
    CASE WHEN kind_of = 'carbon' THEN try_strptime(replace(stamp, ',', '.'), '%Y-%m-%d %H:%M:%S.%g') END AS local_time,
    CASE WHEN kind_of = 'access' AND regexp_matches(asked, '^[A-Z]+ (?:/t/[^/ ]+)?/(?:oauth2|oidc|commonauth|authenticationendpoint)') THEN 'auth_server' END AS kind,
    coalesce(nullify(m."apiCreatorTenantDomain"), CASE WHEN kind_of = 'carbon' THEN nullify(tenant_id) END) AS tenant,
    coalesce(nullify(m."correlationId"), CASE WHEN kind_of = 'carbon' THEN nullify(correlation) END) AS request_id,
    nullif(coalesce(CASE WHEN m."applicationName" IS NOT NULL THEN nullify(m."applicationName") END,
        CASE WHEN refused THEN nullify(regexp_extract(words, ' for appName=(.*?)(?: userName=\S*)?(?: for requestURI=\S*)?$', 1)) END), 'UNKNOWN') AS client_name,
    nullif(nullif(coalesce(nullify(m."userName"), CASE WHEN refused THEN nullif(regexp_extract(words, '\buserName=(\S+)', 1), '') END,
        CASE WHEN kind_of = 'access' AND len(who) >= 3 THEN nullify(who[-1]) END), 'UNKNOWN'), 'anonymous') AS user_name,
    coalesce(ip_address(m."userIp"), CASE WHEN kind_of = 'access' THEN
        coalesce(CASE WHEN len(who) >= 4 THEN ip_address(rtrim(who[1], ',')) END, ip_address(who[len(who) - 2])) END) AS client_ip,
    coalesce(nullif(nullify(m."userAgent"), 'UNKNOWN'),
        CASE WHEN contains(answer, '"') THEN nullify(split_part(answer, '"', -2))
             WHEN len(cells) >= 4 THEN nullify(array_to_string(CASE WHEN TRY_CAST(cells[-1] AS DOUBLE) IS NOT NULL AND len(cells) >= 6 THEN cells[5:-2] ELSE cells[5:] END, ' ')) END) AS user_agent,
    CASE WHEN refused THEN nullif(regexp_extract(words, ' for requestURI=(\S+)', 1), '')
         WHEN m IS NOT NULL THEN nullif(concat(nullif(nullify(m."apiContext"), 'UNKNOWN'), nullif(nullify(m."apiResourceTemplate"), 'UNKNOWN')), '')
         WHEN kind_of = 'access' THEN nullify(split_part(split_part(asked, ' HTTP/', 1), ' ', 2)) END AS path,
    coalesce(nullif(nullify(m."apiMethod"), 'UNKNOWN'), CASE WHEN kind_of = 'access' THEN nullify(split_part(asked, ' ', 1)) END) AS method,
    CASE WHEN m IS NOT NULL THEN http_status(m."proxyResponseCode") WHEN kind_of = 'access' THEN http_status(cells[2]) END AS status,
    http_status(m."targetResponseCode") AS upstream_status,
    CASE WHEN refused OR reason IS NOT NULL OR code LIKE '9008%' OR code LIKE '9009%' THEN 'gateway' END AS answered_by,
    coalesce(TRY_CAST(m."responseLatency" AS DOUBLE),
        -- Tomcat's %T, seconds until release 10
        CASE WHEN kind_of = 'access' AND len(cells) >= 6 AND contains(cells[-1], '.') THEN TRY_CAST(cells[-1] AS DOUBLE) * 1000 END) AS duration_ms,
    CASE WHEN refused THEN CASE WHEN starts_with(words, 'No matching resource') THEN 'other' ELSE 'failure' END
         WHEN reason IS NOT NULL THEN 'failure'
         WHEN code = '900906' THEN 'other'
         WHEN code LIKE '9008%' OR code LIKE '9009%' THEN 'failure'
         WHEN faulted THEN 'other' END AS outcome,
    code AS error_code,
    CASE WHEN reason_before IS NOT NULL AND starts_with(words, 'Invalid Credentials') THEN reason_before
         WHEN reason IS NOT NULL THEN reason
         WHEN refused THEN trim(regexp_replace(words, ' (?:for appName=.*|for requestURI=\S*)$', ''))
         WHEN faulted THEN nullify(words)
         WHEN code IS NOT NULL THEN nullify(m."errorMessage") END AS error_description,
    CASE WHEN kind_of = 'correlation' THEN 'a step of a request'
         WHEN refused_next THEN 'the line behind it tells it'
         WHEN kind_of = 'carbon' AND NOT refused AND NOT faulted AND reason IS NULL THEN 'server message' END AS ignored,
    CASE WHEN kind_of IS NULL THEN 'not a line of WSO2'
         WHEN kind_of = 'metrics' AND m IS NULL THEN 'broken JSON'
         WHEN kind_of = 'metrics' AND m."proxyResponseCode" IS NULL AND code IS NULL THEN 'no status'
         WHEN kind_of = 'access' AND (http_status(cells[2]) IS NULL OR NOT regexp_matches(asked, '^[A-Z]+ \S')) THEN 'not a line of the access log'
         WHEN kind_of = 'carbon' AND (message IS NULL OR message = '') THEN 'no message' END AS quarantined
FROM read
