/*
title = "KrakenD (application log) and Gin (access log)"
kind = "gateway"
provenance = "composed"
recognise = '^\[GIN\] \d{4}/\d\d/\d\d - \d\d:\d\d:\d\d \||\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d\.\d{3} ▶ [A-Z]{4,6} |^\{"@timestamp":"[^"]*", "@version": 1, "level": "[A-Z]+", "message": ".*", "module": "|\[(?:ENDPOINT|BACKEND): [^\]]*\]\[JWT(?:Validator|Signer)\]'
priority = 45
documentation = [
    "https://www.krakend.io/docs/logging/",
    "https://www.krakend.io/docs/logging/logstash/",
    "https://www.krakend.io/docs/authorization/jwt-validation/",
    "https://github.com/krakend/krakend-jose/blob/main/gin/jose.go",
    "https://github.com/gin-gonic/gin/blob/master/logger.go",
]
cannot_tell = "The access log of KrakenD and of any other server made with Gin tells the status and not the reason; the validator tells why it refused a token only with operation_debug: true in auth/validator. Neither names the client, the user or an id of the request. The line of the validator and that of the request are two; they become one event where they stand next to each other, and are two events where requests were served at once. Times have no zone. A format of one's own (format: custom, or access_log_format in the Enterprise edition) is not read."

[[advice]]
columns = ["error_description"]
add = '"operation_debug": true in "auth/validator"'
tells = "why a token was refused"

[[advice]]
columns = ["request_id", "trace_id"]
add = 'a gateway or proxy before KrakenD that logs its own id, and "telemetry/opentelemetry" in KrakenD'
tells = "one id in the logs of gateway and auth server"
*/
-- Gin writes a line for each request and, below it in the same write, what went wrong (`Error #01: ...`). KrakenD's own
-- messages are text, or the JSON of logstash, whose message is not escaped and so may be no JSON.
WITH kinds AS (
    SELECT line, "offset",
        CASE WHEN starts_with(line, '[GIN] ') THEN 'request'
             WHEN line[1] = '{' AND contains(line, '"@timestamp"') AND contains(line, '"message"') THEN 'logstash'
             WHEN contains(line[:200], ' ▶ ') THEN 'message'
             WHEN contains(line[:100], '[ENDPOINT: ') OR contains(line[:100], '[BACKEND: ') OR contains(line[:100], '[SERVICE: ') THEN 'plain' END AS kind,
        lead(line) OVER () AS after
    FROM records
),
objects AS (
    SELECT *,
        CASE WHEN kind = 'logstash' THEN TRY(from_json(line, '{"@timestamp":"VARCHAR","level":"VARCHAR","message":"VARCHAR"}')) END AS j
    FROM kinds
),
parts AS (
    SELECT *,
        CASE WHEN kind = 'request' THEN string_split(line[:4000], '|') END AS cells,
        CASE kind WHEN 'message' THEN substr(line, strpos(line, '▶ ') + 2)
                  WHEN 'logstash' THEN coalesce(j.level || ' ' || j.message,
                      split_part(split_part(line, '"level": "', 2), '"', 1) || ' ' || regexp_extract(line, '"message": "(.*?)"(?:, "module": "[^"]*")?\}?$', 1))
                  WHEN 'plain' THEN regexp_extract(line, '\b((?:DEBUG|INFO|WARNING|ERROR|CRITICAL|FATAL)):? *\[(?:ENDPOINT|BACKEND|SERVICE): .*$', 0) END AS levelled,
        CASE WHEN kind IN ('message', 'logstash', 'plain') AND starts_with(after, '[GIN] ') THEN string_split(after[:4000], '|') END AS next_cells
    FROM objects
),
named AS (
    SELECT *,
        CASE WHEN len(cells) >= 5 THEN http_status(trim(cells[2])) END AS code,
        CASE WHEN len(cells) >= 5 THEN trim(array_to_string(cells[5:], '|')) END AS target,
        split_part(levelled, ' ', 1) AS level,
        CASE WHEN levelled IS NOT NULL THEN ltrim(substr(levelled, strpos(levelled, ' ') + 1)) END AS message,
        -- the message before a request, when it is of an endpoint
        CASE WHEN kind = 'request' AND contains(lag(levelled) OVER ()[:250], '[ENDPOINT: ')
             THEN lag(levelled) OVER ()[strpos(lag(levelled) OVER (), '[ENDPOINT: '):] END AS told_before,
        CASE WHEN len(next_cells) >= 5 THEN trim(array_to_string(next_cells[5:], '|')) END AS next_target,
        CASE WHEN len(next_cells) >= 5 THEN http_status(trim(next_cells[2])) END AS next_code
    FROM parts
),
read AS (
    SELECT *,
        CASE WHEN starts_with(message, '[ENDPOINT: ') THEN split_part(message[12:], ']', 1) END AS pattern,
        CASE WHEN told_before IS NOT NULL THEN split_part(told_before[12:], ']', 1) END AS pattern_before,
        -- the path in Go's quotes since release 1.6 of Gin
        split_part(target, ' ', 1) AS verb,
        CASE WHEN target IS NOT NULL THEN ltrim(substr(target, strpos(target, ' '))) END AS quoted,
        CASE WHEN next_target IS NOT NULL AND next_code >= 400 THEN ltrim(substr(next_target, strpos(next_target, ' '))) END AS quoted_next
    FROM named
),
unquoted AS (
    SELECT *,
        CASE WHEN quoted[1] <> '"' THEN quoted WHEN contains(quoted, '\') THEN coalesce(TRY(CAST(quoted AS JSON) ->> '$'), quoted[2:-2]) ELSE quoted[2:-2] END AS asked,
        CASE WHEN quoted_next IS NOT NULL THEN split_part(CASE WHEN quoted_next[1] = '"' THEN quoted_next[2:-2] ELSE quoted_next END, '?', 1) END AS asked_next
    FROM read
),
joined AS (
    SELECT *,
        -- a message belongs to a failed request beside it whose path is of its endpoint
        CASE WHEN code >= 400 AND pattern_before IS NOT NULL
                AND CASE WHEN NOT regexp_matches(pattern_before, '[:{*]') THEN rtrim(split_part(asked, '?', 1), '/') = rtrim(pattern_before, '/') ELSE regexp_full_match(split_part(asked, '?', 1),
                regexp_replace(regexp_replace(regexp_escape(pattern_before), '\\[:*][A-Za-z0-9_]+|\\\{[^}]*\\\}', '[^/]+', 'g'), '/$', '/?')) END
             THEN trim(substr(told_before, strpos(told_before, ']') + 1)) END AS reason_before,
        CASE WHEN asked_next IS NOT NULL AND pattern IS NOT NULL THEN
            CASE WHEN NOT regexp_matches(pattern, '[:{*]') THEN rtrim(asked_next, '/') = rtrim(pattern, '/') ELSE regexp_full_match(asked_next,
            regexp_replace(regexp_replace(regexp_escape(pattern), '\\[:*][A-Za-z0-9_]+|\\\{[^}]*\\\}', '[^/]+', 'g'), '/$', '/?')) END END AS told_after,
        CASE WHEN message IS NULL THEN NULL
             WHEN contains(message, 'Unable to validate the token') OR contains(message, 'Token sent by client') THEN contains(message, '[JWTValidator]') OR starts_with(message, 'JOSE: ')
             WHEN contains(message[:200], 'ey') AND pattern IS NOT NULL THEN regexp_matches(message,
                '^\[ENDPOINT: [^\]]*\]\[[A-Za-z -]*(?i:api-?keys?)[A-Za-z -]*\].*\b(?i:invalid|missing|not found|unknown|rejected|unauthorized|forbidden)\b')
             ELSE false END AS refusal
    FROM unquoted
),
told AS (
    SELECT *,
        CASE WHEN code >= 400 THEN coalesce(
            CASE WHEN starts_with(after, 'Error #01: ') THEN trim(after[12:]) END,
            CASE WHEN reason_before IS NOT NULL THEN regexp_replace(reason_before, '^\[[^\]]*\] *', '') END) END AS reason
    FROM joined
)
SELECT
    "offset",
    CASE WHEN kind = 'logstash' THEN iso_time(coalesce(j."@timestamp", split_part(line[:60], '"', 4))) END AS time,
    CASE WHEN kind = 'request' THEN try_strptime(line[7:27], '%Y/%m/%d - %H:%M:%S')
         WHEN kind = 'message' THEN try_strptime(trim(line[greatest(strpos(line, ' ▶ ') - 26, 1):strpos(line, ' ▶ ') - 1]), '%Y/%m/%d - %H:%M:%S.%g')
         WHEN kind = 'plain' THEN try_strptime(regexp_extract(line, '(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)', 1), '%Y/%m/%d %H:%M:%S') END AS local_time,
    CASE WHEN kind = 'request' THEN ip_address(trim(cells[4])) END AS client_ip,
    coalesce(asked, pattern) AS path,
    CASE WHEN regexp_full_match(verb, '[A-Z]+') THEN verb END AS method,
    code AS status,
    CASE WHEN refusal OR reason IS NOT NULL AND (code IN (401, 403, 429, 503)) THEN 'gateway' END AS answered_by,
    CASE WHEN kind = 'request' THEN go_duration_ms(trim(cells[3])) END AS duration_ms,
    CASE WHEN refusal THEN 'failure'
         WHEN code = 503 AND contains(reason, 'rate limit exce') THEN 'failure' END AS outcome,
    CASE WHEN kind = 'request' THEN left(reason, 500)
         WHEN refusal THEN left(trim(regexp_replace(message, '^\[ENDPOINT: [^\]]*\](?:\[[^\]]*\])? *', '')), 500) END AS error_description,
    CASE WHEN kind = 'request' THEN NULL
         WHEN refusal AND told_after THEN 'the line of the request tells it'
         WHEN refusal THEN NULL
         WHEN pattern IS NOT NULL AND level IN ('ERROR', 'WARNIN', 'WARNING', 'CRITIC', 'CRITICAL') THEN 'the line of the request tells how it ended'
         WHEN kind IS NOT NULL AND message IS NOT NULL AND message <> '' THEN 'server message'
         WHEN starts_with(line, '[GIN-debug]') OR starts_with(line, '[Recovery]') THEN 'server message'
         WHEN regexp_matches(line, '^Error #[0-9]+: |^Response: ') THEN 'part of the line before' END AS ignored,
    CASE WHEN kind = 'request' AND code IS NULL THEN 'not a line of Gin'
         WHEN kind = 'request' AND (asked IS NULL OR asked = '') THEN 'no path'
         WHEN kind IS NULL THEN 'not a line of KrakenD' WHEN message IS NULL OR message = '' THEN CASE WHEN kind <> 'request' THEN 'no message' END END AS quarantined
FROM told
