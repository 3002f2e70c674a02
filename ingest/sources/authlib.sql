/*
title = "Authlib"
kind = "auth_server"
provenance = "captured"
recognise = '\bauthlib\.(oauth2|oidc|integrations|jose)\b|<[A-Z][A-Za-z]+(Error|Exception) "(invalid_[a-z_]+|unauthorized_client|unsupported_[a-z_]+|access_denied|insufficient_[a-z_]+|missing_[a-z_]+|insecure_transport|mismatching_state|authorization_pending|slow_down|expired_token|[a-z]+_required|bad_signature|decode_error|conflict_algorithm|(registration|request|request_uri)_not_supported|temporarily_unavailable|server_error)">|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d,\d{3}.*[\s:("](invalid_(request|client|grant|scope|token)|unauthorized_client|unsupported_(grant_type|response_type|token_type)|access_denied|insufficient_scope|missing_authorization|insecure_transport|authorization_pending|slow_down|expired_token|(login|consent|interaction|account_selection)_required): ((Invalid|Missing|Multiple|Unsupported) ["\x27]|(Invalid|Missing) (claim|JWT|\S+ value)|The (client (is not|cannot|does)|requested scope|resource owner|response type|authorization request|request requires|access token|\x27)|There is no \x27|Redirect URI |(grant|response)_type=|Code challenge |JWT ID |Issuer and Subject |Replay attack|OAuth 2 MUST |Client has no permission|No audience identifiers|Authorization requests |$)|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d,\d{3}.*(oauth|oidc|openid|/authorize|/token|/introspect|/revoke|/userinfo).*[\s:("](invalid_(request|client|grant|scope|token)|unauthorized_client|unsupported_(grant_type|response_type|token_type)|access_denied|insufficient_scope|missing_authorization|insecure_transport|authorization_pending|slow_down|expired_token|(login|consent|interaction|account_selection)_required): '
priority = 70
documentation = [
    "https://docs.authlib.org/en/latest/oauth2/authorization-server/",
    "https://github.com/authlib/authlib/tree/main/authlib/oauth2",
    "https://docs.python.org/3/library/logging.html#logrecord-attributes",
]
cannot_tell = "Authlib is a library: at its usual level it writes nothing, and what it refuses goes to the client alone. The logger authlib at DEBUG tells of client authentication, assertions and tokens that were issued, and not of codes, scopes or redirect URIs that were refused. Log the errors themselves, with the request: override handle_error_response of the AuthorizationServer and raise_error_response of the ResourceProtector, and write the method, the path, client_id= and the error, whose text is `code: description`. Status and address are in the access log before it; {asctime} has no zone. DEBUG lines hold tokens."
*/
-- Authlib's own lines, and those in which an application writes an OAuth2Error: str() is `code: description`, repr()
-- `<InvalidGrantError "code">`. Whatever formatter of Python's logging wrote them, they are known by these words.
WITH read AS (
    SELECT "offset", plain, j, coalesce(j.name, j.logger, j.logger_name) AS logged,
        CASE WHEN j IS NULL THEN plain ELSE coalesce(j.message, j.msg, j.event) END AS text
    FROM (
        SELECT "offset", plain,
            CASE WHEN plain[1] = '{' THEN TRY(from_json(plain,
                '{"asctime":"VARCHAR","time":"VARCHAR","timestamp":"VARCHAR","@timestamp":"VARCHAR","created":"VARCHAR","ts":"VARCHAR",
                  "name":"VARCHAR","logger":"VARCHAR","logger_name":"VARCHAR","message":"VARCHAR","msg":"VARCHAR","event":"VARCHAR",
                  "correlation_id":"VARCHAR","request_id":"VARCHAR","requestId":"VARCHAR","trace_id":"VARCHAR","otelTraceID":"VARCHAR",
                  "hostname":"VARCHAR","host":"VARCHAR","ip":"VARCHAR","client_ip":"VARCHAR","remote_addr":"VARCHAR","method":"VARCHAR","path":"VARCHAR",
                  "status":"VARCHAR","status_code":"VARCHAR","client_id":"VARCHAR","grant_type":"VARCHAR","error":"VARCHAR","error_description":"VARCHAR"}')) END AS j
        FROM (SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS plain
              FROM records)
    )
),
-- `said`: one of Authlib's own messages, from its first word on; `told`: an error in the line of an application
found AS (
    SELECT *,
        CASE WHEN head <> '' THEN substr(text, strpos(text, head)) END AS said,
        CASE WHEN head <> '' THEN NULL
             WHEN contains(text, '_') THEN regexp_extract(text,
                '(?:^|[\s:(="''<\[])((?:[A-Z][A-Za-z]+(?:Error|Exception) ")?)(invalid_[a-z_]+|unauthorized_client|unsupported_[a-z_]+|access_denied|insufficient_[a-z_]+|missing_(?:authorization|code|token|token_type)|insecure_transport|mismatching_state|authorization_pending|slow_down|expired_token|(?:login|consent|interaction|account_selection)_required|registration_not_supported|request(?:_uri)?_not_supported|unapproved_software_statement|temporarily_unavailable|server_error)(">|: ?|$)(.*)$',
                ['repr', 'code', 'ends', 'words']) END AS told,
        coalesce(logged, CASE WHEN contains(text, 'authlib.') THEN nullif(regexp_extract(text, '\bauthlib\.[A-Za-z0-9_.]+[A-Za-z0-9_]'), '') END) AS logger
    FROM (
        SELECT *, CASE WHEN contains(text, 'ssu') OR contains(text, 'rant') OR contains(text, 'uthenticate') OR contains(text, 'ssertion')
            THEN coalesce(regexp_extract(text, '(?:^|[\s\]:|"-])(Authenticate .* via ["''][a-z_:-]+["''] (?:failed|success)|Authenticate token failed\. |Assertion Error: |(?:Issue|Grant) token \{)', 1), '') ELSE '' END AS head
        FROM read
    )
),
judged AS (
    SELECT *,
        CASE WHEN ends_with(head, ' failed') AND starts_with(head, 'Authenticate ') THEN CASE
                -- what a client sends in the form, or nothing, is tried as well where another method is right
                WHEN contains(head, '"client_secret_basic"') AND NOT starts_with(head, 'Authenticate None ') AND NOT starts_with(head, 'Authenticate  ') THEN 'secret' END
             WHEN starts_with(head, 'Authenticate token') THEN 'token'
             WHEN starts_with(head, 'Assertion') THEN CASE WHEN contains(logger, 'rfc7523.client') THEN 'client assertion'
                WHEN contains(logger, 'jwt_bearer') OR contains(logger, 'id_jag') THEN 'assertion' ELSE 'unknown assertion' END
             WHEN starts_with(head, 'Issue') OR starts_with(head, 'Grant') THEN 'issued'
             WHEN starts_with(plain, 'authlib.') OR starts_with(plain, 'joserfc.') THEN NULL
             WHEN plain[1] = '{' AND j IS NULL THEN NULL
             WHEN (oauth_error(told.code) IS NOT NULL OR told.code IN ('missing_authorization', 'missing_code', 'missing_token', 'missing_token_type', 'insecure_transport', 'mismatching_state')) AND (told.ends <> '' OR told.words = '') AND NOT starts_with(coalesce(logger, ''), 'authlib.integrations.base_client') THEN 'error'
             WHEN j.error IS NOT NULL AND oauth_error(j.error) IS NOT NULL THEN 'field'
             WHEN regexp_matches(text, '(?i)(invalid|wrong|incorrect|bad) (user.?name|user|e-?mail|password|login|credentials)\b|account (is |was |has been )?(disabled|locked|inactive|suspended)') THEN 'login' END AS kind,
        -- `<ExpiredTokenError "expired_token">`, or ExpiredTokenError('expired_token: The token is expired')
        CASE WHEN contains(head, 'ssertion') OR starts_with(head, 'Authenticate token') THEN
            regexp_extract(said, '(?:<[A-Za-z]+ "([a-z_]*)">|[A-Za-z]+\([''"](?:([a-z_]+): )?(.*?)[''"],?\))', ['old', 'code', 'words']) END AS thrown,
        CASE WHEN j IS NULL THEN left(text, CASE WHEN head <> '' THEN greatest(strpos(text, head) - 1, 0)
            WHEN told.code <> '' THEN greatest(strpos(text, told.code) - 1, 0) ELSE 200 END)
             ELSE text END AS before
    FROM found
),
worded AS (
    SELECT *,
        CASE WHEN thrown IS NOT NULL THEN coalesce(nullif(thrown.old, ''), nullif(thrown.code, '')) END AS thrown_code,
        coalesce(nullify(j.path), CASE WHEN kind IN ('error', 'login', 'field') THEN nullif(regexp_extract(text, '\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) ((?:https?:/)?/[^\s",;]*)', 1), '') END) AS target,
        CASE WHEN j IS NOT NULL THEN coalesce(j.asctime, j.timestamp, j."@timestamp", j.time, j.ts)
             ELSE nullif(regexp_extract(left(plain, 120), '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?|\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?'), '') END AS stamp
    FROM judged
)
SELECT
    "offset",
    CASE WHEN regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(regexp_replace(stamp, ' ?([+-]\d\d):?(\d\d)$', '\1:\2'))
         WHEN j IS NOT NULL THEN coalesce(epoch_time(j.created), epoch_time(j.time), epoch_time(j.timestamp), epoch_time(j.ts)) END AS time,
    CASE WHEN stamp IS NULL OR regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN NULL
         WHEN stamp[3] = '/' THEN TRY_STRPTIME(replace(left(stamp, 20), ':', ' '), '%d/%b/%Y %H %M %S')
         ELSE TRY_CAST(replace(stamp, ',', '.') AS TIMESTAMP) END AS local_time,
    coalesce(nullify(j.hostname), nullify(j.host)) AS instance,
    coalesce(nullify(j.request_id), nullify(j.correlation_id), nullify(j."requestId"),
        CASE WHEN j IS NULL THEN nullif(regexp_extract(before, '\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})\b'), '') END) AS request_id,
    coalesce(nullify(j.trace_id), nullif(nullify(j."otelTraceID"), '0')) AS trace_id,
    nullif(nullif(coalesce(nullify(j.client_id), CASE
        WHEN starts_with(head, 'Authenticate ') AND kind = 'secret' THEN split_part(substr(said, 14), ' via ', 1)
        WHEN kind IN ('error', 'login') AND contains(text, 'client') THEN regexp_extract(text, '\bclient(?:_id)?[=:] ?[''"]?([^\s''",;:&)\]]+)', 1) END), ''), 'None') AS client_id,
    CASE WHEN kind = 'login' THEN nullif(regexp_extract(text, '\b(?:of|for|user|username)[ =:] ?[''"]?([^\s''",;:)]+@[^\s''",;:)]+)', 1), '') END AS user_name,
    coalesce(nullify(j.ip), nullify(j.client_ip), nullify(j.remote_addr)) AS client_ip,
    CASE WHEN target IS NOT NULL THEN NULL
         WHEN kind = 'token' THEN 'api'
         WHEN kind = 'assertion' THEN 'token'
         WHEN kind = 'login' THEN 'authorization'
         WHEN kind = 'issued' THEN CASE WHEN starts_with(head, 'Grant') THEN 'authorization' ELSE 'token' END END AS endpoint,
    target AS path,
    coalesce(nullify(j.method), CASE WHEN target IS NOT NULL AND j.path IS NULL THEN regexp_extract(text, '\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?:https?:/)?/', 1) END) AS method,
    http_status(coalesce(j.status_code, j.status)) AS status,
    coalesce(nullify(j.grant_type), CASE
        WHEN kind = 'issued' AND starts_with(head, 'Issue') THEN CASE
            WHEN contains(logger, 'grants.authorization_code') THEN 'authorization_code'
            WHEN contains(logger, 'grants.client_credentials') THEN 'client_credentials'
            WHEN contains(logger, 'grants.refresh_token') THEN 'refresh_token'
            WHEN contains(logger, 'resource_owner_password') THEN 'password'
            WHEN contains(logger, 'device_code') THEN 'urn:ietf:params:oauth:grant-type:device_code'
            WHEN contains(logger, 'jwt_bearer') OR contains(logger, 'id_jag') THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer' END
        WHEN kind = 'assertion' THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
        WHEN kind <> 'error' THEN NULL
        WHEN contains(text, 'grant_type=') THEN nullif(regexp_extract(text, 'grant_type=[''"]?([a-z_:0-9A-Z.-]+)', 1), '')
        WHEN contains(told.words, '''code''') THEN 'authorization_code'
        WHEN contains(told.words, '''device_code''') THEN 'urn:ietf:params:oauth:grant-type:device_code'
        WHEN contains(told.words, '''refresh_token''') OR contains(told.words, 'for this token') THEN 'refresh_token' END) AS grant_type,
    CASE WHEN kind = 'error' AND contains(told.words, 'Redirect URI ') THEN nullif(regexp_extract(told.words, 'Redirect URI (\S+) is not', 1), '') END AS redirect_uri,
    CASE kind WHEN 'issued' THEN 'success' WHEN NULL THEN NULL ELSE CASE WHEN kind IS NOT NULL THEN 'failure' END END AS outcome,
    CASE kind WHEN 'error' THEN oauth_error(told.code) WHEN 'field' THEN oauth_error(j.error)
              WHEN 'client assertion' THEN 'invalid_client' WHEN 'secret' THEN 'invalid_client' WHEN 'assertion' THEN 'invalid_grant' WHEN 'token' THEN 'invalid_token' END AS error,
    CASE WHEN kind = 'error' AND oauth_error(told.code) IS NULL THEN told.code END AS error_code,
    nullif(CASE kind
        WHEN 'error' THEN coalesce(nullif(trim(regexp_replace(CASE WHEN told.ends = '">' THEN '' ELSE told.words END, '["'']\)$', '')), ''), j.error_description)
        WHEN 'field' THEN j.error_description
        WHEN 'secret' THEN 'Authenticate via client_secret_basic failed'
        WHEN 'token' THEN concat_ws(': ', 'access token', thrown_code, nullif(thrown.words, ''))
        WHEN 'unknown assertion' THEN concat_ws(': ', 'Assertion Error', thrown_code, nullif(thrown.words, ''))
        WHEN 'login' THEN lower(regexp_extract(text, '(?i)(?:(?:invalid|wrong|incorrect|bad) (?:user.?name|user|e-?mail|password|login|credentials)(?: (?:or|and) (?:password|user.?name))?|account (?:is |was |has been )?(?:disabled|locked|inactive|suspended))'))
        WHEN 'issued' THEN NULL
        ELSE concat_ws(': ', kind, thrown_code, nullif(thrown.words, '')) END, '') AS error_description,
    CASE WHEN kind IS NOT NULL THEN NULL
         WHEN starts_with(plain, 'authlib.') OR starts_with(plain, 'joserfc.') THEN 'stack trace'
         WHEN plain[1] = '{' AND j IS NULL THEN NULL
         WHEN starts_with(logger, 'authlib.') THEN 'a step of a request'
         WHEN contains(plain, ' - - [') AND contains(plain, '] "') THEN 'access log of the development server'
         WHEN j IS NOT NULL THEN 'message of a program' END AS ignored,
    CASE WHEN kind IS NOT NULL THEN NULL
         WHEN plain[1] = '{' AND j IS NULL THEN 'broken JSON'
         WHEN j IS NULL THEN 'no line of Authlib' END AS quarantined
FROM worded
