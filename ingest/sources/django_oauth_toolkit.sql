/*
title = "Django OAuth Toolkit"
kind = "auth_server"
provenance = "captured"
recognise = '\boauth2_provider\b[^/=]|\boauthlib\.(oauth2|openid|common|uri_validate)\b|<oauthlib\.Request |\bdjango\.(request|server|security)\b|(^|[\s\]:"|-])((Bad Request|Unauthorized|Payment Required|Forbidden|Not Found|Not Acceptable|Request Timeout|Conflict|Gone|Unsupported Media Type|Too Many Requests|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Timeout)|(Forbidden|Bad request) \([^()]*\)|Method Not Allowed \([A-Z]+\)): /\S*("|$)|^(\x1b\[[0-9;]*m)*\[\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d\] "|\bbasehttp\b.* "[A-Z]+ \S+ HTTP/|\bFailed (basic|body) auth[:,] '
priority = 60
documentation = [
    "https://docs.djangoproject.com/en/stable/ref/logging/",
    "https://docs.djangoproject.com/en/stable/topics/logging/",
    "https://django-oauth-toolkit.readthedocs.io/en/latest/",
    "https://oauthlib.readthedocs.io/en/latest/oauth2/server.html",
]
cannot_tell = "At its usual levels Django writes one line of a failed request, with its status and path (Bad Request: /o/token/), and no client, user, address or reason; what goes back by redirect, sign-ins and polls of a device are in no line. Set the loggers oauthlib and oauth2_provider to DEBUG and they say which client and why; then one refused request is two failures, the reason and the status. They have the same request_id where a filter puts it into each line, as that of django-guid does. A formatter without {asctime} leaves the time to what collects the lines, and {asctime} has no zone (run it in UTC, or log JSON with one). DEBUG lines hold tokens and codes."
*/
-- Python's logging has no format of its own: a message is known by its words, whatever a formatter puts before it. Of
-- oauthlib's lines about one request the one that names the cause is the event; what repeats it is ignored.
WITH read AS (
    SELECT "offset", plain, j, coalesce(j.name, j.logger, j.logger_name) AS logged,
        CASE WHEN j IS NOT NULL THEN coalesce(j.message, j.msg, j.event) WHEN plain[1] <> '{' THEN plain END AS text
    FROM (
        SELECT "offset", plain,
            CASE WHEN plain[1] = '{' THEN TRY(from_json(plain,
                '{"asctime":"VARCHAR","time":"VARCHAR","timestamp":"VARCHAR","@timestamp":"VARCHAR","created":"VARCHAR","ts":"VARCHAR",
                  "name":"VARCHAR","logger":"VARCHAR","logger_name":"VARCHAR","message":"VARCHAR","msg":"VARCHAR","event":"VARCHAR",
                  "correlation_id":"VARCHAR","request_id":"VARCHAR","requestId":"VARCHAR","guid":"VARCHAR","trace_id":"VARCHAR","otelTraceID":"VARCHAR",
                  "hostname":"VARCHAR","host":"VARCHAR","status_code":"VARCHAR","request":"VARCHAR","ip":"VARCHAR","client_ip":"VARCHAR"}')) END AS j
        FROM (SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS plain
              FROM records)
    )
),
-- `said` is the message from the words on that it is known by
found AS (
    SELECT *, CASE WHEN head <> '' THEN substr(text, strpos(text, head)) END AS said,
        CASE WHEN j IS NULL THEN left(text, CASE WHEN head <> '' THEN greatest(strpos(text, head) - 1, 0) ELSE 120 END) END AS before,
        CASE WHEN head = '' OR starts_with(head, '"') THEN NULL
             ELSE coalesce(logged, CASE WHEN contains(text, 'oauthlib.') THEN nullif(regexp_extract(text, '\boauthlib\.[a-z0-9_.]+'), '') END) END AS logger
    FROM (
        SELECT *, CASE WHEN contains(text, ': /') OR contains(text, 'auth') OR contains(text, ' HTTP') OR contains(text, 'lient') OR contains(text, 'oken') OR contains(text, 'redirect_uri') OR contains(text, 'code_verifier')
            THEN coalesce(regexp_extract(text,
            '(?:^|[\s\]\[:|"(-])((?:[A-Z][a-z]+(?:[ -][A-Za-z]?[a-z]+){0,4}(?: \([^()]{1,200}\))?: /)|Failed (?:basic|body) auth|(?:Fatal client|Client) error (?:during validation of|in token request)|Client, |Client \S+ is not authorized to use response_type|Invalid refresh token, |Unauthorized from |Redirect_uri \(|request provided a invalid code_verifier|Refresh token \S+ lack |Issuing (?:new )?token |Token (?:request|introspect|revocation) valid|Userinfo (?:MUST|return|access)|Success url for |Exception caught while processing request|Endpoint unavailable, |Introspection: Failed |OAuth2 access token is invalid|Rejecting token: |CIMD (?:registration|fetch|resolution)|Unexpected error resolving CIMD|(?:post_logout_)?redirect_uri \S+ does not match any|TokenHasScope requires|TokenMatchesOASRequirements requires|django-oauth-toolkit OIDC views|Invalid HTTP_HOST header: |"[A-Z]+ \S+ HTTP/[0-9.]+" [1-5][0-9]{2} )', 1), '') ELSE '' END AS head
        FROM read
    )
),
kinds AS (
    SELECT *,
        CASE WHEN said IS NULL THEN NULL
             WHEN ends_with(head, ': /') THEN 'http'
             WHEN starts_with(head, '"') THEN CASE WHEN starts_with(text, '[') OR contains(before, 'basehttp') OR contains(coalesce(logged, before), 'django.server') THEN 'server' END
             ELSE head END AS kind,
        -- `(invalid_grant) Description <oauthlib.Request ...>`
        CASE WHEN contains(head, 'lient error ') THEN regexp_extract(said, '(?:([A-Za-z]+)\([''"])?\(([A-Za-z_]+)\) (.*?)\s*(?:<oauthlib\.Request .*|[''"]\)\.?|\.?)$', ['class', 'code', 'words']) END AS problem,
        CASE WHEN contains(said, '<oauthlib.Request url="') THEN regexp_extract(said, '<oauthlib\.Request url="([^"]*)", http_method="([A-Z]*)"', ['url', 'verb']) END AS asked
    FROM found
),
phrases AS (
    SELECT *,
        CASE WHEN kind = 'http' THEN rtrim(split_part(split_part(said, ': /', 1), ' (', 1)) END AS phrase,
        CASE WHEN kind = 'http' AND contains(split_part(said, ': /', 1), ' (') THEN rtrim(split_part(split_part(said, ': /', 1), ' (', 2), ')') END AS why,
        CASE WHEN kind = 'http' THEN '/' || split_part(split_part(substr(said, strpos(said, ': /') + 3), ' ', 1), '"', 1)
             WHEN kind = 'server' THEN split_part(said, ' ', 2)
             ELSE nullif(asked.url, '') END AS target
    FROM kinds
),
coded AS (
    SELECT *, CASE lower(phrase)
            WHEN 'bad request' THEN 400 WHEN 'unauthorized' THEN 401 WHEN 'payment required' THEN 402 WHEN 'forbidden' THEN 403
            WHEN 'not found' THEN 404 WHEN 'method not allowed' THEN 405 WHEN 'not acceptable' THEN 406 WHEN 'request timeout' THEN 408
            WHEN 'conflict' THEN 409 WHEN 'gone' THEN 410 WHEN 'content too large' THEN 413 WHEN 'request entity too large' THEN 413
            WHEN 'unsupported media type' THEN 415 WHEN 'unprocessable entity' THEN 422 WHEN 'unprocessable content' THEN 422
            WHEN 'locked' THEN 423 WHEN 'too many requests' THEN 429 WHEN 'internal server error' THEN 500
            WHEN 'not implemented' THEN 501 WHEN 'bad gateway' THEN 502 WHEN 'service unavailable' THEN 503 WHEN 'gateway timeout' THEN 504 END AS phrased
    FROM phrases
),
judged AS (
    SELECT * REPLACE (CASE WHEN kind = 'http' AND coalesce(phrased, http_status(j.status_code)) IS NULL AND strange IS NULL THEN NULL ELSE kind END AS kind),
        CASE WHEN kind = 'server' THEN http_status(split_part(split_part(said, '" ', 2), ' ', 1))
             WHEN kind = 'http' THEN coalesce(http_status(j.status_code), phrased, CASE WHEN strange IS NOT NULL THEN 400 END)
             WHEN starts_with(kind, 'Exception caught') THEN 500
             WHEN starts_with(kind, 'Endpoint unavailable') THEN 503
             WHEN starts_with(kind, 'Invalid HTTP_HOST') THEN 400
             WHEN starts_with(kind, 'Userinfo MUST') OR starts_with(kind, 'Userinfo return') THEN 500 END AS status,
        -- what was told in a line before, by the same request
        CASE WHEN kind IS NULL THEN NULL
             WHEN contains(head, 'lient error ') THEN CASE
                WHEN problem.code IS NULL OR problem.code = '' THEN NULL
                WHEN problem.code IN ('invalid_client', 'unauthorized_client') THEN true
                WHEN problem.code = 'invalid_grant' THEN problem.words = ''
                WHEN problem.class = 'MismatchingRedirectURIError' THEN starts_with(head, 'Client')
                WHEN problem.code = 'invalid_scope' THEN contains(logger, 'refresh_token')
                ELSE false END
             WHEN starts_with(kind, 'Failed body auth') THEN contains(said, 'Application None does not exist')
             ELSE false END AS repeated
    FROM (SELECT *, CASE WHEN kind = 'http' AND phrased IS NULL AND contains(coalesce(logged, before), 'django.request') THEN phrase END AS strange FROM coded)
),
told AS (
    SELECT *,
        CASE WHEN kind IN ('http', 'server') OR repeated THEN NULL
             WHEN kind LIKE 'Issuing %' OR kind LIKE 'Token % valid' OR kind LIKE 'Success url %' OR kind = 'Userinfo access' THEN 'success'
             WHEN starts_with(kind, 'Invalid HTTP_HOST') THEN 'other'
             WHEN kind IS NOT NULL AND repeated IS NOT NULL THEN 'failure' END AS outcome,
        CASE WHEN contains(head, 'lient error ') THEN problem.words
             WHEN starts_with(head, 'Failed b') THEN regexp_replace(regexp_replace(said, ' for client_id .*$', ''), '(Application|wrong client id) \S+( does not exists?)?', '\1\2')
             WHEN starts_with(head, 'Invalid refresh') THEN 'Invalid refresh token'
             WHEN head = 'Client, ' THEN 'Client is not allowed access to scopes'
             WHEN starts_with(head, 'Client ') THEN 'Client is not authorized to use response_type'
             WHEN starts_with(head, 'Unauthorized from') THEN 'Unauthorized access to grant type'
             WHEN starts_with(head, 'Redirect_uri (') THEN 'Redirect_uri invalid for client'
             WHEN starts_with(head, 'Refresh token ') THEN 'Refresh token lack requested scopes'
             WHEN contains(head, 'edirect_uri ') THEN split_part(head, ' ', 1) || ' does not match any registered: ' || regexp_extract(said, '.*: ([^:]*)$', 1)
             WHEN kind IN ('http', 'server') THEN CASE WHEN phrase <> 'Method Not Allowed' THEN coalesce(why, strange) END
             WHEN starts_with(head, 'CIMD') THEN regexp_replace(said, ' for ''[^'']*''', '')
             ELSE rtrim(said) END AS words
    FROM judged
)
SELECT
    "offset",
    CASE WHEN j IS NOT NULL THEN coalesce(
            CASE WHEN regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(regexp_replace(stamp, ' ?([+-]\d\d):?(\d\d)$', '\1:\2')) END, epoch_time(j.created), epoch_time(j.time), epoch_time(j.timestamp), epoch_time(j.ts))
         WHEN regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(regexp_replace(stamp, ' ?([+-]\d\d):?(\d\d)$', '\1:\2')) END AS time,
    CASE WHEN stamp IS NULL OR regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN NULL
         WHEN stamp[3] = '/' THEN TRY_STRPTIME(replace(left(stamp, 20), ':', ' '), '%d/%b/%Y %H %M %S')
         ELSE TRY_CAST(replace(stamp, ',', '.') AS TIMESTAMP) END AS local_time,
    coalesce(nullify(j.hostname), nullify(j.host)) AS instance,
    coalesce(nullify(j.correlation_id), nullify(j.request_id), nullify(j."requestId"), nullify(j.guid),
        CASE WHEN before LIKE '%-%-%-%-%' OR contains(before, '[') THEN
            nullif(regexp_extract(before, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b'), '') END) AS request_id,
    coalesce(nullify(j.trace_id), nullif(nullify(j."otelTraceID"), '0')) AS trace_id,
    CASE WHEN kind IN ('http', 'server') THEN NULL
         WHEN contains(said, 'for client_id ') THEN nullif(nullif(rtrim(trim(regexp_extract(said, 'for client_id (''[^'']*''|\S+)', 1), ''''), '.:'), 'None'), '')
         WHEN starts_with(head, 'Failed b') THEN nullif(nullif(coalesce(nullif(regexp_extract(said, ': Application (\S+) does not', 1), ''), regexp_extract(said, 'wrong client id (\S+)', 1)), 'None'), '')
         WHEN starts_with(head, 'Client, ') THEN nullif(split_part(said, '''', 2), '')
         WHEN starts_with(head, 'Client ') AND contains(head, 'response_type') THEN split_part(said, ' ', 2)
         WHEN starts_with(head, 'Issuing ') THEN nullif(regexp_extract(said, 'to client id ''([^'']*)''', 1), '')
         WHEN starts_with(head, 'Unauthorized from ''') THEN split_part(said, '''', 2)
         WHEN starts_with(head, 'Redirect_uri (') THEN nullif(regexp_extract(said, 'for client ''([^'']*)''', 1), '')
         WHEN starts_with(head, 'CIMD') THEN nullif(split_part(said, '''', 2), '') END AS client_id,
    CASE WHEN contains(said, '<Application: ') AND kind NOT IN ('http', 'server') THEN split_part(split_part(said, '<Application: ', 2), '>', 1) END AS client_name,
    coalesce(nullify(j.ip), nullify(j.client_ip)) AS client_ip,
    CASE WHEN kind IN ('http', 'server') OR target IS NOT NULL THEN NULL
         WHEN starts_with(head, 'Success url') THEN 'authorization'
         WHEN starts_with(head, 'Issuing ') OR starts_with(head, 'Token request') OR starts_with(head, 'Invalid refresh') OR starts_with(head, 'Refresh token')
            OR starts_with(head, 'Client, ') OR starts_with(head, 'Redirect_uri (') OR starts_with(head, 'request provided') OR contains(head, 'in token request') THEN 'token'
         WHEN starts_with(head, 'Unauthorized from') THEN 'token'
         WHEN starts_with(head, 'Fatal client') OR contains(head, 'response_type') OR starts_with(head, 'redirect_uri') THEN 'authorization'
         WHEN starts_with(head, 'post_logout') THEN 'end_session'
         WHEN starts_with(head, 'Token introspect') THEN 'introspection'
         WHEN starts_with(head, 'Token revocation') THEN 'revocation'
         WHEN starts_with(head, 'Userinfo') THEN 'userinfo'
         WHEN starts_with(head, 'Introspection: ') OR starts_with(head, 'OAuth2 access') OR starts_with(head, 'Rejecting') OR contains(head, 'TokenHasScope') OR contains(head, 'TokenMatches') THEN 'api'
         WHEN contains(head, 'during validation') THEN CASE
            WHEN contains(logger, 'endpoints.introspect') THEN 'introspection'
            WHEN contains(logger, 'endpoints.revocation') THEN 'revocation'
            WHEN contains(logger, 'grant_types.implicit') OR contains(logger, 'grant_types.hybrid') THEN 'authorization'
            WHEN problem.code IN ('unsupported_response_type', 'login_required', 'consent_required', 'access_denied', 'interaction_required')
                OR problem.class IN ('MissingResponseTypeError', 'MissingCodeChallengeError', 'UnsupportedCodeChallengeMethodError') THEN 'authorization'
            WHEN problem.code IN ('invalid_grant', 'unsupported_grant_type') OR problem.class = 'MissingCodeVerifierError'
                OR problem.words IN ('Missing code parameter.') OR starts_with(problem.words, 'Duplicate ') THEN 'token' END
    END AS endpoint,
    target AS path,
    CASE WHEN kind = 'server' THEN substr(split_part(said, ' ', 1), 2)
         WHEN phrase = 'Method Not Allowed' THEN why
         WHEN contains(j.request, 'Request: ') THEN nullif(regexp_extract(j.request, 'Request: ([A-Z]+) ', 1), '')
         ELSE nullif(asked.verb, '') END AS method,
    status,
    CASE WHEN starts_with(head, 'Unauthorized from') THEN nullif(rtrim(split_part(said, 'access to grant type ', 2), '.'), 'None')
         WHEN kind IN ('http', 'server') OR problem.code = 'unsupported_grant_type' THEN NULL
         WHEN starts_with(head, 'Client, ') OR starts_with(head, 'Redirect_uri (') OR starts_with(head, 'request provided') OR starts_with(head, 'Token request') THEN 'authorization_code'
         WHEN starts_with(head, 'Invalid refresh') OR starts_with(head, 'Refresh token') OR starts_with(head, 'Issuing new') THEN 'refresh_token'
         WHEN starts_with(head, 'Issuing ') AND contains(said, ' and username ') THEN 'password'
         WHEN contains(logger, '.client_credentials') THEN 'client_credentials'
         WHEN contains(logger, '.refresh_token') THEN 'refresh_token'
         WHEN contains(logger, '.resource_owner_password_credentials') THEN 'password'
         WHEN contains(logger, '.device_code') THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN problem.words = 'Invalid credentials given.' THEN 'password'
         WHEN problem.words = 'Missing code parameter.' OR problem.class = 'MissingCodeVerifierError' THEN 'authorization_code' END AS grant_type,
    CASE WHEN contains(head, 'response_type') AND starts_with(head, 'Client ') THEN rtrim(split_part(said, 'response_type ', 2), '.') END AS response_type,
    CASE WHEN starts_with(head, 'Success url') THEN split_part(split_part(said, 'request: ', 2), ' ', 1)
         WHEN starts_with(head, 'Redirect_uri (') THEN nullif(split_part(said, '''', 2), '')
         WHEN contains(head, 'edirect_uri ') THEN nullif(trim(split_part(said, ' ', 2), ''''), '') END AS redirect_uri,
    CASE WHEN starts_with(head, 'Invalid refresh') THEN nullif(split_part(said, ', ', 2), 'None')
         WHEN starts_with(head, 'Success url') AND contains(said, 'code=') THEN query_param(split_part(said, 'request: ', 2), 'code') END AS credential,
    outcome,
    CASE WHEN outcome IS DISTINCT FROM 'failure' THEN NULL
         WHEN problem.code <> '' THEN oauth_error(problem.code)
         WHEN starts_with(head, 'Invalid refresh') OR head = 'Client, ' OR starts_with(head, 'request provided') THEN 'invalid_grant'
         WHEN starts_with(head, 'Redirect_uri (') THEN 'invalid_request'
         WHEN starts_with(head, 'Unauthorized from') OR (starts_with(head, 'Client ') AND contains(head, 'response_type')) THEN 'unauthorized_client'
         WHEN starts_with(head, 'Refresh token ') THEN 'invalid_scope'
         WHEN starts_with(head, 'Exception caught') OR starts_with(head, 'Userinfo ') THEN 'server_error'
         WHEN starts_with(head, 'Endpoint unavailable') THEN 'temporarily_unavailable'
         WHEN starts_with(head, 'OAuth2 access') THEN 'invalid_token' END AS error,
    CASE WHEN outcome = 'failure' AND problem.code <> '' AND oauth_error(problem.code) IS NULL THEN problem.code END AS error_code,
    CASE WHEN outcome = 'success' THEN NULL ELSE nullif(words, '') END AS error_description,
    CASE WHEN kind IN ('http', 'server') OR outcome IS NOT NULL THEN NULL
         WHEN repeated THEN 'another line of the request tells the cause'
         WHEN (j IS NOT NULL OR plain[1] <> '{') AND coalesce(logged, text) SIMILAR TO '(?s).*(oauthlib\.|oauth2_provider|django\.(request|server|security)).*' THEN 'a step of a request'
         WHEN regexp_matches(plain, '^(Watching for file changes|Performing system checks|System check identified|Django version|Starting (development|ASGI)|Quit the server|Operations to perform|Running migrations)') THEN 'notice at start'
         WHEN j IS NOT NULL THEN 'message of a program' END AS ignored,
    CASE WHEN kind IN ('http', 'server') OR outcome IS NOT NULL OR repeated THEN NULL
         WHEN kind IS NULL AND (j IS NOT NULL OR plain[1] <> '{') AND coalesce(logged, text) SIMILAR TO '(?s).*(oauthlib\.|oauth2_provider|django\.(request|server|security)).*' THEN NULL
         WHEN j IS NULL AND plain[1] = '{' THEN 'broken JSON'
         WHEN j IS NULL THEN 'no line of Django or oauthlib' END AS quarantined
FROM (SELECT *, CASE WHEN j IS NOT NULL THEN coalesce(j.asctime, j.timestamp, j."@timestamp", j.time, j.ts)
                     ELSE nullif(regexp_extract(before, '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?|\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?'), '') END AS stamp
      FROM told)
