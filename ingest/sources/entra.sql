/*
title = "Microsoft Entra ID sign-in logs"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '(?s)"[cC]ategory"\s*:\s*"[A-Za-z]*Sign[iI]nLogs"|"[oO]perationName"\s*:\s*"Sign-in activity"|"Type"\s*:\s*"(AAD[A-Za-z]*)?Sign[iI]nLogs"|(?i:"resourceId"\s*:\s*"/tenants/[^"/]+/providers/Microsoft\.aadiam")|"createdDateTime"\s*:.*"errorCode"\s*:|"errorCode"\s*:.*"createdDateTime"\s*:|"ResultType"\s*:.*"AppId"\s*:|"AppId"\s*:.*"ResultType"\s*:|"Date \(UTC\)"\s*:.*"Sign-in error code"\s*:'
priority = 31
documentation = [
    "https://learn.microsoft.com/en-us/graph/api/resources/signin?view=graph-rest-beta",
    "https://learn.microsoft.com/en-us/entra/identity/monitoring-health/concept-activity-log-schemas",
    "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs",
    "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/aadnoninteractiveusersigninlogs",
    "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/aadserviceprincipalsigninlogs",
    "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/aadmanagedidentitysigninlogs",
    "https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes",
]
cannot_tell = "Entra ID logs sign-ins, not requests: it writes no HTTP status, rarely the OAuth error, no redirect URI, and nothing about requests that name no tenant or no known application. Non-interactive, service principal and managed identity sign-ins are categories of their own, which the diagnostic setting must name; Microsoft Graph gives interactive ones only unless signInEventTypes is filtered for."
*/
-- One sign-in, in one of four shapes, told apart by a key before any JSON is parsed, so that each shape is
-- parsed once: a record of Azure Monitor (storage, Event Hubs) with the sign-in in `properties`; a row of a Log
-- Analytics table, whose names begin with capitals; a signIn of Microsoft Graph, bare; a row of the portal's CSV,
-- which is put as such a signIn. Only `properties` that is a string of JSON is parsed apart.
WITH records_of_monitor AS (
    SELECT "offset", line, CASE WHEN contains(line, '"properties"') THEN TRY(from_json(line,
        '{"time":"VARCHAR","category":"VARCHAR","operationName":"VARCHAR","tenantId":"VARCHAR","resourceId":"VARCHAR",
          "resultType":"VARCHAR","resultSignature":"VARCHAR","resultDescription":"VARCHAR","durationMs":"VARCHAR",
          "callerIpAddress":"VARCHAR","correlationId":"VARCHAR",
          "properties":{"id":"VARCHAR","createdDateTime":"VARCHAR","userPrincipalName":"VARCHAR","userId":"VARCHAR",
            "signInIdentifier":"VARCHAR","alternateSignInName":"VARCHAR","appId":"VARCHAR","appDisplayName":"VARCHAR",
            "ipAddress":"VARCHAR",
            "status":{"errorCode":"VARCHAR","failureReason":"VARCHAR","additionalDetails":"VARCHAR"},
            "userAgent":"VARCHAR","resourceDisplayName":"VARCHAR","resourceId":"VARCHAR","resourceTenantId":"VARCHAR",
            "homeTenantId":"VARCHAR","tenantId":"VARCHAR","servicePrincipalId":"VARCHAR","servicePrincipalName":"VARCHAR",
            "incomingTokenType":"VARCHAR","authenticationProtocol":"VARCHAR","isInteractive":"VARCHAR",
            "signInEventTypes":["VARCHAR"],"correlationId":"VARCHAR","sessionId":"VARCHAR",
            "uniqueTokenIdentifier":"VARCHAR","processingTimeInMilliseconds":"VARCHAR",
            "authenticationProcessingDetails":[{"key":"VARCHAR","value":"VARCHAR"}]}}')) END AS o
    FROM records
),
shapes AS (
    SELECT "offset", line, o,
        CASE WHEN o.properties.id IS NOT NULL OR o.properties."createdDateTime" IS NOT NULL THEN 'monitor'
             WHEN contains(line, '"TimeGenerated"') OR contains(line, '"ResultType"') THEN 'row'
             WHEN contains(line, '"Date (UTC)"') THEN 'portal'
             ELSE 'apart' END AS shape
    FROM records_of_monitor
),
-- what is not there is empty or 'None', and some names end with a blank
cells_of_portal AS (
    SELECT *, CASE WHEN shape = 'portal' THEN TRY(from_json(replace(line, '":"None"', '":null'),
        '{"Date (UTC)":"VARCHAR","Request ID":"VARCHAR","Correlation ID":"VARCHAR","Session ID":"VARCHAR","Status":"VARCHAR",
          "Sign-in error code":"VARCHAR","Failure reason":"VARCHAR","User ID":"VARCHAR","Username":"VARCHAR",
          "Sign-in identifier":"VARCHAR","Application":"VARCHAR","Application ID":"VARCHAR","Application ID ":"VARCHAR",
          "Service principal ID":"VARCHAR","Service principal name":"VARCHAR","Resource":"VARCHAR","Resource ID":"VARCHAR",
          "Resource ID ":"VARCHAR","Home tenant ID":"VARCHAR","Resource tenant ID":"VARCHAR","IP address":"VARCHAR",
          "User agent":"VARCHAR","Incoming token type":"VARCHAR","Authentication Protocol":"VARCHAR",
          "Unique token identifier":"VARCHAR","Latency":"VARCHAR"}')) END AS c
    FROM shapes
),
sign_ins_of_portal AS (
    SELECT "offset", line, shape, o, CASE WHEN c IS NOT NULL THEN CAST(json_object(
        'createdDateTime', c."Date (UTC)", 'id', c."Request ID", 'correlationId', c."Correlation ID", 'sessionId', c."Session ID",
        'status', json_object('failureReason', c."Failure reason", 'errorCode', CASE WHEN lower(c."Status") = 'success' THEN '0'
            ELSE coalesce(c."Sign-in error code", if(c."Status" IS NOT NULL, '-1', NULL)) END),
        'userId', c."User ID", 'userPrincipalName', c."Username", 'signInIdentifier', c."Sign-in identifier",
        'appDisplayName', c."Application", 'appId', coalesce(c."Application ID", c."Application ID "),
        'servicePrincipalId', c."Service principal ID", 'servicePrincipalName', c."Service principal name",
        'resourceDisplayName', c."Resource", 'resourceId', coalesce(c."Resource ID", c."Resource ID "),
        'homeTenantId', c."Home tenant ID", 'resourceTenantId', c."Resource tenant ID", 'ipAddress', c."IP address",
        'userAgent', c."User agent", 'incomingTokenType', c."Incoming token type",
        'authenticationProtocol', c."Authentication Protocol", 'uniqueTokenIdentifier', c."Unique token identifier",
        'processingTimeInMilliseconds', c."Latency",
        'signInEventTypes', [CASE WHEN c."Service principal ID" IS NOT NULL THEN 'servicePrincipal'
            WHEN list_contains(string_split(lower(replace(c."Incoming token type", ' ', '')), ','), 'refreshtoken') THEN 'nonInteractiveUser'
            ELSE 'interactiveUser' END]) AS VARCHAR) END AS apart
    FROM cells_of_portal
),
sign_ins AS (
    SELECT "offset", line, shape, o,
        CASE WHEN shape = 'monitor' THEN o.properties
             WHEN shape <> 'row' THEN TRY(from_json(coalesce(apart, json_extract_string(line, '$.properties'), line),
        '{"id":"VARCHAR","createdDateTime":"VARCHAR","userPrincipalName":"VARCHAR","userId":"VARCHAR",
          "signInIdentifier":"VARCHAR","alternateSignInName":"VARCHAR","appId":"VARCHAR","appDisplayName":"VARCHAR",
          "ipAddress":"VARCHAR",
          "status":{"errorCode":"VARCHAR","failureReason":"VARCHAR","additionalDetails":"VARCHAR"},
          "userAgent":"VARCHAR","resourceDisplayName":"VARCHAR","resourceId":"VARCHAR","resourceTenantId":"VARCHAR",
          "homeTenantId":"VARCHAR","tenantId":"VARCHAR","servicePrincipalId":"VARCHAR","servicePrincipalName":"VARCHAR",
          "incomingTokenType":"VARCHAR","authenticationProtocol":"VARCHAR","isInteractive":"VARCHAR",
          "signInEventTypes":["VARCHAR"],"correlationId":"VARCHAR","sessionId":"VARCHAR",
          "uniqueTokenIdentifier":"VARCHAR","processingTimeInMilliseconds":"VARCHAR",
          "authenticationProcessingDetails":[{"key":"VARCHAR","value":"VARCHAR"}]}')) END AS p
    FROM sign_ins_of_portal
),
rows_of_analytics AS (
    SELECT *,
        CASE WHEN shape = 'row' THEN TRY(from_json(line,
        '{"TimeGenerated":"VARCHAR","CreatedDateTime":"VARCHAR","TimeGenerated [UTC]":"VARCHAR",
          "CreatedDateTime [UTC]":"VARCHAR","Type":"VARCHAR","Category":"VARCHAR",
          "OperationName":"VARCHAR","AADTenantId":"VARCHAR","HomeTenantId":"VARCHAR","ResourceTenantId":"VARCHAR",
          "ResourceId":"VARCHAR","ResultType":"VARCHAR","ResultSignature":"VARCHAR","ResultDescription":"VARCHAR",
          "Status":"VARCHAR","DurationMs":"VARCHAR","ProcessingTimeInMilliseconds":"VARCHAR",
          "ProcessingTimeInMs":"VARCHAR","Id":"VARCHAR","CorrelationId":"VARCHAR","SessionId":"VARCHAR",
          "UniqueTokenIdentifier":"VARCHAR","AppId":"VARCHAR","AppDisplayName":"VARCHAR",
          "ServicePrincipalId":"VARCHAR","ServicePrincipalName":"VARCHAR","UserPrincipalName":"VARCHAR",
          "UserId":"VARCHAR","SignInIdentifier":"VARCHAR","AlternateSignInName":"VARCHAR","IPAddress":"VARCHAR",
          "UserAgent":"VARCHAR","ResourceDisplayName":"VARCHAR","ResourceIdentity":"VARCHAR",
          "AuthenticationProtocol":"VARCHAR","IncomingTokenType":"VARCHAR","IsInteractive":"VARCHAR",
          "AuthenticationProcessingDetails":"VARCHAR"}')) END AS w
    FROM sign_ins
),
-- what stands in a string of JSON: `Status` and the processing details of a row, `status` of some records
opened AS (
    SELECT *,
        CASE WHEN p.status."errorCode" IS NOT NULL THEN p.status
             ELSE TRY(from_json(coalesce(w."Status", json_extract_string(line, '$.properties.status'),
                    json_extract_string(line, '$.status')),
                '{"errorCode":"VARCHAR","failureReason":"VARCHAR","additionalDetails":"VARCHAR"}')) END AS status,
        coalesce(p."authenticationProcessingDetails", CASE WHEN w."AuthenticationProcessingDetails" IS NOT NULL THEN
            TRY(from_json(w."AuthenticationProcessingDetails", '[{"key":"VARCHAR","value":"VARCHAR"}]')) END) AS details,
        -- a table has the name of its category, most with AAD before it
        regexp_replace(lower(coalesce(o.category, w."Category", w."Type")), '^aad', '') AS category,
        list_transform(p."signInEventTypes", lambda one: lower(one)) AS event_types,
        coalesce(o."operationName", w."OperationName") AS operation
    FROM rows_of_analytics
),
placed AS (
    SELECT *,
        lower(coalesce(p."authenticationProtocol", w."AuthenticationProtocol")) AS protocol,
        CASE
            WHEN category IN ('serviceprincipalsigninlogs', 'managedidentitysigninlogs', 'microsoftserviceprincipalsigninlogs')
                THEN 'app'
            WHEN category = 'noninteractiveusersigninlogs' THEN 'silent'
            -- `SignIn` until 2018
            WHEN category IN ('signinlogs', 'signin') THEN
                CASE lower(coalesce(p."isInteractive", w."IsInteractive")) WHEN 'false' THEN 'silent' ELSE 'interactive' END
            WHEN category IS NULL AND (operation IS NULL OR operation = 'Sign-in activity') THEN CASE
                WHEN list_has_any(event_types, ['serviceprincipal', 'managedidentity']) THEN 'app'
                WHEN list_contains(event_types, 'noninteractiveuser') THEN 'silent'
                WHEN nullify(coalesce(p."userId", w."UserId")) IS NULL
                    AND nullify(coalesce(p."userPrincipalName", w."UserPrincipalName")) IS NULL
                    AND nullify(coalesce(p."servicePrincipalId", w."ServicePrincipalId")) IS NOT NULL THEN 'app'
                WHEN lower(coalesce(p."isInteractive", w."IsInteractive")) = 'false' THEN 'silent'
                ELSE 'interactive' END
        END AS kind,
        -- 0 is success; some tables are documented to hold the word, and the number in the signature
        coalesce(TRY_CAST(status."errorCode" AS BIGINT),
            TRY_CAST(regexp_replace(coalesce(o."resultType", w."ResultType"), '^AADSTS', '') AS BIGINT),
            CASE lower(coalesce(o."resultType", w."ResultType")) WHEN 'success' THEN 0
                WHEN 'failure' THEN coalesce(TRY_CAST(
                    regexp_replace(coalesce(o."resultSignature", w."ResultSignature"), '^AADSTS', '') AS BIGINT), -1) END) AS code
    FROM opened
)
SELECT
    "offset",
    -- createdDateTime is when it happened; time and TimeGenerated are when it was logged, minutes later
    coalesce(iso_time(p."createdDateTime"), iso_time(w."CreatedDateTime"), iso_time(o.time), iso_time(w."TimeGenerated"),
        TRY_STRPTIME(o.time, '%m/%d/%Y %I:%M:%S %p'), iso_time(w."CreatedDateTime [UTC]"),
        TRY_STRPTIME(coalesce(w."CreatedDateTime [UTC]", w."TimeGenerated [UTC]"),
            ['%m/%d/%Y, %I:%M:%S.%g %p', '%m/%d/%Y, %I:%M:%S %p', '%m/%d/%Y %I:%M:%S %p']), iso_time(w."TimeGenerated [UTC]"),
        TRY_STRPTIME(p."createdDateTime", '%m/%d/%Y, %I:%M:%S %p')) AS time,
    -- TenantId of a row is the workspace, not the directory
    nullif(coalesce(nullify(o."tenantId"), nullify(p."tenantId"), nullify(w."AADTenantId"),
        CASE WHEN starts_with(coalesce(o."resourceId", w."ResourceId"), '/tenants/')
             THEN split_part(coalesce(o."resourceId", w."ResourceId"), '/', 3) END,
        nullify(p."homeTenantId"), nullify(w."HomeTenantId"), nullify(p."resourceTenantId"), nullify(w."ResourceTenantId")),
        '00000000-0000-0000-0000-000000000000') AS tenant,
    nullify(coalesce(p.id, w."Id")) AS event_id,
    -- The correlation id is the caller's own client-request-id, so a gateway's log can hold it; originalRequestId
    -- never leaves Entra ID, and `id` (x-ms-request-id, the "Trace ID" of messages) is the event's own.
    nullify(coalesce(p."correlationId", o."correlationId", w."CorrelationId")) AS request_id,
    nullif(nullify(coalesce(p."sessionId", w."SessionId")), '00000000-0000-0000-0000-000000000000') AS session_id,
    nullify(coalesce(p."appId", w."AppId")) AS client_id,
    coalesce(nullify(p."appDisplayName"), nullify(w."AppDisplayName"),
        CASE WHEN kind = 'app' THEN nullify(coalesce(p."servicePrincipalName", w."ServicePrincipalName")) END) AS client_name,
    coalesce(nullify(p."userPrincipalName"), nullify(w."UserPrincipalName"),
        nullif(nullify(coalesce(p."userId", w."UserId")), '00000000-0000-0000-0000-000000000000'),
        nullify(coalesce(p."signInIdentifier", w."SignInIdentifier")),
        nullify(coalesce(p."alternateSignInName", w."AlternateSignInName"))) AS user_name,
    coalesce(nullify(p."ipAddress"), nullify(o."callerIpAddress"), nullify(w."IPAddress")) AS client_ip,
    nullify(coalesce(p."userAgent", w."UserAgent")) AS user_agent,
    CASE WHEN protocol IN ('devicecode', 'ropc') OR kind <> 'interactive' THEN 'token' ELSE 'authorization' END AS endpoint,
    -- durationMs is not filled (always 0), processing time is
    coalesce(TRY_CAST(coalesce(p."processingTimeInMilliseconds", w."ProcessingTimeInMilliseconds", w."ProcessingTimeInMs") AS DOUBLE),
        nullif(TRY_CAST(coalesce(o."durationMs", w."DurationMs") AS DOUBLE), 0)) AS duration_ms,
    -- a silent sign-in without a refresh token may be any grant
    CASE WHEN kind = 'app' THEN 'client_credentials'
         WHEN protocol = 'devicecode' THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN protocol = 'ropc' THEN 'password'
         WHEN kind = 'silent' AND list_contains(
            string_split(lower(replace(coalesce(p."incomingTokenType", w."IncomingTokenType"), ' ', '')), ','), 'refreshtoken')
            THEN 'refresh_token' END AS grant_type,
    CASE WHEN details IS NOT NULL THEN nullify(trim(regexp_replace(
        list_filter(details, lambda one: lower(one.key) = 'oauth scope info')[1].value, '[\[\]", ]+', ' ', 'g'))) END AS scope,
    coalesce(nullify(p."resourceId"), nullify(w."ResourceIdentity"),
        nullify(coalesce(p."resourceDisplayName", w."ResourceDisplayName"))) AS token_audience,
    -- the identifier that the issued token carries as `uti`; servicePrincipalCredentialKeyId is the id of a
    -- registered secret or certificate and never the `kid` of a token, so kid stays empty
    CASE WHEN code = 0 THEN nullify(coalesce(p."uniqueTokenIdentifier", w."UniqueTokenIdentifier")) END AS credential,
    CASE WHEN code = 0 THEN 'success' ELSE 'failure' END AS outcome,
    CASE WHEN code <> 0 THEN nullif(regexp_extract(status."additionalDetails",
        '\b(invalid_(?:request|client|grant|scope|token|resource|target|dpop_proof)|unauthorized_client|unsupported_(?:grant_type|response_type)|access_denied|(?:interaction|login|consent|account_selection)_required|authorization_pending|slow_down|expired_token|authorization_declined|bad_verification_code|server_error|temporarily_unavailable|insufficient_scope|use_dpop_nonce)\b'), '') END AS error,
    CASE WHEN code > 0 THEN 'AADSTS' || code END AS error_code,
    CASE WHEN code <> 0 THEN coalesce(nullif(nullify(status."failureReason"), 'Other.'),
        nullif(nullify(coalesce(o."resultDescription", w."ResultDescription")), 'Other.'),
        nullify(status."additionalDetails"), nullify(status."failureReason")) END AS error_description,
    CASE WHEN kind IS NULL THEN 'not a sign-in at Entra ID' END AS ignored,
    CASE WHEN o IS NULL AND p IS NULL AND w IS NULL THEN 'broken JSON'
         WHEN p."appId" IS NULL AND w."AppId" IS NULL AND p.id IS NULL AND w."Id" IS NULL THEN 'no sign-in'
         WHEN code IS NULL THEN 'no result' END AS quarantined
FROM placed
