/*
title = "Tyk Gateway (application log, access log, analytics records of Tyk Pump)"
kind = "gateway"
provenance = "composed"
recognise = '[" ]prefix"?[=:]"?access-log\b|"?tyk-analytics-record"?[=:]|"api_key":.*"oauth_id":|"oauth_id":.*"request_time(?:_ms)?":|"APIKey":.*"OauthID":|"apikey":.*"oauthid":|^(?:time="[A-Z0-9][^"]*" level=|\[[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}\] +[A-Z]+ ).*\b(?:mw=[A-Z][A-Za-z0-9]+|RemoteAddr=.*\borg_id=)|^\{.*"mw":"[A-Z][A-Za-z0-9]+"|^(?:time="[^"]*" level=[a-z]+ |\{.*)"?(?:msg|message)"?[=:]"?(?:\[OAuth\] |Attempted (?:JWT )?access |\[CertificateCheckMW\] |JWT Invalid|Tyk API Gateway v)'
priority = 44
documentation = [
    "https://tyk.io/docs/api-management/logs/access-logs",
    "https://tyk.io/docs/api-management/logs/application-logs",
    "https://tyk.io/docs/api-management/custom-error-responses",
    "https://github.com/TykTechnologies/tyk/tree/master/gateway",
    "https://github.com/TykTechnologies/tyk-pump/blob/master/analytics/analytics.go",
]
cannot_tell = "The access log (since release 5.8; with the class of the error since 5.13) names neither client nor scope, and tells of a refused JWT only whether it or its claims were wrong: the application log has the reason, so that a failure may be told by a line of each. A JWT that has expired is told of at log_level debug only. Releases before 5.13, and log_format legacy after, write a time without a year and a zone: set log_format to json. Analytics records name the client, and hold the answer's reason with enable_detailed_recording."

[[advice]]
columns = ["status", "method", "duration_ms"]
add = '"access_logs": {"enabled": true} in tyk.conf'
tells = "every request with its status, and the class of the error that refused it"

[[advice]]
columns = ["client_id"]
add = '"enable_analytics": true with "analytics_config": {"enable_detailed_recording": true}, and a pump'
tells = "the OAuth client, and the request and the answer as they were"

[[advice]]
columns = ["trace_id"]
add = '"opentelemetry": {"enabled": true} in tyk.conf'
tells = "one id in the gateway's lines of a request and in its trace"
*/
-- logrus as JSON or as logfmt, which one from_json reads; analytics records as JSON, or as rows of CSV. On a terminal
-- logrus writes `[Mar 02 02:15:04]  WARN message key=value`, values without quotes.
WITH objects AS (
    SELECT "offset", line, line[1] = '{' AS is_json,
        -- two of Tyk's keys hold a blank
        CASE WHEN line[1] = '{' THEN
                CASE WHEN starts_with(line, '{"Method":') THEN NULL
                     WHEN contains(line, '"response code"') THEN replace(replace(line, '"response code"', '"response_code"'), '"response error"', '"response_error"')
                     ELSE line END
             WHEN starts_with(line, 'time=') THEN logfmt_json(
                CASE WHEN contains(line, ' response code=') THEN replace(replace(line, ' response code=', ' response_code='), ' response error=', ' response_error=')
                     WHEN contains(line, ' Base Field=') THEN replace(line, ' Base Field=', ' base_field=')
                     ELSE line END) END AS object,
        CASE WHEN line[1] = '[' AND line[17] = ']' THEN line END AS terminal
    FROM records
),
read AS (
    SELECT *,
        TRY(from_json(object,
            '{"time":"VARCHAR","level":"VARCHAR","msg":"VARCHAR","message":"VARCHAR","prefix":"VARCHAR","mw":"VARCHAR","error":"VARCHAR",
              "code":"VARCHAR","ns":"VARCHAR","path":"VARCHAR","original_path":"VARCHAR","origin":"VARCHAR","key":"VARCHAR","org_id":"VARCHAR",
              "oauthClientID":"VARCHAR","client_id":"VARCHAR","RemoteAddr":"VARCHAR","response_code":"VARCHAR","response_error":"VARCHAR",
              "request":"VARCHAR","trace_id":"VARCHAR","api_key":"VARCHAR","client_ip":"VARCHAR","client_remote_addr":"VARCHAR","remote_addr":"VARCHAR",
              "host":"VARCHAR","method":"VARCHAR","status":"VARCHAR","status_code":"VARCHAR","request_url":"VARCHAR","latency_total":"VARCHAR",
              "total_latency":"VARCHAR","user_agent":"VARCHAR","response_flag":"VARCHAR","response_code_details":"VARCHAR","error_source":"VARCHAR",
              "upstream_status":"VARCHAR","mcp_error_code":"VARCHAR",
              "timestamp":"JSON","@timestamp":"VARCHAR","http_method":"VARCHAR","request_uri":"VARCHAR","request_uri_full":"VARCHAR","raw_path":"VARCHAR",
              "oauth_id":"VARCHAR","request_time":"VARCHAR","request_time_ms":"VARCHAR","ip_address":"VARCHAR","raw_request":"VARCHAR","raw_response":"VARCHAR",
              "latency":"JSON","responsecode":"VARCHAR","apikey":"VARCHAR","orgid":"VARCHAR","oauthid":"VARCHAR","requesttime":"VARCHAR",
              "ipaddress":"VARCHAR","rawpath":"VARCHAR","rawrequest":"VARCHAR","rawresponse":"VARCHAR","useragent":"VARCHAR"}')) AS j,
        CASE WHEN is_json AND object IS NULL THEN TRY(from_json(line,
            '{"Method":"VARCHAR","Path":"VARCHAR","RawPath":"VARCHAR","UserAgent":"VARCHAR","ResponseCode":"VARCHAR","APIKey":"VARCHAR",
              "TimeStamp":"VARCHAR","OrgID":"VARCHAR","OauthID":"VARCHAR","RequestTime":"VARCHAR","RawRequest":"VARCHAR","RawResponse":"VARCHAR",
              "IPAddress":"VARCHAR","Latency.Total":"VARCHAR"}')) END AS row,
        -- the pump may nest the record under a name
        CASE WHEN is_json AND contains(line, '"tyk-analytics-record"') THEN TRY(from_json(json_extract(line, '/tyk-analytics-record'),
            '{"method":"VARCHAR","path":"VARCHAR","raw_path":"VARCHAR","original_path":"VARCHAR","user_agent":"VARCHAR","response_code":"VARCHAR",
              "api_key":"VARCHAR","timestamp":"VARCHAR","org_id":"VARCHAR","oauth_id":"VARCHAR","request_time":"VARCHAR","raw_request":"VARCHAR",
              "raw_response":"VARCHAR","ip_address":"VARCHAR","latency":"JSON"}')) END AS n
    FROM objects
),
kinds AS (
    SELECT * EXCLUDE (j), j,
        CASE WHEN terminal IS NOT NULL THEN 'message'
             WHEN row IS NOT NULL OR n IS NOT NULL THEN 'record'
             WHEN j.prefix = 'access-log' THEN 'access'
             WHEN j IS NULL THEN NULL
             WHEN j.msg IS NOT NULL OR j.message IS NOT NULL THEN 'message'
             WHEN coalesce(j.response_code, j.responsecode, j.oauth_id, j.oauthid) IS NOT NULL THEN 'record' END AS kind,
        CASE WHEN terminal IS NOT NULL THEN regexp_extract(terminal[18:], '^ +([A-Z]+) (.*?)((?: (?:response |Base )?[A-Za-z_]+=.*)?)$', ['level', 'message', 'rest']) END AS t
    FROM read
),
named AS (
    SELECT "offset", line, is_json, kind, j.mcp_error_code, j.error_source, j.request,
        CASE kind
            WHEN 'record' THEN coalesce(row."TimeStamp", n.timestamp, j."@timestamp",
                CASE WHEN json_type(j.timestamp) = 'OBJECT' THEN coalesce(j.timestamp ->> '$."$date"."$numberLong"', j.timestamp ->> '$."$date"') ELSE j.timestamp ->> '$' END)
            WHEN 'message' THEN coalesce(j.time, terminal[2:16]) ELSE j.time END AS moment,
        coalesce(j.msg, j.message, CASE WHEN t.message <> '' THEN t.message END) AS message,
        coalesce(j.mw, CASE WHEN t.rest <> '' THEN regexp_extract(t.rest, ' mw=(\S+)', 1) END) AS mw,
        coalesce(j.error, j.response_error, CASE WHEN contains(t.rest, 'error=') THEN regexp_extract(t.rest, ' (?:response )?error=(.*?)(?: (?:response )?[A-Za-z_]+=.*)?$', 1) END) AS problem,
        coalesce(row."Method", n.method, j.method, j.http_method) AS verb,
        coalesce(row."RawPath", n.original_path, n.raw_path, j.original_path, j.raw_path, j.rawpath, j.path, j.request_url, j.request_uri,
            nullif(split_part(j.request, ' ', 2), ''), row."Path", CASE WHEN t.rest <> '' THEN regexp_extract(t.rest, ' path=(\S+)', 1) END) AS target,
        coalesce(row."ResponseCode", n.response_code, j.status, j.status_code, j.responsecode, j.response_code, j.code,
            CASE WHEN contains(t.rest, ' response code=') THEN regexp_extract(t.rest, ' response code=([0-9]+)', 1) END) AS answer,
        coalesce(row."IPAddress", n.ip_address, j.client_ip, j.ip_address, j.ipaddress, j.origin, j."RemoteAddr", j.client_remote_addr, j.remote_addr,
            CASE WHEN t.rest <> '' THEN regexp_extract(t.rest, ' (?:origin|RemoteAddr)=(\S+)', 1) END) AS caller,
        coalesce(row."UserAgent", n.user_agent, j.user_agent, j.useragent) AS agent,
        coalesce(row."OrgID", n.org_id, j.org_id, j.orgid, CASE WHEN t.rest <> '' THEN regexp_extract(t.rest, ' org_id=(\S+)', 1) END) AS organisation,
        coalesce(row."OauthID", n.oauth_id, j.oauth_id, j.oauthid, j."oauthClientID", j.client_id,
            CASE WHEN t.rest <> '' THEN regexp_extract(t.rest, ' (?:client_id|oauthClientID)=(\S+)', 1) END) AS client,
        coalesce(row."APIKey", n.api_key, j.api_key, j.apikey, j.key) AS token,
        coalesce(row."Latency.Total", n.latency ->> '$.total', j.latency ->> '$.total', j.latency_total, j.total_latency,
            row."RequestTime", n.request_time, j.request_time, j.request_time_ms, j.requesttime) AS took,
        TRY_CAST(j.ns AS DOUBLE) / 1000000 AS took_ns,
        coalesce(row."RawRequest", n.raw_request, j.raw_request, j.rawrequest) AS sent,
        coalesce(row."RawResponse", n.raw_response, j.raw_response, j.rawresponse) AS got,
        j.trace_id, j.host, j.upstream_status,
        coalesce(j.response_code_details, j.response_flag) AS details, j.response_flag AS flag,
        j.level AS level
    FROM kinds
),
-- the request and the answer as they were on the wire, in base64 unless the pump has decoded them
wires AS (
    SELECT *,
        http_status(answer) AS code,
        CASE WHEN nullif(sent, '') IS NULL THEN NULL WHEN contains(sent[:60], ' /') THEN sent
             ELSE TRY(decode(from_base64(sent[:len(sent[:65536]) // 4 * 4]))) END AS asked,
        CASE WHEN nullif(got, '') IS NULL OR NOT http_status(answer) >= 400 THEN NULL WHEN starts_with(got, 'HTTP/') THEN got
             ELSE TRY(decode(from_base64(got[:len(got[:65536]) // 4 * 4]))) END AS answered
    FROM named
),
judged AS (
    SELECT *,
        CASE WHEN asked IS NOT NULL THEN nullif(regexp_extract(asked, '(?i)(?:^|\r?\n)authorization: *([^\r\n]*)', 1), '') END AS authorization_value,
        CASE WHEN contains(answered, '{') THEN substr(answered, greatest(strpos(answered, chr(13) || chr(10) || chr(13) || chr(10) || '{') + 4, strpos(answered, '{'))) END AS reply,
        CASE WHEN kind <> 'message' THEN NULL
             WHEN message = 'Not Found' AND request IS NOT NULL THEN 'other'
             -- of a refused JWT the line with the reason counts
             WHEN message IN ('Attempted JWT access with non-existent key.', 'Authorization field missing or malformed') THEN NULL
             WHEN message = 'Attempted access with invalid key.' AND (mw = 'OpenIDMW' OR contains(token, ']')) THEN NULL
             WHEN message = 'Couldn''t get token' THEN CASE WHEN mw = 'ExternalOAuth' THEN 'failure' END
             WHEN message = 'Finished' THEN CASE WHEN regexp_matches(problem,
                'token has expired|used before issued|not valid yet|access token is not valid|^authorization field missing|(?i:this IP has been disallowed)|Session state is missing|token verification failed|access token validation')
                THEN 'failure' END
             WHEN regexp_matches(message,
                '^(?:Attempted access|JWT validation error|JWT (?:issuer|audience|ID|subject|custom claims) validation failed|JWT Invalid|Bearer token malformed|No issuer or audiences found|No matching policy found|no matching policy found|Policy ID found is invalid|Could not find a valid policy|Could not apply new policy|Could not several policies|No policies |Existing session requires|Failed to get identity from token|found an empty user ID|no suitable claims|\[OAuth\] (?:OAuth response marked|There was an error)|OAuth: OAuth response marked|There was an error with the request: |\[CertificateCheckMW\] Certificate validation failed|Field extraction failed|Signature string (?:generation failed|does not match)|No HMAC secret for this key|Algorithm not supported|Clock skew outside|Base64 Decoding failed of basic auth|Request signature |Invalid signature verification algorithm|Authentication error in Go-plugin|Organi[sz]ation (?:access is disabled|quota|rate limit)|(?:Key|API) (?:rate|quota) limit exceeded|(?:Key |API )?(?i:rate limit|quota(?: limit)?) exceeded)')
                THEN 'failure' END AS said
    FROM wires
),
told AS (
    SELECT *,
        -- osin's texts, each of which stands for a code
        CASE WHEN said = 'failure' AND contains(message, 'OAuth response marked') AND problem IS NOT NULL THEN CASE
                WHEN starts_with(problem, 'The request is missing a required') THEN 'invalid_request'
                WHEN starts_with(problem, 'The client is not authorized') THEN 'unauthorized_client'
                WHEN starts_with(problem, 'The resource owner or authorization server denied') THEN 'access_denied'
                WHEN starts_with(problem, 'The authorization server does not support obtaining') THEN 'unsupported_response_type'
                WHEN starts_with(problem, 'The requested scope is') THEN 'invalid_scope'
                WHEN starts_with(problem, 'The authorization server encountered') THEN 'server_error'
                WHEN starts_with(problem, 'The authorization server is currently') THEN 'temporarily_unavailable'
                WHEN starts_with(problem, 'The authorization grant type') THEN 'unsupported_grant_type'
                WHEN starts_with(problem, 'The provided authorization grant') THEN 'invalid_grant'
                WHEN starts_with(problem, 'Client authentication failed') THEN 'invalid_client' END
             WHEN said = 'failure' AND contains(message, ': &{') THEN oauth_error(regexp_extract(message, '\berror:([a-z_]+)', 1)) END AS oauth,
        CASE WHEN reply IS NOT NULL THEN coalesce(json_text(reply, '$.error'), json_text(reply, '$.message')) END AS reason,
        split_part(coalesce(message, ''), ': &{', 1) AS head
    FROM judged
)
SELECT
    "offset",
    CASE WHEN contains(moment, ' +') OR contains(moment, ' -') THEN iso_time(split_part(moment, ' ', 1) || ' ' || split_part(moment, ' ', 2) || split_part(moment, ' ', 3)[:3] || ':' || split_part(moment, ' ', 3)[4:5])
         WHEN moment BETWEEN 'A' AND 'Z' THEN NULL
         WHEN regexp_full_match(moment, '[0-9.]+') THEN epoch_time(moment)
         ELSE iso_time(moment) END AS time,
    CASE WHEN moment BETWEEN 'A' AND 'Z' THEN try_strptime('2000 ' || replace(moment, '  ', ' 0'), '%Y %b %d %H:%M:%S') END AS yearless,
    CASE WHEN kind = 'access' THEN nullify(host) END AS instance,
    nullify(organisation) AS tenant,
    nullif(regexp_extract(asked, '(?i)\nx-(?:request|correlation)-id: *([^\r\n]*)', 1), '') AS request_id,
    coalesce(nullify(trace_id), nullif(regexp_extract(asked, '(?i)\ntraceparent: *[0-9a-f]{2}-([0-9a-f]{32})-', 1), '')) AS trace_id,
    nullify(client) AS client_id,
    ip_address(caller) AS client_ip,
    nullify(agent) AS user_agent,
    CASE WHEN said = 'failure' THEN CASE
            WHEN contains(message, '(OAuth password flow)') OR contains(message, 'OAuth response marked') AND problem IS NOT NULL THEN 'token'
            WHEN contains(message, 'OAuth response marked') OR contains(message, 'There was an error with the request') THEN 'authorization' END END AS endpoint,
    coalesce(CASE WHEN asked IS NOT NULL THEN nullif(regexp_extract(asked, '^[A-Z]+ (/\S*)', 1), '') END, nullify(target)) AS path,
    coalesce(nullify(verb), CASE WHEN request LIKE '% /% HTTP/%' THEN split_part(request, ' ', 1) END) AS method,
    CASE WHEN said = 'other' THEN 404 ELSE code END AS status,
    http_status(upstream_status) AS upstream_status,
    CASE WHEN error_source = 'Upstream' THEN 'upstream'
         WHEN flag IS NOT NULL OR said IS NOT NULL THEN 'gateway' END AS answered_by,
    -- an error's record has 0 where nothing was measured
    CASE WHEN kind = 'record' AND code >= 400 AND took = '0' THEN NULL ELSE coalesce(TRY_CAST(took AS DOUBLE), took_ns) END AS duration_ms,
    CASE WHEN contains(message, '(OAuth password flow)') THEN 'password' END AS grant_type,
    CASE WHEN authorization_value IS NOT NULL THEN basic_user(authorization_value) END AS login,
    CASE WHEN authorization_value IS NOT NULL THEN bearer_jwt(authorization_value)
         WHEN starts_with(token, 'eyJ') AND kind = 'record' THEN token END AS jwt,
    CASE WHEN regexp_full_match(token, '0*|\*.*|<hidden>|\[.*|.{0,7}') THEN NULL ELSE token END AS credential,
    CASE WHEN answered IS NOT NULL THEN nullif(regexp_extract(answered, '(?i)\nwww-authenticate: *([^\r\n]*)', 1), '') END AS challenge,
    CASE WHEN said IS NOT NULL THEN said
         WHEN flag IN ('AMF', 'AKI', 'TKE', 'TKI', 'TCV', 'EAD', 'CRQ', 'CMM', 'RLT', 'QEX')
              OR regexp_matches(details, '^(?:auth|oauth|jwt|basic_auth|external_auth|hmac)_') THEN 'failure'
         WHEN code = 400 AND reason IN ('Authorization field missing', 'Bearer token malformed', 'authorization field missing',
            'Authorization field missing, malformed or invalid') THEN 'failure' END AS outcome,
    coalesce(oauth, oauth_error(reason)) AS error,
    CASE WHEN kind = 'access' THEN coalesce(nullify(details), 'mcp ' || nullify(mcp_error_code))
         -- what the access log calls the same
         WHEN message = 'Attempted access with non-existent key.' AND mw = 'AuthKey' THEN 'auth_key_not_found'
         WHEN message = 'Attempted access with malformed header, no auth header found.' AND mw = 'BasicAuthKeyIsValid' THEN 'basic_auth_field_missing' END AS error_code,
    CASE WHEN kind = 'record' THEN CASE WHEN oauth_error(reason) IS NULL THEN reason ELSE json_text(reply, '$.error_description') END
         WHEN oauth IS NOT NULL AND problem IS NOT NULL THEN problem
         WHEN contains(message, ': &{') THEN concat_ws(': ', head, nullif(regexp_extract(message, 'error_description:(.*?)(?: [a-z_]+:|\]|$)', 1), ''))
         WHEN said = 'failure' THEN CASE WHEN message = 'Finished' THEN problem ELSE concat_ws(': ', rtrim(message, ':'), nullif(problem, '')) END END AS error_description,
    CASE WHEN kind IS NULL OR kind <> 'message' OR said IS NOT NULL THEN
            CASE WHEN kind = 'access' AND code IS NULL THEN 'a template without a status' END
         WHEN message IN ('Attempted JWT access with non-existent key.', 'Authorization field missing or malformed', 'Couldn''t get token',
            'Attempted access with invalid key.', 'Finished') THEN 'another line tells why the request was refused'
         WHEN contains(line, 'tyk-analytics-record') THEN NULL
         ELSE 'server message' END AS ignored,
    CASE WHEN contains(line, ' tyk-analytics-record=') THEN 'a record as text: the pump writes JSON with format json'
         WHEN kind IS NULL THEN CASE WHEN is_json THEN CASE WHEN line[-1] = '}' THEN 'not a line of Tyk' ELSE 'broken JSON' END ELSE 'not logfmt' END
         WHEN kind = 'record' AND code IS NULL THEN 'a record without a status' END AS quarantined
FROM told
