/*
title = "Azure API Management gateway logs"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"[cC]ategory"\s*:\s*"GatewayLogs"|"[oO]perationName"\s*:\s*"Microsoft\.ApiManagement/|"Type"\s*:\s*"ApiManagementGatewayLogs"|"(ApimSubscriptionId|LastErrorReason|LastErrorSource|LastErrorSection|BackendResponseCode|IsRequestSuccess|lastError_reason_s|lastError_source_s|apimSubscriptionId_s|backendResponseCode_d)"\s*:'
priority = 36
documentation = [
    "https://learn.microsoft.com/azure/api-management/gateway-log-schema-reference",
    "https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewaylogs",
    "https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies",
    "https://learn.microsoft.com/azure/api-management/api-management-howto-use-azure-monitor",
]
cannot_tell = "The gateway names what its own policies refused, and of a 401 of the backend only the status: log the response header WWW-Authenticate of frontend and backend in the diagnostic azuremonitor of the API. No claim of a token is logged, so the client is the subscription of API Management, unless the request header Authorization is logged, which is read and not kept. callerIpAddress is the immediate caller: log X-Forwarded-For where a proxy stands before the gateway. What log-to-eventhub and Application Insights write, and the text of a self-hosted gateway, is not read."

[fields]
properties_method = "/properties/method"
category = "/category"
operation = "/operationName"
time = "/time"
resource_id = "/resourceId"
duration = "/durationMs"
caller_ip = "/callerIpAddress"
correlation_id = "/correlationId"
properties_url = "/properties/url"
properties_status = "/properties/responseCode"
properties_backend_status = "/properties/backendResponseCode"
properties_user = "/properties/userId"
properties_subscription = "/properties/apimSubscriptionId"
properties_source = "/properties/lastError/source"
properties_reason = "/properties/lastError/reason"
properties_message = "/properties/lastError/message"
properties_flat_source = "/properties/lastErrorSource"
properties_flat_reason = "/properties/lastErrorReason"
properties_flat_message = "/properties/lastErrorMessage"
properties_errors = "/properties/errors"
properties_request_headers = "/properties/requestHeaders"
properties_response_headers = "/properties/responseHeaders"
properties_backend_headers = "/properties/backendResponseHeaders"
properties_request_body = "/properties/requestBody"
properties_response_body = "/properties/responseBody"

[[advice]]
columns = ["token_issuer", "token_audience", "kid", "client_id", "user_agent"]
add = 'Authorization and User-Agent to the request headers to log of the diagnostic azuremonitor (frontend.request.headers)'
tells = "the client, issuer, audience and key of a token, of which nothing else is kept"

[[advice]]
columns = ["error"]
add = 'WWW-Authenticate to the response headers to log of the diagnostic azuremonitor (frontend.response.headers)'
tells = "why a backend refused a token"
*/
-- One request, in one of four shapes: a record of Azure Monitor (storage, Event Hubs) with the request in `properties`; a row of
-- the table ApiManagementGatewayLogs, whose names begin with capitals (as JSON, or as CSV); a row of AzureDiagnostics, whose
-- names end in the type; the flat JSON of a self-hosted gateway. The first is read by the fields, the others where it is not there.
WITH shapes AS (
    SELECT *,
        CASE WHEN properties_method IS NOT NULL OR properties_status IS NOT NULL OR NOT matched THEN 'monitor'
             WHEN contains(line, 'Code_d"') OR contains(line, 'ethod_s"') OR contains(line, '_reason_s"') THEN 'diagnostics'
             WHEN contains(line, '"TimeGenerated') THEN 'row'
             ELSE 'apart' END AS shape
    FROM fields
),
opened AS (
    SELECT *,
        CASE WHEN shape = 'row' THEN TRY(from_json(line,
            '{"TimeGenerated":"VARCHAR","TimeGenerated [UTC]":"VARCHAR","Category":"VARCHAR","OperationName":"VARCHAR","_ResourceId":"VARCHAR","TotalTime":"VARCHAR","CallerIpAddress":"VARCHAR",
              "CorrelationId":"VARCHAR","Method":"VARCHAR","Url":"VARCHAR","ResponseCode":"VARCHAR","BackendResponseCode":"VARCHAR","UserId":"VARCHAR","ApimSubscriptionId":"VARCHAR",
              "LastErrorSource":"VARCHAR","LastErrorReason":"VARCHAR","LastErrorMessage":"VARCHAR","Errors":"VARCHAR","RequestHeaders":"VARCHAR","ResponseHeaders":"VARCHAR",
              "BackendResponseHeaders":"VARCHAR","RequestBody":"VARCHAR","ResponseBody":"VARCHAR"}')) END AS w,
        CASE WHEN shape = 'diagnostics' THEN TRY(from_json(line,
            '{"TimeGenerated":"VARCHAR","TimeGenerated [UTC]":"VARCHAR","Category":"VARCHAR","OperationName":"VARCHAR","ResourceId":"VARCHAR","_ResourceId":"VARCHAR","DurationMs":"VARCHAR","CallerIPAddress":"VARCHAR",
              "CorrelationId":"VARCHAR","correlationId_g":"VARCHAR","method_s":"VARCHAR","url_s":"VARCHAR","responseCode_d":"VARCHAR","backendResponseCode_d":"VARCHAR","userId_s":"VARCHAR",
              "apimSubscriptionId_s":"VARCHAR","lastError_source_s":"VARCHAR","lastError_reason_s":"VARCHAR","lastError_message_s":"VARCHAR","errors_s":"VARCHAR","requestHeaders_s":"VARCHAR",
              "responseHeaders_s":"VARCHAR","backendResponseHeaders_s":"VARCHAR","requestBody_s":"VARCHAR","responseBody_s":"VARCHAR"}')) END AS d,
        -- `properties` as a string of JSON, or its members beside the others
        CASE WHEN shape = 'apart' THEN TRY(from_json(coalesce(json_extract_string(line, '$.properties'), line),
            '{"timeGenerated":"VARCHAR","totalTime":"VARCHAR","method":"VARCHAR","url":"VARCHAR","responseCode":"VARCHAR","backendResponseCode":"VARCHAR","userId":"VARCHAR","apimSubscriptionId":"VARCHAR",
              "lastError":{"source":"VARCHAR","reason":"VARCHAR","message":"VARCHAR"},"lastErrorSource":"VARCHAR","lastErrorReason":"VARCHAR","lastErrorMessage":"VARCHAR","errors":"VARCHAR",
              "requestHeaders":"VARCHAR","responseHeaders":"VARCHAR","backendResponseHeaders":"VARCHAR","requestBody":"VARCHAR","responseBody":"VARCHAR"}')) END AS p
    FROM shapes
),
requests AS (
    SELECT "offset", line, matched, shape, time, duration, caller_ip,
        coalesce(category, w."Category", d."Category") AS category,
        coalesce(operation, w."OperationName", d."OperationName") AS operation,
        coalesce(w."TimeGenerated", d."TimeGenerated", p."timeGenerated") AS generated,
        coalesce(w."TimeGenerated [UTC]", d."TimeGenerated [UTC]") AS exported,
        coalesce(resource_id, w._ResourceId, d."ResourceId", d._ResourceId) AS resource,
        coalesce(w."TotalTime", d."DurationMs", p."totalTime") AS total_time,
        coalesce(w."CallerIpAddress", d."CallerIPAddress") AS row_ip,
        coalesce(correlation_id, w."CorrelationId", d."CorrelationId", d."correlationId_g") AS correlation_id,
        coalesce(properties_method, w."Method", d.method_s, p.method) AS method,
        coalesce(properties_url, w."Url", d.url_s, p.url) AS url,
        http_status(split_part(coalesce(properties_status, w."ResponseCode", d."responseCode_d", p."responseCode"), '.', 1)) AS status,
        http_status(split_part(coalesce(properties_backend_status, w."BackendResponseCode", d."backendResponseCode_d", p."backendResponseCode"), '.', 1)) AS backend_status,
        nullify(coalesce(properties_user, w."UserId", d."userId_s", p."userId")) AS owner,
        nullify(coalesce(properties_subscription, w."ApimSubscriptionId", d."apimSubscriptionId_s", p."apimSubscriptionId")) AS subscription,
        nullify(coalesce(properties_source, properties_flat_source, w."LastErrorSource", d."lastError_source_s", p."lastError".source, p."lastErrorSource")) AS last_source,
        nullify(coalesce(properties_reason, properties_flat_reason, w."LastErrorReason", d."lastError_reason_s", p."lastError".reason, p."lastErrorReason")) AS last_reason,
        nullify(coalesce(properties_message, properties_flat_message, w."LastErrorMessage", d."lastError_message_s", p."lastError".message, p."lastErrorMessage")) AS last_message,
        nullif(nullify(coalesce(properties_errors, w."Errors", d."errors_s", p.errors)), '[]') AS errors,
        coalesce(properties_request_headers, w."RequestHeaders", d."requestHeaders_s", p."requestHeaders") AS request_headers,
        coalesce(properties_response_headers, w."ResponseHeaders", d."responseHeaders_s", p."responseHeaders") AS response_headers,
        coalesce(properties_backend_headers, w."BackendResponseHeaders", d."backendResponseHeaders_s", p."backendResponseHeaders") AS backend_headers,
        coalesce(properties_request_body, w."RequestBody", d."requestBody_s", p."requestBody") AS request_body,
        coalesce(properties_response_body, w."ResponseBody", d."responseBody_s", p."responseBody") AS response_body
    FROM opened
),
explained AS (
    SELECT *,
        CASE WHEN last_source IS NULL AND last_reason IS NULL AND errors IS NOT NULL THEN TRY(json_extract_string(errors, ['$[#-1].source', '$[#-1].reason', '$[#-1].message'])) END AS in_list,
        coalesce(last_source, nullify(in_list[1])) AS source,
        coalesce(source IN ('get-authorization-context', 'authentication-managed-identity'), false) AS asks_issuer,
        coalesce(last_reason, nullify(in_list[2])) AS reason,
        asks_issuer AND reason IS DISTINCT FROM 'IdentityProviderNotFound' AS refused_by_issuer,
        coalesce(last_message, nullify(in_list[3])) AS message,
        -- a header stands as the caller wrote it
        CASE WHEN length(request_headers) > 2 THEN TRY(json_extract_string(request_headers,
            ['$."User-Agent"', '$."user-agent"', '$."Authorization"', '$."authorization"', '$."X-Forwarded-For"', '$."x-forwarded-for"', '$."Traceparent"', '$."traceparent"',
             '$."User-agent"', '$."X-Forwarded-for"'])) END AS asked,
        CASE WHEN status >= 400 AND length(response_headers) > 2 THEN TRY(json_extract_string(response_headers, ['$."WWW-Authenticate"', '$."www-authenticate"', '$."Www-Authenticate"'])) END AS answered,
        CASE WHEN status >= 400 AND length(backend_headers) > 2 THEN TRY(json_extract_string(backend_headers, ['$."WWW-Authenticate"', '$."www-authenticate"', '$."Www-Authenticate"'])) END AS backend_answered,
        CASE WHEN contains(request_body, '=') AND request_body[1] <> '{' THEN request_body END AS form
    FROM requests
)
SELECT
    "offset",
    coalesce(iso_time(time), iso_time(generated), iso_time(exported),
        TRY_STRPTIME(coalesce(exported, generated), '%m/%d/%Y, %I:%M:%S.%f %p'), TRY_STRPTIME(coalesce(exported, generated), '%m/%d/%Y, %I:%M:%S %p'),
        TRY_STRPTIME(coalesce(time, exported, generated), '%m/%d/%Y %I:%M:%S %p'), TRY_STRPTIME(coalesce(exported, generated), '%m/%d/%Y %H:%M:%S')) AS time,
    -- Azure writes the names of resources in capitals here and as they were given there
    nullify(lower(split_part(resource, '/', -1))) AS instance,
    nullif(nullify(correlation_id), '00000000-0000-0000-0000-000000000000') AS event_id,
    nullif(nullify(correlation_id), '00000000-0000-0000-0000-000000000000') AS request_id,
    nullify(split_part(coalesce(asked[7], asked[8]), '-', 2)) AS trace_id,
    bearer_jwt(coalesce(asked[3], asked[4])) AS jwt,
    -- the client of a token says more than the subscription it came with
    CASE WHEN contains(form, 'client_id=') THEN query_param(form, 'client_id')
         WHEN contains(url, 'client_id=') OR contains(coalesce(asked[3], asked[4]), 'eyJ') THEN NULL
         ELSE subscription END AS client_id,
    subscription AS client_name,
    owner AS user_name,
    basic_user(coalesce(asked[3], asked[4])) AS login,
    coalesce(forwarded_for(coalesce(asked[5], asked[6], asked[10])), ip_address(nullify(coalesce(caller_ip, row_ip)))) AS client_ip,
    nullify(coalesce(asked[1], asked[2], asked[9])) AS user_agent,
    nullify(url) AS path,
    nullify(method) AS method,
    status,
    backend_status AS upstream_status,
    CASE WHEN reason IS NOT NULL OR source IS NOT NULL OR backend_status IS NULL THEN CASE WHEN status IS NOT NULL THEN 'gateway' END
         WHEN backend_status = status THEN 'upstream'
         WHEN status IS NOT NULL THEN 'gateway' END AS answered_by,
    TRY_CAST(nullify(coalesce(duration, total_time)) AS DOUBLE) AS duration_ms,
    CASE WHEN contains(form, 'grant_type=') THEN query_param(form, 'grant_type') END AS grant_type,
    CASE WHEN contains(form, 'grant_type=') THEN query_param(form, 'scope') END AS scope,
    CASE WHEN contains(form, 'redirect_uri=') THEN query_param(form, 'redirect_uri') END AS redirect_uri,
    coalesce(answered[1], answered[2], answered[3], backend_answered[1], backend_answered[2], backend_answered[3]) AS challenge,
    CASE WHEN status >= 400 THEN response_body END AS body,
    -- a policy without a reason is named, and one that asks an issuer for a token, whose reasons are many
    CASE WHEN refused_by_issuer THEN source ELSE coalesce(reason, source) END AS error_code,
    CASE WHEN refused_by_issuer THEN nullif(concat_ws(': ', reason, message), '') ELSE message END AS error_description,
    -- a policy's refusal is one whatever status it was told to give; 0 is a caller that went away
    CASE WHEN status IS NULL THEN 'other'
         WHEN status >= 400 AND (starts_with(reason, 'Token') OR starts_with(reason, 'Subscription') OR starts_with(reason, 'CallerIp')
            OR reason IN ('JwtInvalid', 'RateLimitExceeded', 'QuotaExceeded', 'FailedToParseCallerIP')
            OR starts_with(source, 'validate-jwt') OR source = 'validate-azure-ad-token' OR asks_issuer) THEN 'failure' END AS outcome,
    CASE WHEN category <> 'GatewayLogs' OR starts_with(operation, 'Microsoft.ApiManagement/') AND operation <> 'Microsoft.ApiManagement/GatewayLogs'
         THEN 'not a request at the gateway' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON'
         WHEN status IS NULL AND reason IS NULL AND method IS NULL THEN 'no request' END AS quarantined
FROM explained
