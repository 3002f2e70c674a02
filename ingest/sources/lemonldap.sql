/*
title = "LemonLDAP::NG"
kind = "auth_server"
provenance = "captured"
recognise = '\[LLNG:\d+\] \[(error|warn|notice|info|debug)\] |\bLLNG(\[\d+\])?: \[(error|warn|notice|info|debug)\] |\bLLNG(\.user)?\b.*((?:Relying Party|OIDC|OpenIDConnect) |client_id |PKCE |is authorized to access)|^\[(error|warn|notice|info|debug)\] (.*(Relying Part|OIDC|OpenIDConnect|OpenID Connect)|User .* (successfully authenticated at level \d|is (not )?authorized to access to )|(Bad password|Bad credentials|Wrong credentials) for |Redirect URI .* not allowed|PKCE |Provided (client_id|redirect_uri) does not match|Session \S+ has expired|Unknown (grant|response) type: |(No code found on|No authentication provided|Missing grant_type|Access to (grant_type|Client Credentials))|\{".*"message":")|\[(perl)?:(error|warn|notice|info|debug)\] (\[pid \d+(:tid \d+)?\] )?(\[client [^\]]*\] )?(.*(Relying Part|OIDC|OpenIDConnect)|User .* (successfully authenticated at level|is (not )?authorized to access to)|(Bad password|Wrong credentials) for |PKCE |Provided (client_id|redirect_uri) does not match)'
priority = 45
documentation = [
    "https://lemonldap-ng.org/documentation/latest/logs.html",
    "https://lemonldap-ng.org/documentation/latest/idpopenidconnect.html",
    "https://gitlab.ow2.org/lemonldap-ng/lemonldap-ng/-/tree/v2.0/lemonldap-ng-portal/lib/Lemonldap/NG/Portal",
]
cannot_tell = "LemonLDAP::NG tells what it refuses and not to whom: no status, address or request id, seldom the client, and the name of a relying party in its configuration instead of the client_id. Successes of the token endpoint are in no line; that a user may access a relying party is told before its redirect_uri is checked. 'Session has expired' does not tell codes from refresh and access tokens. Times have no zone, and seconds only. With logger and userLogger Log4perl, %E{REMOTE_ADDR} and %d{ISO8601} in the layout add address and milliseconds; auditLogger UserLoggerJSON (2.21) adds the address to what users do."
*/
-- A message is known by its words, whatever logger wrote it: to standard error (`[time] [LLNG:pid] [level]`), to syslog
-- (`LLNG[pid]: [level]`), to Apache's error log, by a layout of Log4perl, or as JSON of the audit logger.
WITH placed AS (
    SELECT *,
        CASE WHEN contains(line, '[LLNG:') THEN regexp_extract(line, '\[LLNG:\d+\] \[[a-z]+\] (.*)$', 1)
             WHEN line[1] = '[' AND contains(line, '[pid ') THEN regexp_replace(split_part(regexp_extract(line, '\[pid [^\]]*\] (.*)$', 1), ', referer: ', 1), '^\[(client|remote) [^\]]*\] ', '')
             WHEN contains(line, 'LLNG[') OR contains(line, 'LLNG: ') THEN regexp_extract(line, 'LLNG(?:\[\d+\])?: \[[a-z]+\] (.*)$', 1)
             WHEN regexp_matches(line, '^\[(error|warn|notice|info|debug)\] ') THEN substr(line, strpos(line, ']') + 2)
             ELSE line END AS written,
        contains(line, '[debug] ') OR contains(line, ':debug] ') OR contains(line, ' DEBUG ') AS detail
    FROM records
),
opened AS (
    SELECT *, CASE WHEN j IS NOT NULL THEN coalesce(j.message, '') ELSE written END AS words
    FROM (SELECT *, CASE WHEN written[1] = '{' THEN TRY(from_json(written,
            '{"message":"VARCHAR","code":"VARCHAR","user":"VARCHAR","remote_addr":"VARCHAR","oidc_rp":"VARCHAR","client_id":"VARCHAR","oidc_client_id":"VARCHAR"}')) END AS j FROM placed)
),
-- the message from the words on that it is known by; a layout of Log4perl may put anything before it
found AS (
    SELECT *,
        CASE WHEN detail OR words = '' THEN '' ELSE coalesce(regexp_extract(words,
            '(No registered Relying Party found with|Wrong credentials for |Relying Party \S+ is confidential but no client secret|No authentication provided to get token|Multiple client authentication methods|Bad authentication header|Public clients are not allowed to acces|Client Credentials grant cannot be used|Access to (?:grant_type=password,|Client Credentials grant) is not allowed|Unknown grant type: |Missing grant_type parameter|Missing refresh_token parameter|Missing username or password|No code found on token endpoint|Unable to find (?:OIDC session|user session|refresh session)|Session \S+ has expired|Provided (?:client_id|redirect_uri) does not match |OpenIDConnect session \S+ isn.t yet available|Wrong OpenID session type|PKCE (?:required|challenge)|Relying Party must use PKCE|User:? .+ (?:is not authorized to access to |is authorized to access to |was not granted any requested scopes|successfully authenticated at level |no longer exists)|Client \S+ was not granted any requested scopes|Relying party \S+ did not validate|Could not resolve user|Unable to create (?:Access Token|OIDC session|session|new OpenIDConnect session)|Failed to generate ID Token|Could not generate ID token|Unsupported OAuth 2.0 Token Exchange|Unknown response type: |No response type provided|Reponse mode |Client ID is required|Scope is required|Redirect URI (?:is required|\S+ not allowed)|Error with Request URI|Request URI \S+ is not allowed|\S+ from request JWT \(|JWT signature request|Nonce is required|(?:Authorization code|Implicit|Hybrid) flow is not allowed|OIDC service not authorized|Submitted scope is not valid|No openid scope found|ID Token hint sub |Corrupted session|Unable to get access_token|Unable to validate access token|Count not find session tied|Dynamic registration is not allowed|Field redirect_uris is mandatory|Configuration not saved|Unknown Relying Party |Unknown OIDC endpoint|No OIDC endpoint found|Logout process returns error|Unable to get JWKS data|Cannot verify \S+ signature|No key found in JWKS|Algorithm \S+ needs a|Incoming Access token hash|Unable to get request JWT|Bad (?:password|credentials) for |Password policy error|BruteForceProtection enabled|Captcha failed|All schemes failed|Authentication tried without token|XSS attack detected|Bad token response|Bad userinfo response|Error when binding to LDAP|Bind failed with error|LDAP (?:Search error|initialization|SSL|StartTLS)|Token type is |No id_token|Issuer mismatch|Audience mismatch|ID token (?:expired|too old)|Nonce \S+ verification failed|Unable to extract state|\S+ was not found in LDAP directory)', 1), '') END AS head
    FROM opened
),
judged AS (
    SELECT *,
        CASE WHEN head <> '' THEN substr(words, strpos(words, head)) END AS said,
        CASE WHEN head = '' THEN NULL
             -- the line that follows tells what came of it
             WHEN starts_with(head, 'OpenIDConnect session') OR contains(head, 'successfully authenticated at level') OR starts_with(head, 'Wrong OpenID session') THEN 'step'
             WHEN contains(head, ' is authorized to access to ') THEN 'success'
             ELSE 'failure' END AS outcome,
        CASE WHEN line[1] = '[' AND regexp_matches(line, '^\[[A-Z][a-z]{2} [A-Z][a-z]{2} ') THEN split_part(substr(line, 2), ']', 1)
             WHEN line[1] = '[' THEN NULL
             ELSE nullif(regexp_extract(left(line, 60), '\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?'), '') END AS stamp
    FROM found
)
SELECT
    "offset",
    CASE WHEN stamp[5] IN ('-', '/') AND regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$')
         THEN iso_time(regexp_replace(replace(stamp, '/', '-'), '([+-]\d\d):?(\d\d)$', '\1:\2')) END AS time,
    CASE WHEN stamp[5] IN ('-', '/') AND NOT regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN TRY_CAST(replace(replace(stamp, ',', '.'), '/', '-') AS TIMESTAMP)
         WHEN contains(stamp, '.') THEN TRY_STRPTIME(replace(stamp, '  ', ' '), '%a %b %d %H:%M:%S.%f %Y')
         WHEN stamp[4] = ' ' THEN TRY_STRPTIME(replace(stamp, '  ', ' '), '%a %b %d %H:%M:%S %Y') END AS local_time,
    coalesce(nullify(j.client_id), nullify(j.oidc_client_id), CASE
        WHEN starts_with(head, 'No registered') THEN nullif(split_part(split_part(said, 'client_id ', 2), ' ', 1), '')
        WHEN starts_with(head, 'Client ') AND contains(head, ' was not granted') THEN split_part(said, ' ', 2)
        WHEN starts_with(head, 'Failed to generate ID Token') THEN nullif(split_part(split_part(said, 'service: ', 2), ' ', 1), '') END) AS client_id,
    coalesce(nullify(j.oidc_rp), CASE
        WHEN starts_with(head, 'Wrong credentials for') THEN split_part(split_part(said, ' for ', 2), ' ', 1)
        WHEN starts_with(head, 'Relying Party ') AND contains(head, 'is confidential') THEN split_part(said, ' ', 3)
        WHEN starts_with(head, 'Relying party ') THEN split_part(said, ' ', 3)
        WHEN starts_with(head, 'Access to ') THEN split_part(split_part(said, ' for RP ', 2), ' ', 1)
        WHEN contains(head, 'authorized to access to ') THEN split_part(split_part(said, ' access to ', 2), ' ', 1)
        WHEN contains(head, 'was not granted') THEN nullif(regexp_extract(said, '\) for (\S+)', 1), '')
        WHEN starts_with(head, 'Request URI ') THEN split_part(split_part(said, ' allowed for ', 2), ' ', 1)
        WHEN starts_with(head, 'Unknown Relying Party') THEN split_part(said, ' ', 4) END) AS client_name,
    coalesce(nullify(j.user), CASE
        WHEN starts_with(head, 'User') THEN nullif(regexp_extract(said, '^User:? (.+?) (?:is |was |successfully|no longer)', 1), '')
        WHEN starts_with(head, 'Bad ') AND contains(head, ' for ') THEN nullif(regexp_extract(said, ' for (.+?)(?: \([^()]*\))?$', 1), '')
        WHEN starts_with(head, 'Password policy error') THEN nullif(split_part(said, ' for ', 2), '')
        WHEN starts_with(head, 'All schemes failed') THEN nullif(regexp_extract(said, ' for user (.+?) \(', 1), '')
        WHEN contains(head, 'was not found in LDAP') THEN split_part(said, ' ', 1) END) AS user_name,
    coalesce(nullify(j.remote_addr), nullif(regexp_extract(line, '\[client ([^\]]*?)(?::\d+)?\]', 1), ''),
        CASE WHEN starts_with(head, 'Bad ') OR starts_with(head, 'All schemes') OR contains(head, 'LDAP directory') OR starts_with(head, 'User') THEN
            nullif(regexp_extract(said, '\(([0-9a-fA-F.:]{3,45})\)', 1), '') END) AS client_ip,
    CASE WHEN outcome IS NULL OR outcome = 'step' THEN NULL
         WHEN starts_with(head, 'No registered') OR starts_with(head, 'Wrong credentials') OR starts_with(head, 'Unable to create new')
            OR starts_with(head, 'Multiple client') OR starts_with(head, 'Bad authentication header') OR starts_with(head, 'Session ')
            OR starts_with(head, 'No authentication provided') OR starts_with(head, 'Relying Party ') AND contains(head, 'confidential')
            OR starts_with(head, 'Unable to find user session') OR starts_with(head, 'Unable to find refresh session')
            OR starts_with(head, 'Algorithm ') OR starts_with(head, 'Cannot verify') OR starts_with(head, 'No key found') OR starts_with(head, 'Unable to get JWKS')
            OR starts_with(head, 'Unable to create') OR starts_with(head, 'Failed to generate ID') OR starts_with(head, 'Could not generate')
            OR starts_with(head, 'User ') AND contains(head, 'is not authorized') THEN NULL
         WHEN starts_with(head, 'Public clients are not allowed to acces') OR starts_with(head, 'Count not find session') THEN 'introspection'
         WHEN starts_with(head, 'Unable to get access_token') OR starts_with(head, 'Unable to validate access') OR starts_with(head, 'Incoming Access token') THEN 'userinfo'
         WHEN starts_with(head, 'Dynamic registration') OR starts_with(head, 'Field redirect_uris') OR starts_with(head, 'Configuration not saved') THEN 'registration'
         WHEN starts_with(head, 'Logout process') THEN 'end_session'
         WHEN starts_with(head, 'Access to ') OR starts_with(head, 'Unknown grant type') OR starts_with(head, 'Missing ') OR starts_with(head, 'No code found')
            OR starts_with(head, 'Unable to find OIDC session') OR starts_with(head, 'Provided ') OR starts_with(head, 'PKCE ') OR starts_with(head, 'Client ') AND contains(head, 'granted')
            OR starts_with(head, 'Client Credentials grant') OR starts_with(head, 'Relying party ') OR contains(head, 'was not granted any') OR contains(head, 'no longer exists')
            OR starts_with(head, 'Could not resolve user') OR starts_with(head, 'Unsupported OAuth 2.0 Token') THEN 'token'
         WHEN starts_with(head, 'Unknown Relying Party') THEN 'end_session'
         WHEN starts_with(head, 'Unknown OIDC endpoint') OR starts_with(head, 'No OIDC endpoint') OR starts_with(head, 'Bad token response') OR starts_with(head, 'Bad userinfo') OR starts_with(head, 'Token type is') THEN NULL
         ELSE 'authorization' END AS endpoint,
    CASE WHEN starts_with(head, 'Unknown grant type: ') THEN nullif(split_part(split_part(said, ': ', 2), ' ', 1), '')
         WHEN starts_with(head, 'Access to grant_type=password') OR starts_with(head, 'Missing username') THEN 'password'
         WHEN contains(head, 'Client Credentials') OR starts_with(head, 'Client ') AND contains(head, 'was not granted') OR starts_with(head, 'Relying party ') THEN 'client_credentials'
         WHEN starts_with(head, 'User ') AND contains(head, 'was not granted') THEN 'password'
         WHEN starts_with(head, 'Missing refresh_token') OR contains(head, 'no longer exists') OR starts_with(head, 'Could not resolve user') THEN 'refresh_token'
         WHEN contains(said, 'tied to Refresh Token') THEN 'refresh_token'
         WHEN starts_with(head, 'Unsupported OAuth 2.0 Token') THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
         WHEN starts_with(head, 'No code found') OR starts_with(head, 'PKCE ') OR starts_with(head, 'Provided redirect_uri') THEN 'authorization_code' END AS grant_type,
    CASE WHEN starts_with(head, 'Unknown response type: ') THEN nullif(trim(split_part(said, ': ', 2)), '') END AS response_type,
    CASE WHEN contains(head, 'was not granted any') THEN nullif(regexp_extract(said, 'scopes \(([^)]*)\)', 1), '') END AS scope,
    CASE WHEN starts_with(head, 'Redirect URI ') AND ends_with(head, ' not allowed') THEN split_part(said, ' ', 3) END AS redirect_uri,
    CASE WHEN starts_with(head, 'Session ') THEN split_part(said, ' ', 2)
         WHEN starts_with(head, 'Unable to find OIDC session') THEN nullif(split_part(said, ' session ', 2), '')
         WHEN starts_with(head, 'Unable to validate access token') THEN nullif(split_part(said, ' token ', 2), '') END AS credential,
    nullif(outcome, 'step') AS outcome,
    CASE WHEN outcome <> 'failure' THEN NULL
         WHEN starts_with(head, 'Provided ') OR starts_with(head, 'PKCE ') OR starts_with(head, 'Relying party ') OR contains(head, 'no longer exists') OR starts_with(head, 'Could not resolve user') THEN 'invalid_grant'
         WHEN starts_with(head, 'Access to ') OR starts_with(head, 'Client Credentials grant') OR starts_with(head, 'Public clients') THEN 'unauthorized_client'
         WHEN starts_with(head, 'Unknown grant type') THEN 'unsupported_grant_type'
         WHEN contains(head, 'was not granted any') THEN 'invalid_scope'
         WHEN starts_with(head, 'No code found') OR starts_with(head, 'Missing refresh_token') OR starts_with(head, 'Missing username') OR starts_with(head, 'Missing grant_type')
            OR starts_with(head, 'Unsupported OAuth 2.0 Token') OR starts_with(head, 'Relying Party must use PKCE') OR starts_with(head, 'ID Token hint') THEN 'invalid_request'
         WHEN starts_with(head, 'Unable to create') OR starts_with(head, 'Failed to generate') OR contains(head, 'flow is not allowed') THEN 'server_error' END AS error,
    CASE WHEN outcome = 'failure' THEN nullify(j.code) END AS error_code,
    -- without what is of one request
    CASE WHEN outcome <> 'failure' THEN NULL
         WHEN starts_with(head, 'Session ') THEN 'Session has expired'
         WHEN starts_with(head, 'Unable to find OIDC session') THEN 'Unable to find OIDC session'
         WHEN starts_with(head, 'Unable to validate access token') THEN 'Unable to validate access token'
         WHEN starts_with(head, 'No registered') THEN 'No registered Relying Party found with client_id'
         WHEN starts_with(head, 'Redirect URI ') AND ends_with(head, 'not allowed') THEN 'Redirect URI not allowed'
         WHEN starts_with(head, 'Request URI ') THEN 'Request URI is not allowed'
         WHEN starts_with(head, 'Provided ') THEN split_part(said, ' match ', 1) || ' match'
         WHEN starts_with(head, 'Wrong credentials') THEN 'Wrong credentials'
         WHEN starts_with(head, 'Relying Party ') AND contains(head, 'confidential') THEN 'Relying Party is confidential but no client secret was provided'
         WHEN starts_with(head, 'Relying party ') THEN 'Relying party did not validate the provided Access Rule'
         WHEN starts_with(head, 'Access to ') THEN regexp_replace(said, ' for RP .*$', '')
         WHEN contains(head, 'was not granted any') THEN 'was not granted any requested scopes'
         WHEN starts_with(head, 'User') AND contains(head, 'not authorized') THEN 'User is not authorized to access'
         WHEN starts_with(head, 'User') THEN 'User no longer exists'
         WHEN starts_with(head, 'Could not resolve user') THEN 'Could not resolve user'
         WHEN starts_with(head, 'Bad ') AND contains(head, ' for ') THEN trim(split_part(head, ' for ', 1))
         WHEN contains(head, 'LDAP directory') THEN 'user was not found in LDAP directory'
         WHEN starts_with(head, 'Password policy error') THEN regexp_extract(said, 'Password policy error \S+')
         WHEN starts_with(head, 'All schemes') THEN 'All schemes failed'
         WHEN starts_with(head, 'ID Token hint') THEN 'ID Token hint sub does not match user'
         WHEN starts_with(head, 'XSS') THEN 'XSS attack detected'
         WHEN starts_with(head, 'Failed to generate') THEN 'Failed to generate ID Token'
         WHEN starts_with(head, 'Incoming Access token') THEN 'Incoming Access token hash does not match stored hash'
         WHEN starts_with(head, 'Nonce ') AND contains(head, 'verification') THEN 'Nonce verification failed'
         WHEN starts_with(head, 'Unable to extract state') THEN 'Unable to extract state'
         ELSE rtrim(said) END AS error_description,
    CASE WHEN outcome = 'step' THEN 'another line of the request tells what came of it'
         WHEN outcome IS NOT NULL THEN NULL
         WHEN detail THEN 'a step of a request'
         WHEN contains(line, 'LLNG') OR regexp_matches(line, '^\[(error|warn|notice|info)\] |^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [0-9:.]+ \d{4}\] ') THEN 'message about no OAuth request'
         WHEN contains(line, 'Starman::Server') OR regexp_matches(line, '^(Binding to|Setting gid|Signal SIG|\d{4}/\d\d/\d\d-\d\d:\d\d:\d\d )|^Use of uninitialized value| at /\S+ line \d+\.$') THEN 'message of the web server' END AS ignored,
    CASE WHEN outcome IS NULL AND NOT detail THEN 'no line of LemonLDAP::NG' END AS quarantined
FROM judged
