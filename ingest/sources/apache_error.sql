/*
title = "Apache HTTP Server error log (mod_auth_openidc, mod_oauth2, mod_auth_basic, mod_proxy, mod_qos, ModSecurity)"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat",
    "https://httpd.apache.org/docs/2.4/logs.html#errorlog",
    "https://github.com/OpenIDC/mod_auth_openidc",
    "https://github.com/OpenIDC/mod_oauth2",
]
cannot_tell = "The error log has no line of a request without a token, of a token that introspection calls inactive, or of what an upstream refuses, and no status anywhere: read the access log beside it. Its time has no zone (add %{cuz}t or configure the zone) and its lines no id of the request: set ErrorLogFormat with [id %{X-Request-Id}i] or [id %{UNIQUE_ID}e]. LogLevel auth_openidc:info names the claim that did not match a Require directive. A line of mod_proxy about a connection does not name the path, so that it counts as a failure whatever was asked for."
priority = 44
# what Perl modules and LemonLDAP::NG write in this layout is no message of Apache's
recognise = '^\[(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})? \d{4}(?: [+-]\d{4})?\] (?:\[(?:[^\]L][^\]]*)?\] ?)*?\[(?:(?:-|[a-oq-z][a-z0-9_]*|p[a-df-z0-9_][a-z0-9_]*):)?(?:emerg|alert|crit|error|warn|notice|info|debug|trace[1-8])\]|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?: ?(?:[+-]\d\d:?\d\d|Z))?\] (?:\[[^\]]*\] ?)*?\[(?:-|[a-z][a-z0-9_]*):(?:emerg|alert|crit|error|warn|notice|info|debug|trace[1-8])\]|[a-z][a-z0-9_]*:(?:emerg|alert|crit|error|warn|notice|info|debug|trace[1-8])\] \[pid \d|\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d\] \[OHS\] \[[A-Z_]+:\d+\] )'
*/
-- `[time] [module:level] [pid 1:tid 2] (111)why: [client 192.0.2.1:5] AH01234: message, referer: url`: fields in brackets, in
-- an order that ErrorLogFormat sets; one without a value may lack its end. Release 2.2 has neither module nor pid nor AH. Oracle HTTP
-- Server: `[time] [OHS] [ERROR:32] [OHS-9999] [module.c] [client_id: address] ... [ecid: id] ...  message`.
WITH parted AS (
    SELECT "offset", line, head, substr(line, len(head) + 1) AS message,
        CASE WHEN regexp_matches(head, '^\[(?:[A-Z][a-z]{2} [A-Z]|[0-9]{4}-)') THEN split_part(substr(head, 2), ']', 1) ELSE '' END AS stamp
    FROM (
        SELECT "offset", line,
            -- what is below `warn` tells of nothing but a claim that did not match
            CASE WHEN NOT quiet THEN regexp_extract(line,
                '^(?:\[[^\[\]]*\] ?|\[(?:pid [0-9]+:tid|[A-Za-z_-]+) |[\w./-]+\.c\([0-9]+\): |\((?:EAI )?-?[0-9]+\)[^:\[]+: )*') END AS head
        FROM (
            SELECT *, regexp_matches(left(line, 120), '[\[:](?:debug|trace[1-8]|info|notice)\]|\] \[(?:TRACE|NOTIFICATION):\d')
                AND NOT contains(line, 'could not match require claim') AS quiet
            FROM records
        )
    )
),
-- mod_auth_openidc and mod_oauth2 write `function: message`
named AS (
    SELECT *,
        regexp_extract(said, '^_?((?:oidc|oauth2|jose|jwk|jwks|ap)_\w+|_oauth2_\w+): ', 1) AS func,
        regexp_extract(said, '^(AH[0-9]{5}): ', 1) AS ah
    FROM (
        SELECT * EXCLUDE (message), trim(CASE WHEN contains(message, ', referer: ') THEN split_part(message, ', referer: ', 1) ELSE message END) AS said
        FROM parted
    )
),
texts AS (
    SELECT *,
        nullif(CASE WHEN func <> '' THEN regexp_replace(said, '^\w+: (?:oidc_\w+: )?', '') WHEN ah <> '' THEN substr(said, 10) ELSE said END, '') AS message,
        func <> '' OR contains(head, '[auth_openidc:') OR contains(head, '[oauth2:') OR contains(head, '[sts:') AS oidc,
        contains(head, '[client ') OR contains(head, '[client_id: ') OR contains(head, '[id ') OR contains(head, '[R:') AS of_request
    FROM named
),
chosen AS (
    SELECT *,
        CASE
            WHEN said IS NULL THEN NULL
            WHEN oidc THEN CASE
                WHEN NOT of_request THEN NULL
                WHEN regexp_matches(message, '^(could not match require claim|client used unsupported authentication scheme|session restored from cache has expired|maximum session duration exceeded|access_token could not be refreshed|no metadata found for the requested issuer|CSRF protection failed|issuer \(.*\) does not match the list of allowed|client \(.*\) secret expired|the number of existing, valid state cookies|invalid authorization response state; a default SSO URL|''require claim/expr'' missing|aborting: detected attempt to play cookie|empty or invalid session: no issuer found|refresh token routine called but no refresh_token|user set from new id_token is different|reject DPoP creation request)')
                    THEN 'oidc'
                -- lines that follow the one that tells the cause
                WHEN regexp_matches(message, '^(JWT access token signature could not be validated|id_token (signature|payload) could not be validated|JWT signature could not be validated|unable to restore state|invalid authorization response state|failed to resolve the code|code response validation failed|error when calling the token endpoint|remote user could not be set|could not resolve claims|could not parse metadata from url|response contained an "error_description"|our own refresh grant failed|no id_token was provided$)')
                    THEN 'follows'
                WHEN NOT contains(head, 'warn]') AND NOT contains(head, '[WARNING:') THEN 'oidc' END
            -- the user or the client of HTTP authentication, and what Require refuses
            WHEN ah IN ('AH01614', 'AH01617', 'AH01618', 'AH01628', 'AH01629', 'AH01630', 'AH01631', 'AH01797', 'AH01788', 'AH01790', 'AH01791', 'AH01792', 'AH01794',
                        'AH01806', 'AH01807', 'AH01776', 'AH01778', 'AH10510', 'AH01695', 'AH01735', 'AH01739', 'AH01741', 'AH01744', 'AH01747', 'AH00027') THEN 'auth'
            WHEN ah = '' AND regexp_matches(said, '^(user .+: authentication failure for "|user .* not found: |client denied by server configuration: |client used wrong authentication scheme: |user .+: authorization failure for "|access to .+ failed, reason: )')
                THEN 'auth'
            -- of the lines of one failed request to an upstream, the one that names the path, or else the client
            WHEN ah = 'AH00898' OR ah = '' AND regexp_matches(said, '^proxy: .+ returned by /') THEN 'proxy'
            WHEN ah IN ('AH01114', 'AH00894', 'AH01079', 'AH00992', 'AH01170', 'AH01171', 'AH01144', 'AH00961') OR ah = '' AND regexp_matches(said, '^proxy: (HTTP: )?(failed to make connection|disabled connection for)')
                THEN CASE WHEN of_request OR ah = '' THEN 'proxy' ELSE 'follows' END
            WHEN ah IN ('AH00957', 'AH00958', 'AH00959', 'AH00940', 'AH01084', 'AH01095', 'AH01097', 'AH01102', 'AH01110', 'AH02430', 'AH01030', 'AH01086', 'AH01106', 'AH00943')
                THEN 'follows'
            WHEN starts_with(said, 'mod_qos(') AND contains(said, 'access denied') THEN 'limit'
            WHEN starts_with(said, 'mod_evasive: ') OR contains(said, 'possible DoS attack') THEN 'limit'
            WHEN starts_with(said, 'ModSecurity: Access denied') THEN 'waf'
            WHEN ah = 'AH02039' AND contains(head, '[client ') THEN 'certificate'
        END AS kind
    FROM texts
),
placed AS (
    SELECT *,
        CASE kind
            WHEN 'auth' THEN coalesce(
                nullif(regexp_extract(message, ' for "(/[^"]*)"', 1), ''),
                nullif(regexp_extract(message, '(?: not found|scheme): (/.*)$', 1), ''),
                nullif(regexp_extract(message, '^access to (/\S*) failed', 1), ''),
                nullif(regexp_extract(message, 'without authentication for (/.*)\. Authentication', 1), ''),
                nullif(regexp_extract(message, 'configuration: proxy:[a-z]+://[^/]+(/.*)$', 1), ''))
            WHEN 'proxy' THEN nullif(regexp_extract(message, ' returned by (/.*)$', 1), '')
            WHEN 'waf' THEN nullif(regexp_extract(message, '\[uri "([^"]*)"\]', 1), '')
            -- the URL that the gateway itself called
            WHEN 'oidc' THEN CASE WHEN starts_with(message, 'curl_easy_perform')
                THEN nullif(regexp_extract(message, '(https?://[^\s)]+?):?(?: |$)', 1), '') END
        END AS asked,
        CASE WHEN kind IS NOT NULL AND kind <> 'follows' AND stamp <> ''
             THEN ends_with(stamp, 'Z') OR regexp_matches(stamp[-12:], '[0-9] ?[+-][0-9]{2}:?[0-9]{2}$') END AS zoned,
        CASE WHEN kind IS NOT NULL AND kind <> 'follows' THEN nullif(regexp_extract(head, '\[(?:client|remote|client_id:) ([^\]\[ ]+)\]', 1), '') END AS peer
    FROM chosen
)
SELECT
    "offset",
    CASE WHEN zoned IS NULL OR NOT zoned THEN NULL
         WHEN stamp[1] < ':' THEN iso_time(regexp_replace(stamp, ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2'))
         ELSE make_timestamp(epoch_us(try_strptime(stamp, ['%a %b %d %H:%M:%S.%f %Y %z', '%a %b %d %H:%M:%S %Y %z']))) END AS time,
    CASE WHEN zoned IS NULL OR zoned THEN NULL
         WHEN stamp[1] < ':' THEN TRY_CAST(replace(stamp, ',', '.') AS TIMESTAMP)
         ELSE try_strptime(stamp, ['%a %b %d %H:%M:%S.%f %Y', '%a %b %d %H:%M:%S %Y']) END AS local_time,
    nullify(coalesce(CASE WHEN contains(head, 'host ') OR contains(head, '[server ') OR contains(head, '[host_id: ')
            THEN nullif(regexp_extract(head, '\[(?:vhost|server|host|hostname|host_id:) ([^\]\[ ]+)\]', 1), '') END,
        CASE WHEN kind = 'waf' THEN nullif(regexp_extract(said, '\[hostname "([^"]*)"\]', 1), '') END)) AS instance,
    nullify(coalesce(CASE WHEN kind <> 'follows' THEN nullif(regexp_extract(head, '\[(?:id|R|rid|req|request|request[_-]id|uid|unique[_-]id|X-Request-Id|ecid):?[: =]"?([^\]\[" ]+)"?\]', 1), '') END,
        CASE WHEN kind = 'waf' THEN nullif(regexp_extract(said, '\[unique_id "([^"]*)"\]', 1), '')
             WHEN starts_with(said, 'mod_qos(') THEN nullif(regexp_extract(said, ', id=([^\s,]+)', 1), '') END,
        CASE WHEN kind <> 'follows' THEN nullif(regexp_extract(head, '\[(?:log|log_id|L)[: =]([^\]\[ ]+)\]', 1), '') END)) AS request_id,
    -- the user of HTTP authentication, who is the client at an OAuth endpoint
    CASE WHEN kind = 'auth' THEN nullif(regexp_extract(message, '^user [`'']?(.*?)''?(?:: auth|: pass| in realm | not found: )', 1), '') END AS login,
    CASE WHEN starts_with(message, 'maximum session duration exceeded for user: ') THEN nullif(substr(message, 45), '') END AS user_name,
    CASE WHEN contains(message, ' configured client_id (') THEN nullif(regexp_extract(message, ' configured client_id \(([^)]*)\)', 1), '') END AS client_id,
    -- with its port, which 2.2 does not write
    CASE WHEN peer[1] = '[' THEN split_part(substr(peer, 2), ']', 1)
         WHEN contains(peer, '.') THEN split_part(peer, ':', 1)
         WHEN regexp_matches(head, ':(?:emerg|alert|crit|error|warn|notice|info|debug|trace[0-9])\]') THEN regexp_replace(peer, ':[0-9]+$', '')
         -- five digits are no part of an address
         ELSE regexp_replace(peer, ':[0-9]{5}$', '') END AS client_ip,
    asked AS path,
    CASE WHEN kind = 'oidc' AND asked IS NULL THEN
        CASE WHEN func LIKE 'oidc_oauth%' OR func LIKE 'oauth2_%' OR starts_with(message, 'could not match require claim') THEN 'api'
             WHEN contains(func, 'state') OR contains(func, '_response') OR contains(func, 'nonce') OR contains(message, 'state cookie')
                OR contains(message, 'token endpoint') THEN 'authorization' END END AS endpoint,
    CASE WHEN kind = 'waf' THEN http_status(regexp_extract(message, 'with code ([0-9]{3})', 1)) END AS status,
    CASE WHEN kind IN ('oidc', 'auth', 'limit', 'waf', 'proxy') THEN 'gateway' END AS answered_by,
    CASE WHEN kind = 'oidc' AND contains(message, 'with kid: ') THEN nullif(regexp_extract(message, 'with kid: ([^\s\]\\]+)', 1), '') END AS kid,
    CASE WHEN kind = 'oidc' AND contains(message, 'does not match received "iss"') THEN nullif(regexp_extract(message, ' in (?:id_token|JWT) \((.*)\)$', 1), '') END AS token_issuer,
    CASE WHEN kind = 'oidc' AND contains(message, 'response contained an "error" entry')
         THEN oauth_error(regexp_extract(message, 'with value: "*([A-Za-z0-9_.-]+)', 1)) END AS error,
    coalesce(nullif(ah, ''),
        -- the claim that a Require directive asked for, without its value
        CASE WHEN starts_with(message, 'could not match require claim')
                THEN 'require-claim:' || regexp_extract(message, 'expression .([A-Za-z0-9_-]+)', 1)
             WHEN starts_with(said, 'mod_qos(') THEN split_part(said, ':', 1)
             WHEN kind = 'waf' THEN 'ModSecurity:' || nullif(regexp_extract(message, '\[id "([0-9]+)"\]', 1), '') END) AS error_code,
    CASE WHEN kind = 'waf' THEN coalesce(nullif(regexp_extract(message, '\[msg "([^"]*)"\]', 1), ''), split_part(message, ' [file ', 1))
         WHEN contains(message, 'response contained an "error" entry') THEN NULL
         -- the user is in a column of its own; state, nonce, jti and tokens are no part of the reason
         WHEN kind = 'auth' THEN regexp_replace(regexp_replace(message, '^user [`'']?.*?''?( in realm|: auth|: pass| not found)', 'user\1'), '^user: ', '')
         WHEN starts_with(message, 'maximum session duration exceeded') THEN 'maximum session duration exceeded'
         WHEN contains(message, ' returned from userinfo endpoint does not match') THEN regexp_replace(message, '\("[^"]*"\)', '(...)', 'g')
         WHEN contains(message, 'passed back in URL: ') THEN split_part(message, ' passed back in URL: ', 1) || ' passed back in URL'
         WHEN kind = 'oidc' AND regexp_matches(message, 'state|nonce|jti|value|reference') THEN regexp_replace(message,
            '(mod_auth_openidc_state_|nonce value \(|^state \(|"jti" value \(|found for value: |reference: )[^")]*', '\1...')
         ELSE message END AS error_description,
    CASE WHEN kind IS NULL OR kind = 'follows' THEN NULL
         WHEN kind = 'proxy' AND asked IS NOT NULL AND endpoint_of(asked) = 'api' THEN 'other'
         ELSE 'failure' END AS outcome,
    CASE WHEN kind = 'follows' THEN 'follows the line that tells the cause'
         WHEN kind IS NULL AND (head <> '' OR said IS NULL) THEN 'server message' END AS ignored,
    CASE WHEN kind IS NULL AND head = '' THEN 'not a line of the error log' END AS quarantined
FROM placed
