/*
title = "Amazon API Gateway access and execution logs (REST, HTTP, WebSocket)"
kind = "gateway"
provenance = "composed"
recognise = '(?s)^\s*\{.*("(?i:[a-z_.$-]*(resource[_.-]?path|route[_.-]?key|response[_.-]?length|extended[_.-]?request[_.-]?id|authori[sz]er?[_.-]?(error|status|latency)|authenticate[_.-]?(error|status)|error[_.-]?response[_.-]?type|waf[_.-]?(status|error|response[_.-]?code)|integration[_.-]?(status|latency|error)))[A-Za-z_.-]*"\s*:|"(integration|authorizer|identity)"\s*:\s*\{)|^<request id="|^requestId: \S+, ip: |^[0-9A-Fa-f.:]+,([^,]*,){0,2}\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4},[A-Z]+,|\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"]*"( (\d{3}|-))?( (\d+|-))? ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{8,20}=+|UUID_REPLACED_INVALID_REQUEST_ID)( [A-Za-z0-9_-]+=*)?\s*$|^(\d{4}-\d\d-\d\dT\S+ )?(\S+ )?\(([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{8,20}=+|UUID_REPLACED_INVALID_REQUEST_ID)\) |^(Method completed with status: \d{3}|Verifying Usage Plan for request: |Starting execution for request: )'
priority = 46
documentation = [
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html",
]
cannot_tell = 'The formats that the console offers tell the status and not the reason. Log JSON and add "extendedRequestId":"$context.extendedRequestId", "requestTimeEpoch":"$context.requestTimeEpoch", "path":"$context.path", "authorizerError":"$context.authorizer.error", "errorResponseType":"$context.error.responseType", "errorMessage":"$context.error.message", "integrationStatus":"$context.integration.status" and the claims, as "clientId":"$context.authorizer.claims.client_id". Of a JWT that was refused no claim is logged. An execution log tells of one request in many lines, of which the first that tells its end counts; path and caller stand in others. Read either the access log or the execution log of a stage: a request that is in both counts twice, since the caller may set the request id.'
format_language = "aws_api_gateway"
variables = [
    "request_id", "extended_request_id", "api_id", "domain_name", "source_ip", "user_agent", "caller", "identity_user",
    "request_time", "request_time_epoch", "http_method", "resource_path", "path", "route_key", "event_type", "status",
    "response_latency", "integration_status", "lambda_status", "integration_error", "authorizer_error", "principal_id",
    "claim_client_id", "claim_sub", "claim_username", "claim_iss", "claim_aud", "claim_scope", "claim_jti",
    "error_message", "response_type", "validation_error", "waf_error", "waf_response", "xray_trace_id",
    "run_id", "step", "stamp",
]

[formats]
json = 'json'
execution = 'execution'
rest_clf = '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId $context.extendedRequestId'
rest_clf_before_2023 = '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId'
rest_csv = '$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId,$context.extendedRequestId'
rest_csv_before_2023 = '$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.httpMethod,$context.resourcePath,$context.protocol,$context.status,$context.responseLength,$context.requestId'
rest_xml = '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> <extendedRequestId>$context.extendedRequestId</extendedRequestId> </request>'
rest_xml_before_2023 = '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <resourcePath>$context.resourcePath</resourcePath> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>'
http_clf = '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol" $context.status $context.responseLength $context.requestId'
http_csv = '$context.identity.sourceIp,$context.requestTime,$context.httpMethod,$context.routeKey,$context.protocol,$context.status,$context.responseLength,$context.requestId'
http_xml = '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <requestTime>$context.requestTime</requestTime> <httpMethod>$context.httpMethod</httpMethod> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <protocol>$context.protocol</protocol> <responseLength>$context.responseLength</responseLength> </request>'
websocket_clf = '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.eventType $context.routeKey $context.connectionId" $context.status $context.requestId'
websocket_clf_without_status = '$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] "$context.eventType $context.routeKey $context.connectionId" $context.requestId'
websocket_csv = '$context.identity.sourceIp,$context.identity.caller,$context.identity.user,$context.requestTime,$context.eventType,$context.routeKey,$context.status,$context.connectionId,$context.requestId'
websocket_xml = '<request id="$context.requestId"> <ip>$context.identity.sourceIp</ip> <caller>$context.identity.caller</caller> <user>$context.identity.user</user> <requestTime>$context.requestTime</requestTime> <eventType>$context.eventType</eventType> <routeKey>$context.routeKey</routeKey> <status>$context.status</status> <connectionId>$context.connectionId</connectionId> </request>'
serverless_framework = 'requestId: $context.requestId, ip: $context.identity.sourceIp, caller: $context.identity.caller, user: $context.identity.user, requestTime: $context.requestTime, httpMethod: $context.httpMethod, resourcePath: $context.resourcePath, status: $context.status, protocol: $context.protocol, responseLength: $context.responseLength'

[[advice]]
columns = ["error", "error_code", "error_description"]
add = '"errorMessage":"$context.error.message", "errorResponseType":"$context.error.responseType", "authorizerError":"$context.authorizer.error" to the access log format'
tells = "which gateway response was given and why"

[[advice]]
columns = ["client_id"]
add = '"clientId":"$context.authorizer.claims.client_id" to the access log format'
tells = "the client, by the claim of its token"
*/
WITH named AS (
    SELECT *,
        http_status(status) AS code,
        nullify(event_type) AS socket_event,
        nullify(route_key) AS route,
        nullify(authorizer_error) AS refusal,
        nullify(trim(error_message, '"')) AS message,
        -- of a Lambda function `integration.status` is the function's own, `integrationStatus` may be Lambda's
        http_status(coalesce(integration_status, lambda_status)) AS integration_code,
        -- the steps of an execution that tell how the request ended; others come before and after them
        CASE WHEN step IS NULL THEN NULL
             WHEN starts_with(step, 'Gateway response type: ') THEN regexp_extract(step, '^Gateway response type: ([A-Z0-9_]+) with status code: \d{3}', 1)
             WHEN starts_with(step, 'Unauthorized request: ') THEN 'UNAUTHORIZED'
             WHEN starts_with(step, 'AuthorizerConfigurationException') THEN 'AUTHORIZER_CONFIGURATION_ERROR'
             WHEN starts_with(step, 'The client is not authorized to perform this operation')
                OR starts_with(step, 'Client is not authorized to perform this operation')
                OR starts_with(step, 'User is not authorized to access this resource')
                OR starts_with(step, 'Not authorized to access this resource') THEN 'ACCESS_DENIED'
             WHEN starts_with(step, 'API Key ') AND contains(step, ' not authorized because') THEN 'INVALID_API_KEY' END AS ending,
        CASE WHEN starts_with(step, 'Method completed with status: ') THEN http_status(step[31:33])
             WHEN starts_with(step, 'Gateway response type: ') THEN http_status(regexp_extract(step, ' with status code: (\d{3})', 1)) END AS ended
    FROM fields
),
told AS (
    SELECT *,
        CASE WHEN step IS NOT NULL THEN nullif(ending, '')
             WHEN regexp_full_match(nullify(response_type), '[A-Z][A-Z0-9_]+') THEN response_type
             WHEN waf_response IN ('WAF_BLOCK', 'BLOCK') AND code >= 400 THEN 'WAF_FILTERED' END AS kind,
        -- `invalid_token: the token does not have a valid audience`
        CASE WHEN contains(refusal, ':') THEN oauth_error(split_part(refusal, ':', 1)) END AS oauth
    FROM named
)
SELECT
    "offset",
    coalesce(epoch_time(nullify(request_time_epoch)), clf_time(request_time), epoch_time(nullify(request_time)), iso_time(request_time), iso_time(stamp)) AS time,
    coalesce(nullify(domain_name), nullify(api_id)) AS instance,
    -- a caller may set the request id of a REST API, and never an extended one; each execution ends once
    CASE WHEN step IS NOT NULL THEN run_id
         WHEN nullify(extended_request_id) IS NOT NULL THEN extended_request_id
         WHEN ends_with(request_id, '=') THEN request_id END AS event_id,
    coalesce(nullify(request_id), run_id, nullify(extended_request_id)) AS request_id,
    nullify(CASE WHEN starts_with(xray_trace_id, 'Root=') THEN split_part(substr(xray_trace_id, 6), ';', 1) ELSE xray_trace_id END) AS trace_id,
    nullify(claim_client_id) AS client_id,
    coalesce(nullify(claim_username), nullify(claim_sub), nullify(principal_id), nullify(identity_user), nullify(caller)) AS user_name,
    nullify(source_ip) AS client_ip,
    nullify(user_agent) AS user_agent,
    CASE WHEN socket_event IS NOT NULL THEN 'api' END AS endpoint,
    CASE WHEN socket_event IS NOT NULL THEN route END AS route,
    -- a route's key is `GET /pets` or `$default`
    CASE WHEN socket_event IS NOT NULL THEN NULL
         ELSE coalesce(nullify(path), CASE WHEN resource_path[1] = '/' THEN resource_path END,
            CASE WHEN contains(route, ' /') THEN split_part(route, ' ', -1) WHEN route[1] = '/' THEN route END) END AS path,
    CASE WHEN socket_event IS NOT NULL THEN NULL
         WHEN nullify(http_method) IS NOT NULL THEN nullify(http_method)
         WHEN contains(route, ' /') AND NOT starts_with(route, 'ANY ') THEN split_part(route, ' ', 1) END AS method,
    CASE WHEN step IS NULL THEN code
         WHEN ended IS NOT NULL THEN ended
         WHEN ending = 'UNAUTHORIZED' THEN 401
         WHEN ending IN ('ACCESS_DENIED', 'INVALID_API_KEY') THEN 403
         WHEN ending IS NOT NULL THEN 500 END AS status,
    -- Lambda's 200 is not the function's status
    CASE WHEN nullify(integration_status) IS NULL AND integration_code = 200 AND code <> 200 THEN NULL ELSE integration_code END AS upstream_status,
    CASE WHEN kind IS NOT NULL OR refusal IS NOT NULL AND integration_code IS NULL THEN 'gateway'
         WHEN integration_code IS NOT NULL THEN 'upstream'
         WHEN code IS NOT NULL AND coalesce(integration_status, lambda_status) IN ('-', '') THEN 'gateway' END AS answered_by,
    TRY_CAST(response_latency AS DOUBLE) AS duration_ms,
    nullify(claim_scope) AS scope,
    nullify(claim_iss) AS token_issuer,
    nullify(claim_aud) AS token_audience,
    nullify(claim_jti) AS credential,
    oauth AS error,
    kind AS error_code,
    CASE WHEN step IS NOT NULL THEN CASE WHEN ending IN ('ACCESS_DENIED', 'INVALID_API_KEY') AND ended IS NULL THEN step END
         WHEN oauth IS NOT NULL THEN trim(substr(refusal, strpos(refusal, ':') + 1))
         ELSE coalesce(refusal, nullify(validation_error), nullify(waf_error),
            -- the gateway's own words are fewer than those of the integration that failed
            CASE WHEN code >= 500 THEN nullify(integration_error) END, message, nullify(integration_error)) END AS error_description,
    -- an authorizer that fails is an OAuth failure, whatever the status
    CASE WHEN kind IN ('AUTHORIZER_FAILURE', 'AUTHORIZER_CONFIGURATION_ERROR', 'UNAUTHORIZED', 'ACCESS_DENIED', 'EXPIRED_TOKEN',
            'INVALID_SIGNATURE', 'INVALID_API_KEY', 'MISSING_AUTHENTICATION_TOKEN', 'THROTTLED', 'QUOTA_EXCEEDED', 'WAF_FILTERED')
            OR refusal IS NOT NULL AND code >= 400 THEN 'failure' END AS outcome,
    CASE WHEN matched AND step IS NOT NULL AND ending IS NULL AND ended IS NULL THEN 'step of a request' END AS ignored,
    CASE WHEN NOT matched THEN 'not a line of this access log format'
         WHEN step IS NULL AND code IS NULL AND kind IS NULL AND socket_event IS NULL THEN 'no status' END AS quarantined
FROM told
