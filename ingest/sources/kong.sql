/*
title = "Kong Gateway log plugins (file-log, http-log, tcp-log, udp-log, syslog, loggly, kafka-log)"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"latencies"\s*:\s*\{[^{}]*"kong"\s*:.*"started_at"\s*:|"started_at"\s*:.*"latencies"\s*:\s*\{[^{}]*"kong"\s*:'
priority = 40
documentation = [
    "https://developer.konghq.com/plugins/file-log/",
    "https://developer.konghq.com/plugins/http-log/",
    "https://developer.konghq.com/gateway/pdk/reference/kong.log/",
    "https://github.com/Kong/kong/blob/master/kong/pdk/log.lua",
]
cannot_tell = "Kong writes no body, and most of its plugins give the reason of a refusal only there: releases before 3.7 write no WWW-Authenticate for jwt, so that a missing, an expired and a forged token are one 401. Which plugin refused is not in the entry, nor is the grant. Add the answer by custom_fields_by_lua, `response.body = \"return kong.response.get_raw_body()\"`, where the plugin buffers it, or read error.log at level notice for openid-connect."

[fields]
started_at = "/started_at"
request_id = "/request/id"
uri = "/request/uri"
url = "/request/url"
method = "/request/method"
headers = "/request/headers"
host = "/request/headers/host"
user_agent = "/request/headers/user-agent"
sent_authorization = "/request/headers/authorization"
traceparent = "/request/headers/traceparent"
b3_trace_id = "/request/headers/x-b3-traceid"
correlation_header = "/request/headers/kong-request-id"
anonymous = "/request/headers/x-anonymous-consumer"
authenticated_userid = "/request/headers/x-authenticated-userid"
trace_id = "/trace_id"
correlation_id = "/correlation_id"
status = "/response/status"
www_authenticate = "/response/headers/www-authenticate"
location = "/response/headers/location"
response_body = "/response/body"
upstream_status = "/upstream_status"
tries = "/tries"
source_of_answer = "/source"
proxy_latency = "/latencies/proxy"
request_latency = "/latencies/request"
consumer_username = "/consumer/username"
consumer_custom_id = "/consumer/custom_id"
client_ip = "/client_ip"
workspace_name = "/workspace_name"
session = "/session"
*/
-- What kong.log.serialize() gives, in any order of its keys. A header that came twice is an array.
WITH given AS (
    SELECT * REPLACE (
            CASE WHEN www_authenticate[1] = '[' AND json_valid(www_authenticate)
                 THEN array_to_string(TRY(from_json(www_authenticate, '["VARCHAR"]')), ', ') ELSE www_authenticate END AS www_authenticate,
            CASE WHEN user_agent[1] = '[' AND json_valid(user_agent) THEN json_extract_string(user_agent, '$[0]') ELSE user_agent END AS user_agent,
            CASE WHEN sent_authorization[1] = '[' AND json_valid(sent_authorization)
                 THEN json_extract_string(sent_authorization, '$[0]') ELSE sent_authorization END AS sent_authorization),
        http_status(status) AS code,
        -- of the last try; empty where no upstream was asked
        http_status(last_of_list(CAST(upstream_status AS VARCHAR))) AS upstream_code,
        CASE WHEN trace_id[1] = '{' THEN coalesce(json_text(trace_id, '$.w3c'), json_text(trace_id, '$.b3'),
                json_text(trace_id, '$.jaeger'), json_text(trace_id, '$.ot'), json_text(trace_id, '$.datadog'),
                json_text(trace_id, '$.aws'), json_text(trace_id, '$.gcp'))
             ELSE trace_id END AS traced
    FROM fields
),
judged AS (
    SELECT *,
        CASE source_of_answer WHEN 'upstream' THEN 'upstream' WHEN 'service' THEN 'upstream'
             WHEN 'kong' THEN 'gateway' WHEN 'exit' THEN 'gateway' WHEN 'error' THEN 'gateway'
             -- releases before 2.8 do not say who answered, but that nobody was waited for
             ELSE CASE WHEN code IS NULL OR proxy_latency IS NULL THEN NULL
                       -- before 0.10 there are no tries
                       WHEN starts_with(proxy_latency, '-') OR tries IS NULL AND proxy_latency = '0' OR tries = '[]' THEN 'gateway'
                       WHEN code NOT IN (502, 503, 504) THEN 'upstream' END END AS answered,
        CASE WHEN code >= 400 AND response_body[1] = '{' THEN response_body END AS reply,
        -- an authorization server sends its errors back by redirect (RFC 6749 4.1.2.1)
        CASE WHEN code BETWEEN 300 AND 399 AND contains(location, 'error=')
             THEN oauth_error(query_param(location, 'error')) END AS sent_back
    FROM given
),
told AS (
    SELECT *,
        CASE WHEN reply IS NOT NULL THEN error_body(reply) END AS said,
        CASE WHEN code = 401 AND answered = 'gateway' THEN
            CASE WHEN www_authenticate IS NULL THEN
                    -- the whole request is here, and it brought no credential in any place
                    CASE WHEN (reply IS NULL OR contains(reply, '"Unauthorized"')) AND headers[1] = '{' AND sent_authorization IS NULL
                              AND NOT regexp_matches(headers, '(?i)"[a-z0-9_-]*(?:key|token|jwt|auth|cookie|signature|session)[a-z0-9_-]*"\s*:')
                              AND NOT regexp_matches(uri, '(?i)[?&][a-z0-9_-]*(?:token|jwt|key)=')
                         THEN 'why401.no_authorization' END
                 WHEN contains(www_authenticate, 'error=') THEN NULL
                 -- a token was sent, so that a bare challenge refuses it
                 WHEN www_authenticate ILIKE 'bearer%' THEN
                    CASE WHEN sent_authorization IS NOT NULL AND (sent_authorization = 'REDACTED' OR sent_authorization ILIKE 'bearer %')
                         THEN 'challenge:Bearer' END
                 ELSE 'challenge:' || regexp_extract(www_authenticate, '^[A-Za-z0-9_-]+') END
        END AS challenged
    FROM judged
)
SELECT
    "offset",
    epoch_time(started_at) AS time,
    nullify(host) AS instance,
    nullify(workspace_name) AS tenant,
    -- made by Kong for each request; one that two plugins write down is still one
    nullify(request_id) AS event_id,
    coalesce(nullify(request_id), nullify(correlation_id), nullify(correlation_header)) AS request_id,
    coalesce(nullify(traced), trace_of(traceparent), nullify(b3_trace_id)) AS trace_id,
    -- Kong knows the client as a consumer; the anonymous one is nobody
    CASE WHEN anonymous IS NULL THEN coalesce(nullify(consumer_custom_id), nullify(consumer_username)) END AS client_id,
    CASE WHEN anonymous IS NULL THEN nullify(consumer_username) END AS client_name,
    CASE WHEN sent_authorization ILIKE 'basic %' THEN basic_user(sent_authorization) END AS login,
    nullify(authenticated_userid) AS user_name,
    nullify(client_ip) AS client_ip,
    nullify(user_agent) AS user_agent,
    coalesce(nullify(uri), nullify(url)) AS path,
    nullify(method) AS method,
    code AS status,
    upstream_code AS upstream_status,
    answered AS answered_by,
    TRY_CAST(request_latency AS DOUBLE) AS duration_ms,
    coalesce(CASE WHEN sent_authorization IS NOT NULL THEN bearer_jwt(sent_authorization) END,
        CASE WHEN contains(uri, 'jwt=eyJ') THEN query_param(uri, 'jwt') END) AS jwt,
    CASE WHEN challenged IS DISTINCT FROM 'challenge:Bearer' THEN nullify(www_authenticate) END AS challenge,
    coalesce(oauth_error(said.error), sent_back) AS error,
    challenged AS error_code,
    -- claims are refused by name; openid-connect with display_errors puts its reason into brackets
    CASE WHEN said IS NOT NULL THEN coalesce(
        nullif(regexp_extract(said.error_description, '^(?:Unauthorized|Forbidden|An unexpected error occurred) \((.*)\)$', 1), ''),
        said.error_description, json_text(reply, '$.exp'), json_text(reply, '$.nbf'),
        CASE WHEN oauth_error(said.error) IS NULL THEN said.error END)
         WHEN sent_back IS NOT NULL THEN query_param(location, 'error_description') END AS error_description,
    CASE WHEN session IS NOT NULL AND code IS NULL THEN 'a TCP or TLS session without a request' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON'
         WHEN session IS NULL AND code IS NULL THEN 'no status' END AS quarantined
FROM told
