/*
title = "Ory Hydra"
kind = "auth_server"
provenance = "captured"
recognise = '(?s)"service_name": ?"(?i:ory hydra)|"http_request": ?\{.*"msg": ?"(?:started|completed) handling request",\s*"(?:time"|otel"|service_name": ?"")|"measure#hydra|\bmeasure#hydra|service_name="?(?i:ory hydra)|(?:started|completed) handling request"?\s.*http_request="?map\[.*(?:path:/oauth2/\w+|\]"?)(?: service_name= service_version=)?(?: (?:otel|span_id|trace_id)=\S*)*\s*$|"msg":"An error occurred".*"time":|^(?:ERRO|WARN|INFO|DEBU)\[[0-9]{4}-[0-9:TZ+.-]+\] (?:An error occurred|access (?:denied|allowed)) .*\berror=|^time="?[^ "]+"? level=[a-z]+ msg="?(?:An error occurred|access (?:denied|allowed))"? .*\berror=|^time="?[^ "]+"? level=info msg="(?:started|completed) handling request" .*\bremote='
priority = 45
documentation = [
    "https://www.ory.com/docs/hydra/self-hosted/production",
    "https://www.ory.com/docs/hydra/reference/configuration",
    "https://github.com/ory/x/blob/master/logrusx/helper.go",
    "https://github.com/ory/x/blob/master/reqlog/middleware.go",
    "https://github.com/ory/fosite/blob/master/errors.go",
]
cannot_tell = "Hydra names neither client nor grant nor scope: `log.leak_sensitive_values: true` adds the query of an authorization request and the Authorization header, which name the client (why401 keeps no secret of them), and a gateway's log tells the rest. It writes a line when a request begins, one when it ends and one for what went wrong, each with the caller's X-Request-ID and trace id; above `log.level: info` neither the requests nor most refusals are logged. The text format writes values without quotes, so that `log.format: json` is the safer one. Releases up to 1.4 write no request with the error."

[fields]
msg = "/msg"
j_time = "/time"
service_name = "/service_name"
j_error = "/error"
j_debug = "/debug"
j_hint = "/hint"
j_description = "/description"
j_method = "/http_request/method"
j_path = "/http_request/path"
j_query = "/http_request/query"
j_remote = "/http_request/remote"
j_user_agent = "/http_request/headers/user-agent"
j_forwarded = "/http_request/headers/x-forwarded-for"
j_real_ip = "/http_request/headers/x-real-ip"
j_request_id = "/http_request/headers/x-request-id"
j_authorization = "/http_request/headers/authorization"
j_status = "/http_response/status"
j_status_code = "/http_response/status_code"
j_took = "/http_response/took"
j_location = "/http_response/headers/location"
j_trace_id = "/otel/trace_id"
j_client_id = "/client_id"
j_subject = "/subject"
j_sid = "/sid"
flat_method = "/method"
flat_request = "/request"
flat_remote = "/remote"
flat_status = "/status"
flat_took = "/took"
flat_request_id = "/request_id"
*/
-- logrus in JSON or text. In text a map stands as Go prints it, `http_request=map[headers:map[...] host:... method:...]`,
-- since release 1.5 without quotes: what it holds is found by the keys, which Go sorts. Before, all values were plain.
WITH written AS (
    SELECT *,
        CASE WHEN matched THEN NULL
             WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g')
             ELSE line END AS text
    FROM fields
),
-- values in quotes (a message, at least) are those of the older releases
quoted AS (
    SELECT *,
        CASE WHEN contains(text[:200], 'msg="') THEN TRY(from_json(
            logfmt_json(CASE WHEN contains(text, 'measure#') THEN regexp_replace(text, ' "?measure#.*?\.latency"?=[0-9]+', '') ELSE text END),
            '{"time":"VARCHAR","msg":"VARCHAR","error":"VARCHAR","debug":"VARCHAR","hint":"VARCHAR","description":"VARCHAR",
              "http_request":"VARCHAR","http_response":"VARCHAR","otel":"VARCHAR","service_name":"VARCHAR","client_id":"VARCHAR",
              "method":"VARCHAR","request":"VARCHAR","remote":"VARCHAR","status":"VARCHAR","took":"VARCHAR","request_id":"VARCHAR"}')) END AS q
    FROM written
),
parts AS (
    SELECT * EXCLUDE (text),
        CASE WHEN q IS NULL THEN text END AS text,
        CASE WHEN text IS NULL THEN NULL
             WHEN q IS NOT NULL THEN q.http_request
             WHEN contains(text, ' http_request=map[') THEN split_part(split_part(text, ' http_request=map[', 2), '] http_response=map[', 1)
             END AS request,
        CASE WHEN text IS NULL THEN NULL
             WHEN q IS NOT NULL THEN q.http_response
             WHEN contains(text, ' http_response=map[') THEN split_part(text, '] http_response=map[', 2) END AS response,
        CASE WHEN text IS NULL THEN NULL
             WHEN q IS NOT NULL THEN CASE WHEN starts_with(q.error, 'map[') THEN q.error[5:] END
             WHEN contains(text, ' error=map[') THEN
                split_part(split_part(split_part(text, ' error=map[', 2), '] http_request=map[', 1), '] service_name=', 1) END AS problem
    FROM quoted
),
opened AS (
    SELECT *,
        CASE WHEN request IS NOT NULL THEN split_part(request, '] host:', -1) END AS asked,
        CASE WHEN problem IS NOT NULL THEN regexp_extract(problem,
            '(?s)^(?:debug:(.*?) )?(?:details:.*? )?message:(.*?)(?: reason:(.*?))?(?: request_id:\S*)?(?: (?:stack_)?trace:.*?)?(?: status:(.*?))?(?: status_code:([0-9]*))?\]?$',
            ['debug', 'message', 'reason', 'status', 'code']) END AS p,
        CASE WHEN j_error[1] = '{' THEN TRY(from_json(j_error,
            '{"message":"VARCHAR","reason":"VARCHAR","debug":"VARCHAR","status_code":"VARCHAR"}')) END AS e
    FROM parts
),
-- one set of names for all of these
named AS (
    SELECT "offset", line, matched,
        coalesce(msg, q.msg, CASE WHEN text IS NOT NULL THEN CASE
            WHEN contains(text[:120], 'started handling request') THEN 'started handling request'
            WHEN contains(text[:120], 'completed handling request') THEN 'completed handling request'
            WHEN regexp_matches(text[:120], 'msg=|\] ') THEN
                trim(regexp_extract(text, '(?:msg=|^[A-Z]{4}\[[^\]]*\] )(.*?)(?:\s+[a-z_]+=|$)', 1)) END END) AS message,
        coalesce(j_time, q.time, CASE WHEN text IS NOT NULL THEN CASE
            WHEN starts_with(text, 'time=') THEN split_part(text[6:60], ' ', 1)
            WHEN text[5] = '[' THEN split_part(text[6:60], ']', 1) END END) AS moment,
        coalesce(j_method, flat_method, q.method, split_part(split_part(asked, ' method:', 2), ' ', 1)) AS method,
        coalesce(j_path, split_part(split_part(asked, ' path:', 2), ' ', 1)) AS path,
        coalesce(j_query, split_part(split_part(asked, ' query:', 2), ' remote:', 1)) AS query,
        coalesce(flat_request, q.request) AS target,
        coalesce(j_remote, flat_remote, q.remote, split_part(split_part(asked, ' remote:', 2), ' ', 1)) AS remote,
        coalesce(j_forwarded,
            CASE WHEN contains(request, 'x-forwarded-for:') THEN rtrim(split_part(split_part(request, 'x-forwarded-for:', 2), ' ', 1), ',]') END) AS forwarded,
        coalesce(j_real_ip,
            CASE WHEN contains(request, 'x-real-ip:') THEN rtrim(split_part(split_part(request, 'x-real-ip:', 2), ' ', 1), ']') END) AS real_ip,
        coalesce(j_request_id, flat_request_id, q.request_id,
            CASE WHEN contains(request, 'x-request-id:') THEN rtrim(split_part(split_part(request, 'x-request-id:', 2), ' ', 1), ']') END) AS request_id,
        coalesce(j_user_agent, CASE WHEN contains(request, 'user-agent:') THEN
            regexp_replace(split_part(request, 'user-agent:', 2), '(?: (?:via|www-[a-z-]+|x-[a-z0-9-]+|[y-z][a-z-]+):|\] host:).*$', '') END) AS user_agent,
        j_authorization AS authorization_value,
        coalesce(j_status, j_status_code, flat_status, q.status, CASE WHEN response IS NOT NULL THEN
            regexp_extract(split_part(response, '] size:', -1), '(?:^|[ \[])status(?:_code)?:([0-9]{3})', 1) END) AS answer,
        -- nanoseconds in JSON
        coalesce(TRY_CAST(coalesce(j_took, flat_took) AS DOUBLE) / 1000000,
            go_duration_ms(coalesce(flat_took, q.took, CASE WHEN contains(response, ' took:') THEN
                regexp_extract(split_part(response, ' took:', -1), '^[0-9a-zµ.]+') END))) AS duration_ms,
        coalesce(j_trace_id, CASE WHEN contains(line, ' trace_id:') AND NOT matched THEN regexp_extract(split_part(line, ' trace_id:', -1), '^[0-9a-f]{32}')
            WHEN contains(text, ' trace_id=') THEN regexp_extract(split_part(text, ' trace_id=', -1), '^[0-9a-f]{32}') END) AS trace_id,
        coalesce(j_location, response) AS answered_with,
        coalesce(e.message, nullif(p.message, ''), CASE WHEN j_error[1] <> '{' THEN j_error END, CASE WHEN problem IS NULL THEN q.error END) AS name,
        nullif(trim(coalesce(e.reason, p.reason, j_hint, q.hint)), '') AS hint,
        nullif(trim(coalesce(e.debug, p.debug, j_debug, q.debug)), '') AS debug,
        coalesce(j_description, q.description) AS description,
        coalesce(e.status_code, nullif(p.code, '')) AS code,
        lower(coalesce(service_name, q.service_name, CASE WHEN contains(text, ' service_name=') THEN
            trim(split_part(split_part(text, ' service_name=', -1), ' service_version=', 1), '" ') END)) AS service,
        coalesce(j_client_id, q.client_id) AS client_id, j_subject, j_sid,
        text IS NOT NULL AND starts_with(text, 'time="') AS broken,
        text IS NOT NULL AND p.message IS NOT NULL AND regexp_matches(problem, ' (?:stack_)?trace:') AND NOT contains(problem, ' status_code:') AS cut
    FROM opened
),
placed AS (
    SELECT *,
        coalesce(nullif(path, ''), split_part(target, '?', 1)) AS bare,
        http_status(answer) AS answered,
        message = 'completed handling request' AS completed,
        name IS NOT NULL AND (message IN ('An error occurred', 'access denied', 'An error occurred while handling a request')
            OR contains(message, 'Back-Channel Logout Request')) OR starts_with(message, 'A request failed because configuration key') AS failing
    FROM named
),
judged AS (
    SELECT *,
        regexp_matches(bare, '^/(oauth2/(token|auth|revoke|introspect|device/auth|sessions/logout)|userinfo|admin/oauth2/introspect)/?$') AS oauth
    FROM placed
)
SELECT
    "offset",
    iso_time(moment) AS time,
    nullify(request_id) AS request_id,
    nullify(trace_id) AS trace_id,
    nullify(j_sid) AS session_id,
    nullify(client_id) AS client_id,
    nullify(j_subject) AS user_name,
    coalesce(nullify(trim(split_part(forwarded, ',', 1))), nullify(real_ip),
        nullify(regexp_replace(regexp_replace(remote, ':[0-9]+$', ''), '^\[(.*)\]$', '\1'))) AS client_ip,
    nullify(user_agent) AS user_agent,
    CASE WHEN starts_with(message, 'A request failed') THEN 'authorization'
         WHEN contains(message, 'Back-Channel Logout') THEN 'end_session'
         WHEN bare IN ('/oauth2/register', '/connect/register') THEN 'registration' END AS endpoint,
    -- the redaction text, whatever it was set to, is no query
    coalesce(nullif(path, '') || CASE WHEN contains(query, '=') AND NOT contains(query, ' ') THEN '?' || query ELSE '' END, target) AS path,
    CASE WHEN regexp_full_match(method, '[A-Z]+') THEN method END AS method,
    -- what the caller got: an authorization request is answered by a redirect, an unknown token by {"active": false}
    CASE WHEN completed OR answered IS NOT NULL THEN answered
         WHEN NOT failing THEN NULL
         WHEN regexp_matches(bare, '^/oauth2/(token|device/auth)/?$') THEN http_status(code)
         WHEN ends_with(bare, '/revoke') THEN CASE WHEN name IN ('invalid_request', 'invalid_client') THEN http_status(code) END
         WHEN ends_with(bare, '/introspect') AND message = 'An error occurred' AND name = 'invalid_request' THEN http_status(code)
         END AS status,
    CASE WHEN completed THEN duration_ms END AS duration_ms,
    CASE WHEN authorization_value IS NOT NULL THEN basic_user(ltrim(authorization_value, '["')) END AS login,
    CASE WHEN authorization_value IS NOT NULL THEN bearer_jwt(ltrim(authorization_value, '["')) END AS jwt,
    CASE WHEN failing AND (answered IS NULL OR oauth) THEN
            CASE WHEN oauth OR oauth_error(name) IS NOT NULL
                    -- the names of fosite alone, where no request is told
                    OR (bare IS NULL AND name IN ('request_forbidden', 'request_unauthorized', 'token_expired', 'token_inactive', 'token_claim',
                        'token_signature_mismatch', 'scope_not_granted', 'invalid_state', 'insufficient_entropy', 'jti_known')) OR starts_with(message, 'A request failed')
                    OR contains(message, 'Back-Channel')
                    -- cut by the first line of its stack trace, so that no request is told
                    OR (cut AND bare IS NULL AND name NOT IN ('not_found', 'error') AND regexp_full_match(name, '[a-z_]+')) THEN 'failure'
                 ELSE 'other' END END AS outcome,
    CASE WHEN failing THEN oauth_error(name) END AS error,
    -- the names that fosite has beyond those of OAuth; a sentence is the message of another error
    CASE WHEN failing AND oauth_error(name) IS NULL AND regexp_full_match(name, '[A-Za-z_]+( [A-Za-z]+)?') AND name <> 'error' THEN name END AS error_code,
    -- the hint for the client and the detail for the operator; the description says no more than the error's name
    CASE WHEN failing THEN nullif(concat_ws(' ', hint, debug,
        CASE WHEN contains(message, 'Back-Channel') OR starts_with(message, 'A request failed') THEN message END,
        CASE WHEN NOT regexp_full_match(name, '[A-Za-z_]+( [A-Za-z]+)?') OR contains(message, 'Back-Channel') THEN name
             WHEN hint IS NULL AND debug IS NULL THEN description END), '') END AS error_description,
    -- Oathkeeper, Kratos and Keto write by the same logger
    CASE WHEN (service <> '' AND NOT contains(service, 'hydra')) OR starts_with(message, 'Access request ') THEN 'message of a program'
         WHEN failing OR broken THEN NULL
         WHEN message = 'started handling request' THEN 'a request begins, another line tells how it ends'
         WHEN completed THEN CASE
            WHEN contains(answered_with, 'error=') THEN 'another line tells why the request failed'
            WHEN answered >= 400 AND answered <> 405
                AND (answered <> 404 OR regexp_matches(bare, '^/(admin/|clients|keys|oauth2/(auth/requests|auth/sessions|register|token)|connect/register)'))
                THEN 'another line tells why the request failed' END
         WHEN message IN ('access allowed', 'access denied') THEN 'another line tells how the request ended'
         WHEN matched AND (message IS NOT NULL) THEN 'server message'
         WHEN matched THEN NULL
         WHEN message IS NOT NULL AND moment IS NOT NULL THEN 'server message'
         WHEN contains(line, '] http_request=map[') THEN 'end of a stack trace'
         WHEN NOT starts_with(line, '{"') AND NOT regexp_matches(line, '^time="?[0-9]') THEN 'not a log line of the server' END AS ignored,
    CASE WHEN starts_with(line, '{"') AND NOT matched THEN 'broken JSON'
         WHEN broken THEN 'broken text'
         WHEN matched AND message IS NULL THEN 'no message'
         WHEN completed AND answered IS NULL THEN 'a request without a status'
         WHEN message IS NULL THEN 'no message' END AS quarantined
FROM judged
