/*
title = "OAuth2 Proxy (also bitly's oauth2_proxy and OpenShift's oauth-proxy)"
kind = "gateway"
provenance = "captured"
recognise = '^\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\] \[[A-Za-z0-9_?]+(\.go)?:\d+\] |^\S+( \([0-9a-fA-F.:]+\))? - (.* - )?.* ?\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\] (\[Auth(Success|Failure|Error)\] |\S+ [A-Z]+ \S+ ")|^\S+ - \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \S+ [A-Z]+ \S+ \x22[^\x22]*\x22 HTTP/|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (oauthproxy|provider|internal_util)\.go:\d+: |^\s*\{.*"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d".*("Auth(Success|Failure|Error)"|"[A-Za-z0-9_]+\.go:\d+"|"(?i:request_?uri|request_?duration|response_?size)"\s*:)'
priority = 45
documentation = [
    "https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview#logging-configuration",
    "https://github.com/oauth2-proxy/oauth2-proxy/blob/master/pkg/logger/logger.go",
    "https://github.com/openshift/oauth-proxy/blob/master/oauthproxy.go",
]
cannot_tell = "A request's line has the status and not the reason. The reason stands in a line before it, which has no id, so both are events: the reason with its cause, the request with its status. A bare 401 of the proxy (`-` as upstream) that no reason comes before is a request without a token or session. Times have no zone: set logging_local_time = false (UTC). Errors go to stderr, and requests to stdout: keep both. Of templates of one's own, JSON is read by the usual names of its variables."
*/
-- Three templates: `[time] [file:line] message` (standard), `client - id - user [time] [AuthFailure] message` (auth), and
-- `client - id - user [time] host method upstream "uri" protocol "agent" status size duration` (requests). Before 7.2 without the id. bitly's, before 3, and OpenShift's
-- write `time file:line: client message`, and requests with the time of the common log format.
WITH shaped AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '[' AND line[21:23] = '] [' AND line[6] = '/' THEN 'standard'
             WHEN line[5] = '/' AND line[8] = '/' AND contains(line, '.go:') THEN 'older'
             WHEN ltrim(line)[1] = '{' THEN 'json'
             WHEN stamp > 0 AND substr(line, stamp + 21, 7) = '] [Auth' THEN 'auth'
             WHEN stamp > 0 AND substr(line, stamp + 2 + width, 2) = '] ' AND contains(line, '"') THEN 'request' END AS shape,
        stamp, width, below
    FROM (
        SELECT *, strpos(line, CASE WHEN width = 26 THEN ' [' ELSE ' [2' END) AS stamp
        FROM (SELECT "offset", line,
            CASE WHEN contains(line, 'rror redeeming') OR contains(line, 'refresh')
                 THEN concat(lead(line) OVER near, lead(line, 2) OVER near, lead(line, 3) OVER near, lead(line, 4) OVER near) END AS below,
            CASE WHEN substr(line, strpos(line, ' [') + 4, 1) = '/' AND substr(line, strpos(line, ' [') + 8, 1) = '/' THEN 26 ELSE 19 END AS width
            FROM records WINDOW near AS (ORDER BY "offset"))
    )
),
-- the URI and the agent are quoted as Go does it: \" and \\ within
parts AS (
    SELECT *,
        CASE WHEN shape IN ('auth', 'request') THEN string_split(left(line, stamp - 1), ' - ') END AS who,
        CASE WHEN shape = 'request' THEN string_split(
            CASE WHEN contains(line, '\') THEN replace(replace(substr(line, stamp + width + 4), '\\', chr(2)), '\"', chr(1))
                 ELSE substr(line, stamp + width + 4) END, '"') END AS q,
        CASE WHEN shape = 'json' THEN TRY(json_extract_string(line, [
            '$.Timestamp', '$.timestamp', '$.time', '$.ts', '$."@timestamp"', '$.Client', '$.client', '$.client_ip', '$.remote_addr', '$.ip',
            '$.RequestID', '$.request_id', '$.requestId', '$.requestID', '$.id', '$.Username', '$.username', '$.user', '$.user_name',
            '$.Host', '$.host', '$.hostname', '$.RequestMethod', '$.request_method', '$.requestMethod', '$.method',
            '$.Upstream', '$.upstream', '$.RequestURI', '$.request_uri', '$.requestUri', '$.uri', '$.path', '$.url',
            '$.UserAgent', '$.user_agent', '$.userAgent', '$.StatusCode', '$.status_code', '$.statusCode', '$.status', '$.Status',
            '$.RequestDuration', '$.request_duration', '$.requestDuration', '$.duration', '$.Message', '$.message', '$.msg',
            '$.auth_status', '$.authStatus', '$.ResponseSize', '$.response_size', '$.responseSize', '$.size', '$.bytes'])) END AS j
    FROM shaped
),
read AS (
    SELECT "offset", line, shape, below, j IS NOT NULL AS valid,
        CASE shape
            WHEN 'standard' THEN line[2:20]
            WHEN 'older' THEN line[1:19]
            WHEN 'json' THEN coalesce(j[1], j[2], j[3], j[4], j[5],
                -- a message is not escaped by a template, so it may break the JSON
                CASE WHEN j IS NULL THEN nullif(regexp_extract(line, '"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)"', 1), '') END)
            ELSE substr(line, stamp + 2, width) END AS stamp,
        CASE WHEN shape = 'json' THEN coalesce(j[6], j[7], j[8], j[9], j[10])
             WHEN shape = 'older' THEN coalesce(nullif(old.real, ''), nullif(old.client, ''), nullif(old.real_redeemer, ''), nullif(old.redeemer, '')) ELSE who[1] END AS client,
        CASE WHEN shape = 'json' THEN coalesce(j[11], j[12], j[13], j[14], j[15]) WHEN len(who) > 2 THEN who[2] END AS id,
        CASE WHEN shape = 'json' THEN coalesce(j[16], j[17], j[18], j[19])
             WHEN shape = 'older' THEN nullif(regexp_extract(line, '(?:Session\{|Permission Denied: ")([^\s"}]+)', 1), '')
             WHEN len(who) > 2 THEN array_to_string(who[3:], ' - ') ELSE who[2] END AS person,
        CASE WHEN shape = 'json' THEN coalesce(j[20], j[21], j[22]) ELSE before[1] END AS host,
        CASE WHEN shape = 'json' THEN coalesce(j[23], j[24], j[25], j[26]) ELSE before[2] END AS verb,
        CASE WHEN shape = 'json' THEN coalesce(j[27], j[28]) ELSE before[3] END AS behind,
        CASE WHEN shape = 'json' THEN trim(coalesce(j[29], j[30], j[31], j[32], j[33], j[34]), '"') ELSE q[2] END AS uri,
        CASE WHEN shape = 'json' THEN trim(coalesce(j[35], j[36], j[37]), '"') ELSE q[4] END AS agent,
        CASE WHEN shape = 'json' THEN coalesce(j[38], j[39], j[40], CASE WHEN j[41] < ':' THEN j[41] END, CASE WHEN j[42] < ':' THEN j[42] END)
             ELSE after[2] END AS code,
        CASE WHEN shape = 'json' THEN coalesce(j[43], j[44], j[45], j[46]) ELSE after[4] END AS took,
        CASE WHEN shape = 'json' THEN coalesce(j[52], j[53], j[54], j[55], j[56]) ELSE after[3] END AS size,
        CASE shape
            WHEN 'auth' THEN split_part(substr(line, stamp + 24), ']', 1)
            WHEN 'older' THEN CASE WHEN starts_with(old.said, 'authentication complete') THEN 'AuthSuccess'
                WHEN old.via = 'basicauth' OR regexp_matches(old.said, '^(Permission Denied: |csrf token mismatch|error unauthorized)') THEN 'AuthFailure' END
            WHEN 'json' THEN coalesce(CASE WHEN starts_with(j[42], 'Auth') THEN j[42] END, CASE WHEN starts_with(j[41], 'Auth') THEN j[41] END,
                j[50], j[51], CASE WHEN j IS NULL THEN nullif(regexp_extract(line, '"(Auth(?:Success|Failure|Error))"', 1), '') END) END AS verdict,
        CASE shape
            WHEN 'standard' THEN substr(line, strpos(substr(line, 24), '] ') + 25)
            WHEN 'auth' THEN substr(line, strpos(substr(line, stamp + 24), '] ') + stamp + 25)
            -- in the words of the later releases
            WHEN 'older' THEN CASE
                WHEN old.via = 'basicauth' THEN 'Invalid authentication via basic auth: not in Htpasswd File'
                WHEN old.via = 'requestauth' THEN 'Error retrieving session from token in Authorization header: ' || old.said
                WHEN starts_with(old.said, 'error redeeming code ') THEN
                    'Error redeeming code during OAuth2 callback: ' || regexp_replace(old.said, '^error redeeming code (\(client:.*?\): )?', '')
                WHEN starts_with(old.said, 'Permission Denied: removing session') THEN 'Invalid authorization via session: removing session'
                WHEN starts_with(old.said, 'Permission Denied: ') THEN 'Invalid authentication via OAuth2: unauthorized'
                WHEN starts_with(old.said, 'csrf token mismatch') THEN 'Invalid authentication via OAuth2: CSRF token mismatch, potential attack'
                WHEN starts_with(old.said, 'authentication complete') THEN 'Authenticated via OAuth2: ' || substr(old.said, 25)
                WHEN starts_with(old.said, 'removing session. error refreshing access token ') THEN 'Unable to refresh session: ' || substr(old.said, 49)
                WHEN starts_with(old.said, 'removing session. token expired') THEN 'Error loading cookied session: session is expired'
                WHEN starts_with(old.said, 'removing session. error validating') THEN 'Error loading cookied session: session is invalid'
                WHEN regexp_matches(old.said, '^Cookie Signature not valid') THEN 'Error loading cookied session: cookie signature not valid'
                -- the page of an error repeats what a line before tells, but for what the callback itself lacks
                WHEN regexp_matches(old.said, '^ErrorPage (403 Permission Denied|500 Internal Error) ')
                    AND NOT regexp_matches(old.said, ' (Internal Error|Invalid Account|csrf failed)$') THEN
                    CASE WHEN ends_with(old.said, 'named cookie not present') THEN 'Error while parsing OAuth2 state: ' ELSE 'Error while parsing OAuth2 callback: ' END
                    || regexp_replace(old.said, '^ErrorPage \d+ (Permission Denied|Internal Error) ', '')
                ELSE old.said END
            WHEN 'json' THEN coalesce(j[47], j[48], j[49],
                CASE WHEN j IS NULL THEN nullif(regexp_extract(line, '"(?i:message|msg)"\s*:\s*"(.*?)"\s*(?:\}|,\s*"[A-Za-z_]+"\s*:)', 1), '') END) END AS message,
        shape = 'request' AND len(q) = 5 OR shape = 'json' AND uri IS NOT NULL AND code IS NOT NULL AS requested
    FROM (SELECT *,
        CASE WHEN shape = 'older' THEN regexp_extract(substr(line, 21),
            '^\w+\.go:\d+: (?:(basicauth|requestauth): )?(?:(\S+:\d+)(?: \("([^"]*)"\))? )?((?:error redeeming code \(client:(\S+?)(?: \("([^"]*)"\))?\))?.*)$',
            ['via', 'client', 'real', 'said', 'redeemer', 'real_redeemer']) END AS old,
        CASE WHEN shape = 'request' THEN string_split(q[1], ' ') END AS before, CASE WHEN shape = 'request' THEN string_split(q[5], ' ') END AS after FROM parts)
),
-- where a missing CSRF cookie is the complaint, Go's %v of the whole request comes first, with code and cookies
told AS (
    SELECT * EXCLUDE (message),
        starts_with(message, '&{') AS dumped,
        CASE WHEN message IS NULL THEN NULL
             WHEN starts_with(message, '&{') THEN
                CASE WHEN contains(message, '} AuthFailure ') THEN split_part(split_part(message, '} AuthFailure ', -1), ': %s', 1) END
             -- a session names its user, its times and its groups
             WHEN contains(message, 'Session{') THEN regexp_replace(message, ':? ?\(?Session\{[^}]*\}\)?', '', 'g')
             ELSE message END AS message,
        CASE WHEN contains(message, 'Session{') THEN coalesce(
            nullif(regexp_extract(message, 'Session\{email:(\S+) ', 1), ''), nullif(regexp_extract(message, ' user:(\S+) ', 1), '')) END AS session_user,
        CASE WHEN starts_with(message, '&{') THEN message END AS dump
    FROM read
),
headed AS (
    SELECT *,
        CASE
            WHEN message IS NULL THEN NULL
            WHEN verdict IS NOT NULL THEN 'auth'
            WHEN dumped THEN CASE WHEN starts_with(message, 'Invalid authentication') THEN 'dump' END
            WHEN starts_with(message, 'Error retrieving session from token in Authorization header: ') THEN
                -- Basic credentials are for somebody behind, or for the htpasswd file
                CASE WHEN NOT regexp_matches(message, ': (invalid basic auth token|invalid Authorization header:|error decoding basic auth)') THEN 'token' END
            WHEN starts_with(message, 'Error while parsing OAuth2 ') OR starts_with(message, 'Error redeeming code during OAuth2 callback: ')
                OR starts_with(message, 'Error creating session during OAuth2 callback: ')
                OR regexp_matches(message, '^(Error (saving session state for|setting CSRF cookie|creating CSRF nonce|creating code challenge|obtaining nonce)|Unable to build random)|^(id_token|nonce) verification failed: |^access_token validation failed|^entra: tenant .* is not specified') THEN 'callback'
            WHEN starts_with(message, 'Unable to refresh session: ') THEN 'refresh'
            WHEN starts_with(message, 'Error loading cookied session: ') THEN
                CASE WHEN NOT contains(message, 'fatal refresh error') AND NOT regexp_matches(message, ': (Cookie ".*" not present|http: named cookie not present)') THEN 'session' END
            WHEN starts_with(message, 'token validation request failed: ') OR starts_with(message, 'Error with authorization: ')
                OR starts_with(message, 'Unexpected internal error: ') THEN 'session'
            WHEN starts_with(message, 'Error proxying to upstream server: ') THEN 'upstream'
            WHEN starts_with(message, 'error while calling backend logout') THEN 'logout'
        END AS kind,
        -- what follows the head; claims, headers and credentials that it repeats are left out
        split_part(regexp_replace(regexp_replace(CASE WHEN regexp_matches(message, '^(Error|Unable|id_token|nonce|token|Unexpected|error) [A-Za-z0-9_ ]+: ')
                THEN substr(message, strpos(message, ': ') + 2) ELSE message END,
            '(claims: |audiences )map\[.*', '\1'), '(invalid [Aa]uthorization header|invalid format): .*', '\1'), ', removing session', 1) AS said
    FROM told
),
opened AS (
    SELECT *,
        -- x/oauth2: oauth2: "invalid_grant" "words"; others repeat the body
        CASE WHEN contains(said, 'oauth2: "') THEN regexp_extract(said, 'oauth2: "([^"]*)"(?: "((?:[^"\\]|\\.)*)")?', ['code', 'words']) END AS refused,
        CASE WHEN kind IN ('callback', 'refresh', 'session', 'token') AND contains(said, '{"') AND contains(said, '"error') AND ends_with(trim(said), '}')
             THEN substr(said, strpos(said, '{"'))
             -- x/oauth2 before 0.6 puts the body of an answer into a line of its own, and the body may have several itself
             WHEN below IS NOT NULL AND (ends_with(said, ' {') OR contains(said, 'oauth2: cannot fetch token: ') AND starts_with(below, 'Response: {'))
             THEN nullif(regexp_extract(CASE WHEN ends_with(said, ' {') THEN '{' || below ELSE substr(below, 11) END, '^\{[^{}]*"error"[^{}]*\}', 0), '')
             END AS reply
    FROM headed
)
SELECT
    "offset",
    CASE WHEN stamp[5] <> '/' THEN coalesce(iso_time(stamp), clf_time(stamp), epoch_time(stamp)) END AS time,
    CASE WHEN stamp[5] = '/' THEN TRY_CAST(replace(stamp, '/', '-') AS TIMESTAMP) END AS local_time,
    nullify(host) AS instance,
    coalesce(nullify(id), CASE WHEN dumped THEN nullif(regexp_extract(dump, ' X-Request-Id:\[([^\]\s]+)\]', 1), '') END) AS request_id,
    CASE WHEN dumped THEN nullif(regexp_extract(dump, ' Traceparent:\[[0-9a-f]{2}-([0-9a-f]{32})-', 1), '') END AS trace_id,
    coalesce(nullify(person), session_user) AS user_name,
    -- 203.0.113.7:51514, [2001:db8::7]:51514, or either without its port; `address (real address)`
    CASE WHEN contains(client, ' (') THEN split_part(split_part(client, ' (', 2), ')', 1)
         WHEN client[1] = '[' THEN split_part(substr(client, 2), ']', 1)
         WHEN contains(client, '.') THEN split_part(client, ':', 1)
         ELSE nullify(client) END AS client_ip,
    CASE WHEN requested THEN CASE WHEN contains(agent, chr(1)) OR contains(agent, chr(2)) THEN translate(agent, chr(1) || chr(2), '"\') ELSE nullify(agent) END
         WHEN dumped THEN nullif(regexp_extract(dump, ' User-Agent:\[(.*?)\](?: [A-Z][A-Za-z0-9-]*:\[|\] )', 1), '') END AS user_agent,
    CASE WHEN requested AND behind = '-' THEN
            -- the proxy's own paths; its /oauth2/auth is asked by another gateway of each request
            CASE WHEN regexp_matches(uri, '^/[^?]*/callback\?.*state=|^/oauth2?/(start|callback)\b') THEN 'authorization'
                 WHEN regexp_matches(uri, '^/oauth2?/(auth|sign_in)\b') THEN 'api'
                 WHEN regexp_matches(uri, '^/oauth2?/sign_out') THEN 'end_session' END
         WHEN starts_with(message, 'Error redeeming code') THEN 'token'
         WHEN kind IN ('callback', 'dump') OR kind = 'auth' AND contains(message, 'via OAuth2') THEN 'authorization'
         WHEN kind = 'refresh' THEN 'token'
         WHEN kind = 'logout' THEN 'end_session'
         WHEN kind IS NOT NULL THEN 'api' END AS endpoint,
    CASE WHEN requested THEN CASE WHEN contains(uri, chr(1)) OR contains(uri, chr(2)) THEN translate(uri, chr(1) || chr(2), '"\') ELSE nullify(uri) END
         WHEN dumped THEN split_part(dump, ' ', 2) END AS path,
    CASE WHEN requested THEN nullify(verb) WHEN dumped THEN substr(split_part(dump, ' ', 1), 3) END AS method,
    CASE WHEN requested THEN http_status(code) END AS status,
    CASE WHEN requested AND behind <> '-' AND code <> '502' THEN http_status(code) END AS upstream_status,
    -- the page for an upstream that cannot be reached is a 502 too
    CASE WHEN requested THEN CASE WHEN behind = '-' THEN 'gateway' WHEN code <> '502' THEN 'upstream' END
         WHEN kind IS NOT NULL THEN 'gateway' END AS answered_by,
    CASE WHEN requested THEN round(TRY_CAST(took AS DOUBLE) * 1000, 3) END AS duration_ms,
    CASE WHEN kind = 'refresh' THEN 'refresh_token'
         WHEN starts_with(message, 'Error redeeming code') THEN 'authorization_code' END AS grant_type,
    CASE WHEN contains(said, 'issued by a different provider') THEN
        nullif(regexp_extract(said, 'issued by a different provider,? expected "[^"]*",? got "([^"]*)"', 1), '') END AS token_issuer,
    CASE WHEN contains(said, 'audience') THEN coalesce(
        nullif(regexp_extract(said, 'audience from claim \S+ with value \[?([^\]]*?)\]? does not match', 1), ''),
        nullif(replace(regexp_extract(said, 'expected audience "[^"]*" got \["([^\]]*)"\]', 1), '" "', ' '), '')) END AS token_audience,
    reply AS body,
    CASE WHEN refused IS NOT NULL THEN oauth_error(refused.code)
         WHEN starts_with(message, 'Error while parsing OAuth2 callback: ') THEN oauth_error(said) END AS error,
    -- the page that asks to sign in is a 403 of some size, without a user
    CASE WHEN starts_with(message, 'Error saving session state for') THEN 'Error saving session state'
         WHEN starts_with(message, 'entra: tenant') THEN 'entra: tenant is not allowed'
         WHEN kind = 'logout' THEN 'error while calling backend logout'
         WHEN kind IN ('callback', 'refresh', 'session', 'token', 'logout') THEN split_part(message, ':', 1)
         WHEN NOT requested OR behind <> '-' THEN NULL
         WHEN code = '403' THEN CASE WHEN nullify(person) IS NULL AND TRY_CAST(size AS BIGINT) > 200
            AND NOT regexp_matches(uri, '^/[^?]*/callback\?') THEN 'sign-in page' END
         -- whatever is wrong with a callback is a 500
         WHEN code = '500' THEN CASE WHEN regexp_matches(uri, '^/[^?]*/callback\?') THEN 'callback error page' END END AS error_code,
    CASE WHEN kind IS NULL OR reply IS NOT NULL THEN NULL
         WHEN kind IN ('auth', 'dump') THEN message
         WHEN refused.words <> '' THEN refused.words
         WHEN refused.code <> '' THEN NULL
         WHEN starts_with(message, 'Error while parsing OAuth2 callback: ') AND oauth_error(said) IS NOT NULL THEN NULL
         ELSE said END AS error_description,
    CASE WHEN requested THEN CASE WHEN code = '0' THEN 'other' END
         WHEN verdict = 'AuthSuccess' THEN 'success'
         -- an application that is down is no failure of OAuth; a certificate that is not trusted is somebody's to mend
         WHEN kind = 'upstream' THEN CASE WHEN regexp_matches(message, 'tls: |x509: ') THEN 'failure' ELSE 'other' END
         WHEN kind IS NOT NULL THEN 'failure' END AS outcome,
    CASE WHEN requested THEN NULL
         WHEN kind = 'auth' AND starts_with(message, 'Session validation failed') THEN 'another line tells why the session is not valid'
         WHEN kind IS NOT NULL THEN NULL
         WHEN dumped THEN 'another line of the same refusal tells it'
         WHEN starts_with(message, 'No valid authentication in request') THEN 'the line of the request tells it'
         WHEN starts_with(message, 'Error loading cookied session: ') AND contains(message, 'not present') THEN 'the line of the request tells it'
         WHEN starts_with(message, 'Error retrieving session from token') THEN 'Basic credentials, which hold no token'
         WHEN starts_with(message, 'Fatal refresh error') OR starts_with(message, 'Error loading cookied session') THEN 'another line of the same refusal tells it'
         WHEN shape IN ('standard', 'older', 'json') AND message IS NOT NULL AND stamp IS NOT NULL THEN 'server message'
         WHEN shape IS NULL AND regexp_matches(line, '^(Response: |\s|[}\]])') THEN 'continuation of a line before' END AS ignored,
    CASE WHEN requested OR kind IS NOT NULL THEN NULL
         WHEN shape = 'request' THEN 'not a request line of the default template'
         WHEN shape = 'json' AND NOT valid THEN 'broken JSON'
         WHEN message IS NULL THEN 'not a line of OAuth2 Proxy' END AS quarantined
FROM opened
