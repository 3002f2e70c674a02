/*
title = "Doorkeeper and GitLab (Rails)"
kind = "auth_server"
provenance = "composed"
recognise = '^(?:@cee: )?\{.*"_?controller"\s*:\s*"[A-Z][^"]*(?:Controller|Channel)".*"_?action"\s*:|^\{"controller"\s*:.*"action"\s*:.*"status"\s*:|^\{.*"correlation_id"\s*:\s*(?:"|null).*"(?:meta\.caller_id|meta\.remote_ip|duration_s|severity)"\s*:|^\{"severity"\s*:\s*"[A-Z]+"\s*,\s*"time"\s*:\s*"[^"]+"\s*,\s*"correlation_id"\s*:|^\{"time"\s*:\s*"[^"]+"\s*,\s*"severity"\s*:\s*"[A-Z]+"\s*,\s*"duration(?:_s)?"\s*:|Started (?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) "/[^"]*" for \S+ at \d{4}-\d\d-\d\d |(?:^|[\] :])Processing by [A-Z][\w:]*(?:Controller)?#\w+ as |(?:^|[\] :])Completed \d{3} [A-Za-z\x27 -]*\s?in [\d.]+ms|(?:^|[\] :])  Parameters: \{|(?:^|[\] :])Filter chain halted as |(?:^|[\] :])method=[A-Z]+ path=\S* format=\S* controller=\S+ action=\S+ status=\d+|(?:^|\t)method:[A-Z]+\tpath:[^\t]*\t(?:.*\t)?controller:'
priority = 45
documentation = [
    "https://docs.gitlab.com/administration/logs/",
    "https://github.com/doorkeeper-gem/doorkeeper",
    "https://github.com/rails/rails/blob/main/actionpack/lib/action_controller/log_subscriber.rb",
    "https://github.com/roidrage/lograge",
]
cannot_tell = "Doorkeeper logs nothing of its own: a refused token request is a status, and in releases up to 5.4 it is 401 for every reason. A hook does tell: in config/initializers/doorkeeper.rb `handle_auth_errors :raise` puts the reason of a refused access token into the log as an exception. Filtered parameters ([FILTERED]) have no value, so that a code used twice cannot be seen. Rails' plain log has several lines for a request, joined here by the tag of the request; without `config.log_tags = [:request_id]` requests that run at the same time cannot be told apart, and their lines are left out. GitLab says why a token was refused only in meta.auth_fail_reason (since 17.2), and writes a failed sign-in into application_json.log, production_json.log and audit_json.log, under one correlation_id. Of a client_id longer than 36 characters, as Doorkeeper makes them, the first 12 are kept."

[[advice]]
columns = ["request_id"]
add = '`config.log_tags = [:request_id]` in config/environments/production.rb'
tells = "which lines belong to one request, and the id that a gateway before Rails sends as X-Request-ID"

[[advice]]
columns = ["client_id", "grant_type", "scope"]
add = '`params: event.payload[:params].slice("client_id", "grant_type", "scope", "redirect_uri")` to config.lograge.custom_options'
tells = "which client asked for what, where lograge writes the log"
*/
WITH shaped AS (
    SELECT "offset", plain,
        CASE WHEN plain[1] = '{' THEN plain WHEN starts_with(plain, '@cee: {') THEN substr(plain, 7) END AS object
    FROM (SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS plain FROM records)
),
read AS (
    SELECT *,
        CASE WHEN object IS NOT NULL THEN TRY(from_json(object,
            '{"time":"VARCHAR","@timestamp":"VARCHAR","timestamp":"VARCHAR","_time":"VARCHAR","severity":"VARCHAR","message":"VARCHAR",
              "method":"VARCHAR","_method":"VARCHAR","path":"VARCHAR","_path":"VARCHAR","controller":"VARCHAR","_controller":"VARCHAR",
              "action":"VARCHAR","_action":"VARCHAR","status":"VARCHAR","_status":"VARCHAR","duration_s":"DOUBLE","duration":"DOUBLE","_duration":"DOUBLE",
              "duration_ms":"DOUBLE","location":"VARCHAR","_location":"VARCHAR","params":"JSON","_params":"JSON","remote_ip":"VARCHAR","ip":"VARCHAR",
              "remote_addr":"VARCHAR","client_ip":"VARCHAR","host":"VARCHAR","ua":"VARCHAR","user_agent":"VARCHAR","user_id":"VARCHAR","username":"VARCHAR",
              "correlation_id":"VARCHAR","request_id":"VARCHAR","_request_id":"VARCHAR","uuid":"VARCHAR","route":"VARCHAR","error":"VARCHAR",
              "exception":"JSON","exception.class":"VARCHAR","exception.message":"VARCHAR","exception_class":"VARCHAR",
              "meta.user":"VARCHAR","meta.remote_ip":"VARCHAR","meta.caller_id":"VARCHAR","meta.auth_fail_reason":"VARCHAR","meta.auth_fail_requested_scopes":"VARCHAR",
              "env":"VARCHAR","request_method":"VARCHAR","fullpath":"VARCHAR","matched":"VARCHAR",
              "failed_login":"VARCHAR","with":"VARCHAR","ip_address":"VARCHAR","author_name":"VARCHAR","entity_type":"VARCHAR","target_details":"VARCHAR",
              "payload":{"method":"VARCHAR","path":"VARCHAR","controller":"VARCHAR","action":"VARCHAR","status":"VARCHAR","params":"JSON"},
              "dd":{"trace_id":"VARCHAR"},"trace_id":"VARCHAR"}')) END AS j
    FROM shaped
),
-- Logger's formatter: `I, [2026-03-02T10:15:04.120312 #4711]  INFO -- : [tag] message`
headed AS (
    SELECT *,
        object IS NULL AND plain[2:4] = ', [' AND contains(left(plain, 70), '] ') AS by_logger,
        CASE WHEN object IS NOT NULL THEN NULL
             WHEN plain[2:4] = ', [' AND contains(plain, ' -- ') THEN substr(plain, strpos(plain, ' -- ') + 4)
             ELSE plain END AS tail
    FROM read
),
tagged AS (
    SELECT *,
        CASE WHEN by_logger THEN split_part(substr(plain, 5), ' ', 1) END AS logged_at,
        CASE WHEN by_logger THEN split_part(split_part(plain, '#', 2), ']', 1) END AS pid,
        CASE WHEN by_logger AND contains(tail, ': ') THEN substr(tail, strpos(tail, ': ') + 2) ELSE tail END AS said
    FROM headed
),
worded AS (
    SELECT *, CASE WHEN tags <> '' THEN nullif(regexp_extract(tags, '\[([0-9A-Za-z][0-9A-Za-z-]{15,})\]', 1), '') END AS tag,
        substr(said, len(tags) + 1) AS words
    FROM (SELECT *, CASE WHEN said[1] = '[' THEN regexp_extract(said, '^(?:\[[^\]]*\] ?)*') ELSE '' END AS tags FROM tagged)
),
named AS (
    SELECT *,
        CASE WHEN object IS NOT NULL THEN NULL
             WHEN starts_with(words, 'Started ') AND contains(words, '" for ') AND contains(words, ' at ') THEN 'started'
             WHEN starts_with(words, 'Completed ') AND contains(words, 'ms') AND contains(words, ' in ') THEN 'completed'
             WHEN starts_with(words, 'Processing by ') THEN 'processing'
             WHEN starts_with(ltrim(words), 'Parameters: {') THEN 'parameters'
             WHEN starts_with(words, 'Filter chain halted as ') THEN 'halted'
             WHEN starts_with(words, 'Redirected to ') THEN 'redirected'
             WHEN starts_with(words, 'Can''t verify CSRF token') OR starts_with(words, 'HTTP Origin header (') THEN 'csrf'
             WHEN contains(words, 'method=') AND contains(words, ' path=') AND contains(words, ' status=') THEN 'lograge'
             WHEN contains(words, 'method:') AND contains(words, chr(9) || 'path:') AND contains(words, chr(9) || 'status:') THEN 'ltsv'
             WHEN words[1] BETWEEN 'A' AND 'Z' AND contains(words, ' (') AND regexp_matches(words, '^[A-Z]\w*(?:::[A-Z]\w*)+ \(.*\):?\s*$') THEN 'exception'
             WHEN starts_with(words, 'Failed Login: ') OR starts_with(words, 'Successful Login: ') OR starts_with(words, 'Account Locked: ') THEN 'login' END AS what,
        coalesce(tag, pid || tags, tags) AS thread
    FROM worded
),
numbered AS (
    SELECT *,
        count(*) FILTER (what = 'started') OVER near AS request,
        lag(CASE WHEN what IN ('started', 'completed') THEN what END IGNORE NULLS) OVER near AS before,
        lag(CASE WHEN what IN ('started', 'completed') THEN what END, 2 IGNORE NULLS) OVER near AS second,
        lag(CASE WHEN what IN ('started', 'completed') THEN what END, 3 IGNORE NULLS) OVER near AS third
    FROM (SELECT "offset", what, words, tag, thread, logged_at FROM named WHERE what IS NOT NULL)
    WINDOW near AS (PARTITION BY thread ORDER BY "offset")
),
-- what the lines of one request say, at the line that ends it; a JSON record is a request of its own
ended AS (
    SELECT * FROM (
        SELECT "offset", what,
            -- one after the other, or told apart by a tag
            tag IS NOT NULL OR before = 'started' AND coalesce(second, 'completed') = 'completed' AND coalesce(third, 'started') = 'started' AS parted,
            min(words) FILTER (what = 'started') OVER one AS start_words,
            min(logged_at) FILTER (what = 'started') OVER one AS start_logged,
            min(words) FILTER (what = 'parameters') OVER one AS parameters,
            min(words) FILTER (what = 'halted') OVER one AS halted,
            min(words) FILTER (what = 'redirected') OVER one AS redirected,
            min(words) FILTER (what = 'csrf') OVER one AS csrf,
            min(words) FILTER (what = 'exception') OVER one AS raised,
            min("offset") FILTER (what = 'completed') OVER one AS ends
        FROM numbered
        WINDOW one AS (PARTITION BY thread, request)
    ) WHERE what IN ('completed', 'exception')
),
joined AS (
    SELECT named.*, ended.* EXCLUDE ("offset", what) FROM named LEFT JOIN ended USING ("offset")
),
asked AS (
    SELECT *,
        what IN ('completed', 'exception') AND parted AND start_words IS NOT NULL AS whole,
        coalesce(j.params, j._params, j.payload.params) AS jparams,
        coalesce(j.controller, j._controller, j.payload.controller) AS controller,
        -- of lograge's pairs a value may hold blanks: it ends where the next key begins
        CASE what WHEN 'lograge' THEN ' ' || words WHEN 'ltsv' THEN chr(9) || words END AS pairs,
        j."exception.class" IS NOT NULL OR j.exception_class IS NOT NULL AS jraised
    FROM joined
),
paired AS (
    SELECT *,
        CASE WHEN jparams IS NOT NULL AND (contains(object, 'client_id') OR contains(object, 'grant_type') OR contains(object, '"user"') OR contains(object, '"error"') OR contains(object, '"code"') OR contains(object, '_token"'))
             THEN CASE WHEN json_type(jparams) = 'ARRAY' THEN from_json(jparams, '[{"key":"VARCHAR","value":"VARCHAR"}]') END END AS listed,
        CASE WHEN json_type(jparams) = 'OBJECT' THEN CAST(jparams AS VARCHAR)
             -- Ruby writes {"a"=>"b"}, since 3.4 {"a" => "b"}
             WHEN whole AND parameters IS NOT NULL THEN regexp_replace(substr(parameters, strpos(parameters, '{')), '" ?=> ?', '":', 'g')
             WHEN pairs IS NOT NULL AND contains(pairs, '{"') THEN regexp_replace(substr(pairs, strpos(pairs, '{"')), '" ?=> ?', '":', 'g') END AS written
    FROM asked
),
listed AS (
    SELECT *,
        CASE WHEN listed IS NULL AND written IS NULL THEN NULL
             WHEN listed IS NOT NULL THEN {
                'client_id': list_filter(listed, lambda p: p.key = 'client_id')[1].value, 'grant_type': list_filter(listed, lambda p: p.key = 'grant_type')[1].value,
                'response_type': list_filter(listed, lambda p: p.key = 'response_type')[1].value, 'scope': list_filter(listed, lambda p: p.key = 'scope')[1].value,
                'redirect_uri': list_filter(listed, lambda p: p.key = 'redirect_uri')[1].value, 'username': list_filter(listed, lambda p: p.key = 'username')[1].value,
                'code': list_filter(listed, lambda p: p.key = 'code')[1].value, 'refresh_token': list_filter(listed, lambda p: p.key = 'refresh_token')[1].value,
                'token': list_filter(listed, lambda p: p.key = 'token')[1].value, 'error': list_filter(listed, lambda p: p.key = 'error')[1].value,
                'error_description': list_filter(listed, lambda p: p.key = 'error_description')[1].value,
                'login': json_text(list_filter(listed, lambda p: p.key = 'user')[1].value, '$.login')}
             ELSE {
                'client_id': nullif(regexp_extract(written, '"client_id":\s*"((?:[^"\\]|\\.)*)"', 1), ''), 'grant_type': nullif(regexp_extract(written, '"grant_type":\s*"([^"]*)"', 1), ''),
                'response_type': nullif(regexp_extract(written, '"response_type":\s*"([^"]*)"', 1), ''), 'scope': nullif(regexp_extract(written, '"scope":\s*"([^"]*)"', 1), ''),
                'redirect_uri': nullif(regexp_extract(written, '"redirect_uri":\s*"([^"]*)"', 1), ''), 'username': nullif(regexp_extract(written, '"username":\s*"((?:[^"\\]|\\.)*)"', 1), ''),
                'code': nullif(regexp_extract(written, '"code":\s*"([^"]*)"', 1), ''), 'refresh_token': nullif(regexp_extract(written, '"refresh_token":\s*"([^"]*)"', 1), ''),
                'token': nullif(regexp_extract(written, '"token":\s*"([^"]*)"', 1), ''), 'error': nullif(regexp_extract(written, '"error":\s*"([^"]*)"', 1), ''),
                'error_description': nullif(regexp_extract(written, '"error_description":\s*"([^"]*)"', 1), ''),
                'login': nullif(regexp_extract(written, '"user":\s*\{[^{}]*"(?:login|email|username)":\s*"([^"]*)"', 1), '')} END AS p
    FROM paired
),
placed AS (
    SELECT *,
        coalesce(j.message = 'Rack_Attack', false) AS by_limit,
        j.failed_login IS NOT NULL OR (j."with" IS NOT NULL AND coalesce(j.entity_type = 'User', false)) AS by_audit,
        CASE WHEN what = 'login' THEN words
             WHEN object IS NOT NULL AND (starts_with(j.message, 'Failed Login: ') OR starts_with(j.message, 'Successful Login: ') OR starts_with(j.message, 'Account Locked: ')) THEN j.message END AS login_words,
        CASE WHEN what IN ('completed', 'exception') AND whole THEN split_part(start_words, '"', 2)
             WHEN what = 'lograge' THEN nullif(regexp_extract(pairs, '[ ]path=(\S+)', 1), '')
             WHEN what = 'ltsv' THEN nullif(split_part(split_part(pairs, chr(9) || 'path:', 2), chr(9), 1), '')
             ELSE nullif(coalesce(j.path, j._path, j.payload.path, j.fullpath), '') END AS target,
        CASE WHEN what IN ('completed', 'exception') AND whole THEN split_part(start_words, ' ', 2)
             WHEN what = 'lograge' THEN regexp_extract(pairs, '[ ]method=([A-Z]+)', 1)
             WHEN what = 'ltsv' THEN split_part(split_part(pairs, chr(9) || 'method:', 2), chr(9), 1)
             ELSE coalesce(j.method, j._method, j.payload.method, j.request_method) END AS verb,
        CASE WHEN what = 'completed' THEN http_status(split_part(words, ' ', 2))
             WHEN what = 'exception' THEN CASE WHEN starts_with(words, 'ActionController::RoutingError') THEN 404 END
             WHEN what = 'lograge' THEN http_status(regexp_extract(pairs, '[ ]status=(\d{3})', 1))
             WHEN what = 'ltsv' THEN http_status(split_part(split_part(pairs, chr(9) || 'status:', 2), chr(9), 1))
             ELSE coalesce(http_status(coalesce(j.status, j._status, j.payload.status)),
                CASE j.env WHEN 'throttle' THEN 429 WHEN 'blocklist' THEN 403 WHEN 'blacklist' THEN 403 END) END AS code,
        coalesce(CASE WHEN redirected IS NOT NULL THEN substr(redirected, 15) END, j.location, j._location,
            CASE WHEN what = 'lograge' AND contains(pairs, ' location=') THEN nullif(regexp_extract(pairs, ' location=(\S+)', 1), '')
                 WHEN what = 'ltsv' AND contains(pairs, 'location:') THEN nullif(split_part(split_part(pairs, chr(9) || 'location:', 2), chr(9), 1), '') END) AS sent_to,
        CASE WHEN what IN ('completed', 'exception') THEN raised
             WHEN what = 'lograge' AND contains(pairs, ' error=''') THEN regexp_replace(regexp_extract(pairs, ' error=''(.*?)''(?: \w+=|$)', 1), '^([\w:]+): (.*)$', '\1 (\2)')
             WHEN what = 'ltsv' AND contains(pairs, 'error:''') THEN regexp_replace(split_part(split_part(pairs, 'error:''', 2), '''' || chr(9), 1), '^([\w:]+): (.*)$', '\1 (\2)')
             WHEN jraised THEN coalesce(j."exception.class", j.exception_class) || ' (' || coalesce(j."exception.message", '') || ')'
             WHEN json_type(j.exception) = 'ARRAY' THEN (j.exception ->> '$[0]') || ' (' || coalesce(j.exception ->> '$[1]', '') || ')'
             WHEN j.error IS NOT NULL AND contains(j.error, '::') AND regexp_matches(j.error, '^[A-Z][\w:]+: ') THEN regexp_replace(j.error, '^([\w:]+): ?(.*)$', '\1 (\2)') END AS fault
    FROM listed
),
judged AS (
    SELECT *,
        lower(rtrim(bare_path(target), '/')) AS place,
        CASE WHEN object IS NOT NULL THEN j IS NOT NULL AND (by_limit OR by_audit OR login_words IS NOT NULL OR (code IS NOT NULL AND target IS NOT NULL AND verb IS NOT NULL))
             ELSE what IN ('lograge', 'ltsv', 'login') OR (whole AND (what = 'completed' OR code = 404 AND ends IS NULL)) END AS told
    FROM placed
),
settled AS (
    SELECT *,
        CASE WHEN login_words IS NOT NULL OR by_audit THEN 'authorization'
             WHEN ends_with(place, '/oauth/token/info') THEN 'introspection'
             WHEN ends_with(place, '/jwt/auth') THEN 'token'
             WHEN ends_with(place, '/oauth/authorize_device') THEN 'device_authorization'
             WHEN ends_with(place, '/oauth/authorize/native') THEN 'authorization'
             WHEN verb = 'POST' AND (ends_with(place, '/users/sign_in') OR ends_with(place, '/oauth/geo/auth') OR controller IN ('SessionsController', 'Devise::SessionsController')) THEN 'authorization'
             WHEN contains(place, '/auth/') AND regexp_matches(place, '/users/auth/[^/]+(/callback)?$') THEN 'authorization' END AS endpoint,
        -- the user pressed Deny
        coalesce(verb = 'DELETE' AND ends_with(place, '/oauth/authorize') AND code BETWEEN 200 AND 399, false) AS denied,
        CASE WHEN fault IS NOT NULL THEN split_part(fault, ' (', 1) END AS fault_class
    FROM judged
)
SELECT
    "offset",
    CASE WHEN NOT coalesce(told, false) THEN NULL
         WHEN object IS NOT NULL THEN coalesce(iso_time(coalesce(j.time, j."@timestamp", j.timestamp, j._time)), epoch_time(coalesce(j.time, j._time, j.timestamp)))
         WHEN what IN ('completed', 'exception') THEN
            iso_time(regexp_extract(start_words, '" for \S+ at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ?(?:[+-]\d{4}|UTC|Z)$', 1)
                -- to the microsecond where the logger's own time is of the same second
                || CASE WHEN contains(start_words, ':' || start_logged[18:19] || ' ') THEN start_logged[20:] ELSE '' END
                || regexp_replace(regexp_replace(split_part(start_words, ' ', -1), '^(UTC|Z)$', '+0000'), '^([+-]\d\d)(\d\d)$', '\1:\2'))
         ELSE coalesce(iso_time(regexp_replace(replace(nullif(regexp_extract(pairs, '[ \t]time[=:](\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)))', 1), ''), ' UTC', 'Z'), ' ?([+-]\d\d):?(\d\d)$', '\1:\2')),
            epoch_time(nullif(regexp_extract(pairs, '[ \t](?:time|timestamp)[=:](\d{10,}(?:\.\d+)?)', 1), '')),
            iso_time(nullif(regexp_extract(pairs, '[ \t](?:@?timestamp)[=:](\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d))', 1), ''))) END AS time,
    CASE WHEN told AND what IN ('lograge', 'ltsv', 'login') THEN TRY_CAST(logged_at AS TIMESTAMP) END AS local_time,
    coalesce(j.correlation_id, j.request_id, j._request_id, j.uuid, tag,
        CASE WHEN pairs IS NOT NULL THEN nullif(regexp_extract(pairs, '[ \t](?:request_id|correlation_id|uuid)[=:]([0-9A-Za-z-]+)', 1), '') END) AS request_id,
    coalesce(j.trace_id, nullif(j.dd.trace_id, '0'), CASE WHEN contains(pairs, 'trace_id') THEN nullif(regexp_extract(pairs, '[ \t](?:dd\.)?trace_id[=:]([0-9a-f]+)', 1), '') END) AS trace_id,
    -- an id as Doorkeeper makes it is as long as a secret, which redaction would take it for: its beginning tells clients apart
    CASE WHEN len(p.client_id) > 36 THEN left(p.client_id, 12) || '...' ELSE nullif(nullif(p.client_id, '[FILTERED]'), '') END AS client_id,
    CASE WHEN login_words IS NOT NULL THEN nullif(regexp_extract(login_words, ' user(?:name)?=(.*?)(?: ip=|$)', 1), '')
         WHEN by_audit THEN coalesce(j.author_name, j.target_details)
         ELSE coalesce(nullif(j.username, ''), nullif(j."meta.user", ''), nullif(j.user_id, ''), nullif(nullif(p.username, '[FILTERED]'), ''), nullif(nullif(p.login, '[FILTERED]'), ''),
            CASE WHEN pairs IS NOT NULL THEN nullif(regexp_extract(pairs, '[ \t](?:user_id|username|user)[=:]([^\s{]+)', 1), '') END) END AS user_name,
    CASE WHEN login_words IS NOT NULL THEN ip_address(regexp_extract(login_words, ' ip=(\S+)', 1))
         WHEN what IN ('completed', 'exception') THEN CASE WHEN whole THEN ip_address(regexp_extract(start_words, '" for (\S+) at ', 1)) END
         WHEN pairs IS NOT NULL THEN ip_address(nullif(regexp_extract(pairs, '[ \t](?:remote_ip|ip|client_ip|remote_addr)[=:]([0-9a-fA-F:.]+)', 1), ''))
         ELSE forwarded_for(coalesce(j.remote_ip, j.ip, j.client_ip, j.remote_addr, j.ip_address, j."meta.remote_ip")) END AS client_ip,
    coalesce(j.ua, j.user_agent) AS user_agent,
    endpoint,
    target AS path,
    nullif(verb, '') AS method,
    code AS status,
    CASE WHEN what = 'completed' THEN TRY_CAST(nullif(regexp_extract(words, ' in ([\d.]+)ms', 1), '') AS DOUBLE)
         WHEN pairs IS NOT NULL THEN TRY_CAST(nullif(regexp_extract(pairs, '[ \t](?:duration|measure#page\.duration)[=:]([\d.]+)', 1), '') AS DOUBLE)
         ELSE coalesce(j.duration_s * 1000, j.duration, j._duration, j.duration_ms) END AS duration_ms,
    nullif(p.grant_type, '') AS grant_type,
    nullif(p.response_type, '') AS response_type,
    coalesce(nullif(p.scope, ''), nullif(j."meta.auth_fail_requested_scopes", '')) AS scope,
    nullif(nullif(p.redirect_uri, '[FILTERED]'), '') AS redirect_uri,
    nullif(nullif(coalesce(p.code, p.refresh_token, p.token), '[FILTERED]'), '') AS credential,
    CASE WHEN starts_with(login_words, 'Successful Login: ') OR (by_audit AND j.failed_login IS NULL) THEN 'success'
         WHEN login_words IS NOT NULL OR by_audit OR denied THEN 'failure'
         -- a sign-in page that comes again after a wrong password has status 200 or 422 in some releases
         WHEN by_limit THEN 'failure' END AS outcome,
    CASE WHEN denied THEN 'access_denied'
         WHEN j."meta.auth_fail_reason" = 'insufficient_scope' AND code >= 400 THEN 'insufficient_scope'
         WHEN j."meta.auth_fail_reason" IS NOT NULL AND code >= 400 THEN 'invalid_token'
         WHEN contains(sent_to, 'error=') THEN oauth_error(query_param(sent_to, 'error'))
         WHEN endpoint = 'authorization' THEN oauth_error(p.error) END AS error,
    CASE WHEN login_words IS NOT NULL THEN CASE WHEN starts_with(login_words, 'Failed') THEN
                CASE WHEN contains(login_words, ' method=') THEN 'Failed Login: ' || regexp_extract(login_words, ' method=(\S+)', 1) ELSE 'Failed Login' END
                WHEN starts_with(login_words, 'Account') THEN 'Account Locked' END
         WHEN by_audit THEN CASE WHEN j.failed_login IS NOT NULL THEN 'failed_login' END
         WHEN by_limit THEN j.env
         WHEN denied THEN 'authorization denied'
         WHEN code IN (400, 401) AND ends_with(place, '/oauth/token/info') THEN 'token info refused'
         WHEN code IN (401, 422) AND verb = 'POST' AND ends_with(place, '/users/sign_in') AND fault_class IS NULL AND csrf IS NULL THEN 'sign-in refused'
         WHEN code >= 400 THEN coalesce(j."meta.auth_fail_reason", fault_class,
            CASE WHEN csrf IS NOT NULL THEN 'CSRF token' END,
            CASE WHEN halted IS NOT NULL THEN trim(regexp_replace(split_part(substr(halted, 24), ' rendered or', 1), '^#<Proc.*$', 'a block'), ':" ') END) END AS error_code,
    CASE WHEN by_limit THEN j.matched
         WHEN contains(sent_to, 'error=') THEN query_param(sent_to, 'error_description')
         WHEN fault IS NOT NULL AND code >= 400 THEN nullif(trim(regexp_extract(fault, '^[\w:]+ \((.*?)\)?:?\s*$', 1)), '')
         WHEN endpoint = 'authorization' THEN p.error_description END AS error_description,
    CASE WHEN coalesce(told, false) AND NOT (by_limit AND coalesce(j.env = 'track', false)) THEN NULL
         WHEN by_limit THEN 'a limit that only watches'
         WHEN object IS NOT NULL AND j IS NULL THEN NULL
         WHEN object IS NOT NULL THEN 'message of no request'
         WHEN what = 'completed' THEN 'lines of several requests are mixed, and no tag parts them'
         WHEN what IS NOT NULL THEN 'another line of the request tells of it'
         ELSE 'message of a Rails application' END AS ignored,
    CASE WHEN object IS NOT NULL AND j IS NULL THEN 'broken JSON' END AS quarantined
FROM settled
