/*
title = "Apinto error log (APIPark)"
kind = "gateway"
provenance = "composed"
recognise = '^\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\]\s]*\] \[(?:(?:DEBU|ERRO|PANI|FATA|TRAC)\] |(?:WARN|INFO)\] (?:\[(?:master|worker|admin|helper|gateway)-\d+\]|auth beginning|http upstream |select error: ))'
priority = 35
documentation = [
    "https://help.apinto.com/docs/apinto/",
    "https://github.com/eolinker/eosc/blob/main/log/formatter-line.go",
    "https://github.com/eolinker/apinto/tree/main/application/auth",
    "https://github.com/eolinker/apinto/tree/main/drivers/plugins",
]
cannot_tell = "A line has neither a status nor a path, caller, request id or zone, and there are no lines of successes: only the access log has them, and time joins the two. At level error the drivers jwt, apikey, basic, aksk and para-hmac do not say why they refuse; `log_level: debug` adds the reasons of jwt and aksk, together with whole tokens. A token that Redis no longer holds is called expired, whether it was expired, revoked or never issued. The plugin oauth2 answers unknown and expired clients without a line, and the introspection plugin logs nothing of its own."

[[advice]]
columns = ["error_description"]
add = 'the level debug (`log_level: debug` in config.yml) for the time of a search'
tells = "why the drivers jwt and aksk refuse a token; the log then holds whole tokens"
*/
-- `[2006-01-02 15:04:05] [ERRO] message`, since 2023 with `[worker-4711]` of the process right before the message.
WITH split AS (
    SELECT "offset", line,
        line[1] = '[' AND regexp_matches(left(line, 60), '^\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\]\s]*\] \[[A-Z]{4}\] ') AS shaped,
        substr(split_part(line, ']', 1), 2) AS stamp,
        substr(split_part(line, ']', 2), 3) AS level,
        substr(line, strpos(line, '] [') + 9) AS rest
    FROM records
),
worded AS (
    SELECT *,
        CASE WHEN NOT shaped THEN NULL
             WHEN rest[1] = '[' AND regexp_matches(left(rest, 40), '^\[[a-z]+-\d+\]')
             THEN ltrim(substr(rest, strpos(rest, ']') + 1)) ELSE rest END AS raw
    FROM split
),
-- Sprintf knows no %w: it writes the error as %!w(*errors.errorString=&{token expired})
said AS (
    SELECT *,
        CASE WHEN contains(raw, '%!w(') THEN regexp_replace(raw, '%!w\(\*?[\w./]+=&?\{(.*?)(?: 0x[0-9a-f]+)?\}\)', '\1') ELSE raw END AS words
    FROM worded
),
named AS (
    SELECT *,
        CASE
            WHEN words IS NULL THEN NULL
            WHEN starts_with(words, 'auth error:') THEN 'refusal'
            WHEN contains(words, 'get user error:') AND words[1] = '[' THEN 'reason'
            WHEN starts_with(words, 'valid token error:') THEN 'reason'
            WHEN words <> raw AND contains(words, ', payload: ') THEN 'claims'
            WHEN words <> raw AND contains(words, ', issuer: ') AND contains(words, ', key: ') THEN 'key'
            WHEN regexp_matches(words, '^(?:get|read|unmarshal) issuer config error') THEN 'discovery'
            WHEN regexp_matches(words, '^(?:(?:get|read|unmarshal|parse) issuer jwks error|get public key error)') THEN 'jwks'
            WHEN starts_with(words, 'acl deny, group is ') OR starts_with(words, 'groups is not allow, groups is ') THEN 'acl'
            WHEN starts_with(words, 'verify introspection error:') OR starts_with(words, 'do introspect access token error:')
                OR starts_with(words, 'set app label error:') OR words = 'empty token' THEN 'introspection'
            WHEN starts_with(words, '[plugin auth-interceptor invoke err]') THEN 'interceptor'
            WHEN regexp_matches(words, '^(?:[a-z][a-z0-9]*_)?(?:http|https|websocket|grpc|dubbo2?|dubbo) upstream (?:send|select|dial|stream) ?error|^select error: ') THEN 'upstream'
            WHEN starts_with(words, 'try provider error:') THEN 'provider'
            WHEN starts_with(words, 'unsupported response type:') OR starts_with(words, 'invalid redirect uri')
                OR starts_with(words, 'redirect uri is required') OR starts_with(words, 'parse redirect uri failed:')
                OR starts_with(words, 'invalid scope') OR starts_with(words, 'scope is required')
                OR starts_with(words, 'invalid provision key') OR starts_with(words, 'redis cache is not available')
                OR starts_with(words, 'redis HMSet apinto:oauth2_codes:') THEN 'authorization'
            WHEN starts_with(words, 'unsupported grant type:') OR starts_with(words, 'client secret is not match')
                OR starts_with(words, 'fail to match secret') OR starts_with(words, 'redis cache is not found')
                OR starts_with(words, 'refresh token is required') OR starts_with(words, 'fail to get refresh token')
                OR starts_with(words, 'scan refresh token error:') OR starts_with(words, 'invalid refresh token')
                OR starts_with(words, 'code is required') OR starts_with(words, 'fail to get code')
                OR starts_with(words, 'scan code error:') OR starts_with(words, 'invalid code')
                OR words[1] = '(' AND contains(words, ')generate token error:') THEN 'token'
            WHEN starts_with(words, 'invalid client id') OR starts_with(words, 'client id is expired') OR starts_with(words, 'invalid scheme') THEN 'client'
            -- before plugin `app` the drivers said it themselves
            WHEN regexp_matches(words, '^(?i:jwt|basic|apikey|aksk|oauth2|openid-connect-jwt|para-hmac) error: ')
                OR starts_with(words, '[jwt_auth] ') OR starts_with(words, 'Bad token; ') OR starts_with(words, 'no match algorithm,')
                OR starts_with(words, 'no mandatory ') AND ends_with(words, ' in claims') OR words = 'invalid key/secret' THEN 'driver'
        END AS what
    FROM said
),
-- a driver's reason stands before the refusal of the same request
placed AS (
    SELECT *,
        lag(what) OVER near AS before_what, lag(stamp) OVER near AS before_stamp,
        lag(what, 2) OVER near AS second_what, lag(stamp, 2) OVER near AS second_stamp,
        lead(what) OVER near AS next_what, lead(stamp) OVER near AS next_stamp, lead(token) OVER near AS next_token
    FROM (SELECT *, CASE WHEN what = 'reason' THEN CASE WHEN words[1] = '['
            THEN trim(regexp_extract(words, 'get user error: ?(.*?)(?:, ?err is:.*)?$', 1))
            ELSE trim(regexp_extract(words, 'token: ?([^:]*)$', 1)) END END AS token FROM named)
    WINDOW near AS (ORDER BY "offset")
),
judged AS (
    SELECT *,
        -- aksk says an error where jwt says the token
        what = 'reason' AND starts_with(words, '[aksk]') AS by_aksk,
        CASE WHEN what = 'refusal' AND words IN ('auth error: missing or invalid token', 'auth error: invalid user', 'auth error:missing or invalid token', 'auth error:invalid user')
                  AND (before_what IN ('reason', 'claims', 'key') AND before_stamp = stamp OR second_what IN ('reason', 'claims', 'key') AND second_stamp = stamp)
             THEN 'another line of the request tells the cause'
             WHEN what = 'reason' AND next_what = 'reason' AND next_stamp = stamp AND next_token = token
             THEN 'another line of the request tells the cause'
             WHEN what = 'key' AND next_what = 'key' AND next_stamp = stamp THEN 'another line of the request tells the cause' END AS told_elsewhere
    FROM placed
),
detailed AS (
    SELECT *,
        -- the tokens, keys and secrets that a message holds stand aside
        CASE
            WHEN what IS NULL THEN NULL
            WHEN what = 'refusal' THEN trim(substr(words, 12))
            WHEN by_aksk THEN token
            WHEN what = 'reason' AND words[1] = '[' THEN coalesce(nullif(trim(regexp_extract(words, ', ?err is: ?(.*)$', 1)), ''), 'get user error')
            WHEN what = 'reason' THEN 'valid token error: ' || regexp_replace(trim(regexp_extract(words, '^valid token error: ?(.*?) ?token: ?[^:]*$', 1)), ' ?apinto:oauth2_[a-z_]+:\S*', '')
            WHEN what = 'claims' THEN split_part(words, ', payload: ', 1)
            WHEN what = 'key' THEN split_part(words, ', issuer: ', 1)
            WHEN what IN ('discovery', 'jwks') THEN split_part(split_part(words, ', issuer: ', 1), ', uri: ', 1)
            WHEN starts_with(words, 'client secret is not match') THEN 'client secret is not match'
            WHEN starts_with(words, 'fail to match secret') THEN 'fail to match secret'
            WHEN what = 'driver' THEN regexp_replace(words, '(error: invalid token).*$', '\1')
            WHEN what IN ('token', 'authorization') THEN regexp_replace(regexp_replace(regexp_replace(
                CASE WHEN words[1] = '(' THEN substr(words, strpos(words, ')') + 1) ELSE words END,
                ', ?client id (?:is )?[^,]*$', ''), '\([^()]*\)redis', 'redis'), ' apinto:oauth2_[a-z_]+:\S*', '', 'g')
            ELSE words END AS description,
        CASE WHEN what = 'claims' THEN TRY(from_json(substr(words, strpos(words, ', payload: ') + 11),
            '{"iss":"VARCHAR","aud":"JSON","azp":"VARCHAR","client_id":"VARCHAR","appid":"VARCHAR","sub":"VARCHAR","jti":"VARCHAR"}')) END AS claims
    FROM judged
)
SELECT
    "offset",
    CASE WHEN shaped AND stamp[11] = 'T' THEN iso_time(stamp) END AS time,
    CASE WHEN shaped AND stamp[11] = ' ' THEN TRY_CAST(stamp AS TIMESTAMP) END AS local_time,
    coalesce(claims.azp, claims.client_id, claims.appid,
        CASE WHEN what IN ('token', 'authorization') THEN coalesce(
            nullif(regexp_extract(words, ', ?client id (?:is )?([^,]*)$', 1), ''),
            CASE WHEN words[1] = '(' THEN nullif(regexp_extract(words, '^\(([^()]*)\)generate', 1), '') END)
        WHEN starts_with(description, 'the app(') THEN nullif(regexp_extract(description, '^the app\(([^()]*)\)', 1), '')
        WHEN starts_with(description, 'set app label error: consumer(') THEN nullif(regexp_extract(description, 'consumer\(([^()]*)\)', 1), '') END) AS client_id,
    claims.sub AS user_name,
    CASE what WHEN 'token' THEN 'token' WHEN 'authorization' THEN 'authorization' WHEN 'discovery' THEN 'discovery' WHEN 'jwks' THEN 'jwks'
        WHEN 'client' THEN NULL WHEN 'upstream' THEN NULL WHEN 'provider' THEN NULL ELSE CASE WHEN what IS NOT NULL THEN 'api' END END AS endpoint,
    CASE WHEN what IN ('token', 'authorization', 'acl') AND NOT starts_with(words, 'fail to match secret') THEN 401 END AS status,
    CASE WHEN what IN ('token', 'authorization', 'acl', 'refusal', 'reason', 'claims', 'key', 'driver', 'introspection', 'interceptor', 'client') THEN 'gateway' END AS answered_by,
    CASE WHEN starts_with(words, 'unsupported grant type:') THEN nullif(trim(split_part(split_part(words, ':', 2), ',', 1)), '')
         WHEN what = 'token' AND contains(words, 'refresh token') THEN 'refresh_token'
         WHEN what = 'token' AND regexp_matches(words, '^(?:code is|fail to get code|scan code|invalid code)') THEN 'authorization_code' END AS grant_type,
    CASE WHEN starts_with(words, 'unsupported response type:') THEN nullif(trim(split_part(split_part(words, ':', 2), ',', 1)), '') END AS response_type,
    CASE WHEN what = 'key' THEN nullif(regexp_extract(words, ', key: (.*)$', 1), '') END AS kid,
    coalesce(claims.iss, CASE WHEN what IN ('key', 'discovery', 'jwks') AND contains(words, ', issuer: ') THEN nullif(regexp_extract(words, ', issuer: ([^,\s]+)', 1), '') END) AS token_issuer,
    replace(translate(CAST(claims.aud AS VARCHAR), '[]"', ''), ',', ' ') AS token_audience,
    coalesce(claims.jti, CASE WHEN what = 'reason' AND NOT by_aksk AND NOT contains(token, 'eyJ') THEN nullif(regexp_replace(token, '^(?i:bearer) +', ''), '')
        WHEN what = 'driver' AND contains(words, ' error: invalid token ') AND NOT contains(words, 'eyJ') AND NOT starts_with(lower(words), 'basic') AND NOT starts_with(lower(words), 'aksk')
        THEN nullif(regexp_extract(words, 'error: invalid token (?:(?i:bearer) )?(\S+)$', 1), '') END) AS credential,
    CASE WHEN what IN ('reason', 'driver') AND contains(words, 'eyJ') THEN nullif(regexp_extract(words, 'eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*'), '') END AS jwt,
    CASE WHEN what = 'driver' AND starts_with(lower(words), 'basic') THEN basic_user(regexp_extract(words, '(?i)basic [A-Za-z0-9+/=]{4,}$')) END AS login,
    CASE WHEN what IN ('upstream', 'provider') THEN 'other' WHEN what IS NOT NULL THEN 'failure' END AS outcome,
    CASE WHEN what = 'upstream' THEN 'upstream error'
         WHEN what = 'provider' THEN 'try provider error'
         WHEN starts_with(words, 'unsupported grant type: ,') OR words = 'unsupported grant type: ' THEN 'no grant type'
         WHEN starts_with(words, 'unsupported response type: ,') OR words = 'unsupported response type: ' THEN 'no response type' END AS error_code,
    CASE WHEN what IN ('upstream', 'provider', 'refusal', 'introspection') THEN description ELSE left(split_part(description, ', body: ', 1), 500) END AS error_description,
    coalesce(told_elsewhere, CASE WHEN shaped AND what IS NULL THEN 'message about no OAuth request' END) AS ignored,
    CASE WHEN NOT shaped THEN 'not a line of the error log' END AS quarantined
FROM detailed
