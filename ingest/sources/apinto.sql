/*
title = "Apinto access log (APIPark)"
kind = "gateway"
provenance = "composed"
documentation = [
    "https://help.apinto.com/docs/formatter",
    "https://help.apinto.com/docs/apinto/plugins/access_log.html",
    "https://github.com/eolinker/apinto/tree/main/entries/http-entry",
]
cannot_tell = "Every token that is missing, forged or unknown is one 401 with one text; the reason stands in error.log at level debug. Add $response_body, $auth_status, $handler, $application_id, $request_id and $msec to the formatter; instead of $header and $proxy_header, which hold whole Authorization headers and cookies, log $http_user_agent and the like."
priority = 40
recognise = '^\{|\t'
format_language = "apinto"
variables = [
    "syslog_time", "syslog_host",
    "time_iso8601", "time_local", "msec", "timestamp", "request_id",
    "request", "request_method", "request_uri", "url", "uri", "query",
    "status", "response_status", "proxy_status", "proxy_method", "proxy_uri", "proxy_path",
    "request_time", "response_time",
    "remote_addr", "src_ip", "http_x_forwarded_for", "http_x_real_ip", "http_user_agent",
    "http_traceparent", "http_authorization", "proxy_header_authorization",
    "header", "headers", "proxy_header", "proxy_headers",
    "response_header", "response_headers", "response_header_www_authenticate",
    "response_header_location", "response",
    "request_body", "proxy_body", "response_body", "proxy_response_body",
    "query_client_id", "query_error", "query_grant_type",
    "application", "application_id", "auth_status", "handler", "block_name", "node", "cluster",
]

[formats]
apipark_loki = '{"type":"json","formatter":{"fields":["$msec","$service","$provider","$scheme as request_scheme","$url as request_uri","$host as request_host","$header as request_header","$remote_addr","$request_body","$proxy_body","$proxy_method","$proxy_scheme","$proxy_uri","$api","$proxy_host","$proxy_header","$proxy_addr","$response_header","$response_headers","$status","$content_type","$proxy_status","$request_time","$response_time","$node","$cluster","$application","$src_ip","$block_name as strategy","$request_id","$request_method","$authorization","$response_body","$proxy_response_body","$ai_provider","$ai_model","$ai_model_input_token","$ai_model_output_token","$ai_model_total_token"]}}'
apipark_example_json = '{"type":"json","formatter":{"fields":["$time_iso8601","$request_id","@request","@proxy","@response","@status_code","@time"],"request":["$request_method","$scheme","$request_uri","$host","$header","$remote_addr"],"proxy":["$proxy_method","$proxy_scheme","$proxy_uri","$proxy_host","$proxy_header","$proxy_addr"],"response":["$response_header"],"status_code":["$status","$proxy_status"],"time":["$request_time","$response_time"]}}'
apipark_example_line = '{"type":"line","formatter":{"fields":["$time_iso8601","$request_id","@request","@proxy","@response","@status_code","@time"],"request":["$request_method","$scheme","$request_uri","$host","$header","$remote_addr"],"proxy":["$proxy_method","$proxy_scheme","$proxy_uri","$proxy_host","$proxy_header","$proxy_addr"],"response":["$response_header"],"status_code":["$status","$proxy_status"],"time":["$request_time","$response_time"]}}'
documentation_line = '{"type":"line","formatter":{"fields":["$request_id","$request","$status","@time","@proxy","$response_time"],"time":["$msec","$time_iso8601","$time_local"],"proxy":["$proxy_uri","$proxy_scheme","$proxy_addr"]}}'
apipark_ai_event = '{"type":"json","formatter":{"ai":["$ai_provider","$ai_model","$ai_model_input_token","$ai_model_output_token","$ai_model_total_token","$ai_model_cost","$ai_provider_statuses"],"fields":["$time_iso8601","$request_id","$api","$provider","@ai"]}}'
json = 'json'

[[advice]]
columns = ["error", "error_code", "error_description"]
add = '$auth_status and $response_body to the formatter'
tells = "whether the token was accepted, and the body in which the gateway says why not"

[[advice]]
columns = ["client_id"]
add = '$application_id to the formatter'
tells = "the application that the credentials belong to"

[[advice]]
columns = ["request_id", "trace_id"]
add = '$request_id to the formatter'
tells = "one id in the logs of gateway and auth server"
*/
WITH named AS (
    SELECT *,
        http_status(status[1:3]) AS code,
        http_status(proxy_status[1:3]) AS proxy_code,
        coalesce(nullify(request_uri), nullify(url), nullify(split_part(request, ' ', 2)),
            CASE WHEN nullify(query) IS NOT NULL THEN nullify(uri) || '?' || query ELSE nullify(uri) END,
            nullify(proxy_uri), nullify(proxy_path)) AS target,
        -- all headers as a query string, with a & before each name; the client's own rather than
        -- those sent upstream, from which Apinto may have hidden the credential
        '&' || coalesce(nullify(header), nullify(proxy_header)) AS sent,
        CASE WHEN headers[1] = '{' THEN headers WHEN proxy_headers[1] = '{' THEN proxy_headers END AS sent_json,
        '&' || nullify(response_header) AS answer,
        CASE WHEN response_headers[1] = '{' THEN response_headers END AS answer_json,
        coalesce(nullify(request_body), nullify(proxy_body)) AS form,
        -- no credential under another name either: an API key, a token in a header of one's own
        (headers[1] = '{' OR nullify(header) IS NOT NULL OR http_authorization IS NOT NULL)
            AND NOT regexp_matches(coalesce(header, headers, ''), '(?i)(token|jwt|key|authorization)"?[=:]') AS tells_headers
    FROM fields
),
headed AS (
    SELECT *,
        coalesce(nullify(http_authorization),
            form_decode(nullif(split_part(split_part(sent, '&Authorization=', 2), '&', 1), '')),
            json_text(sent_json, '$.authorization'),
            nullify(proxy_header_authorization)) AS credentials,
        coalesce(nullify(http_user_agent),
            form_decode(nullif(split_part(split_part(sent, '&User-Agent=', 2), '&', 1), '')),
            json_text(sent_json, '$."user-agent"')) AS agent,
        coalesce(nullify(http_x_forwarded_for),
            form_decode(nullif(split_part(split_part(sent, '&X-Forwarded-For=', 2), '&', 1), '')),
            json_text(sent_json, '$."x-forwarded-for"')) AS forwarded_for,
        coalesce(nullify(http_traceparent),
            form_decode(nullif(split_part(split_part(sent, '&Traceparent=', 2), '&', 1), '')),
            json_text(sent_json, '$.traceparent')) AS traceparent,
        CASE WHEN code >= 300 THEN coalesce(nullify(response_header_www_authenticate),
            form_decode(nullif(split_part(split_part(answer, '&Www-Authenticate=', 2), '&', 1), '')),
            json_text(answer_json, '$."www-authenticate"'),
            nullif(regexp_extract(response, '(?i)\r\nwww-authenticate: ([^\r\n]*)', 1), '')) END AS challenge,
        CASE WHEN code BETWEEN 300 AND 399 THEN coalesce(nullify(response_header_location),
            form_decode(nullif(split_part(split_part(answer, '&Location=', 2), '&', 1), '')),
            json_text(answer_json, '$.location')) END AS location,
        CASE WHEN code >= 400 THEN coalesce(nullify(response_body), nullify(proxy_response_body),
            -- the raw response: its body begins behind the last line of the headers
            nullif(regexp_extract(response, '(?s)^HTTP/.*?\r\n(?:[!-9;-~]+: [^\r\n]*\r\n)*(?:\r\n)?(.*)$', 1), ''))
            END AS reply,
        -- what a client sends to an OAuth endpoint; elsewhere a body is none of our business
        CASE WHEN (contains(form, 'client_') OR contains(form, 'grant_type') OR contains(form, 'token'))
                  AND endpoint_of(target) <> 'api' THEN form END AS asked
    FROM named
),
told AS (
    SELECT *,
        -- Apinto answers in words, an upstream most often in JSON
        CASE WHEN reply[1] NOT IN ('{', '[', '<') OR reply[1] = '{' AND NOT json_valid(reply)
             THEN left(reply, 300) END AS words,
        CASE WHEN asked IS NULL THEN NULL
             WHEN asked[1] = '{' THEN TRY(from_json(asked, '{"client_id":"VARCHAR","grant_type":"VARCHAR","scope":"VARCHAR","redirect_uri":"VARCHAR","response_type":"VARCHAR","username":"VARCHAR","code":"VARCHAR","refresh_token":"VARCHAR","device_code":"VARCHAR","token":"VARCHAR","client_assertion":"VARCHAR"}'))
             ELSE {
                'client_id': query_param(asked, 'client_id'),
                'grant_type': query_param(asked, 'grant_type'),
                'scope': query_param(asked, 'scope'),
                'redirect_uri': query_param(asked, 'redirect_uri'),
                'response_type': query_param(asked, 'response_type'),
                'username': query_param(asked, 'username'),
                'code': query_param(asked, 'code'),
                'refresh_token': query_param(asked, 'refresh_token'),
                'device_code': query_param(asked, 'device_code'),
                'token': query_param(asked, 'token'),
                'client_assertion': query_param(asked, 'client_assertion')} END AS wanted
    FROM headed
)
SELECT
    "offset",
    -- old gateways write msec in seconds; of time_local no zone is known
    coalesce(iso_time(nullify(time_iso8601)), epoch_time(msec), epoch_time("timestamp"),
        CASE WHEN nullify(time_local) IS NULL THEN iso_time(syslog_time) END) AS time,
    try_strptime(time_local, '%Y-%m-%d %H:%M:%S') AS local_time,
    coalesce(nullify(node), syslog_host) AS instance,
    nullify(cluster) AS tenant,
    -- made by the gateway for each request; a request that two outputs write down is still one
    nullify(request_id) AS event_id,
    nullify(request_id) AS request_id,
    trace_of(traceparent) AS trace_id,
    coalesce(wanted.client_id, nullify(query_client_id),
        CASE WHEN wanted.client_assertion IS NOT NULL THEN jwt_claims(wanted.client_assertion).sub END,
        nullify(application_id), nullify(application)) AS client_id,
    nullify(application) AS client_name,
    CASE WHEN credentials ILIKE 'basic %' THEN basic_user(credentials) END AS login,
    wanted.username AS user_name,
    CASE WHEN caller LIKE '%.%:%' THEN split_part(caller, ':', 1) ELSE caller END AS client_ip,
    agent AS user_agent,
    target AS path,
    coalesce(nullify(request_method), nullify(split_part(request, ' ', 1)), nullify(proxy_method)) AS method,
    code AS status,
    -- the status at the last try; without it, what the gateway took for the upstream's answer
    CASE WHEN proxy_status IS NOT NULL THEN proxy_code ELSE http_status(response_status[1:3]) END AS upstream_status,
    CASE WHEN code IS NULL THEN NULL
         -- a strategy answers in place of an upstream even where one was asked
         WHEN handler IN ('visit', 'fuse', 'cache', 'limiting') OR handler LIKE 'quota-limiting%' THEN 'gateway'
         WHEN proxy_status IS NOT NULL THEN CASE WHEN proxy_code IS NULL THEN 'gateway' ELSE 'upstream' END
         WHEN handler = 'proxy' THEN 'upstream'
         WHEN response_status = '0' OR auth_status = 'fail' THEN 'gateway'
         WHEN http_status(response_status[1:3]) IS NOT NULL THEN 'upstream' END AS answered_by,
    coalesce(TRY_CAST(nullify(request_time) AS DOUBLE), TRY_CAST(nullify(response_time) AS DOUBLE)) AS duration_ms,
    coalesce(wanted.grant_type, nullify(query_grant_type)) AS grant_type,
    wanted.response_type AS response_type,
    wanted.scope AS scope,
    coalesce(wanted.redirect_uri, CASE WHEN contains(location, 'error=') THEN location END) AS redirect_uri,
    coalesce(wanted.code, wanted.refresh_token, wanted.device_code, wanted.token) AS credential,
    -- Apinto takes a JWT with or without `Bearer`
    CASE WHEN contains(credentials, 'eyJ')
         THEN nullif(regexp_extract(credentials, 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*'), '') END AS jwt,
    challenge,
    CASE WHEN reply[1] = '{' AND words IS NULL THEN reply END AS body,
    coalesce(nullify(query_error), query_param(location, 'error')) AS error,
    CASE WHEN code < 400 THEN NULL
         -- one text stands for a missing and for a bad token; where all headers are logged, they tell
         WHEN code = 401 AND (words IS NULL AND reply IS NULL OR words = 'missing or invalid token')
              AND credentials IS NULL AND proxy_code IS NULL AND tells_headers
              AND NOT regexp_matches(target, '[?&][A-Za-z_-]*(token|jwt|key)=') AND endpoint_of(target) = 'api'
         THEN 'why401.no_authorization'
         WHEN handler IN ('visit', 'fuse', 'limiting') OR handler LIKE 'quota-limiting%' THEN handler
         WHEN nullify(block_name) IS NOT NULL OR contains(answer, '&Strategy=') THEN 'strategy' END AS error_code,
    coalesce(words, query_param(location, 'error_description')) AS error_description,
    CASE WHEN code >= 400 AND auth_status = 'fail' THEN 'failure'
         WHEN query_param(location, 'error') IS NOT NULL THEN 'failure'
         -- the gateway could not ask about a token: no denial, and no business of the API either
         WHEN code >= 500 AND (starts_with(words, 'do introspect access token error')
             OR starts_with(words, 'get issuer config error') OR starts_with(words, 'get issuer jwks error')
             OR starts_with(words, 'parse issuer jwks error') OR starts_with(words, 'redis HMGet '))
         THEN 'failure' END AS outcome,
    CASE WHEN NOT matched AND regexp_matches(line, '^\[[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\] \[[A-Z]{4}\] ')
         THEN 'message of error.log'
         WHEN matched AND status IS NULL AND target IS NULL THEN 'usage of an AI model' END AS ignored,
    CASE WHEN NOT matched THEN 'not a line of this formatter' END AS quarantined
FROM (SELECT *, coalesce(nullify(src_ip), forwarded_for(forwarded_for),
        ip_address(http_x_real_ip), nullify(remote_addr)) AS caller FROM told)
