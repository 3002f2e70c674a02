/*
title = "JSON lines of any program"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '''(?s)^\s*\{(?:.*{{json_status}}.*{{json_path}}|.*{{json_path}}.*{{json_status}}|.*{{json_status}}.*"{{http_methods}} /\S*(?: HTTP/[0-9.]+)?\\?"|.*"{{http_methods}} /\S*(?: HTTP/[0-9.]+)?\\?"(?:.*{{json_status}}| [1-5]\d\d\b)|.*"reqId"\s*:.*"(?:res"\s*:\s*\{"statusCode"\s*:\s*\d+|req"\s*:\s*\{"method")|.*"(?:Error|[a-z]+Error)"\s*:\s*"{{telling_codes}}"|.*{{failures}})
(?s)^\s*\{.*{{product_messages}}'''
priority = 95
documentation = [
    "https://opentelemetry.io/docs/specs/semconv/http/http-spans/",
    "https://www.elastic.co/docs/reference/ecs/ecs-http",
    "https://github.com/pinojs/pino-http",
    "https://fastify.dev/docs/latest/Reference/Logging/",
    "https://github.com/serilog/serilog-formatting-compact",
    "https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest",
    "https://github.com/roidrage/lograge",
]
cannot_tell = "Only the usual names are read: a time, a status, a path and who or how (a method, an address, a user agent) make an event, or an OAuth error. A duration without its unit in its name or value stays empty. A bare 401 or 403 tells no cause: log the WWW-Authenticate header of the answer (www_authenticate), or error and error_description of its body, and client_id. A program that writes the request and its answer in two records is read by the second; without a path in it, only Fastify's pairs are put together."

[[advice]]
columns = ["error", "error_description"]
add = "www_authenticate, or error and error_description"
tells = "Why a request was refused, as RFC 6750 and RFC 6749 say it to the client."

[[advice]]
columns = ["client_id"]
add = "client_id"
tells = "Which client failed; without it failures are counted by address only."

[[advice]]
columns = ["duration_ms"]
add = "duration_ms"
tells = "How long the answer took; the unit stands in the name."
*/
-- A record by the usual names, flat, dotted and nested. `j` holds what stands at the top, `r` the request, `a` its answer and `e` the
-- error where they are objects, `n` other objects, `d` dotted names.
WITH
-- What a logger puts into an object of its own (winston's meta, OpenTelemetry's attributes, Monolog's context and extra, Serilog's
-- Properties) is read as if it stood at the top. GELF writes _ before each name of one's own.
holding AS (
    SELECT "offset", line, CASE WHEN regexp_matches(line, '"(?:meta|metadata|payload|context|extra|fields|attributes|data|[pP]roperties|State|record|mdc|contextMap)"\s*:\s*\{')
        THEN TRY(from_json(replace(line, '"Properties"', '"properties"'), '{"context":"JSON","contextMap":"JSON","mdc":"JSON","extra":"JSON","attributes":"JSON","fields":"JSON","meta":"JSON",
            "metadata":"JSON","payload":"JSON","properties":"JSON","State":"JSON","data":"JSON","record":"JSON"}')) END AS held
    FROM records
),
plain AS (
    SELECT "offset", CASE
        WHEN contains(line, '"short_message"') THEN regexp_replace(line, '"_([A-Za-z][A-Za-z0-9_.-]*"\s*:)', '"\1', 'g')
        WHEN held IS NOT NULL THEN CAST(TRY(json_merge_patch(coalesce(held.record -> 'extra', '{}'), coalesce(held.context, held."contextMap", held.mdc, '{}'), coalesce(held.extra, '{}'),
            coalesce(held.attributes, held.fields, held.meta, held.metadata, held.payload, held.properties, held."State", held.data, held.record, '{}'), line)) AS VARCHAR)
        ELSE line END AS line
    FROM holding
),
opened AS (
    SELECT "offset", line, contains(substr(line, 3), '{') AS nested, TRY(from_json(line, '{
        "time":"VARCHAR","timestamp":"VARCHAR","@timestamp":"VARCHAR","ts":"VARCHAR","@t":"VARCHAR","datetime":"VARCHAR","date":"VARCHAR",
        "time_iso8601":"VARCHAR","time_local":"VARCHAR","msec":"VARCHAR","asctime":"VARCHAR","eventTime":"VARCHAR","event_time":"VARCHAR",
        "start_time":"VARCHAR","startTime":"VARCHAR","timeUnixNano":"VARCHAR","timeMillis":"VARCHAR","observedTimestamp":"VARCHAR",
        "requestTime":"VARCHAR","date_time":"VARCHAR","logged_at":"VARCHAR","t":"VARCHAR","created":"VARCHAR","status":"VARCHAR",
        "status_code":"VARCHAR","statusCode":"VARCHAR","http_status":"VARCHAR","httpStatus":"VARCHAR","httpStatusCode":"VARCHAR",
        "http_status_code":"VARCHAR","status-code":"VARCHAR","response_code":"VARCHAR","responseCode":"VARCHAR","response_status":"VARCHAR",
        "responseStatus":"VARCHAR","response_status_code":"VARCHAR","responseStatusCode":"VARCHAR","resp_status":"VARCHAR",
        "sc-status":"VARCHAR","code":"VARCHAR","path":"VARCHAR","uri":"VARCHAR","url":"VARCHAR","request_uri":"VARCHAR",
        "requestUri":"VARCHAR","request_path":"VARCHAR","requestPath":"VARCHAR","request_url":"VARCHAR","requestUrl":"VARCHAR",
        "requested_uri":"VARCHAR","original_url":"VARCHAR","originalUrl":"VARCHAR","originalUri":"VARCHAR","target":"VARCHAR",
        "endpoint":"VARCHAR","http_path":"VARCHAR","http_url":"VARCHAR","uri_path":"VARCHAR","url_path":"VARCHAR","full_path":"VARCHAR",
        "cs-uri-stem":"VARCHAR","query":"VARCHAR","query_string":"VARCHAR","queryString":"VARCHAR","args":"VARCHAR",
        "cs-uri-query":"VARCHAR","method":"VARCHAR","request_method":"VARCHAR","requestMethod":"VARCHAR","http_method":"VARCHAR",
        "httpMethod":"VARCHAR","verb":"VARCHAR","cs-method":"VARCHAR","request":"VARCHAR","request_line":"VARCHAR","requestLine":"VARCHAR",
        "firstLine":"VARCHAR","first_line":"VARCHAR","requested_url":"VARCHAR","req":"VARCHAR","res":"VARCHAR","response":"VARCHAR",
        "http_request":"VARCHAR","http_response":"VARCHAR",
        "http":"VARCHAR","httpRequest":"VARCHAR","httpResponse":"VARCHAR","span":"VARCHAR","client_ip":"VARCHAR","clientIp":"VARCHAR",
        "client_addr":"VARCHAR","client_address":"VARCHAR","clientAddress":"VARCHAR","remote_addr":"VARCHAR","remoteAddr":"VARCHAR",
        "remoteAddress":"VARCHAR","remote_address":"VARCHAR","remote-address":"VARCHAR","remote_ip":"VARCHAR","remoteIp":"VARCHAR",
        "ip":"VARCHAR","ip_address":"VARCHAR","ipAddress":"VARCHAR","source_ip":"VARCHAR","sourceIp":"VARCHAR","src_ip":"VARCHAR",
        "srcIp":"VARCHAR","remote":"VARCHAR","remote_host":"VARCHAR","remoteHost":"VARCHAR","client":"VARCHAR","peer":"VARCHAR",
        "real_ip":"VARCHAR","x_real_ip":"VARCHAR","c-ip":"VARCHAR","x_forwarded_for":"VARCHAR","http_x_forwarded_for":"VARCHAR","proxy_add_x_forwarded_for":"VARCHAR",
        "forwarded_for":"VARCHAR","x-forwarded-for":"VARCHAR","xForwardedFor":"VARCHAR","user_agent":"VARCHAR","userAgent":"VARCHAR",
        "user-agent":"VARCHAR","http_user_agent":"VARCHAR","ua":"VARCHAR","agent":"VARCHAR","request_id":"VARCHAR","requestId":"VARCHAR",
        "req_id":"VARCHAR","reqId":"VARCHAR","request-id":"VARCHAR","x_request_id":"VARCHAR","x-request-id":"VARCHAR",
        "xRequestId":"VARCHAR","correlation_id":"VARCHAR","correlationId":"VARCHAR","id":"VARCHAR","trace_id":"VARCHAR","traceId":"VARCHAR",
        "@tr":"VARCHAR","otelTraceID":"VARCHAR","trace":"VARCHAR","traceparent":"VARCHAR","logging.googleapis.com/trace":"VARCHAR",
        "session_id":"VARCHAR","sessionId":"VARCHAR","client_id":"VARCHAR","clientId":"VARCHAR","oauth_client_id":"VARCHAR",
        "user":"VARCHAR","username":"VARCHAR","user_name":"VARCHAR","remote_user":"VARCHAR","user_id":"VARCHAR","userId":"VARCHAR",
        "sub":"VARCHAR","hostname":"VARCHAR","host":"VARCHAR","pod_name":"VARCHAR","upstream_status":"VARCHAR","upstreamStatus":"VARCHAR",
        "duration_ms":"VARCHAR","durationMs":"VARCHAR","duration_millis":"VARCHAR","durationMillis":"VARCHAR","elapsed_ms":"VARCHAR",
        "elapsedMs":"VARCHAR","elapsedMillis":"VARCHAR","latency_ms":"VARCHAR","latencyMs":"VARCHAR","response_time_ms":"VARCHAR",
        "responseTimeMs":"VARCHAR","request_time_ms":"VARCHAR","time_ms":"VARCHAR","took_ms":"VARCHAR","responseTime":"VARCHAR",
        "response-time":"VARCHAR","elapsed_time":"VARCHAR","duration_s":"VARCHAR","duration_seconds":"VARCHAR","durationSeconds":"VARCHAR",
        "latency_s":"VARCHAR","latency_seconds":"VARCHAR","elapsed_seconds":"VARCHAR","duration_us":"VARCHAR","latency_us":"VARCHAR",
        "elapsed_us":"VARCHAR","duration_ns":"VARCHAR","latency_ns":"VARCHAR","time_ns":"VARCHAR","latency_human":"VARCHAR","duration":"VARCHAR",
        "latency":"VARCHAR","elapsed":"VARCHAR","took":"VARCHAR","response_time":"VARCHAR","request_time":"VARCHAR","error":"VARCHAR",
        "err":"VARCHAR","oauth_error":"VARCHAR","oauthError":"VARCHAR","authError":"VARCHAR","error_code":"VARCHAR","errorCode":"VARCHAR","error_type":"VARCHAR","reason":"VARCHAR",
        "error_description":"VARCHAR","errorDescription":"VARCHAR","error_message":"VARCHAR","errorMessage":"VARCHAR","error_msg":"VARCHAR",
        "errorMsg":"VARCHAR","detail":"VARCHAR","exception":"VARCHAR","thrown":"VARCHAR","exc_info":"VARCHAR","stack":"VARCHAR",
        "stack_trace":"VARCHAR","stackTrace":"VARCHAR","@x":"VARCHAR","message":"VARCHAR","msg":"VARCHAR","event":"VARCHAR",
        "text":"VARCHAR","short_message":"VARCHAR","full_message":"VARCHAR","@m":"VARCHAR","body":"VARCHAR","response_body":"VARCHAR",
        "responseBody":"VARCHAR","resp_body":"VARCHAR","ipPort":"VARCHAR","grant_type":"VARCHAR","grantType":"VARCHAR","scope":"VARCHAR",
        "redirect_uri":"VARCHAR","redirectUri":"VARCHAR","kid":"VARCHAR","controller":"VARCHAR","body_bytes_sent":"VARCHAR"}')) AS j
    FROM plain
),
sound AS (
    SELECT "offset", line, j IS NULL AS broken, nested, j, CASE WHEN j IS NOT NULL THEN line END AS whole FROM opened
),
objects AS (
    SELECT "offset", line, broken, j,
        -- names in the manner of .NET and of Go; within one structure names must differ by more than their case
        CASE WHEN regexp_matches(whole, '"[A-Z][A-Za-z]+"\s*:') THEN TRY(from_json(whole, '{
            "Timestamp":"VARCHAR","TimeGenerated":"VARCHAR","StatusCode":"VARCHAR","RequestPath":"VARCHAR","Path":"VARCHAR",
            "RequestUri":"VARCHAR","QueryString":"VARCHAR","RequestMethod":"VARCHAR","Method":"VARCHAR","HttpMethod":"VARCHAR",
            "ClientIp":"VARCHAR","RemoteIpAddress":"VARCHAR","IpAddress":"VARCHAR","UserAgent":"VARCHAR","RequestId":"VARCHAR",
            "CorrelationId":"VARCHAR","TraceId":"VARCHAR","ClientId":"VARCHAR","UserName":"VARCHAR","MachineName":"VARCHAR",
            "Elapsed":"VARCHAR","ElapsedMilliseconds":"VARCHAR","Exception":"VARCHAR","Message":"VARCHAR","RenderedMessage":"VARCHAR","Error":"VARCHAR",
            "ErrorDescription":"VARCHAR","GrantType":"VARCHAR"}')) END AS p,
        CASE WHEN regexp_matches(whole, '"[a-z]*(?:ID|IP|UR[IL]|userName|useragent)"\s*:') THEN TRY(from_json(whole, '{
            "requestURI":"VARCHAR","requestURL":"VARCHAR","clientIP":"VARCHAR","remoteIP":"VARCHAR","requestID":"VARCHAR",
            "traceID":"VARCHAR","clientID":"VARCHAR","userID":"VARCHAR","userName":"VARCHAR","useragent":"VARCHAR","httpRequest":{"remoteIP":"VARCHAR"}}')) END AS g,
        -- nginx as the guides to the Elastic Stack have it: seconds
        CASE WHEN contains(whole, '"clientip"') THEN TRY(from_json(whole, '{"clientip":"VARCHAR","responsetime":"DOUBLE","upstreamtime":"VARCHAR"}')) END AS k,
        CASE WHEN nested THEN TRY(from_json(CASE WHEN starts_with(j.req, '{') THEN j.req WHEN starts_with(j.request, '{') THEN j.request
                WHEN starts_with(j."httpRequest", '{') THEN j."httpRequest" WHEN starts_with(j.http_request, '{') THEN j.http_request
                WHEN starts_with(j.span, '{') THEN j.span END, '{
            "id":"VARCHAR","request_id":"VARCHAR","requestID":"VARCHAR","method":"VARCHAR","requestMethod":"VARCHAR",
            "http.method":"VARCHAR","http.request.method":"VARCHAR","url":"VARCHAR","originalUrl":"VARCHAR","uri":"VARCHAR",
            "path":"VARCHAR","requestUrl":"VARCHAR","requestPath":"VARCHAR","http.target":"VARCHAR","http.url":"VARCHAR",
            "url.path":"VARCHAR","query":"VARCHAR","status":"VARCHAR","http.status_code":"VARCHAR","http.response.status_code":"VARCHAR",
            "latency":"VARCHAR","remote":"VARCHAR","remoteAddress":"VARCHAR","remote_addr":"VARCHAR","remote_ip":"VARCHAR","remoteIp":"VARCHAR","ip":"VARCHAR",
            "client_ip":"VARCHAR","http.client_ip":"VARCHAR","userAgent":"VARCHAR","user_agent":"VARCHAR","user-agent":"VARCHAR",
            "http.user_agent":"VARCHAR","client_id":"VARCHAR","grant_type":"VARCHAR","user":"VARCHAR",
            "headers":{"user-agent":"VARCHAR","x-request-id":"VARCHAR","x-forwarded-for":"VARCHAR","traceparent":"VARCHAR"}}')) END AS r,
        CASE WHEN nested THEN TRY(from_json(CASE WHEN starts_with(j.res, '{') THEN j.res WHEN starts_with(j.response, '{') THEN j.response
                WHEN starts_with(j."httpResponse", '{') THEN j."httpResponse" WHEN starts_with(j.http_response, '{') THEN j.http_response END, '{
            "status":"VARCHAR","statusCode":"VARCHAR","status_code":"VARCHAR","elapsed":"VARCHAR","body":"VARCHAR","data":"VARCHAR","responseTime":"VARCHAR",
            "duration_ms":"VARCHAR","latency_ms":"VARCHAR","took":"VARCHAR"}')) END AS a,
        CASE WHEN nested THEN TRY(from_json(CASE WHEN starts_with(j.error, '{') THEN j.error WHEN starts_with(j.err, '{') THEN j.err
                WHEN starts_with(j.exception, '{') THEN j.exception WHEN starts_with(j.thrown, '{') THEN j.thrown END, '{
            "error":"VARCHAR","code":"VARCHAR","type":"VARCHAR","name":"VARCHAR","class":"VARCHAR","exceptionType":"VARCHAR",
            "message":"VARCHAR","msg":"VARCHAR","value":"VARCHAR","error_description":"VARCHAR","errorDescription":"VARCHAR",
            "response":"VARCHAR","data":"VARCHAR","stack":"VARCHAR","stack_trace":"VARCHAR","status_code":"VARCHAR"}')) END AS e,
        CASE WHEN nested THEN TRY(from_json(whole, '{
            "http":{"method":"VARCHAR","url":"VARCHAR","path":"VARCHAR","target":"VARCHAR","status_code":"VARCHAR","status":"VARCHAR",
            "request_id":"VARCHAR","user_agent":"VARCHAR","useragent":"VARCHAR","client_ip":"VARCHAR","url_details":{"path":"VARCHAR"},
                "request":{"method":"VARCHAR","id":"VARCHAR","path":"VARCHAR"},"response":{"status_code":"VARCHAR","status":"VARCHAR"}},
            "url":{"original":"VARCHAR","full":"VARCHAR","path":"VARCHAR","query":"VARCHAR"},"client":{"ip":"VARCHAR","address":"VARCHAR"},"source":{"ip":"VARCHAR"},"network":{"client":{"ip":"VARCHAR"}},
            "user_agent":{"original":"VARCHAR"},"host":{"name":"VARCHAR","hostname":"VARCHAR"},"user":{"name":"VARCHAR","id":"VARCHAR"},"event":{"duration":"VARCHAR"},"trace":{"id":"VARCHAR"},
            "time":{"timestamp":"VARCHAR"},"instant":{"epochSecond":"BIGINT","nanoOfSecond":"BIGINT"},
            "timestamp":{"seconds":"BIGINT","nanos":"BIGINT"}}')) END AS n,
        CASE WHEN regexp_matches(whole, '"(?:http|url|client|request|response|req|res|error|exception|err)\.') THEN TRY(from_json(whole, '{
            "http.request.method":"VARCHAR","http.method":"VARCHAR","http.response.status_code":"VARCHAR","http.status_code":"VARCHAR",
            "http.status":"VARCHAR","url.path":"VARCHAR","url.query":"VARCHAR","url.original":"VARCHAR","url.full":"VARCHAR",
            "http.target":"VARCHAR","http.url":"VARCHAR","http.path":"VARCHAR","http.route":"VARCHAR","client.address":"VARCHAR",
            "client.ip":"VARCHAR","source.ip":"VARCHAR","http.client_ip":"VARCHAR","net.peer.ip":"VARCHAR","network.peer.address":"VARCHAR",
            "user_agent.original":"VARCHAR","http.user_agent":"VARCHAR","http.useragent":"VARCHAR","http.request_id":"VARCHAR",
            "http.request.id":"VARCHAR","trace.id":"VARCHAR","host.name":"VARCHAR","host.hostname":"VARCHAR","client.id":"VARCHAR",
            "enduser.id":"VARCHAR","user.name":"VARCHAR","user.id":"VARCHAR","http.server.request.duration":"VARCHAR",
            "event.duration":"VARCHAR","error.type":"VARCHAR","error.code":"VARCHAR","error.message":"VARCHAR",
            "error.stack_trace":"VARCHAR","exception.type":"VARCHAR","exception.message":"VARCHAR","exception.stacktrace":"VARCHAR",
            "err.type":"VARCHAR","err.message":"VARCHAR","request.method":"VARCHAR","request.path":"VARCHAR","request.url":"VARCHAR",
            "request.uri":"VARCHAR","request.id":"VARCHAR","request.ip":"VARCHAR","response.status":"VARCHAR",
            "response.status_code":"VARCHAR","response.statusCode":"VARCHAR","req.method":"VARCHAR","req.url":"VARCHAR","req.id":"VARCHAR",
            "res.statusCode":"VARCHAR"}')) END AS d
    FROM sound
),
lined AS (
    SELECT *,
        coalesce(j.message, j.msg, j."@m", p."Message", p."RenderedMessage", j.short_message, scalar_text(j.event), scalar_text(j.body), j.text) AS text,
        -- a request line, or as Django prints its request
        coalesce(nullif(regexp_replace(j.request, '^<\w+: ([A-Z]+) ''(.*)''>$', '\1 \2'), j.request),
            CASE WHEN contains(j.request, ' ') THEN scalar_text(j.request) END, j.request_line, j."requestLine", j."firstLine", j.first_line, j.requested_url) AS first_line
    FROM objects
),
-- the message of an access log holds one as well
targeted AS (
    SELECT *, coalesce(first_line, CASE WHEN contains(text, ' HTTP/') THEN
        nullif(regexp_extract(text, '"(' || http_methods() || ' \S+ HTTP/[0-9.]+"? ?[0-9]*)', 1), '') END) AS target
    FROM lined
),
valued AS (
    SELECT "offset", line, broken, broken AND NOT regexp_matches(line, '^\s*\{') AS other, text, target,
        coalesce(http_status(split_part(j.status, ' ', 1)), http_status(coalesce(j.status_code, j."statusCode", a."statusCode", a.status, a.status_code,
            n.http.response.status_code, n.http.response.status, n.http.status_code, n.http.status, d."http.response.status_code", d."http.status_code",
            d."http.status", d."response.status", d."response.status_code", d."response.statusCode", d."res.statusCode", j.http_status, j."httpStatus",
            j."httpStatusCode", j.http_status_code, j."status-code", j.response_code, j."responseCode", j.response_status, j."responseStatus",
            j.response_status_code, j."responseStatusCode", j.resp_status, p."StatusCode", j."sc-status", r.status, r."http.status_code",
            r."http.response.status_code", CASE WHEN target IS NOT NULL OR coalesce(j.method, j.request_method, r.method) IS NOT NULL
                THEN coalesce(j.code, nullif(regexp_extract(target, '" ([1-5][0-9]{2})$', 1), '')) END, e.status_code))) AS status,
        coalesce(j.path, j.request_uri, j.uri, scalar_text(j.url), n.url.original, n.url.full, n.url.path, r."originalUrl", r.url, r.uri, r.path, r."requestUrl",
            r."requestPath", r."http.target", r."http.url", r."url.path", n.http.url, n.http.path, n.http.target, n.http.request.path, n.http.url_details.path,
            d."url.original", d."url.full", d."url.path", d."http.target", d."http.url", d."http.path", d."request.path", d."request.url", d."request.uri",
            d."req.url", j."requestUri", g."requestURI", j.request_path, j."requestPath", j.request_url, j."requestUrl", g."requestURL", j.requested_uri,
            j.original_url, j."originalUrl", j."originalUri", j.http_path, j.http_url, j.uri_path, j.url_path, j.full_path, p."RequestPath", p."Path",
            p."RequestUri", j."cs-uri-stem", CASE WHEN starts_with(j.target, '/') THEN j.target END, d."http.route", nullif(split_part(target, ' ', 2), ''),
            CASE WHEN starts_with(j.endpoint, '/') THEN j.endpoint END) AS place,
        nullify(scalar_text(coalesce(j.query, j.query_string, j."queryString", j.args, n.url.query, d."url.query", p."QueryString", j."cs-uri-query"))) AS query,
        coalesce(j.method, j.request_method, r.method, r."requestMethod", r."http.method", r."http.request.method", n.http.method, n.http.request.method,
            d."http.request.method", d."http.method", d."request.method", d."req.method", j."requestMethod", j.http_method, j."httpMethod", j.verb,
            p."RequestMethod", p."Method", p."HttpMethod", j."cs-method", split_part(target, ' ', 1)) AS verb,
        coalesce(CASE WHEN NOT starts_with(j.time, '{') THEN j.time END, scalar_text(j.timestamp), j."@timestamp", j.ts, j."@t", j.time_iso8601, j.time_local, j.datetime, j.asctime, j.msec, j."eventTime",
            j.event_time, j.start_time, j."startTime", j."timeUnixNano", j."timeMillis", p."Timestamp", j."observedTimestamp", p."TimeGenerated",
            j."requestTime", j.date_time, j.logged_at, j.t, n.time.timestamp, j.date, j.created) AS stamp,
        make_timestamp(1000000 * coalesce(n.instant."epochSecond", n.timestamp.seconds) + coalesce(n.instant."nanoOfSecond", n.timestamp.nanos, 0) // 1000) AS instant,
        coalesce(ip_address(coalesce(j.client_ip, j.remote_addr, j.ip, j.remote_ip, n.client.ip, n.client.address, r."remoteAddress", r.remote_ip, r."remoteIp",
                g."httpRequest"."remoteIP", r.ip, r.remote_addr, r.client_ip, r."http.client_ip", j."clientIp", g."clientIP", j."remoteAddr",
                j."remoteAddress", j.remote_address, j."remote-address", j."remoteIp", g."remoteIP", j.ip_address, j."ipAddress", j.client_addr,
                j.client_address, j."clientAddress", j.real_ip, j.x_real_ip, j.source_ip, j."sourceIp", j.src_ip, j."srcIp", p."ClientIp",
                p."RemoteIpAddress", p."IpAddress", j."c-ip", n.source.ip, n.network.client.ip, n.http.client_ip, d."client.address", d."client.ip",
                d."source.ip", d."http.client_ip", d."net.peer.ip", d."network.peer.address", d."request.ip", k.clientip, j."ipPort")),
            forwarded_for(coalesce(j.x_forwarded_for, j.http_x_forwarded_for, j.proxy_add_x_forwarded_for, j.forwarded_for, j."x-forwarded-for", j."xForwardedFor", r.headers."x-forwarded-for")),
            -- names that may hold something else
            ip_address(coalesce(j.remote_host, j."remoteHost", j.remote, r.remote, j.peer, scalar_text(j.client))),
            CASE WHEN target IS NOT NULL THEN ip_address(coalesce(j.host, split_part(text, ' ', 1))) END) AS ip,
        coalesce(j.http_user_agent, scalar_text(j.user_agent), n.user_agent.original, j."userAgent", scalar_text(j."user-agent"), r.headers."user-agent",
            r."userAgent", r.user_agent, r."user-agent", r."http.user_agent", n.http.user_agent, n.http.useragent, d."user_agent.original",
            d."http.user_agent", d."http.useragent", g.useragent, j.ua, p."UserAgent", scalar_text(j.agent)) AS agent,
        coalesce(j.request_id, j."requestId", g."requestID", j.req_id, j."reqId", j."request-id", r.headers."x-request-id", r.request_id,
            r."requestID", r.id, j.x_request_id, j."x-request-id", j."xRequestId", n.http.request_id, n.http.request.id, d."http.request_id",
            d."http.request.id", d."request.id", d."req.id", p."RequestId", j.correlation_id, j."correlationId", p."CorrelationId", j.id) AS request_id,
        coalesce(j.trace_id, j."traceId", nullif(regexp_extract(line, '"traceid"\s*:\s*"([0-9a-f]{32})"', 1), ''), g."traceID", p."TraceId", j."@tr", n.trace.id, d."trace.id", nullif(j."otelTraceID", '0'),
            nullif(regexp_extract(coalesce(j."logging.googleapis.com/trace", scalar_text(j.trace)), '([0-9a-f]{32})$', 1), ''),
            nullif(regexp_extract(coalesce(j.traceparent, r.headers.traceparent), '^[0-9a-f]{2}-([0-9a-f]{32})-', 1), '')) AS trace_id,
        coalesce(j.session_id, j."sessionId") AS session_id,
        coalesce(j.client_id, j."clientId", g."clientID", j.oauth_client_id, r.client_id, d."client.id", p."ClientId") AS client_id,
        coalesce(j.username, j.user_name, g."userName", j.remote_user, scalar_text(j.user), n.user.name, n.user.id, d."user.name", d."user.id", d."enduser.id",
            j.user_id, j."userId", g."userID", j.sub, p."UserName", r.user) AS person,
        coalesce(j.hostname, n.host.name, n.host.hostname, d."host.name", d."host.hostname", p."MachineName", j.pod_name,
            CASE WHEN j.short_message IS NOT NULL THEN j.host END) AS machine,
        j.host AS host,
        coalesce(j.upstream_status, j."upstreamStatus") AS upstream_status,
        coalesce(TRY_CAST(coalesce(j.duration_ms, j."durationMs", j.duration_millis, j."durationMillis", j.elapsed_ms, j."elapsedMs", j."elapsedMillis",
                j.latency_ms, j."latencyMs", j.response_time_ms, j."responseTimeMs", j.request_time_ms, j.time_ms, j.took_ms, j."responseTime",
                j."response-time", a."responseTime", a.duration_ms, a.latency_ms, p."Elapsed", p."ElapsedMilliseconds",
                CASE WHEN j."httpResponse" IS NOT NULL THEN a.elapsed END, CASE WHEN j.controller IS NOT NULL THEN j.duration END,
                CASE WHEN j.requested_uri IS NOT NULL THEN j.elapsed_time END) AS DOUBLE),
            1000 * TRY_CAST(coalesce(j.duration_s, j.duration_seconds, j."durationSeconds", j.latency_s, j.latency_seconds, j.elapsed_seconds,
                d."http.server.request.duration", CASE WHEN k.upstreamtime IS NOT NULL THEN CAST(k.responsetime AS VARCHAR) END, CASE WHEN regexp_full_match(j.request_time, '[0-9]+\.[0-9]{3}')
                    AND (j.body_bytes_sent IS NOT NULL OR j.remote_addr IS NOT NULL) THEN j.request_time END) AS DOUBLE),
            TRY_CAST(coalesce(j.duration_us, j.latency_us, j.elapsed_us) AS DOUBLE) / 1000,
            TRY_CAST(coalesce(j.duration_ns, j.latency_ns, CASE WHEN len(j.time_ns) < 15 THEN j.time_ns END, CASE WHEN j.http_response IS NOT NULL THEN a.took END, n.event.duration, d."event.duration") AS DOUBLE) / 1000000) AS millis,
        replace(coalesce(j.latency_human, j.duration, j.latency, j.elapsed, j.took, j.response_time, j.request_time, r.latency), ' ', '') AS lasted,
        coalesce(j.grant_type, j."grantType", r.grant_type, p."GrantType") AS grant_type,
        scalar_text(j.scope) AS scope, coalesce(j.redirect_uri, j."redirectUri") AS redirect_uri, j.kid AS kid,
        coalesce(j.error_description, j."errorDescription", e.error_description, e."errorDescription", p."ErrorDescription") AS described,
        -- where a code of OAuth may stand by itself
        concat_ws(' ', j.oauth_error, j."oauthError", j."authError", scalar_text(j.error), p."Error", j.error_code, j."errorCode", e.error, e.code, d."error.code", d."error.type", j.code, CASE WHEN regexp_full_match(j.reason, telling_codes()) THEN j.reason END, scalar_text(j.err)) AS codes,
        -- a code of one's own, or the class of what was thrown
        nullif(regexp_extract(coalesce(j.error_code, j."errorCode", j.error, e.code), '^[A-Za-z][A-Za-z0-9]*[_.-][A-Za-z0-9_.-]{1,60}$'), '') AS odd_code,
        coalesce(e.message, e.msg, e.value, d."error.message", d."exception.message", j.error_message, j."errorMessage", j.error_msg, j."errorMsg",
            CASE WHEN contains(j.error, ' ') THEN scalar_text(j.error) END, CASE WHEN contains(j.err, ' ') THEN scalar_text(j.err) END,
            CASE WHEN contains(j.reason, ' ') THEN j.reason END) AS detail,
        -- in which words a failure may be told, the nearest to its cause first
        concat_ws(chr(10), scalar_text(j.error), scalar_text(j.err), coalesce(e.name, e.type, e.class, e."exceptionType") || ': ' || coalesce(e.message, e.msg, e.value),
            coalesce(e.message, e.msg), d."exception.message", d."error.message", d."err.message", j.error_message, j."errorMessage", j.error_msg, j."errorMsg",
            j.detail, j.reason, text, j.full_message, j.exc_info, j."@x", p."Exception", scalar_text(j.exception), j.response_body, j."responseBody", j.resp_body,
            scalar_text(j.response), a.body, a.data, e.response, e.data, j.stack, j.stack_trace, j."stackTrace", e.stack, e.stack_trace, d."error.stack_trace", d."exception.stacktrace") AS words,
        a."statusCode" IS NOT NULL AND j."reqId" IS NOT NULL AND j.req IS NULL AS half
    FROM targeted
),
-- Fastify writes a request in one record and its answer in another, under one reqId of one process
asked AS (
    SELECT "offset", TRY(from_json(line, '{"reqId":"VARCHAR","pid":"VARCHAR","req":{"method":"VARCHAR","url":"VARCHAR","remoteAddress":"VARCHAR"}}')) AS k
    FROM records WHERE contains(line, '"reqId"') AND contains(line, '"req"') AND NOT contains(line, '"res"')
),
answered AS (
    SELECT "offset", TRY(from_json(line, '{"reqId":"VARCHAR","pid":"VARCHAR"}')) AS k
    FROM records WHERE contains(line, '"reqId"') AND contains(line, '"res"') AND NOT contains(line, '"req"')
),
pairs AS (
    SELECT x."offset", q.req
    FROM (SELECT "offset", k."reqId" AS id, coalesce(k.pid, '') AS pid FROM answered WHERE k IS NOT NULL) x
    ASOF JOIN (SELECT "offset", k."reqId" AS id, coalesce(k.pid, '') AS pid, k.req AS req FROM asked WHERE k IS NOT NULL) q
        ON x.id = q.id AND x.pid = q.pid AND x."offset" >= q."offset"
),
flat AS MATERIALIZED (
    SELECT v.* EXCLUDE (line, words, codes) REPLACE (coalesce(place, req.url) AS place, coalesce(verb, req.method) AS verb, coalesce(ip, ip_address(req."remoteAddress")) AS ip),
        CASE WHEN status IS NULL OR status >= 400 THEN nullif(words, '') END AS words,
        CASE WHEN status IS NULL OR status >= 400 THEN named_code(codes) END AS named_error,
        CASE WHEN contains(line, 'uthenticate') OR contains(line, 'UTHENTICATE') THEN nullif(replace(
            regexp_extract(line, '(?i)www[_-]?authenticate"\s*:\s*\[?\s*"((?:bearer|dpop)\b(?:[^"\\]|\\.)*)"', 1), '\"', '"'), '') END AS challenged,
        CASE WHEN contains(line, 'eyJ') THEN nullif(
            regexp_extract(line, '(?i)"[a-z_.-]*authorization"\s*:\s*\[?"(?:bearer|dpop) (eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)', 1), '') END AS jwt
    FROM valued v LEFT JOIN pairs p ON p."offset" = v."offset"
),
telling AS MATERIALIZED (SELECT "offset", words FROM flat WHERE words IS NOT NULL AND tells_failure(words)),
found AS MATERIALIZED (
    SELECT "offset", told_error(words) AS told, library_message(words) AS library, library_class(words) AS thrown, portable_code(words) AS portable
    FROM telling
),
judged AS (
    SELECT flat.*, told, library, thrown, portable, coalesce(named_error, told.error) AS error,
        CASE WHEN broken THEN NULL
             WHEN status IS NOT NULL AND (half OR (starts_with(place, '/') OR starts_with(place, 'http'))
                -- a program that copies files has a status and a path as well
                AND (verb IS NOT NULL OR ip IS NOT NULL OR agent IS NOT NULL)) THEN 'access'
             WHEN is_oauth_failure(named_error, coalesce(described, client_id, grant_type)) OR is_oauth_failure(told.error, told.words) OR library IS NOT NULL OR thrown IS NOT NULL OR challenged IS NOT NULL THEN 'told' END AS kind
    FROM flat LEFT JOIN found ON found."offset" = flat."offset"
)
SELECT
    "offset",
    coalesce(zoned_time(stamp), instant) AS time,
    zoneless_time(stamp) AS local_time,
    nullify(coalesce(machine, CASE WHEN place IS NULL AND NOT contains(host, ':') THEN scalar_text(host) END)) AS instance,
    -- a number that counts from the start of a process names no request among others
    nullify(regexp_replace(request_id, '^([0-9]{1,9}|req-[0-9a-z]{1,6})$', '')) AS request_id,
    nullify(trace_id) AS trace_id,
    nullify(session_id) AS session_id,
    nullify(client_id) AS client_id,
    nullif(nullify(person), '0') AS user_name,
    ip AS client_ip,
    nullify(agent) AS user_agent,
    CASE WHEN query IS NOT NULL AND NOT contains(place, '?') THEN place || '?' || ltrim(query, '?') ELSE place END AS path,
    CASE WHEN regexp_full_match(upper(verb), '[A-Z]{3,16}') THEN upper(verb) END AS method,
    status,
    http_status(last_of_list(upstream_status)) AS upstream_status,
    CASE WHEN kind = 'access' THEN coalesce(millis, CASE WHEN ends_with(lasted, 's') THEN go_duration_ms(lasted) END) END AS duration_ms,
    nullify(grant_type) AS grant_type,
    nullify(scope) AS scope,
    redirect_uri,
    nullify(kid) AS kid,
    jwt,
    challenged AS challenge,
    CASE WHEN kind = 'told' AND coalesce(status >= 400, true) THEN 'failure' END AS outcome,
    error,
    CASE WHEN status IS NULL OR status >= 400 THEN coalesce(portable, thrown, CASE WHEN status >= 400 THEN nullif(odd_code, coalesce(error, '')) END) END AS error_code,
    CASE WHEN status IS NULL OR status >= 400 THEN coalesce(nullify(described), told.words, library, CASE WHEN status >= 400 THEN nullify(detail) END) END AS error_description,
    CASE WHEN other THEN 'no line of JSON'
         WHEN kind IS NULL AND NOT broken THEN CASE WHEN place IS NOT NULL AND verb IS NOT NULL THEN 'a request without its answer' ELSE 'message of a program' END END AS ignored,
    CASE WHEN broken THEN 'broken JSON' END AS quarantined
FROM judged
