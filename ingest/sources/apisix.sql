/*
title = "Apache APISIX logger plugins (file-logger, http-logger, kafka-logger and their kin)"
kind = "gateway"
provenance = "composed"
framing = "json"
recognise = '(?s)"apisix_(?:latency|request_id)"\s*:|"route_id"\s*:.*"start_time"\s*:|"start_time"\s*:.*"route_id"\s*:|"server"\s*:\s*\{[^{}]*"hostname"[^{}]*\}.*"start_time"\s*:|"start_time"\s*:.*"server"\s*:\s*\{[^{}]*"hostname"|"route_id"\s*:\s*"?[^,}]*[,}].*"@timestamp"\s*:|"@timestamp"\s*:.*"route_id"\s*:'
priority = 45
documentation = [
    "https://apisix.apache.org/docs/apisix/plugins/file-logger/",
    "https://apisix.apache.org/docs/apisix/plugins/http-logger/",
    "https://apisix.apache.org/docs/apisix/plugins/kafka-logger/",
    "https://github.com/apache/apisix/blob/master/apisix/utils/log-util.lua",
]
cannot_tell = "jwt-auth gives the reason only in the body (set include_resp_body: true) and error.log (error_log_level: warn), and challenges alike whether a token is missing or bad; openid-connect says more in WWW-Authenticate. The entry has no id (add \"request_id\": \"$apisix_request_id\" to a log_format, or the request-id plugin). A log_format of one's own tells of a request only where it names $status and $request_uri. By default whole headers are logged, tokens and cookies too: use data-mask."

[fields]
route_id = "/route_id"
service_id = "/service_id"
start_time = "/start_time"
timestamp = "/@timestamp"
time_plain = "/timestamp"
time_short = "/time"
time_iso8601 = "/time_iso8601"
latency = "/latency"
request_time = "/request_time"
uri = "/request/uri"
url = "/request/url"
method = "/request/method"
request_headers = "/request/headers"
sent_host = "/request/headers/host"
user_agent = "/request/headers/user-agent"
sent_authorization = "/request/headers/authorization"
traceparent = "/request/headers/traceparent"
sent_request_id = "/request/headers/x-request-id"
status = "/response/status"
www_authenticate = "/response/headers/www-authenticate"
location = "/response/headers/location"
answered_request_id = "/response/headers/x-request-id"
response_body = "/response/body"
upstream = "/upstream"
upstream_latency = "/upstream_latency"
apisix_latency = "/apisix_latency"
hostname = "/server/hostname"
consumer_username = "/consumer/username"
client_ip = "/client_ip"
custom_host = "/host"
custom_status = "/status"
custom_response_status = "/response_status"
custom_uri = "/request_uri"
custom_path = "/uri"
custom_request = "/request"
custom_method = "/request_method"
custom_method_short = "/method"
custom_address = "/remote_addr"
custom_agent = "/http_user_agent"
custom_agent_short = "/user_agent"
custom_request_id = "/request_id"
custom_apisix_id = "/apisix_request_id"
custom_upstream_status = "/upstream_status"
custom_consumer = "/consumer_name"
custom_consumer_username = "/consumer_username"
custom_authorization = "/http_authorization"
custom_challenge = "/sent_http_www_authenticate"
custom_challenge_short = "/www_authenticate"
custom_body = "/response_body"
custom_traceparent = "/http_traceparent"

[[advice]]
columns = ["error", "error_code", "error_description"]
add = 'include_resp_body: true to the logger plugin'
tells = "the body of an answer, in which APISIX says why it refused"
*/
-- What log-util.lua gives: the full entry, or a log_format of one's own, whose keys are best named as the variables
-- that they hold. A header that came twice is an array.
WITH given AS (
    SELECT *,
        CASE WHEN www_authenticate[1] = '[' AND json_valid(www_authenticate)
             THEN array_to_string(TRY(from_json(www_authenticate, '["VARCHAR"]')), ', ')
             ELSE coalesce(www_authenticate, custom_challenge, custom_challenge_short) END AS asked_for,
        coalesce(CASE WHEN sent_authorization[1] = '[' AND json_valid(sent_authorization)
             THEN json_extract_string(sent_authorization, '$[0]') ELSE sent_authorization END, nullify(custom_authorization)) AS credentials,
        http_status(coalesce(status, custom_status, custom_response_status)) AS code,
        coalesce(nullify(uri), nullify(url), nullify(custom_uri),
            CASE WHEN custom_request LIKE '% % HTTP/%' THEN split_part(custom_request, ' ', 2) END, nullify(custom_path)) AS target,
        coalesce(epoch_time(start_time), iso_time(timestamp), iso_time(time_iso8601), iso_time(time_short), iso_time(time_plain),
            epoch_time(timestamp), epoch_time(time_short), epoch_time(time_plain)) AS moment,
        coalesce(response_body, custom_body) AS reply
    FROM fields
),
judged AS (
    SELECT *,
        -- the entry names the upstream where one was asked; none is NULL, which JSON leaves out
        CASE WHEN code IS NULL THEN NULL
             WHEN nullify(upstream) IS NOT NULL THEN CASE WHEN code NOT IN (502, 503, 504) THEN 'upstream' END
             -- releases before 2.6 do not name the server
             WHEN coalesce(hostname, start_time) IS NOT NULL AND upstream_latency IS NULL OR custom_upstream_status IN ('', '-') THEN 'gateway'
             WHEN http_status(last_of_list(custom_upstream_status)) = code AND code NOT IN (502, 504) THEN 'upstream' END AS answered,
        CASE WHEN code >= 400 AND reply[1] = '{' THEN reply END AS said_json,
        -- an authorization server sends its errors back by redirect (RFC 6749 4.1.2.1)
        CASE WHEN code BETWEEN 300 AND 399 AND contains(location, 'error=')
             THEN oauth_error(query_param(location, 'error')) END AS sent_back,
        -- APISIX takes a JWT with or without `Bearer`, in a query and in a cookie too
        CASE WHEN contains(credentials, 'eyJ') THEN nullif(regexp_extract(credentials, 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*'), '')
             WHEN contains(target, 'jwt=eyJ') THEN query_param(target, 'jwt') END AS token
    FROM given
),
opened AS (
    SELECT *,
        CASE WHEN said_json IS NOT NULL THEN error_body(said_json) END AS said,
        code = 401 AND asked_for ILIKE 'bearer%' AND NOT contains(asked_for, 'error=') AS bare,
        -- a challenge without an error, though a token was sent
        coalesce(token IS NOT NULL OR credentials ILIKE 'bearer %', false) AS sent_token,
        CASE WHEN code = 401 AND token IS NOT NULL THEN jwt_claims(token) END AS claims
    FROM judged
),
weighed AS (
    SELECT *,
        -- a token that is too old or too young says so itself
        coalesce(claims.exp <= epoch(moment) OR claims.nbf > epoch(moment), false) AS untimely
    FROM opened
)
SELECT
    "offset",
    moment AS time,
    nullify(coalesce(hostname, sent_host, custom_host)) AS instance,
    coalesce(nullify(custom_request_id), nullify(custom_apisix_id), nullify(answered_request_id), nullify(sent_request_id)) AS request_id,
    trace_of(coalesce(traceparent, custom_traceparent)) AS trace_id,
    coalesce(nullify(consumer_username), nullify(custom_consumer), nullify(custom_consumer_username)) AS client_id,
    coalesce(nullify(consumer_username), nullify(custom_consumer), nullify(custom_consumer_username)) AS client_name,
    CASE WHEN credentials ILIKE 'basic %' THEN basic_user(credentials) END AS login,
    nullify(coalesce(client_ip, custom_address)) AS client_ip,
    nullify(CASE WHEN user_agent[1] = '[' AND json_valid(user_agent) THEN json_extract_string(user_agent, '$[0]')
         ELSE coalesce(user_agent, custom_agent, custom_agent_short) END) AS user_agent,
    target AS path,
    coalesce(nullify(method), nullify(custom_method), nullify(custom_method_short),
        CASE WHEN custom_request LIKE '% % HTTP/%' THEN split_part(custom_request, ' ', 1) END) AS method,
    code AS status,
    -- the limit plugins refuse with 503 unless told otherwise
    CASE WHEN code = 503 AND contains(reply, 'Requests are too frequent') THEN 'failure' END AS outcome,
    coalesce(http_status(last_of_list(custom_upstream_status)), CASE WHEN answered = 'upstream' THEN code END) AS upstream_status,
    answered AS answered_by,
    coalesce(TRY_CAST(latency AS DOUBLE), TRY_CAST(request_time AS DOUBLE) * 1000) AS duration_ms,
    token AS jwt,
    CASE WHEN NOT (bare AND sent_token) OR bare IS NULL THEN nullify(asked_for) END AS challenge,
    CASE WHEN said IS NOT NULL THEN oauth_error(said.error) ELSE sent_back END AS error,
    CASE WHEN bare AND sent_token AND said IS NULL AND NOT untimely THEN 'challenge:Bearer'
         WHEN code = 401 AND asked_for IS NOT NULL AND NOT asked_for ILIKE 'bearer%'
         THEN 'challenge:' || regexp_extract(asked_for, '^[A-Za-z0-9_-]+')
         -- the whole request is here, and it brought no credential in any place
         WHEN code = 401 AND asked_for IS NULL AND said IS NULL AND answered = 'gateway' AND request_headers[1] = '{'
              AND credentials IS NULL AND NOT regexp_matches(target, '(?i)[?&][a-z0-9_-]*(?:token|jwt|key)=')
              AND NOT regexp_matches(request_headers, '(?i)"[a-z0-9_-]*(?:key|token|jwt|auth|cookie|signature|session)[a-z0-9_-]*"\s*:')
         THEN 'why401.no_authorization' END AS error_code,
    CASE WHEN untimely AND contains(reply, 'failed to verify jwt') THEN NULL
         WHEN sent_back IS NOT NULL THEN query_param(location, 'error_description')
         WHEN said IS NOT NULL THEN coalesce(said.error_description, json_text(said_json, '$.error_msg'),
        CASE WHEN oauth_error(said.error) IS NULL THEN said.error END)
         WHEN code >= 400 AND reply[1] <> '{' AND reply[1] <> '<' AND reply[1] <> '[' THEN left(reply, 300) END AS error_description,
    CASE WHEN matched AND code IS NULL AND moment IS NOT NULL THEN 'a log_format without a status' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON' END AS quarantined
FROM weighed
