/*
title = "PingFederate (audit.log, server.log)"
kind = "auth_server"
provenance = "composed"
recognise = '^(\S+log:? )?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[,.]\d{3}\S* *\| *(tid:[^|]*\||\|([^|]*\|){7,8} *(IdP|SP|AS|STS) *\||([^|]*\|){7} *(IdP|SP|AS|STS) *\| *(success|failure|inprogress|authn_attempt) *\|)|^(\S+log:? )?\S+ \S+ trackingid="[^"]*" (transactionid="?[^" ]*"? )?event=|CEF:0\|Ping Identity\|PingFederate\||^(\S+log:? )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (tid:\S+)? ?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +\[(org\.sourceid|com\.pingidentity)\.'
priority = 38
documentation = [
    "https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_security_audit_loggin.html",
    "https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_log4j_2_loggin_service_and_config.html",
    "https://docs.pingidentity.com/pingfederate/latest/administrators_reference_guide/pf_review_oauth_request_various_oauth_settings.html",
    "https://github.com/pingidentity/pingidentity-server-profiles/blob/master/baseline/pingfederate/instance/server/default/conf/log4j2.xml",
]
cannot_tell = "audit.log names neither the endpoint nor the grant, nor a status or the scopes: why401 takes the endpoint where the error code has only one. What its pattern holds is the administrator's choice: the default order, fields that follow it, the Splunk pattern and CEF are read, a pattern in another order is quarantined. CEF has no description and so no reason. Times have no zone unless the pattern gives one. server.log repeats a refusal that audit.log has, with the same tracking id, and its requests and responses only at DEBUG."

[[advice]]
columns = ["grant_type"]
add = '| %X{granttype} behind %X{responsetime} of the SecurityAudit2File pattern in log4j2.xml'
tells = "the OAuth grant, and with most grants that it was the token endpoint"
*/
-- The pattern of the security audit: `time| tid| [transaction| ]event| subject| ip | app| connection| protocol| host| role| status|
-- adapter| description| milliseconds`. transactionid came with 11.3. The Splunk pattern and CEF have the same fields by name.
WITH shaped AS (
    SELECT *,
        CASE WHEN contains(line, 'CEF:0|Ping') THEN 'cef'
             WHEN contains(line, ' trackingid="') THEN 'splunk'
             WHEN contains(line, '|') AND regexp_matches(line, '^(\S+:? )?\d{4}-\d\d-\d\d[ T][0-9:,.]+\S* *\|') THEN 'audit'
             WHEN contains(line, ' [') THEN 'server' END AS shape
    FROM records
),
parted AS (
    SELECT *,
        CASE WHEN shape = 'audit' THEN string_split(line, '|') END AS p,
        CASE WHEN shape = 'splunk' THEN regexp_extract(line,
            '^(?:\S+log:? )?(\S+ \S+) trackingid="([^"]*)" (?:transactionid="?([^" ]*)"? )?event=(.*?) subject="(.*?)" ip=(.*?) app=(.*?) connectionid=(.*?) protocol="([^"]*)" pfhost=(.*?) role=(.*?) status=(.*?) adapterid=(.*?) description="(.*?)" responsetime=(\d*)(.*)$',
            ['stamp', 'tid', 'transaction', 'event', 'subject', 'ip', 'app', 'connection', 'protocol', 'host', 'role', 'state', 'adapter', 'description', 'took', 'more']) END AS n,
        CASE WHEN shape = 'cef' THEN regexp_extract(line,
            'CEF:0\|Ping Identity\|PingFederate\|[^|]*\|([^|]*)\|[^|]*\|[^|]*\|rt=(\S+ +\d+ \d{4} [0-9:.]+) duid=(.*?) src=(.*?) msg=(.*?) cs1Label=Target Application URL cs1=(.*?) cs2Label=Connection ID cs2=(.*?) cs3Label=Protocol cs3=(.*?) dvchost=(.*?) cs4Label=Role cs4=(.*?) externalId=(\S*)',
            ['event', 'stamp', 'subject', 'ip', 'state', 'app', 'connection', 'protocol', 'host', 'role', 'tid']) END AS c,
        CASE WHEN shape = 'server' THEN regexp_extract(line,
            '^(?:\S+log:? )?(\d{4}-\d\d-\d\d[ T][0-9:,.]+) (tid:\S+)? ?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +\[([^\]]*)\] ?(.*)$',
            ['stamp', 'tid', 'level', 'logger', 'message']) END AS s
    FROM shaped
),
-- with a transaction id everything stands one place later; what a pattern adds behind stands after 14 + later
placed AS (
    SELECT *,
        CASE WHEN lower(trim(p[11])) IN ('success', 'failure', 'inprogress', 'authn_attempt') THEN 0
             WHEN lower(trim(p[12])) IN ('success', 'failure', 'inprogress', 'authn_attempt') THEN 1
             -- old releases write no tracking id
             WHEN lower(trim(p[10])) IN ('success', 'failure', 'inprogress', 'authn_attempt') THEN -1 END AS later
    FROM parted
),
fields AS (
    SELECT *,
        nullif(coalesce(CASE WHEN regexp_matches(p[1], '^\d') THEN trim(p[1]) ELSE trim(regexp_extract(p[1], '^\S+ (.*)$', 1)) END, n.stamp, c.stamp, s.stamp), '') AS stamp,
        nullify(coalesce(CASE WHEN coalesce(later, 0) >= 0 THEN trim(p[2]) END, n.tid, c.tid, s.tid)) AS tid,
        nullify(coalesce(CASE WHEN later = 1 THEN trim(p[3]) END, n.transaction)) AS transaction_id,
        nullify(coalesce(trim(p[3 + coalesce(later, 0)]), n.event, c.event)) AS event,
        nullify(coalesce(trim(p[4 + later]), n.subject, replace(c.subject, '\=', '='))) AS subject,
        nullify(coalesce(trim(p[5 + later]), n.ip, c.ip)) AS ip,
        nullify(coalesce(trim(p[7 + later]), n.connection, replace(c.connection, '\=', '='))) AS connection,
        nullify(coalesce(trim(p[8 + later]), n.protocol, c.protocol)) AS protocol,
        nullify(coalesce(trim(p[9 + later]), n.host, c.host)) AS host,
        nullify(coalesce(trim(p[10 + later]), n.role, c.role)) AS role,
        lower(nullify(coalesce(trim(p[11 + later]), n.state, c.state))) AS state,
        nullify(trim(coalesce(trim(p[13 + later]), n.description))) AS told,
        nullify(coalesce(trim(p[14 + later]), n.took)) AS took,
        nullif(regexp_extract(coalesce(CASE WHEN len(p) > 14 + later THEN array_to_string(p[15 + later:], '|') END, n.more),
            '\b(authorization_code|refresh_token|client_credentials|password|implicit|urn:[a-zA-Z0-9:._-]+)\b', 1), '') AS granted,
        -- a refused request is a `normal exception`, at DEBUG
        shape = 'server' AND contains(lower(s.logger), 'oauth') AND s.message <> ''
            AND (s.level IN ('WARN', 'ERROR', 'FATAL') OR regexp_matches(s.message, '^(Handling n|N)ormal exception ')) AS is_complaint
    FROM placed
),
judged AS (
    SELECT *,
        is_complaint OR (event IS NOT NULL AND (shape <> 'audit' OR later IS NOT NULL) AND (regexp_matches(protocol, '(?i)^\(?(oauth|oidc|openid)') OR lower(event) = 'oauth'
                OR (protocol IS NULL AND event IN ('AUTHN_ATTEMPT', 'AUTHN_REQUEST')))
            AND NOT regexp_matches(event, '^(AUTHN_SESSION_|SRI_|USER_KEY_|PWD_|ACCOUNT_)')
            AND state IS DISTINCT FROM 'inprogress' AND state IS DISTINCT FROM 'authn_attempt') AS is_event,
        CASE WHEN is_complaint THEN regexp_replace(s.message,
            '^(?:Handling n|N)ormal exception [^:]*: (?:[\w.$]+Exception: )?', '') ELSE told END AS said
    FROM fields
),
explained AS (
    SELECT *,
        CASE WHEN said BETWEEN 'a' AND 'zz' THEN oauth_error(regexp_extract(said, '^([a-z_]+)(?:[:. ,(-]|$)', 1))
             WHEN contains(said, 'invalid_') OR contains(said, 'unsupported_') OR contains(said, 'unauthorized_client') OR contains(said, 'access_denied')
             THEN oauth_error(regexp_extract(said, '\b(invalid_[a-z_]+|unsupported_[a-z_]+|unauthorized_client|access_denied)\b', 1)) END AS oauth,
        lower(s.logger) AS logger
    FROM judged
)
SELECT
    "offset",
    CASE WHEN regexp_matches(stamp, '(Z|[+-]\d\d:?\d\d)$') THEN iso_time(stamp) END AS time,
    CASE WHEN shape = 'cef' THEN TRY_STRPTIME(stamp, '%b %d %Y %H:%M:%S.%f') ELSE TRY_CAST(replace(stamp, ',', '.') AS TIMESTAMP) END AS local_time,
    host AS instance,
    coalesce(transaction_id, CASE WHEN starts_with(tid, 'tid:') THEN substr(tid, 5) ELSE tid END) AS request_id,
    -- of a service provider the connection is the identity provider
    coalesce(CASE WHEN regexp_matches(protocol, '(?i)^\(?(oauth|oidc|openid)') AND role IS DISTINCT FROM 'SP' THEN connection END,
        CASE WHEN is_complaint THEN nullif(regexp_extract(s.message, '(?i)\bclient[_ ]?id[:= ]+[''"(]?([A-Za-z0-9][A-Za-z0-9._@:/-]*)', 1), '') END) AS client_id,
    subject AS user_name,
    trim(split_part(ip, ',', 1)) AS client_ip,
    CASE
        WHEN oauth IN ('invalid_grant', 'unsupported_grant_type', 'authorization_pending', 'slow_down', 'expired_token') THEN 'token'
        WHEN oauth IN ('unsupported_response_type', 'login_required', 'interaction_required', 'consent_required', 'account_selection_required',
            'request_not_supported', 'request_uri_not_supported', 'invalid_request_object', 'invalid_request_uri',
            'unmet_authentication_requirements') THEN 'authorization'
        WHEN oauth IN ('invalid_client_metadata', 'invalid_redirect_uri', 'invalid_software_statement') OR contains(event, 'REGIST') THEN 'registration'
        WHEN event IN ('AUTHN_ATTEMPT', 'AUTHN_REQUEST', 'SSO') THEN 'authorization'
        WHEN event IN ('SLO', 'LOGOUT') THEN 'end_session'
        WHEN granted = 'implicit' THEN 'authorization'
        WHEN granted IS NOT NULL AND granted <> 'authorization_code' THEN 'token'
        WHEN NOT is_complaint THEN NULL
        WHEN contains(logger, 'introspect') THEN 'introspection'
        WHEN contains(logger, 'revo') THEN 'revocation'
        WHEN contains(logger, 'userinfo') THEN 'userinfo'
        WHEN contains(logger, 'registration') THEN 'registration'
        WHEN contains(logger, 'tokenrequest') OR contains(logger, 'tokenendpoint') THEN 'token'
        WHEN contains(logger, 'authorizationrequest') OR contains(logger, 'authorizationendpoint') THEN 'authorization' END AS endpoint,
    TRY_CAST(took AS DOUBLE) AS duration_ms,
    granted AS grant_type,
    CASE WHEN is_complaint OR state = 'failure' THEN 'failure' WHEN state = 'success' THEN 'success' WHEN is_event THEN 'other' END AS outcome,
    CASE WHEN is_complaint OR state = 'failure' THEN oauth END AS error,
    -- without a description there is the kind of transaction alone
    CASE WHEN state = 'failure' AND said IS NULL THEN event END AS error_code,
    CASE WHEN is_complaint OR state = 'failure' THEN
        CASE WHEN strlen(subject) > 3 AND contains(said, subject) THEN replace(said, subject, '[user]') ELSE said END END AS error_description,
    CASE WHEN is_event OR stamp IS NULL OR (shape = 'audit' AND later IS NULL AND NOT regexp_matches(event, '^[A-Z][A-Z_]+$')) THEN NULL
         WHEN shape = 'server' THEN 'server message'
         WHEN regexp_matches(event, '^(AUTHN_SESSION_|SRI_|USER_KEY_|PWD_|ACCOUNT_)') THEN 'of a session or account, not of a request'
         WHEN state IN ('inprogress', 'authn_attempt') THEN 'a step of a sign-in, another line tells how it ended'
         WHEN regexp_matches(protocol, '(?i)^\(?(saml|ws|wst|scim)') OR event IN ('SSO', 'SLO', 'STS') THEN 'not an OAuth event'
         WHEN shape = 'audit' AND later IS NULL THEN 'of a session or account, not of a request'
         ELSE 'not an OAuth event' END AS ignored,
    CASE WHEN is_event THEN NULL
         WHEN stamp IS NULL THEN 'not a line of audit.log or server.log'
         WHEN shape = 'audit' AND later IS NULL AND NOT regexp_matches(event, '^[A-Z][A-Z_]+$') THEN 'not the fields of the audit pattern' END AS quarantined
FROM explained
