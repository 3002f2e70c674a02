/*
title = "Apache HTTP Server access log"
kind = "gateway"
provenance = "captured"
documentation = [
    "https://httpd.apache.org/docs/2.4/mod/mod_log_config.html",
    "https://httpd.apache.org/docs/2.4/mod/mod_logio.html",
    "https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#logformats",
    "https://github.com/OpenIDC/mod_auth_openidc/blob/master/auth_openidc.conf",
]
cannot_tell = "The common and the combined format tell the status and not the reason: every 401 looks alike. Add %{WWW-Authenticate}o (the challenge with its error), %{Location}o (errors that go back by redirect), %{X-Request-Id}i or %{UNIQUE_ID}e (joins with the auth server and the error log), %D and, with mod_auth_openidc, %{OIDC_ERROR}e and %{OIDC_CLAIM_client_id}e to the LogFormat, and give why401 that LogFormat. A line of the combined format is the same in nginx and in Apache and is read as nginx, unless the log has the mark of Apache (a quote within a value, written with a backslash) or the format `combined` is named for this source. No directive tells the status of an upstream."
priority = 61
recognise = '^(?:\S+:\d+ )?\S+ \S+ .+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "'
format_language = "apache"
variables = [
    "remote_addr", "remote_addr_port", "remote_host", "peer_addr", "peer_host", "in_x_forwarded_for", "in_x_real_ip", "user",
    "time", "local_time", "zone_time", "time_day", "time_clock", "time_fraction",
    "request", "method", "target", "path", "query", "status", "status_original",
    "in_user_agent", "in_x_request_id", "in_x_correlation_id", "env_unique_id", "log_id", "in_traceparent", "in_x_b3_traceid",
    "server_name", "server_name_port", "host_name", "host_name_port", "in_host",
    "duration_us", "duration_ms", "duration_s",
    "in_authorization", "out_www_authenticate", "out_location", "in_x_client_id",
    "claim_client_id", "claim_sub", "claim_iss", "claim_aud", "claim_scope", "claim_jti", "claim_sid",
    "env_oidc_error", "env_oidc_error_desc", "env_oidc_oauth_bearer_scope_error", "env_oauth2_bearer_scope_error", "env_mod_qos_ev", "env_balancer_worker_name",
    "ssl_ssl_client_verify", "bytes_out",
]

[formats]
vhost_combined = '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'
combinedio = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O'
common = '%h %l %u %t "%r" %>s %b'
vhost_common = '%v:%p %h %l %u %t "%r" %>s %b'
combined = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

[[advice]]
columns = ["error", "error_code", "error_description"]
add = '"%{WWW-Authenticate}o" to LogFormat'
tells = "the challenge of an answer, in which an API says what is wrong with the token"

[[advice]]
columns = ["request_id", "trace_id"]
add = '"%{X-Request-Id}i" to LogFormat'
tells = "one id in the logs of gateway and auth server"

[[advice]]
columns = ["duration_ms"]
add = '%D to LogFormat'
tells = "how long an answer took"
*/
WITH target AS (
    SELECT *,
        nullif(nullify("user"), '""') AS login,
        coalesce(nullify(method), CASE WHEN whole THEN split_part(request, ' ', 1) WHEN starts_with(request, 'GET /') THEN 'GET' END) AS verb,
        -- a target may hold blanks, when the client sent it so; `%U` is the path without its query, decoded
        coalesce(CASE WHEN whole THEN substr(request, strpos(request, ' ') + 1, len(request) - strpos(request, ' ') - 9)
                      WHEN starts_with(request, 'GET /') THEN substr(request, 5) END,  -- HTTP/0.9
            nullify(target), nullify(path) || coalesce(nullify(query), '')) AS asked,
        coalesce(http_status(status), http_status(status_original)) AS code,
        nullify(env_oidc_error) AS oidc_error,
        nullify(out_location) AS location
    FROM (SELECT *, request LIKE '% % HTTP/_._' AS whole FROM fields)
),
told AS (
    SELECT *,
        -- an authorization server sends its errors back by redirect (RFC 6749 4.1.2.1)
        CASE WHEN code BETWEEN 300 AND 399 AND contains(location, 'error=')
             THEN oauth_error(query_param(location, 'error')) END AS sent_back,
        CASE WHEN starts_with(ssl_ssl_client_verify, 'FAILED') AND code IN (401, 403)
             THEN nullif(substr(ssl_ssl_client_verify, 8), '') END AS certificate_fault,
        -- mod_qos: `D;` stands for a denied request
        starts_with(env_mod_qos_ev, 'D;') AND code >= 400 AS limited,
        coalesce(nullify(out_www_authenticate), CASE WHEN code >= 400 THEN coalesce(nullify(env_oidc_oauth_bearer_scope_error), nullify(env_oauth2_bearer_scope_error)) END) AS challenge
    FROM target
)
SELECT
    "offset",
    CASE WHEN time_fraction IS NULL THEN TRY_CAST(time AS TIMESTAMP)
         ELSE TRY_CAST(time AS TIMESTAMP) + to_microseconds(CASE WHEN contains(time, '.') THEN 0
            ELSE TRY_CAST(rpad(time_fraction, 6, '0') AS BIGINT) END) END AS time,
    -- a strftime format without a zone, or with the name of one, which several zones share
    CASE WHEN coalesce(local_time, zone_time, time_day) IS NULL THEN NULL
         ELSE coalesce(TRY_CAST(coalesce(local_time, zone_time) AS TIMESTAMP), TRY_CAST(time_day || ' ' || time_clock AS TIMESTAMP))
            + to_microseconds(CASE WHEN time_fraction IS NULL OR contains(coalesce(local_time, ''), '.') THEN 0
                ELSE TRY_CAST(rpad(time_fraction, 6, '0') AS BIGINT) END) END AS local_time,
    nullify(coalesce(server_name_port, server_name, host_name_port, host_name, in_host)) AS instance,
    coalesce(nullify(in_x_request_id), nullify(in_x_correlation_id), nullify(env_unique_id), nullify(log_id)) AS request_id,
    coalesce(trace_of(in_traceparent), nullify(in_x_b3_traceid)) AS trace_id,
    coalesce(nullify(in_x_client_id), nullify(claim_client_id)) AS client_id,
    coalesce(CASE WHEN in_authorization IS NOT NULL THEN basic_user(in_authorization) END, login) AS login,
    nullify(claim_sub) AS user_name,
    coalesce(nullify(split_part(in_x_forwarded_for, ',', 1)), nullify(in_x_real_ip), nullify(remote_addr), nullify(remote_addr_port),
        -- %h is a name where HostnameLookups is on
        CASE WHEN contains(remote_host, ':') OR regexp_matches(remote_host, '^[0-9.]+$') THEN remote_host END,
        nullify(peer_addr),
        CASE WHEN contains(peer_host, ':') OR regexp_matches(peer_host, '^[0-9.]+$') THEN peer_host END) AS client_ip,
    nullify(in_user_agent) AS user_agent,
    -- mod_auth_openidc says so at its redirect URI, whose path is of the operator's choice
    CASE WHEN starts_with(oidc_error, 'OpenID Connect Provider error: ')
           OR oidc_error IN ('Invalid Authorization Response', 'Invalid Authentication Response', 'Authentication Error')
         THEN 'authorization' END AS endpoint,
    asked AS path,
    verb AS method,
    code AS status,
    CASE WHEN oidc_error IS NOT NULL OR certificate_fault IS NOT NULL OR limited THEN 'gateway'
         WHEN nullify(env_balancer_worker_name) IS NOT NULL AND code NOT IN (502, 503, 504) THEN 'upstream' END AS answered_by,
    coalesce(TRY_CAST(duration_us AS BIGINT) / 1000, TRY_CAST(duration_ms AS DOUBLE), TRY_CAST(duration_s AS BIGINT) * 1000.0) AS duration_ms,
    nullify(claim_scope) AS scope,
    nullify(claim_iss) AS token_issuer,
    nullify(claim_aud) AS token_audience,
    nullify(claim_jti) AS credential,
    nullify(claim_sid) AS session_id,
    CASE WHEN in_authorization IS NOT NULL THEN bearer_jwt(in_authorization) END AS jwt,
    challenge,
    coalesce(sent_back, CASE WHEN starts_with(oidc_error, 'OpenID Connect Provider error: ') THEN oauth_error(substr(oidc_error, 32)) END) AS error,
    -- an error that is one of OAuth's own is in `error`
    CASE WHEN oidc_error IS NOT NULL THEN CASE WHEN oauth_error(substr(oidc_error, 32)) IS NULL THEN oidc_error END
         WHEN certificate_fault IS NOT NULL THEN 'SSL_CLIENT_VERIFY:FAILED'
         WHEN limited THEN 'mod_qos:D' END AS error_code,
    coalesce(nullify(env_oidc_error_desc), certificate_fault,
        CASE WHEN sent_back IS NOT NULL THEN query_param(location, 'error_description') END) AS error_description,
    CASE WHEN NOT matched OR coalesce(server_name_port, host_name_port) = '' THEN NULL
         WHEN request IN ('-', '') AND asked IS NULL THEN 'connection without a request'
         WHEN request LIKE 'OPTIONS * HTTP/_._' AND contains(coalesce(in_user_agent, 'internal dummy connection'), 'internal dummy connection')
         THEN 'internal dummy connection'
         WHEN coalesce(status, status_original, '-') = '-' AND challenge IS NULL AND oidc_error IS NULL THEN 'no status in this LogFormat' END AS ignored,
    CASE WHEN NOT matched OR coalesce(server_name_port, host_name_port) = '' THEN 'not a line of this LogFormat'
         WHEN code IS NULL AND coalesce(status, status_original, '-') <> '-' THEN 'a status that is no number' END AS quarantined
FROM told
