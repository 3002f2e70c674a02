/*
title = "HAProxy"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://docs.haproxy.org/3.2/configuration.html#8.2",
    "https://docs.haproxy.org/3.2/configuration.html#8.5",
    "https://docs.haproxy.org/3.2/configuration.html#7.3.1-jwt_verify",
]
cannot_tell = "HAProxy's own formats tell the status and who ended the session, not why a token was refused: jwt_verify checks a signature, all else is done by rules of yours. Set a variable in these rules and log it, by `http-request capture var(txn.reason) len 64` or `%[var(txn.reason)]`; `capture response header WWW-Authenticate len 256` brings the reason of what stands behind. Dates of %tr and %t have no zone: %trl has one. What stands in {a|b} is known by its look alone, unless the `capture` lines of haproxy.cfg are given with the log-format. CBOR is not read."
priority = 44
recognise = '^(<\d{1,3}>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?(\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d) )?([\w.-]*\[\d+\]: )?[0-9a-zA-Z.:]*:\d* \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] \S+( \S+/\S+ [-+\d]|: \S)|^\S+ - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"]*" -?\d+ \d+ "" "" \d+ \d{3} "|^\s*\{.*"(term(ination)?_?state|haproxy_termination_state|terminationState|termination|session_state)"\s*:\s*"[A-Za-z-]{2}[A-Z1-9-]{0,2}"'
format_language = "haproxy"
variables = [
    "client", "client_and_port", "request_date", "accept_date", "request_date_zoned", "accept_date_zoned", "accept_epoch",
    "accept_ms", "request_epoch", "log_epoch", "request_epoch_written", "accept_epoch_written", "log_epoch_written", "any_date",
    "frontend", "server", "status", "server_status", "termination", "time_response", "time_active", "time_user", "time_total",
    "request", "method", "uri", "path", "query", "request_captures", "response_captures", "unique_id", "hostname",
    "user_agent", "request_id", "traceparent", "trace_id", "forwarded_for", "challenge", "location", "sent_authorization",
    "auth_user", "request_body", "response_body", "reason", "jwt_verify", "claim_client_id", "claim_sub", "claim_iss",
    "claim_aud", "claim_scope", "claim_jti", "claim_exp", "header_kid", "header_alg", "grant_type", "query_error",
    "ssl_c_err", "backend_error", "backend_tls_error",
]

[formats]
both_captures = """
declare capture request len 0
declare capture response len 0
option httplog
"""
request_captures = """
declare capture request len 0
option httplog
"""
httplog = "option httplog"
httpslog = "option httpslog"
clf = "option httplog clf"
tcplog = "option tcplog"
json = "json"

[[advice]]
columns = ["error", "error_code", "error_description"]
add = 'capture response header WWW-Authenticate len 128 to the frontend'
tells = "the challenge of an answer, in which an API says what is wrong with the token"

[[advice]]
columns = ["request_id", "trace_id"]
add = 'unique-id-format and unique-id-header X-Request-ID to the frontend, and %ID to its log-format'
tells = "one id in the logs of gateway and auth server"
*/
WITH captured AS (
    SELECT *,
        -- {a|b}, the "a" "b" of %hrl, or a list of JSON; what is in them is told by its look
        CASE WHEN request_captures IS NULL THEN NULL
            WHEN starts_with(request_captures, '{') THEN replace(replace(request_captures, '{', '|'), '}', '|')
            WHEN starts_with(request_captures, '|') THEN request_captures
            WHEN starts_with(request_captures, '"') THEN '|' || replace(trim(request_captures, '" '), '" "', '|') || '|'
            WHEN starts_with(request_captures, '[') THEN '|' || array_to_string(TRY(CAST(request_captures AS JSON)::VARCHAR[]), '|') || '|'
            WHEN request_captures <> '' THEN '|' || request_captures || '|' END AS asked,
        CASE WHEN response_captures IS NULL THEN NULL
            WHEN starts_with(response_captures, '{') THEN replace(replace(response_captures, '{', '|'), '}', '|')
            WHEN starts_with(response_captures, '|') THEN response_captures
            WHEN starts_with(response_captures, '"') THEN '|' || replace(trim(response_captures, '" '), '" "', '|') || '|'
            WHEN starts_with(response_captures, '[') THEN '|' || array_to_string(TRY(CAST(response_captures AS JSON)::VARCHAR[]), '|') || '|'
            WHEN response_captures <> '' THEN '|' || response_captures || '|' END AS answered,
        http_status(status) AS code,
        nullif(request, '<BADREQ>') AS line_of_request,
        coalesce(request, method, uri, path) = '<BADREQ>' AS no_request,
        left(nullif(termination, ''), 2) AS state,
        -- what HAProxy writes of a connection that failed before it bore a request
        CASE WHEN NOT matched THEN regexp_extract(line,
            '\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3})\] [^\s/]+/[^\s:]+: ([A-Z].*)$', ['date', 'said']) END AS refused
    FROM fields
),
told AS (
    SELECT *,
        CASE WHEN contains(asked, '|') THEN nullif(regexp_extract(asked, '\|([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\|', 1), '') END AS asked_id,
        CASE WHEN contains(asked, '|00-') THEN nullif(regexp_extract(asked, '\|00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\|', 1), '') END AS asked_trace,
        CASE WHEN contains(asked, '/') THEN nullif(regexp_extract(asked, '\|([A-Za-z][\w.+-]*/v?\d[^|]*)\|', 1), '') END AS asked_agent,
        CASE WHEN contains(asked, '|Bearer ') OR contains(asked, '|Basic ') OR contains(asked, '|DPoP ') OR contains(asked, '|bearer ') OR contains(asked, '|basic ')
             THEN nullif(regexp_extract(asked, '\|((?i:bearer|dpop|basic) [A-Za-z0-9._~+/-]{8,}=*)\|', 1), '') END AS asked_authorization,
        -- a sentence that speaks of a token is the operator's own
        CASE WHEN code >= 400 AND contains(asked, ' ') THEN nullif(regexp_extract(regexp_replace(asked, '\|(?i:bearer|dpop|basic) [^ |]*\|', '||'),
            '(?i)\|([a-z][^|/=;]* [^|/=;]*(?:jwt|token|bearer|authori[sz]|scope|signature|issuer|audience|expired|claim|denied|forbidden|invalid|missing|valid)[^|/=;]*|[^|/=; ]*(?:jwt|token|bearer|authori[sz]|scope|signature|issuer|audience|expired|claim|denied|forbidden|invalid|missing)[^|/=; ]* [^|/=;]*)\|', 1), '') END AS asked_reason,
        coalesce(
            CASE WHEN strlen(answered) > 7 THEN nullif(regexp_extract(answered, '\|((?i:bearer|dpop|basic|digest|negotiate)\b[^|]*)\|', 1), '') END,
            -- %hrl and %hsl cannot be told apart
            CASE WHEN answered IS NULL AND contains(asked, '=') THEN nullif(regexp_extract(asked,
                '\|((?i:bearer|dpop|basic|digest|negotiate) (?:realm|error|error_description|error_uri|scope|resource_metadata|algs|nonce|charset) ?=[^|]*)\|', 1), '') END) AS answered_challenge,
        CASE WHEN contains(answered, 'error=')
             THEN nullif(regexp_extract(answered, '\|([a-z][a-z0-9+.-]*:[^|]*[?&#]error=[^|]*)\|', 1), '') END AS answered_location,
        coalesce(line_of_request LIKE '% % HTTP/_._', false) AS whole,
        nullify(challenge) AS given_challenge,
        nullif(nullify(reason), 'Success') AS given_reason,
        nullif(nullify(backend_error), 'Success') AS failed_backend,
        nullify(backend_tls_error) AS failed_tls,
        nullif(nullify(jwt_verify), '1') AS verified,
        nullif(nullify(ssl_c_err), '0') AS certificate_error
    FROM captured
),
placed AS (
    SELECT *,
        coalesce(nullif(nullify(method), '<BADREQ>'), CASE WHEN line_of_request[1] BETWEEN 'A' AND 'Z' THEN split_part(line_of_request, ' ', 1) END) AS verb,
        CASE WHEN no_request THEN NULL ELSE coalesce(nullify(uri),
            -- a request may hold blanks, or be cut after 1024 bytes: then its last parameter is, or its path
            CASE WHEN whole THEN substr(line_of_request, strpos(line_of_request, ' ') + 1, len(line_of_request) - strpos(line_of_request, ' ') - 9)
                 WHEN contains(line_of_request, '?')
                 THEN nullif(regexp_replace(substr(line_of_request, strpos(line_of_request, ' ') + 1), '[?&][^?&]*$', ''), line_of_request) END,
            nullify(path) || CASE WHEN nullif(nullify(query), '<BADREQ>') IS NULL THEN '' WHEN query[1] = '?' THEN query ELSE '?' || query END) END AS target,
        CASE WHEN server[1] = '<' THEN CASE WHEN code IS NOT NULL THEN 'gateway' END
             WHEN state = '--' THEN 'upstream'
             -- the answer of the server was on its way; before that HAProxy answers in its place
             WHEN state[2] IN ('D', 'L') AND state[1] <> 'L' THEN 'upstream'
             WHEN state IS NOT NULL THEN CASE WHEN code IS NOT NULL THEN 'gateway' END
             WHEN nullify(server) IS NULL OR code IS NULL THEN NULL
             WHEN TRY_CAST(time_response AS INTEGER) >= 0 THEN 'upstream'
             WHEN TRY_CAST(time_response AS INTEGER) = -1 THEN 'gateway' END AS answerer,
        -- %Ts, %T and %Tl are when the connection was accepted, and so is %ms
        CASE WHEN nullify(accept_ms) IS NOT NULL THEN TRY_CAST(accept_ms AS INTEGER) ELSE 0 END AS ms,
        coalesce(given_challenge, CASE WHEN contains(answered_challenge, '#') THEN hex_unescape(replace(answered_challenge, '#', '\x')) ELSE answered_challenge END) AS asked_for,
        coalesce(nullify(sent_authorization), asked_authorization) AS credentials,
        coalesce(nullify(location), answered_location) AS sent_to
    FROM told
),
timed AS (
    SELECT *,
        coalesce(
            clf_time(request_date_zoned), epoch_time(request_epoch),
            CASE WHEN contains(request_epoch_written, '+') THEN iso_time(request_epoch_written) ELSE epoch_time(request_epoch_written) END,
            CASE WHEN request_date IS NULL THEN coalesce(
                clf_time(accept_date_zoned) + to_milliseconds(ms),
                epoch_time(accept_epoch) + to_milliseconds(ms),
                CASE WHEN contains(accept_epoch_written, '+') THEN iso_time(accept_epoch_written) ELSE epoch_time(accept_epoch_written) END) END,
            CASE WHEN request_date IS NULL AND accept_date IS NULL THEN coalesce(epoch_time(log_epoch),
                CASE WHEN contains(log_epoch_written, '+') THEN iso_time(log_epoch_written) ELSE epoch_time(log_epoch_written) END) END,
            CASE WHEN any_date IS NULL OR regexp_full_match(any_date, '\d\d/[A-Z][a-z]{2}/\d{4}[^ ]*') THEN NULL
                 ELSE coalesce(clf_time(any_date), epoch_time(any_date),
                    CASE WHEN regexp_matches(any_date, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(any_date) END) END) AS moment,
        coalesce(
            try_strptime(nullif(request_date, ''), '%d/%b/%Y:%H:%M:%S.%f'),
            try_strptime(coalesce(nullif(request_date, ''), nullif(accept_date, ''), nullif(any_date, ''), refused['date']), ['%d/%b/%Y:%H:%M:%S.%f', '%d/%b/%Y:%H:%M:%S']),
            TRY_CAST(coalesce(nullif(request_epoch_written, ''), nullif(accept_epoch_written, ''), nullif(log_epoch_written, '')) AS TIMESTAMP),
            CASE WHEN any_date[5] = '-' THEN TRY_CAST(any_date AS TIMESTAMP) END) AS local_moment
    FROM placed
)
SELECT
    "offset",
    moment AS time,
    CASE WHEN moment IS NULL THEN local_moment END AS local_time,
    nullify(hostname) AS instance,
    coalesce(nullify(request_id), asked_id, nullify(unique_id)) AS request_id,
    coalesce(nullify(trace_id), trace_of(traceparent), asked_trace) AS trace_id,
    coalesce(nullify(claim_client_id), CASE WHEN contains(request_body, 'client_id=') THEN query_param(request_body, 'client_id') END) AS client_id,
    nullify(claim_sub) AS user_name,
    coalesce(nullify(auth_user), CASE WHEN credentials IS NOT NULL THEN basic_user(credentials) END) AS login,
    coalesce(nullify(split_part(forwarded_for, ',', 1)), nullif(nullify(client), 'unix'),
        nullif(nullify(CASE WHEN client_and_port IS NOT NULL THEN left(client_and_port, len(client_and_port) - len(split_part(client_and_port, ':', -1)) - 1) END), 'unix'),
        CASE WHEN refused['said'] <> '' THEN nullif(regexp_extract(line, '([0-9a-fA-F.:]+):\d+ \[', 1), '') END) AS client_ip,
    CASE WHEN contains(coalesce(nullify(user_agent), asked_agent), '#')
         THEN hex_unescape(replace(coalesce(nullify(user_agent), asked_agent), '#', '\x')) ELSE coalesce(nullify(user_agent), asked_agent) END AS user_agent,
    -- %[base] is the host and the path
    CASE WHEN target[1] = '/' OR target IS NULL OR contains(target, '://') OR NOT contains(target, '/') THEN target
         ELSE substr(target, strpos(target, '/')) END AS path,
    verb AS method,
    code AS status,
    coalesce(http_status(server_status), CASE WHEN answerer = 'upstream' THEN code END) AS upstream_status,
    answerer AS answered_by,
    CASE WHEN TRY_CAST(coalesce(nullify(time_active), nullify(time_user), nullify(time_total)) AS DOUBLE) >= 0
         THEN TRY_CAST(coalesce(nullify(time_active), nullify(time_user), nullify(time_total)) AS DOUBLE) END AS duration_ms,
    coalesce(nullify(grant_type), CASE WHEN contains(request_body, 'grant_type=') THEN query_param(request_body, 'grant_type') END) AS grant_type,
    nullify(claim_scope) AS scope,
    nullify(claim_iss) AS token_issuer,
    nullify(claim_aud) AS token_audience,
    nullify(header_kid) AS kid,
    nullify(claim_jti) AS credential,
    CASE WHEN starts_with(credentials, 'eyJ') THEN credentials WHEN credentials IS NOT NULL THEN bearer_jwt(credentials) END AS jwt,
    asked_for AS challenge,
    CASE WHEN response_body[1] = '{' THEN response_body END AS body,
    coalesce(nullify(query_error), CASE WHEN sent_to IS NOT NULL THEN query_param(sent_to, 'error') END) AS error,
    CASE
        WHEN refused['said'] <> '' THEN 'SSL client certificate'
        WHEN code < 400 THEN NULL
        WHEN TRY_CAST(verified AS INTEGER) IS NOT NULL THEN 'jwt_verify:' || verified
        WHEN TRY_CAST(certificate_error AS INTEGER) > 0 THEN 'ssl_c_err:' || certificate_error
        WHEN answerer = 'gateway' AND failed_tls IS NOT NULL THEN 'ssl_bc_err'
        WHEN answerer = 'gateway' AND regexp_matches(failed_backend, '(?i)\b(ssl|tls|certificate)\b') THEN 'ssl_bc_err'
        -- a small letter in front stands for a timeout
        WHEN state[1] IN ('s', 'c') THEN 'timeout:' || state
        WHEN state[1] IN ('S', 'C', 'R', 'I', 'D', 'U', 'K') OR state IN ('PC', 'PH', 'PD', 'PT') THEN 'session:' || state
        WHEN code IN (401, 403) AND header_alg = 'none' THEN 'why401.jwt_alg_none'
        WHEN code IN (401, 403) AND TRY_CAST(claim_exp AS BIGINT) <= epoch(moment) THEN 'why401.jwt_expired' END AS error_code,
    coalesce(given_reason, asked_reason, CASE WHEN answerer = 'gateway' THEN coalesce(failed_tls, failed_backend) END,
        CASE WHEN refused['said'] <> '' THEN refused['said'] END,
        CASE WHEN sent_to IS NOT NULL THEN query_param(sent_to, 'error_description') END) AS error_description,
    CASE WHEN refused['said'] <> '' THEN 'failure'
         WHEN matched AND code IS NULL THEN 'other' END AS outcome,
    CASE WHEN matched AND no_request AND (state[1] IN ('C', 'c') OR code IS NULL) THEN 'connection without a request'
         WHEN matched AND status IS NULL AND verb IS NULL AND target IS NULL THEN 'TCP connection'
         WHEN matched THEN NULL
         WHEN refused['said'] <> '' THEN CASE WHEN NOT regexp_matches(refused['said'], '(?i)client cert|client CA|certificate verify failed|peer did not return a certificate')
              THEN 'connection without a request' END
         WHEN regexp_matches(line, '\] \S+ \S+/\S+ -?\d+/-?\d+/\+?-?\d+ \+?\d+ [A-Za-z-]{2} \d+/\d+/\d+/\d+/\+?\d+ \d+/\d+') THEN 'TCP connection'
         WHEN regexp_matches(line, '^(<\d{1,3}>)?([\w.-]*\[\d+\]: )?(\[(NOTICE|WARNING|ALERT|DIAG|INFO)\]\s+(\d+/\d+ )?\(\d+\) : |Connect from \S+ to \S+ \(|(Proxy|Server|Backup Server|Health check for|backend|listen|frontend|Stopping|Pausing|Resuming|Enabling|Reloading|New worker|Loading|Former worker|Current worker|A worker process|Exiting|[Pp]eers?|Cache|SSL|Agent check) \S)')
         THEN 'server message' END AS ignored,
    CASE WHEN NOT matched AND coalesce(refused['said'], '') = '' THEN 'not a line of this log-format' END AS quarantined
FROM timed
