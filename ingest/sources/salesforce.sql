/*
title = "Salesforce (Event Log Files, login history, login events)"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '"EVENT_TYPE"\s*:\s*"[A-Za-z0-9]+",.*"(?:REQUEST_ID|ORGANIZATION_ID|USER_ID_DERIVED|TIMESTAMP_DERIVED)"\s*:|"Login Time"\s*:.*"(?:Login Type|Source IP|Login URL)"\s*:|"(?:Login Type|Source IP)"\s*:.*"Login Time"\s*:|"attributes"\s*:\s*\{\s*"type"\s*:\s*"(?:LoginHistory|(?:Login|LoginAs|Logout)Event(?:Stream|Log)?|(?:RestApi|ApiTotalUsage)EventLog|IdpEventLog|IdentityProviderEventStore)"|(?s)"LoginTime"\s*:.*"(?:LoginType|LoginUrl|SourceIp)"\s*:|"(?:LoginType|LoginUrl|SourceIp)"\s*:.*"LoginTime"\s*:|"EventIdentifier"\s*:.*"(?:LoginKey|LoginHistoryId|SsoType)"\s*:|"(?:LoginKey|LoginHistoryId|SsoType)"\s*:.*"EventIdentifier"\s*:'
priority = 38
documentation = [
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_eventlogfile_login.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_eventlogfile_login_status.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_eventlogfile_restapi.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_eventlogfile_apitotalusage.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_loginhistory.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_idpeventlog.htm",
    "https://developer.salesforce.com/docs/atlas.en-us.platform_events.meta/platform_events/sforce_api_objects_loginevent.htm",
    "https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_errorcodes.htm&type=5",
]
cannot_tell = "Logins tell one status for each attempt. What fails before a user is known (an unknown consumer key, a wrong secret, a code that expired, a wrong redirect URI) is in none of these logs, and only the client sees the OAuth error. The login history names the app and not its consumer key. API events tell the HTTP status and not why a session was refused (INVALID_SESSION_ID is in the answer alone); RestApi and ApiTotalUsage tell of the same request under one request id. Event Log Files need Event Monitoring for hourly files and for most types; the history is kept for six months. Times of a login history that was exported in the browser are in the zone of who exported it."
# as the Pub/Sub API, CometD and Event Relay give stream events
held_in = ["/payload", "/data/payload", "/detail/payload", "/event/payload"]

[fields]
type = "/EVENT_TYPE"
at_derived = "/TIMESTAMP_DERIVED"
at_short = "/TIMESTAMP"
elf_request = "/REQUEST_ID"
organization = "/ORGANIZATION_ID"
elf_user = "/USER_NAME"
elf_user_id = "/USER_ID_DERIVED"
elf_user_short = "/USER_ID"
elf_source_ip = "/SOURCE_IP"
elf_client_ip = "/CLIENT_IP"
elf_login_key = "/LOGIN_KEY"
elf_status = "/LOGIN_STATUS"
elf_login_type = "/LOGIN_TYPE"
elf_sub_type = "/LOGIN_SUB_TYPE"
elf_uri = "/URI"
elf_run_time = "/RUN_TIME"
elf_request_status = "/REQUEST_STATUS"
elf_method = "/METHOD"
elf_http_method = "/HTTP_METHOD"
elf_status_code = "/STATUS_CODE"
elf_agent = "/USER_AGENT"
elf_browser = "/BROWSER_TYPE"
elf_app_id = "/CONNECTED_APP_ID"
elf_app = "/CONNECTED_APP_NAME"
elf_client = "/CLIENT_NAME"
elf_resource = "/API_RESOURCE"
object = "/attributes/type"
identifier = "/EventIdentifier"
id = "/Id"
event_date = "/EventDate"
login_time = "/LoginTime"
logged_at = "/Timestamp"
username = "/Username"
user_id = "/UserId"
user_identifier = "/UserIdentifier"
source_ip = "/SourceIp"
client_ip_given = "/ClientIp"
login_key = "/LoginKey"
login_type = "/LoginType"
login_sub_type = "/LoginSubType"
login_status = "/LoginStatus"
login_history = "/LoginHistoryId"
status_label = "/Status"
application = "/Application"
browser = "/Browser"
browser_type = "/BrowserType"
http_method = "/HttpMethod"
outcome_of_policy = "/PolicyOutcome"
request = "/RequestIdentifier"
run_time = "/RunTime"
uri = "/Uri"
status_code = "/StatusCode"
app_id = "/ConnectedAppIdentifier"
client_named = "/ClientName"
resource = "/ApiResource"
sso_type = "/SsoType"
idp_error = "/ErrorCode"
idp_app = "/AppId"
idp_session = "/AuthSessionId"
idp_identity = "/IdentityUsed"
ui_time = "/Login Time"
ui_ip = "/Source IP"
ui_type = "/Login Type"
ui_sub_type = "/Login Subtype"

[[advice]]
columns = ["request_id", "tenant", "duration_ms"]
add = "EventLogFile of EventType Login in place of the exported login history (SELECT LogFile FROM EventLogFile WHERE EventType = 'Login')"
tells = "the request, the organization and how long a login took"
*/
-- Rows of Event Log Files (CSV below a header, its names in capitals) and of the login history (labels of the browser's
-- export, or names of the API), and events of Real-Time Event Monitoring as the API or a stream gives them.
WITH shaped AS (
    SELECT *,
        CASE WHEN type IS NOT NULL THEN type
             WHEN ui_time IS NOT NULL OR login_time IS NOT NULL THEN 'Login'
             WHEN sso_type IS NOT NULL OR (idp_error IS NOT NULL AND idp_app IS NOT NULL) THEN 'Idp'
             WHEN object IS NOT NULL THEN regexp_replace(object, 'Event(?:Stream|Log|Store)?$', '')
             WHEN resource IS NOT NULL THEN 'ApiTotalUsage'
             WHEN login_status IS NOT NULL OR login_type IS NOT NULL AND status_label IS NOT NULL THEN 'Login'
             WHEN identifier IS NOT NULL THEN 'other' END AS form,
        coalesce(elf_login_type, login_type, ui_type) AS kind_of_login,
        lower(replace(replace(replace(coalesce(elf_sub_type, login_sub_type, ui_sub_type, ''), ' ', ''), '-', ''), '_', '')) AS sub,
        coalesce(at_derived, at_short, event_date, login_time, ui_time, logged_at) AS stamp,
        nullify(coalesce(elf_status, login_status, CASE form WHEN 'Login' THEN status_label WHEN 'Idp' THEN idp_error END)) AS told,
        coalesce(elf_uri, uri, elf_resource, resource) AS target,
        coalesce(elf_agent, elf_browser, browser_type, browser) AS agent,
        -- the letter of Event Log Files, or the name
        kind_of_login IN ('i', '6') OR starts_with(kind_of_login, 'Remote Access') OR starts_with(sub, 'oauth') AS by_oauth
    FROM fields
),
placed AS (
    SELECT *,
        CASE WHEN regexp_full_match(stamp, '\d{14}\.\d{3}') THEN TRY_STRPTIME(stamp, '%Y%m%d%H%M%S.%g')
             WHEN regexp_full_match(stamp, '\d{12,13}') THEN epoch_time(stamp)
             WHEN stamp[5] = '-' AND stamp[11] = 'T' THEN iso_time(stamp) END AS moment,
        CASE WHEN stamp[5] = '-' AND stamp[11] = 'T' OR stamp IS NULL THEN NULL
             WHEN regexp_matches(stamp, '^\d') AND NOT regexp_full_match(stamp, '[\d.]+') THEN
                -- as the language of who exported it writes it; the zone's name tells no offset
                TRY_STRPTIME(regexp_replace(replace(replace(stamp, chr(8239), ' '), ',', ''), ' [A-Z]{3,5}$| \(?GMT.*$', CASE WHEN regexp_matches(stamp, ' [AP]M$') THEN '\0' ELSE '' END),
                    ['%m/%d/%Y %I:%M:%S %p', '%d.%m.%Y %H:%M:%S', '%d/%m/%Y %H:%M:%S', '%Y/%m/%d %H:%M:%S', '%Y-%m-%d %H:%M:%S', '%d-%m-%Y %H:%M:%S']) END AS wall,
        CASE WHEN told = 'LOGIN_NO_ERROR' OR told = 'Success' THEN
                CASE WHEN outcome_of_policy IN ('Block', 'Blocked', 'EndSession', 'FailedInvalidPassword', 'FailedPasswordLockout', 'TwoFADenied')
                       OR starts_with(outcome_of_policy, 'TwoFAFailed') THEN outcome_of_policy END
             ELSE told END AS refusal,
        form IN ('Login', 'Idp') AND (told IS NOT NULL) AS is_attempt
    FROM shaped
)
SELECT
    "offset",
    moment AS time,
    CASE WHEN moment IS NULL THEN wall END AS local_time,
    coalesce(nullify(identifier), login_history, CASE WHEN starts_with(id, '0Ya') THEN id END) AS event_id,
    nullify(coalesce(elf_request, request)) AS request_id,
    nullify(coalesce(elf_login_key, login_key, idp_session)) AS session_id,
    nullify(organization) AS tenant,
    nullify(coalesce(elf_app_id, app_id, idp_app)) AS client_id,
    nullif(nullify(coalesce(elf_app, application, CASE WHEN form = 'Login' THEN NULL ELSE coalesce(elf_client, client_named) END)), 'N/A') AS client_name,
    coalesce(nullify(elf_user), nullify(username), nullify(elf_user_id), nullify(user_id), nullify(user_identifier), nullify(elf_user_short), nullify(idp_identity)) AS user_name,
    coalesce(ip_address(coalesce(elf_source_ip, source_ip, ui_ip)), ip_address(coalesce(elf_client_ip, client_ip_given))) AS client_ip,
    -- older files and those of sign-outs hold the number of a browser
    CASE WHEN agent = 'Unknown' OR TRY_CAST(agent AS BIGINT) IS NOT NULL THEN NULL ELSE nullify(replace(replace(agent, '%3A', ':'), '%2C', ',')) END AS user_agent,
    nullify(coalesce(elf_http_method, elf_method, http_method)) AS method,
    CASE WHEN form IN ('RestApi', 'ApiTotalUsage', 'API', 'Login') AND target[1] = '/' THEN target END AS path,
    CASE WHEN form = 'Logout' THEN 'end_session'
         WHEN form IN ('RestApi', 'API', 'ApiTotalUsage') THEN CASE WHEN contains(target, '/services/oauth2/') THEN endpoint_of(target) ELSE 'api' END
         WHEN contains(target, '/services/oauth2/') THEN endpoint_of(target)
         WHEN form = 'Idp' AND idp_error IN ('CodeExpired', 'InvalidCode', 'InvalidClientCredentials', 'ClientUnapproved') THEN 'token'
         WHEN by_oauth AND NOT (contains(sub, 'useragent') OR contains(sub, 'implicit')) THEN 'token'
         ELSE 'authorization' END AS endpoint,
    CASE WHEN form <> 'Login' OR NOT coalesce(by_oauth, false) THEN NULL
         WHEN contains(sub, 'refresh') THEN 'refresh_token'
         WHEN contains(sub, 'clientcred') THEN 'client_credentials'
         WHEN contains(sub, 'jwt') THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
         WHEN contains(sub, 'saml') THEN 'urn:ietf:params:oauth:grant-type:saml2-bearer'
         WHEN contains(sub, 'device') THEN 'urn:ietf:params:oauth:grant-type:device_code'
         WHEN contains(sub, 'tokenexchange') THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
         WHEN contains(sub, 'webserver') OR contains(sub, 'authorizationcode') OR contains(sub, 'authcode') THEN 'authorization_code'
         WHEN contains(sub, 'password') THEN 'password' END AS grant_type,
    http_status(coalesce(elf_status_code, status_code)) AS status,
    TRY_CAST(coalesce(elf_run_time, run_time) AS DOUBLE) AS duration_ms,
    CASE WHEN is_attempt THEN CASE WHEN refusal IS NULL THEN 'success' ELSE 'failure' END
         WHEN form IN ('LoginAs', 'Logout') THEN 'success'
         WHEN form IN ('RestApi', 'API', 'ApiTotalUsage') AND coalesce(elf_status_code, status_code) IS NULL THEN
            CASE elf_request_status WHEN 'S' THEN 'success' WHEN 'A' THEN 'failure' ELSE 'other' END END AS outcome,
    CASE WHEN is_attempt THEN CASE WHEN regexp_full_match(refusal, '[A-Z][A-Za-z0-9_]{3,}') THEN refusal END
         WHEN form IN ('RestApi', 'API', 'ApiTotalUsage') AND coalesce(elf_status_code, status_code) IS NULL AND elf_request_status = 'A' THEN 'REQUEST_STATUS A' END AS error_code,
    CASE WHEN is_attempt AND NOT regexp_full_match(refusal, '[A-Z][A-Za-z0-9_]{3,}') THEN refusal END AS error_description,
    CASE WHEN NOT matched THEN NULL
         WHEN form IN ('Login', 'Idp') OR form IN ('LoginAs', 'Logout', 'RestApi', 'API', 'ApiTotalUsage') THEN NULL
         WHEN form IS NOT NULL THEN 'event of another kind' END AS ignored,
    CASE WHEN NOT matched THEN 'broken JSON'
         WHEN form IS NULL THEN 'no event of Salesforce'
         WHEN stamp IS NULL THEN 'no time'
         WHEN form IN ('Login', 'Idp') AND told IS NULL THEN 'no login status' END AS quarantined
FROM placed
