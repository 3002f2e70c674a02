/*
title = "logfmt lines of any program"
kind = "gateway"
provenance = "composed"
recognise = '''^[^={"]{0,200}?(?:\w+\{)?[A-Za-z_][\w.@-]*=.*(?:\b(?:http_?|response_?|resp_?)?(?i:status)(?:_?code)?="?[1-5]\d\d\b.*\b(?:request_?)?(?i:path|uri|url|target)="?(?:/|http)|\b(?:request_?)?(?i:path|uri|url|target)="?(?:/|http).*\b(?:(?:http_?|response_?|resp_?)?(?i:status)(?:_?code)?|resp)="?[1-5]\d\d\b)|^[A-Za-z_][\w.@-]*=(?:.*[\s"':(])?{{failures}}
^[A-Za-z_][\w.@-]*=(?:.*[\s"':(\[])?{{product_messages}}'''
priority = 97
documentation = [
    "https://brandur.org/logfmt",
    "https://devcenter.heroku.com/articles/http-routing#heroku-router-log-format",
    "https://pkg.go.dev/log/slog#TextHandler",
    "https://github.com/sirupsen/logrus",
    "https://github.com/roidrage/lograge",
]
cannot_tell = "Only the usual names are read: a status, a path and who or how (a method, an address, a user agent) make an event, or an OAuth error. A duration without its unit stays empty. A bare 401 or 403 tells no cause: write error=, error_description= or www_authenticate= and client_id= into the line. A line in which quotes do not end is quarantined."

[[advice]]
columns = ["error", "error_description"]
add = "error=... error_description=..., or www_authenticate=..."
tells = "Why a request was refused."

[[advice]]
columns = ["client_id"]
add = "client_id=..."
tells = "Which client failed."
*/
-- Pairs of a name and a value; what stands before the first of them (a time, a level, words) is read apart. Where words stand between
-- pairs as well, the pairs are picked out.
WITH plain AS (
    SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line
    FROM records
),
parted AS (
    SELECT "offset", line,
        CASE WHEN regexp_matches(line, '^[A-Za-z_][\w.@-]*=') THEN '' ELSE regexp_extract(line, '^(.*?)[A-Za-z_][\w.@-]*=', 1) END AS before
    FROM plain
),
exchanged AS MATERIALIZED (
    SELECT "offset", line, before, logfmt_json(CASE WHEN before = '' THEN line ELSE substr(line, len(before) + 1) END) AS document
    FROM parted
),
tidied AS MATERIALIZED (
    SELECT "offset", logfmt_json(array_to_string(regexp_extract_all(line, '[A-Za-z_][\w.@-]*=(?:"(?:[^"\\]|\\.)*"|[^\s"{}\[\],]*)'), ' ')) AS document
    FROM exchanged WHERE document IS NOT NULL AND NOT json_valid(document)
),
whole AS MATERIALIZED (
    SELECT e."offset", e.line, e.before, coalesce(t.document, e.document) AS document
    FROM exchanged e LEFT JOIN tidied t ON t."offset" = e."offset"
),
read AS (
    SELECT "offset", before, TRY(from_json(document, '{
        "time":"VARCHAR","ts":"VARCHAR","timestamp":"VARCHAR","t":"VARCHAR","level":"VARCHAR","lvl":"VARCHAR","msg":"VARCHAR",
        "message":"VARCHAR","at":"VARCHAR","status":"VARCHAR","status_code":"VARCHAR","statusCode":"VARCHAR","http_status":"VARCHAR",
        "httpStatus":"VARCHAR","http_status_code":"VARCHAR","response_code":"VARCHAR","response_status":"VARCHAR","resp_status":"VARCHAR",
        "resp":"VARCHAR","code":"VARCHAR","http.status_code":"VARCHAR","http.status":"VARCHAR","http.response.status_code":"VARCHAR",
        "res.statusCode":"VARCHAR","resp.status":"VARCHAR","response.status":"VARCHAR","path":"VARCHAR","uri":"VARCHAR","url":"VARCHAR",
        "request_uri":"VARCHAR","request_path":"VARCHAR","request_url":"VARCHAR","requestPath":"VARCHAR","requestUri":"VARCHAR",
        "target":"VARCHAR","endpoint":"VARCHAR","http.path":"VARCHAR","http.target":"VARCHAR","http.url":"VARCHAR","url.path":"VARCHAR",
        "http.route":"VARCHAR","req.path":"VARCHAR","req.url":"VARCHAR","request.path":"VARCHAR","request.url":"VARCHAR",
        "request.uri":"VARCHAR","query":"VARCHAR","query_string":"VARCHAR","url.query":"VARCHAR","method":"VARCHAR","http_method":"VARCHAR",
        "request_method":"VARCHAR","requestMethod":"VARCHAR","verb":"VARCHAR","http.method":"VARCHAR","http.request.method":"VARCHAR",
        "req.method":"VARCHAR","request.method":"VARCHAR","client_ip":"VARCHAR","clientIp":"VARCHAR","remote_addr":"VARCHAR",
        "remoteAddr":"VARCHAR","remote_ip":"VARCHAR","remoteIp":"VARCHAR","remote_address":"VARCHAR","ip":"VARCHAR","ip_address":"VARCHAR",
        "srcIP":"VARCHAR","source_ip":"VARCHAR","fwd":"VARCHAR","x_forwarded_for":"VARCHAR","forwarded_for":"VARCHAR","remote":"VARCHAR",
        "client":"VARCHAR","peer":"VARCHAR","addr":"VARCHAR","client.address":"VARCHAR","http.client_ip":"VARCHAR","net.peer.ip":"VARCHAR",
        "user_agent":"VARCHAR","userAgent":"VARCHAR","ua":"VARCHAR","agent":"VARCHAR","http.user_agent":"VARCHAR",
        "user_agent.original":"VARCHAR","request_id":"VARCHAR","requestId":"VARCHAR","req_id":"VARCHAR","reqId":"VARCHAR","rid":"VARCHAR",
        "x_request_id":"VARCHAR","correlation_id":"VARCHAR","correlationId":"VARCHAR","request.id":"VARCHAR","http.request_id":"VARCHAR",
        "trace_id":"VARCHAR","traceID":"VARCHAR","session_id":"VARCHAR","client_id":"VARCHAR","clientId":"VARCHAR","user":"VARCHAR",
        "username":"VARCHAR","user_name":"VARCHAR","user_id":"VARCHAR","userId":"VARCHAR","uname":"VARCHAR","remote_user":"VARCHAR",
        "dyno":"VARCHAR","hostname":"VARCHAR","host":"VARCHAR","instance":"VARCHAR","pod":"VARCHAR","duration":"VARCHAR",
        "latency":"VARCHAR","elapsed":"VARCHAR","took":"VARCHAR","service":"VARCHAR","response_time":"VARCHAR","request_time":"VARCHAR",
        "duration_ms":"VARCHAR","latency_ms":"VARCHAR","elapsed_ms":"VARCHAR","response_time_ms":"VARCHAR","time_ms":"VARCHAR",
        "took_ms":"VARCHAR","duration_s":"VARCHAR","duration_seconds":"VARCHAR","latency_s":"VARCHAR","latency_seconds":"VARCHAR",
        "elapsed_seconds":"VARCHAR","duration_us":"VARCHAR","latency_us":"VARCHAR","duration_ns":"VARCHAR","latency_ns":"VARCHAR",
        "controller":"VARCHAR","error":"VARCHAR","err":"VARCHAR","error_code":"VARCHAR","errorCode":"VARCHAR","error_type":"VARCHAR",
        "error_description":"VARCHAR","errorDescription":"VARCHAR","error_message":"VARCHAR","errorReason":"VARCHAR",
        "error.message":"VARCHAR","exception":"VARCHAR","reason":"VARCHAR","desc":"VARCHAR","detail":"VARCHAR","www_authenticate":"VARCHAR",
        "wwwAuthenticate":"VARCHAR","www-authenticate":"VARCHAR","grant_type":"VARCHAR","grantType":"VARCHAR","scope":"VARCHAR",
        "kid":"VARCHAR","redirect_uri":"VARCHAR"}')) AS j
    FROM whole
),
named AS MATERIALIZED (
    SELECT "offset", j IS NULL AS broken,
        coalesce(http_status(j.status), http_status(coalesce(j.status_code, j."statusCode", j.http_status, j."httpStatus", j.http_status_code, j.response_code,
            j.response_status, j.resp_status, j.resp, j."http.status_code", j."http.status", j."http.response.status_code", j."res.statusCode", j."resp.status", j."response.status",
            CASE WHEN j.method IS NOT NULL THEN j.code END))) AS status,
        coalesce(j.path, j.request_uri, j.uri, j.url, j.request_path, j.request_url, j."requestPath", j."requestUri", j."http.target", j."http.path", j."http.url", j."url.path",
            j."req.path", j."req.url", j."request.path", j."request.url", j."request.uri", j."http.route", j.target, CASE WHEN starts_with(j.endpoint, '/') THEN j.endpoint END) AS place,
        nullify(coalesce(j.query, j.query_string, j."url.query")) AS query,
        coalesce(j.method, j.http_method, j.request_method, j."requestMethod", j.verb, j."http.method", j."http.request.method", j."req.method", j."request.method") AS verb,
        coalesce(j.time, j.ts, j.timestamp, j.t, leading_time(before)) AS stamp,
        coalesce(ip_address(coalesce(j.client_ip, j."clientIp", j.remote_addr, j."remoteAddr", j.remote_ip, j."remoteIp", j.remote_address, j.ip, j.ip_address, j."srcIP",
                j.source_ip, j."client.address", j."http.client_ip", j."net.peer.ip")), forwarded_for(coalesce(j.fwd, j.x_forwarded_for, j.forwarded_for)),
            ip_address(coalesce(j.remote, j.peer, j.addr, j.client))) AS ip,
        coalesce(j.user_agent, j."userAgent", j.ua, j."http.user_agent", j."user_agent.original", j.agent) AS agent,
        coalesce(j.request_id, j."requestId", j.req_id, j."reqId", j.rid, j.x_request_id, j.correlation_id, j."correlationId", j."request.id", j."http.request_id") AS request_id,
        coalesce(j.trace_id, j."traceID") AS trace_id, j.session_id AS session_id,
        coalesce(j.client_id, j."clientId") AS client_id,
        coalesce(j.username, j.user_name, j.user, j.user_id, j."userId", j.uname, j.remote_user) AS person,
        coalesce(j.hostname, j.instance, j.pod, j.dyno) AS machine,
        coalesce(j.grant_type, j."grantType") AS grant_type, j.scope AS scope, j.kid AS kid, j.redirect_uri AS redirect_uri,
        coalesce(j.www_authenticate, j."wwwAuthenticate", j."www-authenticate") AS asked,
        coalesce(j.error_description, j."errorDescription") AS described,
        coalesce(TRY_CAST(rtrim(coalesce(j.duration_ms, j.latency_ms, j.elapsed_ms, j.response_time_ms, j.time_ms, j.took_ms,
                CASE WHEN j.controller IS NOT NULL THEN j.duration END), 'ms') AS DOUBLE),
            1000 * TRY_CAST(coalesce(j.duration_s, j.duration_seconds, j.latency_s, j.latency_seconds, j.elapsed_seconds) AS DOUBLE),
            TRY_CAST(coalesce(j.duration_us, j.latency_us) AS DOUBLE) / 1000, TRY_CAST(coalesce(j.duration_ns, j.latency_ns) AS DOUBLE) / 1000000) AS millis,
        replace(coalesce(j.duration, j.latency, j.elapsed, j.took, CASE WHEN j.dyno IS NOT NULL THEN j.service END, j.response_time, j.request_time), ' ', '') AS lasted,
        concat_ws(' ', j.error, j.error_code, j."errorCode", j.error_type, j.err, j.code, CASE WHEN regexp_full_match(j.reason, telling_codes()) THEN j.reason END) AS codes,
        -- Heroku names what its router refused: H12 and its kin
        CASE WHEN regexp_full_match(j.code, '[HRL][0-9]{2}') THEN j.code END AS odd_code,
        CASE WHEN j.dyno IS NOT NULL OR j.code IS NOT NULL THEN j.desc END AS heroku,
        concat_ws(chr(10), j.error, j.err, j.reason, j.error_message, j."errorReason", j."error.message", j.exception, j.detail, coalesce(j.msg, j.message), before) AS words,
        coalesce(CASE WHEN contains(j.error, ' ') THEN j.error END, CASE WHEN contains(j.err, ' ') THEN j.err END, CASE WHEN contains(j.reason, ' ') THEN j.reason END,
            j.error_message, j."error.message") AS detail
    FROM read
),
flat AS MATERIALIZED (
    SELECT * EXCLUDE (codes, words, asked),
        CASE WHEN regexp_matches(asked, '(?i)^\s*(?:bearer|dpop)\b') THEN asked END AS challenged,
        CASE WHEN status IS NULL OR status >= 400 THEN named_code(codes) END AS named_error,
        CASE WHEN status IS NULL OR status >= 400 THEN nullif(words, '') END AS words
    FROM named
),
telling AS MATERIALIZED (SELECT "offset", words FROM flat WHERE words IS NOT NULL AND tells_failure(words)),
found AS MATERIALIZED (
    SELECT "offset", told_error(words) AS told, library_message(words) AS library, library_class(words) AS thrown, portable_code(words) AS portable
    FROM telling
),
judged AS (
    SELECT n.*, told, library, thrown, portable, coalesce(named_error, told.error) AS error,
        CASE WHEN broken THEN NULL
             WHEN status IS NOT NULL AND (starts_with(place, '/') OR starts_with(place, 'http')) AND (verb IS NOT NULL OR ip IS NOT NULL OR agent IS NOT NULL) THEN 'access'
             WHEN is_oauth_failure(named_error, coalesce(described, client_id, grant_type)) OR is_oauth_failure(told.error, told.words) OR library IS NOT NULL OR thrown IS NOT NULL OR challenged IS NOT NULL THEN 'told' END AS kind
    FROM flat n LEFT JOIN found f ON f."offset" = n."offset"
)
SELECT
    "offset",
    zoned_time(stamp) AS time,
    zoneless_time(stamp) AS local_time,
    nullify(machine) AS instance,
    nullify(regexp_replace(request_id, '^[0-9]{1,9}$', '')) AS request_id,
    nullify(trace_id) AS trace_id,
    nullify(session_id) AS session_id,
    nullify(client_id) AS client_id,
    nullif(nullify(person), '0') AS user_name,
    ip AS client_ip,
    nullify(agent) AS user_agent,
    CASE WHEN query IS NOT NULL AND NOT contains(place, '?') THEN place || '?' || ltrim(query, '?') ELSE place END AS path,
    CASE WHEN regexp_full_match(upper(verb), '[A-Z]{3,16}') THEN upper(verb) END AS method,
    status,
    CASE WHEN kind = 'access' THEN coalesce(millis, CASE WHEN ends_with(lasted, 's') THEN go_duration_ms(lasted) END) END AS duration_ms,
    nullify(grant_type) AS grant_type,
    nullify(scope) AS scope,
    nullify(redirect_uri) AS redirect_uri,
    nullify(kid) AS kid,
    challenged AS challenge,
    CASE WHEN kind = 'told' AND coalesce(status >= 400, true) THEN 'failure' END AS outcome,
    error,
    CASE WHEN status IS NULL OR status >= 400 THEN coalesce(portable, thrown, odd_code) END AS error_code,
    CASE WHEN status IS NULL OR status >= 400 THEN
        coalesce(nullify(described), told.words, library, CASE WHEN status >= 400 THEN coalesce(CASE WHEN odd_code IS NOT NULL THEN heroku END, detail) END) END AS error_description,
    CASE WHEN kind IS NULL AND NOT broken THEN 'message of a program' END AS ignored,
    CASE WHEN broken THEN 'no line of logfmt' END AS quarantined
FROM judged
