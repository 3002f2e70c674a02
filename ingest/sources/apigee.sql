/*
title = "Apigee (X, hybrid and Edge): message logging, analytics export, message processor"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"(apiproxy|apiProxy|api_proxy|apiproxy_name|apiproxy\.name|apiProxyName|apiproxy_revision|apiproxy\.revision|apiProxyRevision|gateway_flow_id|fault\.name|faultName|fault_name|x_apigee_fault_[a-z]+|ax_edge_execution_fault_code|ax_execution_fault_policy_name|faultstring)"\s*:|"organization(\.name)?"\s*:\s*"[^"]*"\s*,\s*"environment(\.name)?"\s*:\s*"[^"]*"\s*,\s*"proxy"\s*:|"(steps|keymanagement\.service|messaging\.(adaptors|runtime)|policies\.ratelimit|oauth\.v2)\.[A-Za-z]|"rrt-[0-9a-z]+-|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} +org:\S+ env:\S+ (api|target|sharedflow):'
priority = 44
documentation = [
    "https://cloud.google.com/apigee/docs/api-platform/reference/policies/message-logging-policy",
    "https://cloud.google.com/apigee/docs/api-platform/analytics/analytics-reference",
    "https://cloud.google.com/apigee/docs/api-platform/analytics/export-data",
    "https://cloud.google.com/apigee/docs/api-platform/reference/policies/error-code-reference",
    "https://docs.apigee.com/private-cloud/latest/log-files",
]
cannot_tell = "Apigee logs what a MessageLogging policy is told to: names of keys are free, and those are read that are flow variables or the usual short forms of them. A log without fault.name tells the status only. The policy must run in the PostClientFlow, or a fault rule, to see a failure at all. Neither the issuer nor the audience of a token is in the log unless the jwt variables are. The files of the message processor tell of faults and not of status, path or caller."

[fields]
organization = "/organization"
organization_name = "/organization.name"
org = "/org"
environment = "/environment"
environment_name = "/environment.name"
env = "/env"
received = "/client_received_start_timestamp"
received_variable = "/client.received.start.timestamp"
received_end = "/proxyRequestReceived"
received_camel = "/clientReceivedStartTimestamp"
sent = "/proxyResponseSent"
sent_end = "/client_sent_end_timestamp"
sent_variable = "/client.sent.end.timestamp"
timestamp = "/timestamp"
timestamp_system = "/system.timestamp"
time_key = "/time"
ts = "/ts"
at_timestamp = "/@timestamp"
request_verb = "/request_verb"
verb = "/verb"
verb_variable = "/request.verb"
method = "/method"
request_uri = "/request_uri"
request_uri_variable = "/request.uri"
request_uri_camel = "/requestUri"
uri = "/uri"
request_url = "/requestUrl"
request_path = "/request_path"
request_path_variable = "/request.path"
path_suffix = "/proxy_pathsuffix"
base_path = "/proxy_basepath"
path_key = "/path"
status_column = "/response_status_code"
status_variable = "/response.status.code"
status_sample = "/response.code"
status_proxy = "/proxyResponseCode"
status_camel = "/responseCode"
status_long = "/statusCode"
status_snake = "/status_code"
status_error = "/error.status.code"
status_message = "/message.status.code"
status_short = "/status"
target_column = "/target_response_code"
target_camel = "/targetResponseCode"
target_variable = "/target.response.status.code"
fault_edge = "/ax_edge_execution_fault_code"
fault_x = "/x_apigee_fault_code"
fault_snake = "/fault_code"
fault_variable = "/fault.name"
fault_camel = "/faultName"
fault_name = "/fault_name"
fault_code_camel = "/faultCode"
fault_detail = "/fault/detail/errorcode"
fault_object = "/fault/name"
fault_string = "/fault/faultstring"
fault_detail_inner = "/error/fault/detail/errorcode"
fault_string_inner = "/error/fault/faultstring"
fault_policy = "/ax_execution_fault_policy_name"
error_variable = "/error.message"
error_camel = "/errorMessage"
error_snake = "/error_message"
reason_variable = "/response.reason"
content_variable = "/response.content"
content_error = "/error.content"
content_message = "/message.content"
content_camel = "/responseContent"
content_payload = "/responsePayload"
flow_id = "/gateway_flow_id"
message_id = "/messageid"
message_id_camel = "/messageId"
message_id_snake = "/message_id"
correlation = "/correlationId"
correlation_snake = "/correlation_id"
client_id = "/client_id"
client_id_camel = "/clientId"
client_id_variable = "/request.queryparam.client_id"
developer_app = "/developer_app"
developer_app_camel = "/developerApp"
developer_app_variable = "/developer.app.name"
app_name = "/app_name"
client_ip = "/client_ip"
client_ip_camel = "/clientIp"
client_ip_variable = "/client.ip"
proxy_client_ip = "/proxy.client.ip"
x_forwarded_for = "/x_forwarded_for_ip"
useragent = "/useragent"
user_agent = "/user_agent"
user_agent_camel = "/userAgent"
user_agent_variable = "/request.header.user-agent"
total_time = "/total_response_time"
grant_type = "/grant_type"
grant_type_variable = "/request.formparam.grant_type"
scope = "/scope"
traceparent = "/traceparent"
trace_id = "/traceId"

[[advice]]
columns = ["error_code"]
add = '"faultName":"{fault.name}" and "errorMessage":"{error.message}" to the Message of the MessageLogging policy, in the PostClientFlow'
tells = "which policy's fault ended the request"

[[advice]]
columns = ["client_id", "client_name"]
add = '"clientId":"{client_id}" and "developerApp":"{developer.app.name}" to the Message of the MessageLogging policy'
tells = "whose credentials failed"

[[advice]]
columns = ["request_id"]
add = '"messageId":"{messageid}" to the Message of the MessageLogging policy'
tells = "what joins the line with the other logs of Apigee"
*/
-- JSON of a MessageLogging policy, rows of the analytics export, error bodies, and lines of a message processor.
-- Keys are flow variables or what people shorten them to; a variable without value is written as nothing.
WITH named AS (
    SELECT "offset", line, matched,
        NOT matched AND regexp_matches(line, '^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} +org:') AS is_text,
        coalesce(nullify(organization), nullify(organization_name), nullify(org)) AS organization,
        coalesce(nullify(environment), nullify(environment_name), nullify(env)) AS environment,
        coalesce(nullify(received), nullify(received_variable), nullify(received_camel), nullify(received_end)) AS received,
        coalesce(nullify(sent_end), nullify(sent_variable), nullify(sent)) AS sent,
        coalesce(nullify(timestamp_system), nullify(timestamp), nullify(time_key), nullify(ts), nullify(at_timestamp)) AS logged,
        coalesce(nullify(request_verb), nullify(verb_variable), nullify(verb), nullify(method)) AS verb,
        coalesce(nullify(request_uri), nullify(request_uri_variable), nullify(request_uri_camel), nullify(uri), nullify(request_url),
            nullify(request_path), nullify(request_path_variable),
            CASE WHEN path_suffix IS NOT NULL THEN concat(base_path, path_suffix) END, nullify(path_key)) AS target,
        coalesce(http_status(status_column), http_status(status_proxy), http_status(status_variable), http_status(status_sample), http_status(status_error),
            http_status(status_camel), http_status(status_long), http_status(status_snake), http_status(status_message), http_status(status_short)) AS status,
        coalesce(http_status(target_column), http_status(target_camel), http_status(target_variable)) AS target_status,
        coalesce(nullify(fault_edge), nullify(fault_x), nullify(fault_detail), nullify(fault_detail_inner), nullify(fault_snake), nullify(fault_code_camel),
            nullify(fault_variable), nullify(fault_camel), nullify(fault_name), nullify(fault_object)) AS fault,
        coalesce(nullify(error_variable), nullify(error_camel), nullify(error_snake), nullify(fault_string), nullify(fault_string_inner)) AS message,
        coalesce(nullify(content_error), nullify(content_variable), nullify(content_message), nullify(content_camel), nullify(content_payload),
            CASE WHEN contains(line, '"ErrorCode"') AND matched THEN line END) AS content,
        coalesce(nullify(flow_id), nullify(message_id), nullify(message_id_camel), nullify(message_id_snake), nullify(correlation), nullify(correlation_snake)) AS message_id,
        coalesce(nullify(client_id), nullify(client_id_camel), nullify(client_id_variable)) AS client_id,
        coalesce(nullify(developer_app), nullify(developer_app_camel), nullify(developer_app_variable), nullify(app_name)) AS developer_app,
        coalesce(forwarded_for(nullify(x_forwarded_for)), ip_address(nullify(client_ip)), ip_address(nullify(client_ip_camel)),
            ip_address(nullify(proxy_client_ip)), ip_address(nullify(client_ip_variable))) AS client_ip,
        coalesce(nullify(useragent), nullify(user_agent), nullify(user_agent_camel), nullify(user_agent_variable)) AS user_agent,
        total_time,
        coalesce(nullify(grant_type), nullify(grant_type_variable)) AS grant_type,
        nullify(scope) AS scope,
        coalesce(trace_of(traceparent), nullify(trace_id)) AS trace_id
    FROM fields
),
-- a body that tells a fault: {"fault":{"faultstring":..,"detail":{"errorcode":..}}}, or what the OAuth policy answers itself
opened AS (
    SELECT *,
        CASE WHEN content[1] = '{' AND (contains(content, 'rror') OR contains(content, 'fault')) THEN TRY(from_json(content,
            '{"fault":{"faultstring":"VARCHAR","detail":{"errorcode":"VARCHAR"}},"ErrorCode":"VARCHAR","Error":"VARCHAR"}')) END AS said,
        CASE WHEN is_text AND (contains(line, 'ode') OR contains(line, 'Fault name')) THEN nullif(regexp_extract(line, '(?:\bcode ?= ?|Fault name ?: ?|"errorcode"\s*:\s*")([A-Za-z][\w.-]*)', 1), '') END AS text_fault,
        CASE WHEN is_text AND contains(line, 'code = ') THEN nullif(trim(regexp_extract(line, ', ?message ?= ?(.*?)(?:, associated contexts|\}|$)', 1)), '')
             WHEN is_text AND contains(line, '"faultstring"') THEN nullif(regexp_extract(line, '"faultstring"\s*:\s*"([^"]*)"', 1), '') END AS text_message
    FROM named
),
faults AS (
    SELECT * REPLACE (
            CASE WHEN message IN ('null', '(not set)') THEN NULL ELSE message END AS message,
            nullif(nullif(client_id, '(not set)'), 'null') AS client_id,
            nullif(nullif(developer_app, '(not set)'), 'null') AS developer_app),
        nullif(nullif(nullif(nullif(coalesce(fault, said.fault.detail.errorcode, text_fault), '(not set)'), 'null'), 'na'), '0') AS code
    FROM opened
),
judged AS (
    SELECT *,
        -- the target's own answer, which Apigee passes on as a fault
        ends_with(code, 'ErrorResponseCode') AS from_target,
        code IS NOT NULL AND regexp_matches(code, '(?i)oauth|jw[ts]|keymanagement|ratelimit|accesscontrol|basicauth|token|client|api_?key|scope|consumer|developer|quota|spikearrest|ipdenied|grant|authorization') AS of_oauth
    FROM faults
)
SELECT
    "offset",
    coalesce(epoch_time(received), iso_time(received), TRY_CAST(TRY_CAST(replace(received, ' UTC', 'Z') AS TIMESTAMPTZ) AS TIMESTAMP), epoch_time(logged), iso_time(logged),
        CASE WHEN is_text THEN TRY_CAST(replace(line[:23], ',', '.') AS TIMESTAMP) END) AS time,
    CASE WHEN is_text THEN nullif(split_part(split_part(line, ' env:', 2), ' ', 1), '') ELSE environment END AS instance,
    CASE WHEN is_text THEN nullif(split_part(split_part(line, ' org:', 2), ' ', 1), '') ELSE organization END AS tenant,
    CASE WHEN is_text THEN nullif(split_part(split_part(line, ' messageid:', 2), ' ', 1), '') ELSE message_id END AS request_id,
    trace_id,
    client_id,
    developer_app AS client_name,
    client_ip,
    user_agent,
    target AS path,
    CASE WHEN regexp_full_match(verb, '[A-Z]+') THEN verb END AS method,
    status,
    -- what is logged as the target's status is the fault's where no target was asked
    CASE WHEN code IS NULL OR from_target THEN target_status END AS upstream_status,
    CASE WHEN code IS NOT NULL AND NOT from_target THEN 'gateway'
         WHEN from_target OR target_status = status THEN 'upstream' END AS answered_by,
    coalesce(TRY_CAST(total_time AS DOUBLE), CASE WHEN sent IS NOT NULL AND received IS NOT NULL THEN
        nullif(greatest(-1, coalesce(TRY_CAST(sent AS DOUBLE) - TRY_CAST(received AS DOUBLE),
            epoch_ms(iso_time(replace(sent, ' UTC', 'Z'))) - epoch_ms(iso_time(replace(received, ' UTC', 'Z'))))), -1) END) AS duration_ms,
    grant_type,
    scope,
    oauth_error(said."ErrorCode") AS error,
    -- a target's own answer and a fault that the proxy's author raised have no cause in their names
    CASE WHEN from_target OR ends_with(code, 'RaiseFault') AND NOT ends_with(code, 'SenseRaiseFault') THEN NULL
         WHEN code IS NOT NULL THEN code
         WHEN oauth_error(said."ErrorCode") IS NULL THEN said."ErrorCode" END AS error_code,
    coalesce(message, said.fault.faultstring, said."Error", text_message) AS error_description,
    CASE WHEN content[1] = '{' AND status >= 400 AND said.fault IS NULL AND said."ErrorCode" IS NULL THEN content END AS body,
    CASE WHEN of_oauth AND (status IS NULL OR status >= 400) THEN 'failure'
         WHEN status IS NULL AND said."ErrorCode" IS NOT NULL THEN 'failure'
         WHEN status IS NULL AND code IS NOT NULL THEN 'other' END AS outcome,
    CASE WHEN is_text AND code IS NULL THEN 'message of the message processor'
         WHEN matched AND status IS NULL AND code IS NULL AND said."ErrorCode" IS NULL AND verb IS NULL THEN 'no status and no fault' END AS ignored,
    CASE WHEN NOT matched AND NOT is_text THEN 'broken JSON' END AS quarantined
FROM judged
