/*
title = "Gravitee API Management (reporters, gateway log)"
kind = "gateway"
provenance = "composed"
recognise = '"gateway-response-time-ms" ?:|"gatewayResponseTimeMs" ?:|"proxyResponseTimeMs" ?:|"api-response-time" ?:|"apiResponseTimeMs" ?:|"type" ?: ?"v4-(?:metrics|log|message-metrics|message-log)"|"_index" ?: ?"gravitee-|^"[^"]*";"[^"]*";[0-9]{13};"[^"]*";"[^"]*";"|\[request-id:[^\]]*\] \[request-path:'
priority = 45
documentation = [
    "https://documentation.gravitee.io/apim/gravitee-gateway/reporters/formats",
    "https://github.com/gravitee-io/gravitee-api-management/tree/master/gravitee-apim-reporter",
    "https://github.com/gravitee-io/gravitee-policy-jwt",
    "https://github.com/gravitee-io/gravitee-policy-oauth2",
]
cannot_tell = "The key of an error stands for many things: JWT_INVALID_TOKEN and GATEWAY_OAUTH2_ACCESS_DENIED are told of an expired, a forged and a foreign token alike. The gateway's log has the reason at level DEBUG of io.gravitee.policy under the id of the request, but its usual pattern writes no date (add %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}). The OAuth client is told once a token was accepted. Log documents repeat a request whose metrics are read, and are left out."

[[advice]]
columns = ["error_description"]
add = '<logger name="io.gravitee.policy" level="DEBUG"/> in logback.xml of the gateway, with a date in its pattern'
tells = "why a token was refused, under the id of the request"

[[advice]]
columns = ["request_id"]
add = 'handlers.request.transaction.header: X-Request-ID in gravitee.yml'
tells = "the caller's id of the request, which an auth server may log too"

[fields]
timestamp = "/timestamp"
es_timestamp = "/@timestamp"
kind_of = "/type"
request_id = "/requestId"
es_request_id = "/request-id"
es_id = "/_id"
transaction_id = "/transactionId"
es_transaction_id = "/transaction-id"
es_transaction = "/transaction"
gateway = "/gateway"
tenant = "/tenant"
organization = "/organizationId"
es_organization = "/org-id"
http_method = "/httpMethod"
es_http_method = "/http-method"
es_method = "/method"
uri = "/uri"
path_info = "/path-info"
status = "/status"
remote_address = "/remoteAddress"
es_remote_address = "/remote-address"
user_agent = "/userAgent"
es_user_agent = "/user-agent"
endpoint_url = "/endpoint"
upstream_took = "/endpointResponseTimeMs"
es_upstream_took = "/endpoint-response-time-ms"
old_upstream_took = "/apiResponseTimeMs"
old_es_upstream_took = "/api-response-time"
took = "/gatewayResponseTimeMs"
es_took = "/gateway-response-time-ms"
old_took = "/proxyResponseTimeMs"
old_es_took = "/response-time"
application_name = "/applicationName"
es_application_name = "/application-name"
application_id = "/applicationId"
es_application_id = "/application-id"
application = "/application"
user_told = "/user"
security_type = "/securityType"
es_security_type = "/security-type"
security_token = "/securityToken"
es_security_token = "/security-token"
error_key = "/errorKey"
es_error_key = "/error-key"
failure_key = "/failure/key"
error_message = "/errorMessage"
es_error_message = "/error-message"
es_message = "/message"
failure_message = "/failure/message"
bulk_index = "/index"
bulk_create = "/create"
entry_request = "/entrypointRequest"
es_entry_request = "/entrypoint-request"
client_request = "/clientRequest"
es_client_request = "/client-request"
log_timestamp = "/time"
log_message = "/msg"
*/
-- The reporters' documents: JSON and Elasticsearch's, of the reactive and of the legacy engine; rows without names of
-- columns; and what a policy writes into the gateway's log.
WITH cells AS (
    SELECT *,
        -- a `;` in quotes parts nothing
        CASE WHEN line[1] = '"' AND NOT matched OR line[1] = '"' THEN string_split(array_to_string(list_transform(string_split(line, '"'),
            lambda part, place: CASE WHEN place % 2 = 0 THEN replace(part, ';', chr(1)) ELSE part END), ''), ';') END AS row,
        -- since release 3 of the policies behind the id of the API
        CASE WHEN contains(line, '[request-id:') AND contains(line, '[request-path:') THEN regexp_extract(line,
            '\[request-id:([^\]]*)\] \[request-path:([^\]]*)\] (.*?)(?:"[,}].*)?$', ['request', 'path', 'reason']) END AS said
    FROM fields
),
named AS (
    SELECT *,
        coalesce(len(row) >= 26, false) AS is_row,
        coalesce(request_id, es_request_id, es_id, row[2], said.request) AS id,
        coalesce(transaction_id, es_transaction_id, es_transaction, row[1], said.request) AS transaction_told,
        coalesce(timestamp, es_timestamp, row[3]) AS moment,
        http_status(coalesce(status, row[16])) AS code,
        coalesce(http_method, es_http_method, es_method, row[15]) AS verb,
        -- without its end, for so long a word is taken for a secret
        replace(nullify(coalesce(error_key, es_error_key, failure_key, row[18])), 'BOUND_THUMBPRINT', 'BOUND') AS key_told,
        nullify(coalesce(error_message, es_error_message, failure_message, CASE WHEN kind_of = 'request' THEN es_message END, replace(row[19], chr(1), ';'))) AS message_told,
        upper(coalesce(security_type, es_security_type, row[27])) AS security,
        nullify(coalesce(security_token, es_security_token, row[28])) AS token,
        coalesce(upstream_took, es_upstream_took, old_upstream_took, old_es_upstream_took, row[24]) AS upstream_ms,
        coalesce(took, es_took, old_took, old_es_took, row[25]) AS total_ms,
        nullify(coalesce(endpoint_url, row[17])) AS asked_endpoint,
        coalesce(entry_request, es_entry_request, client_request, es_client_request) IS NOT NULL
            OR coalesce(kind_of IN ('v4-log', 'log', 'v4-message-log', 'v4-message-metrics'), false) AS is_log
    FROM cells
),
judged AS (
    SELECT *,
        said IS NOT NULL AND said.reason <> '' AS is_message,
        NOT is_log AND code IS NOT NULL AND (total_ms IS NOT NULL OR is_row) AS is_metrics
    FROM named
)
SELECT
    "offset",
    CASE WHEN is_message THEN coalesce(iso_time(log_timestamp), iso_time(es_timestamp),
            CASE WHEN line[5] = '-' THEN iso_time(nullif(regexp_extract(line, '^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:[.,][0-9]+)?(?:Z|[+-][0-9:]{4,6})?)', 1), '')) END)
         WHEN regexp_full_match(moment, '[0-9]+') THEN epoch_time(moment) ELSE iso_time(moment) END AS time,
    nullify(gateway) AS instance,
    nullify(coalesce(tenant, organization, es_organization, row[11])) AS tenant,
    CASE WHEN is_metrics THEN nullify(id) END AS event_id,
    coalesce(nullify(transaction_told), nullify(id)) AS request_id,
    CASE WHEN security IN ('OAUTH2', 'JWT') THEN token END AS client_id,
    coalesce(nullify(application_name), nullify(es_application_name),
        nullif(nullif(nullify(coalesce(application_id, es_application_id, application, row[7])), '1'), 'unknown')) AS client_name,
    nullify(coalesce(user_told, row[10])) AS user_name,
    ip_address(coalesce(remote_address, es_remote_address, row[4])) AS client_ip,
    nullify(coalesce(user_agent, es_user_agent, replace(row[20], chr(1), ';'))) AS user_agent,
    coalesce(nullify(uri), nullify(replace(row[12], chr(1), ';')), nullify(path_info), nullif(said.path, '')) AS path,
    -- Elasticsearch's documents have a number for the method
    CASE verb WHEN '1' THEN 'CONNECT' WHEN '2' THEN 'DELETE' WHEN '3' THEN 'GET' WHEN '4' THEN 'HEAD' WHEN '5' THEN 'OPTIONS' WHEN '6' THEN 'PATCH'
        WHEN '7' THEN 'POST' WHEN '8' THEN 'PUT' WHEN '9' THEN 'TRACE' ELSE CASE WHEN regexp_full_match(verb, '[A-Za-z]+') THEN upper(nullif(verb, 'OTHER')) END END AS method,
    CASE WHEN is_metrics THEN code END AS status,
    CASE WHEN is_message OR key_told IS NOT NULL THEN 'gateway'
         WHEN asked_endpoint IS NULL AND code >= 400 THEN 'gateway'
         WHEN asked_endpoint IS NOT NULL AND TRY_CAST(upstream_ms AS DOUBLE) > 0 THEN 'upstream' END AS answered_by,
    CASE WHEN TRY_CAST(total_ms AS DOUBLE) >= 0 THEN TRY_CAST(total_ms AS DOUBLE) END AS duration_ms,
    CASE WHEN security = 'API_KEY' THEN token END AS credential,
    CASE WHEN is_message THEN 'failure' END AS outcome,
    CASE WHEN is_metrics THEN oauth_error(message_told) END AS error,
    CASE WHEN is_metrics THEN key_told END AS error_code,
    CASE WHEN is_message THEN said.reason WHEN is_metrics AND oauth_error(message_told) IS NULL THEN message_told END AS error_description,
    CASE WHEN is_log THEN 'the metrics of the request tell it'
         WHEN bulk_index IS NOT NULL OR bulk_create IS NOT NULL THEN 'an action of a bulk request'
         WHEN is_message OR is_metrics THEN NULL
         WHEN matched AND (kind_of IN ('monitor', 'health', 'health-check') OR contains(line, '"jvm"') OR contains(line, '"healthCheck"') OR contains(line, '"steps"')) THEN 'the state of a node or an endpoint'
         WHEN NOT matched AND regexp_matches(line, '^[0-9:.T-]{12,} \[') THEN 'server message' END AS ignored,
    CASE WHEN is_log OR is_message OR is_metrics THEN NULL
         WHEN line[1] = '{' AND NOT matched THEN 'broken JSON'
         WHEN matched AND line[1] = '{' THEN 'no status'
         WHEN row IS NOT NULL THEN 'a row with too few cells'
         ELSE 'not a line of Gravitee' END AS quarantined
FROM judged
