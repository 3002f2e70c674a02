/*
title = "Microsoft AD FS (AD FS/Admin and Security event logs)"
kind = "auth_server"
provenance = "composed"
recognise = '<Provider[^>]{0,200}\bName=["\x27]AD FS(?: 2\.0)?(?: Auditing| Tracing)?["\x27]|"(?:provider_name|source_name|SourceName|ProviderName)"\s*:\s*"AD FS(?: 2\.0)?(?: Auditing| Tracing)?"|^"?[^,"]{2,30}"?,"?[^,"]{8,40}"?,"?AD FS(?: 2\.0)?(?: Auditing)?"?,"?\d+"?,|^\s*Source:\s+AD FS(?: 2\.0)?(?: Auditing| Tracing)?\s*$|^\s*(?:Log Name:\s+AD FS/Admin|Keywords:\s+AD FS|Protocol Name:|Relying Party:|Exception details:)\s*$|^\s*(?:at |---> )?Microsoft\.IdentityServer\.|^\s*<(?:AuditBase |AuditType>|AuditResult>|FailureType>|ContextComponents>|Component xsi:type="[A-Za-z]+AuditComponent")'
priority = 38
documentation = [
    "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/technical-reference/auditing-enhancements-to-ad-fs-in-windows-server",
    "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/troubleshooting/ad-fs-tshoot-logging",
    "https://learn.microsoft.com/en-us/windows-server/identity/ad-fs/operations/configure-ad-fs-extranet-smart-lockout-protection",
    "https://adfshelp.microsoft.com/AdfsEventViewer/GetAdfsEventList",
    "https://github.com/microsoft/adfsToolbox/tree/master/eventsModule",
    "https://github.com/elastic/beats/blob/main/winlogbeat/sys/winevent/event.go",
]
cannot_tell = "The error that the client got and the HTTP status are in no event but the verbose ones. Audits 1200 to 1207 (since Windows Server 2016) tell who failed and not why; the reason stands in 411, 364, 1020 and 1021, and is put beside the audit only where both are in one file and within five seconds under one activity id: export the Security and the AD FS/Admin log together. Without audits (Set-AdfsProperties -LogLevel with SuccessAudits and FailureAudits, and auditpol /set /subcategory:\"Application Generated\" /success:enable /failure:enable) only errors are logged, without address and user. Of a line that holds several events, as the Event Viewer saves XML, none is read: export with wevtutil qe /f:xml, one event after another. CSV and NXLog times have no zone."

[[advice]]
columns = ["client_id", "client_ip", "user_id"]
add = 'Set-AdfsProperties -AuditLevel Basic -LogLevel Errors,Warnings,Information,SuccessAudits,FailureAudits and auditpol.exe /set /subcategory:"Application Generated" /failure:enable /success:enable'
tells = "who signed in or failed, from where and for which client"

[[advice]]
columns = ["error_description"]
add = 'the channel AD FS/Admin in the same collection as the Security log'
tells = "the MSIS message of a request that the audit only calls a failure"
*/
-- An event is XML (on one line or many: its data holds stack traces and, for the audits 12xx, XML of its own), an object of Winlogbeat,
-- NXLog or Get-WinEvent, a row of the Event Viewer's CSV, or text. So this SELECT looks at lines together: what follows the
-- first line of an event is put behind it. Events of one activity within five seconds are one request: the one that tells most stands for it.
WITH held AS (
    SELECT "offset", CASE WHEN line[1] = '{' AND contains(line[:400], '"_source"') THEN coalesce(TRY(from_json(line, '{"_source":"VARCHAR"}'))._source, line) ELSE line END AS line
    FROM records
),
lined AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '{' THEN 'json'
             WHEN contains(line, '<Event ') AND contains(line, 'schemas.microsoft.com/win/2004/08/events/event') THEN 'xml'
             WHEN contains(line, ',AD FS') OR contains(line, ',"AD FS') THEN CASE WHEN regexp_matches(line,
                '^"?[^,"]{2,30}"?,"?[^,"]{8,40}"?,"?AD FS(?: 2\.0)?(?: Auditing| Tracing)?"?,"?\d+"?,') THEN 'csv' END
             WHEN contains(line[:20], 'Log Name:') THEN 'text' END AS kind
    FROM held
),
grouped AS (
    SELECT *,
        last_value(CASE WHEN kind IS NOT NULL THEN "offset" END IGNORE NULLS) OVER upto AS head,
        last_value(kind IGNORE NULLS) OVER upto AS head_kind,
        last_value(CASE WHEN kind IS NOT NULL THEN "offset" END IGNORE NULLS) OVER (ORDER BY "offset" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS head_before,
        -- what stands before `<Event` belongs to the event before
        CASE WHEN kind = 'xml' THEN strpos(line, '<Event ') END AS begins
    FROM lined
    WINDOW upto AS (ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
),
bodies AS (
    SELECT owner, left(string_agg(part, chr(10) ORDER BY "offset"), 100000) AS body
    FROM (SELECT "offset", CASE WHEN kind IS NULL THEN head ELSE head_before END AS owner, CASE WHEN kind IS NULL THEN line ELSE left(line, begins - 1) END AS part
          FROM grouped WHERE kind IS NULL AND head_kind <> 'json' OR begins > 1)
    WHERE owner IS NOT NULL
    GROUP BY owner
),
whole AS (
    SELECT g."offset", g.line, g.kind, g.head_kind,
        CASE WHEN kind = 'json' THEN NULL
             WHEN kind IS NOT NULL THEN CASE WHEN body IS NULL THEN substr(line, coalesce(begins, 1)) ELSE substr(line, coalesce(begins, 1)) || chr(10) || body END END AS full_text,
        kind = 'xml' AND contains(substr(line, begins + 7), '<Event xmlns=''http://schemas.microsoft.com/win/') OR contains(substr(line, begins + 7), '<Event xmlns="http://schemas.microsoft.com/win/') AS several
    FROM grouped g LEFT JOIN bodies ON owner = g."offset"
),
-- the parts of an event in each of its forms
opened AS (
    SELECT *,
        CASE WHEN kind = 'xml' THEN split_part(full_text, '</System>', 1) END AS sys,
        CASE WHEN kind = 'xml' THEN split_part(substr(full_text, strpos(full_text, '<EventData')), '</EventData>', 1) END AS event_data,
        -- Winlogbeat 7 and later; NXLog; Get-WinEvent; Winlogbeat 5 and 6
        CASE WHEN kind = 'json' AND contains(line, '"winlog"') THEN TRY(from_json(line,
            '{"@timestamp":"VARCHAR","message":"VARCHAR","winlog":{"provider_name":"VARCHAR","event_id":"VARCHAR","channel":"VARCHAR","computer_name":"VARCHAR",
              "record_id":"VARCHAR","activity_id":"VARCHAR","event_data":"JSON","user_data":"JSON"},"event":{"code":"VARCHAR","created":"VARCHAR"}}')) END AS w,
        CASE WHEN kind = 'json' AND contains(line, '"SourceName"') THEN TRY(from_json(line,
            '{"EventTime":"VARCHAR","SourceName":"VARCHAR","EventID":"VARCHAR","Channel":"VARCHAR","Hostname":"VARCHAR","RecordNumber":"VARCHAR","ActivityID":"VARCHAR","Message":"VARCHAR"}')) END AS n,
        CASE WHEN kind = 'json' AND contains(line, '"ProviderName"') THEN TRY(from_json(line,
            '{"TimeCreated":"VARCHAR","ProviderName":"VARCHAR","Id":"VARCHAR","LogName":"VARCHAR","MachineName":"VARCHAR","RecordId":"VARCHAR","ActivityId":"VARCHAR","Message":"VARCHAR","Properties":"JSON"}')) END AS p,
        CASE WHEN kind = 'json' AND contains(line, '"source_name"') THEN TRY(from_json(line,
            '{"@timestamp":"VARCHAR","message":"VARCHAR","source_name":"VARCHAR","event_id":"VARCHAR","log_name":"VARCHAR","computer_name":"VARCHAR","record_number":"VARCHAR","activity_id":"VARCHAR","event_data":"JSON"}')) END AS o,
        CASE WHEN kind = 'csv' THEN regexp_extract(full_text,
            '(?s)^"?([^,"]*)"?,"?([^,"]*)"?,"?([^,"]*)"?,"?(\d+)"?,"?([^,"]*)"?,"?(.*?)"?\s*$', ['level', 'at', 'provider', 'number', 'task', 'message']) END AS c
    FROM whole
),
listed AS (
    SELECT *,
        CASE WHEN event_data IS NOT NULL THEN string_split(replace(replace(event_data, '<Data/>', '<Data></Data>'), '<Data />', '<Data></Data>'), '</Data>')[:-2] END AS cells,
        coalesce(w.winlog.event_data, o.event_data) AS pairs
    FROM opened
),
named AS (
    SELECT "offset", line, kind, head_kind, full_text, several, sys,
        CASE kind WHEN 'xml' THEN regexp_extract(sys, '<Provider[^>]*?\bName=[''"]([^''"]*)', 1) WHEN 'csv' THEN c.provider
            WHEN 'text' THEN trim(regexp_extract(full_text, '(?m)^\s*Source:[ \t]*([^\r\n]*)', 1))
            ELSE coalesce(w.winlog.provider_name, n."SourceName", p."ProviderName", o.source_name) END AS provider,
        TRY_CAST(CASE kind WHEN 'xml' THEN regexp_extract(sys, '<EventID[^>]*>\s*(\d+)', 1) WHEN 'csv' THEN c.number
            WHEN 'text' THEN regexp_extract(full_text, '(?m)^\s*Event ID:[ \t]*(\d+)', 1)
            ELSE coalesce(w.winlog.event_id, w.event.code, n."EventID", p."Id", o.event_id) END AS INTEGER) AS number,
        trim(CASE kind WHEN 'xml' THEN regexp_extract(sys, 'SystemTime=[''"]([^''"]+)', 1) WHEN 'csv' THEN c.at
            WHEN 'text' THEN regexp_extract(full_text, '(?m)^\s*Date:[ \t]*([^\r\n]*)', 1)
            ELSE coalesce(w."@timestamp", n."EventTime", p."TimeCreated", o."@timestamp") END) AS stamp,
        nullif(trim(CASE kind WHEN 'xml' THEN split_part(split_part(sys, '<Computer>', 2), '</Computer>', 1)
            WHEN 'text' THEN regexp_extract(full_text, '(?m)^\s*Computer:[ \t]*([^\r\n]*)', 1)
            ELSE coalesce(w.winlog.computer_name, n."Hostname", p."MachineName", o.computer_name) END), '') AS computer,
        nullif(CASE kind WHEN 'xml' THEN split_part(split_part(sys, '<Channel>', 2), '</Channel>', 1)
            ELSE coalesce(w.winlog.channel, n."Channel", p."LogName", o.log_name) END, '') AS channel,
        nullif(CASE kind WHEN 'xml' THEN split_part(split_part(sys, '<EventRecordID>', 2), '</EventRecordID>', 1)
            ELSE coalesce(w.winlog.record_id, n."RecordNumber", p."RecordId", o.record_number) END, '') AS record,
        CASE kind WHEN 'xml' THEN regexp_extract(sys, 'ActivityID=[''"]\{?([0-9A-Fa-f-]{36})', 1)
            ELSE trim(coalesce(w.winlog.activity_id, n."ActivityID", p."ActivityId", o.activity_id), '{}') END AS correlation,
        -- the values of an event, in their order
        CASE WHEN cells IS NOT NULL THEN CASE WHEN len(cells) > 0 THEN string_split(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                array_to_string(list_transform(cells, lambda cell: substr(substr(cell, strpos(cell, '<Data')), strpos(substr(cell, strpos(cell, '<Data')), '>') + 1)), chr(1)),
                '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&apos;', ''''), '&#13;', ''), '&#xD;', ''), '&#10;', chr(10)), '&#xA;', chr(10)), '&amp;', '&'), chr(1)) END
             WHEN pairs IS NOT NULL THEN list_filter(TRY(json_extract_string(pairs, ['$.param1', '$.param2', '$.param3', '$.param4', '$.param5', '$.param6', '$.param7', '$.param8'])), lambda value: value IS NOT NULL)
             WHEN p."Properties" IS NOT NULL AND starts_with(CAST(p."Properties" AS VARCHAR), '[') THEN TRY(json_extract_string(p."Properties", '$[*].Value')) END AS told,
        CASE kind WHEN 'csv' THEN replace(c.message, '""', '"') WHEN 'text' THEN regexp_extract(full_text, '(?s)\bDescription:(.*?)(?:\r?\n\s*Event Xml:.*)?$', 1)
            ELSE coalesce(w.message, n."Message", p."Message", o.message) END AS message,
        kind = 'json' AND w IS NULL AND n IS NULL AND p IS NULL AND o IS NULL AS broken,
        kind = 'text' AND ends_with(rtrim(full_text), 'Event Xml:') AS repeated
    FROM listed
),
placed AS (
    SELECT *,
        nullif(told, []) AS d,
        starts_with(provider, 'AD FS') AS ours,
        CASE WHEN starts_with(stamp, '/Date(') THEN epoch_time(regexp_extract(stamp, '^/Date\((\d+)', 1))
             WHEN ends_with(stamp, 'Z') OR regexp_matches(stamp, 'T.*[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d \S+ ?[+-]\d\d:?\d\d$') THEN iso_time(stamp) END AS moment,
        CASE WHEN starts_with(stamp, '/Date(') OR ends_with(stamp, 'Z') OR regexp_matches(stamp, 'T.*[+-]\d\d:?\d\d$|^\d{4}-\d\d-\d\d \S+ ?[+-]\d\d:?\d\d$') THEN NULL
             WHEN regexp_matches(stamp, '^\d{4}-\d\d-\d\d[ T]') THEN TRY_CAST(stamp AS TIMESTAMP)
             -- as the language of the server writes it
             ELSE TRY_STRPTIME(replace(stamp, chr(8239), ' '), ['%m/%d/%Y %I:%M:%S %p', '%d.%m.%Y %H:%M:%S', '%d/%m/%Y %H:%M:%S', '%Y/%m/%d %H:%M:%S', '%Y/%m/%d %I:%M:%S %p', '%d-%m-%Y %H:%M:%S']) END AS wall
    FROM named
    WHERE kind IS NOT NULL
),
audited AS (
    SELECT *,
        array_to_string(d, chr(10)) AS values_text,
        CASE WHEN NOT ours THEN NULL WHEN d IS NOT NULL AND contains(values_text, '<AuditBase') THEN substr(values_text, strpos(values_text, '<AuditBase'))
             WHEN contains(message, '<AuditBase') THEN substr(message, strpos(message, '<AuditBase'))
             WHEN contains(full_text, '<AuditBase') THEN substr(full_text, strpos(full_text, '<AuditBase')) END AS audit
    FROM placed
),
-- what an event is: an audit of a sign-in, a token or a sign-out; a refusal and its reason; or a part of what others tell
kinds AS (
    SELECT *,
        CASE WHEN NOT ours OR number IS NULL THEN NULL
             WHEN number IN (1200, 1202, 1206) THEN 'success' WHEN number IN (1201, 1203, 1207, 1210) THEN 'failure'
             WHEN number IN (299, 1022, 1023, 1031, 1035, 1041, 1091) THEN 'success'
             WHEN number IN (1020, 1021, 1025, 1026, 1029, 1030, 1032, 1034, 1036, 1038, 1043, 1080, 1090) THEN 'failure'
             WHEN number IN (111, 147, 184, 193, 300, 301, 302, 303, 304, 320, 321, 322, 323, 324, 325, 341, 342, 364, 365, 366, 367, 371, 372, 378, 379, 411, 511, 515, 516, 521, 522) THEN 'failure'
             WHEN number NOT IN (1204, 1205) AND audit IS NOT NULL THEN CASE WHEN contains(audit, '<AuditResult>Success<') THEN 'success' ELSE 'failure' END END AS verdict,
        'event ' || number AS symbol,
        lower(nullif(nullif(coalesce(
            nullif(nullif(correlation, ''), '00000000-0000-0000-0000-000000000000'),
            -- audits name it themselves: the first value, or the second where the first is the id of the instance
            CASE WHEN number IN (299, 324) THEN CASE WHEN regexp_full_match(d[2], '[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}') THEN d[2] END
                 WHEN contains(provider, 'Auditing') AND regexp_full_match(d[1], '[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}') THEN d[1] END,
            regexp_extract(message, '(?i)\bActivity ID:\s*([0-9a-f]{8}-[0-9a-f-]{27})', 1)), ''), '00000000-0000-0000-0000-000000000000')) AS activity
    FROM audited
),
worded AS (
    SELECT *,
        CASE WHEN audit IS NOT NULL OR verdict IS NULL THEN NULL
             WHEN d IS NOT NULL THEN CASE WHEN number IN (342, 411) THEN d[CASE number WHEN 342 THEN 2 ELSE 3 END]
                 ELSE list_filter(d, lambda value: contains(value, 'Exception') OR contains(value, 'MSIS'))[1] END
             WHEN number IN (342, 411) THEN trim(regexp_extract(message, '(?i)\bError message:\s*([^\r\n]+)', 1))
             WHEN contains(message, 'xception') OR contains(message, 'MSIS') THEN coalesce(
                nullif(regexp_extract(message, '(?is)\bException (?:details|encountered|information) ?:\s*(.*)$', 1), ''),
                nullif(regexp_extract(message, '(?s)((?:[A-Za-z_]+\.)+[A-Za-z]*Exception: .*)$', 1), ''), nullif(regexp_extract(message, '(MSIS\d{4}[^\r\n]*)', 1), ''))
             WHEN message IS NOT NULL THEN split_part(ltrim(message), chr(10), 1) END AS exception,
        CASE WHEN number IN (342, 411) THEN coalesce(d[CASE number WHEN 342 THEN 3 ELSE 4 END], regexp_extract(message, '(?is)\bException details:\s*(.*)$', 1)) END AS inner_exception,
        CASE WHEN number = 364 THEN coalesce(d[1], trim(regexp_extract(message, '(?i)\bProtocol Name:\s*([^\r\n]+)', 1))) END AS protocol,
        coalesce(values_text, message, '') AS all_text
    FROM kinds
),
traced AS (
    SELECT *, split_part(split_part(exception, chr(10) || '   at ', 1), chr(13) || chr(10) || '   at ', 1) AS short, left(all_text, 2000) AS opening
    FROM worded
),
cut AS (
    SELECT *,
        -- without stack traces, namespaces and names of people
        CASE WHEN exception IS NOT NULL THEN nullif(trim(left(regexp_replace(regexp_replace(
            CASE WHEN contains(redacted_short, 'identity ') OR contains(redacted_short, 'LogonUser failed') THEN
                regexp_replace(redacted_short, '(caller identity |LogonUser failed for the )''?[^\s'']+''?', '\1...', 'g') ELSE redacted_short END,
            '\b[A-Za-z0-9]{37,}: ', '', 'g'), '\s+', ' ', 'g'), 700)), '') END AS reason,
        CASE WHEN contains(exception, 'MSIS') THEN regexp_extract_all(exception, 'MSIS[0-9]{4}') ELSE [] END AS codes
    FROM (SELECT *, CASE WHEN contains(short, 'Exception') THEN regexp_replace(regexp_replace(short, '(?s)\r?\n\s*(?:at|bei|à|в|en|in) [A-Za-z_]+\..*$', ''),
              '(?:[A-Za-z_][A-Za-z0-9_]*\.)+([A-Za-z0-9]+Exception)\b', '\1', 'g') ELSE short END AS redacted_short FROM traced)
),
-- `name-The user name or password is incorrect`
parted AS (
    SELECT *,
        CASE WHEN number IN (342, 411) THEN nullif(regexp_extract(reason, '^(\S+?)(?:-(?:[^\s-]+ .*))?$', 1), '') END AS refused_user,
        CASE WHEN number IN (342, 411) THEN coalesce(nullif(regexp_extract(reason, '^\S+?-([^\s-]+ .*)$', 1), ''),
                CASE WHEN contains(reason, ' ') THEN reason END, nullif(regexp_extract(inner_exception, 'Win32Exception(?: \([^)]*\))?: ([^\r\n]+)', 1), ''),
                nullif(regexp_extract(inner_exception, '(MSIS\d{4}: [^\r\n]*)', 1), ''))
             WHEN reason[1] = '''' THEN rtrim(ltrim(reason, ''''), '''')
             WHEN contains(reason, '@') THEN regexp_replace(reason, '[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+', '...', 'g')
             ELSE reason END AS why
    FROM cut
),
ranked AS (
    SELECT *,
        CASE verdict
            WHEN 'failure' THEN CASE WHEN audit IS NOT NULL OR number BETWEEN 1201 AND 1210 THEN 1 WHEN number IN (1020, 1021) THEN 2 WHEN number = 364 THEN 3 WHEN number > 1000 THEN 4
                                     WHEN number IN (515, 516) THEN 6 WHEN number = 342 THEN 7 WHEN number = 411 THEN 8 WHEN number = 111 THEN 9 ELSE 5 END
            WHEN 'success' THEN CASE WHEN number = 1200 THEN 1 WHEN number > 1200 THEN 2 WHEN number > 1000 THEN 3 ELSE 4 END END AS rank,
        -- whose words tell more of a request
        CASE WHEN verdict = 'failure' AND why IS NOT NULL THEN CASE WHEN number IN (1020, 1021) THEN '1' WHEN number > 1000 THEN '2' WHEN number IN (342, 411) THEN '3' WHEN number = 364 THEN '4' ELSE '5' END || why END AS spoken
    FROM parted
),
joined AS (
    SELECT *,
        min(CASE WHEN verdict = 'failure' THEN rank END) OVER near AS best_failure,
        min(CASE WHEN verdict = 'success' THEN rank END) OVER near AS best_success,
        substr(min(spoken) OVER near, 2) AS best_reason
    FROM ranked
    WINDOW near AS (PARTITION BY coalesce(activity, CAST("offset" AS VARCHAR)) ORDER BY coalesce(moment, wall, TIMESTAMP '1970-01-01')
        RANGE BETWEEN INTERVAL 5 SECOND PRECEDING AND INTERVAL 5 SECOND FOLLOWING)
),
fields AS (
    SELECT *,
        CASE WHEN audit IS NOT NULL THEN {
            'type': split_part(split_part(audit, '<AuditType>', 2), '</', 1),
            'failure': nullif(split_part(split_part(audit, '<FailureType>', 2), '</', 1), 'None'),
            'code': split_part(split_part(audit, '<ErrorCode>', 2), '</', 1),
            'party': split_part(split_part(audit, '<RelyingParty>', 2), '</', 1),
            'user': split_part(split_part(audit, '<UserId>', 2), '</', 1),
            'client': split_part(split_part(audit, '<OAuthClientId>', 2), '</', 1),
            'grant': lower(replace(replace(split_part(split_part(audit, '<OAuthGrant>', 2), '</', 1), '_', ''), ' ', '')),
            'server': split_part(split_part(audit, '<Server>', 2), '</', 1),
            'ip': split_part(split_part(split_part(audit, '<IpAddress>', 2), '</', 1), ',', 1),
            'agent': split_part(split_part(audit, '<UserAgentString>', 2), '</', 1),
            'place': split_part(split_part(audit, '<Endpoint>', 2), '</', 1)} END AS a,
        CASE WHEN audit IS NULL AND verdict IS NOT NULL THEN coalesce(
            nullif(split_part(CASE WHEN contains(opening, 'on path /') THEN split_part(opening, 'on path ', 2) END, ' ', 1), ''),
            CASE WHEN contains(lower(opening), 'request url:') THEN nullif(regexp_extract(opening, '(?i)\bRequest url:\s*(/\S+)', 1), '') END) END AS refused_path
    FROM joined
),
settled AS (
    SELECT *,
        coalesce(nullif(nullif(a.place, 'N/A'), ''), refused_path) AS target,
        CASE WHEN verdict = 'failure' THEN CASE WHEN audit IS NOT NULL THEN best_reason ELSE why END END AS words
    FROM fields
)
SELECT
    "offset",
    moment AS time,
    CASE WHEN moment IS NULL THEN wall END AS local_time,
    computer AS instance,
    CASE WHEN moment IS NOT NULL AND record IS NOT NULL AND computer IS NOT NULL AND channel IS NOT NULL
         THEN lower(computer) || '/' || channel || '/' || record || '/' || CAST(epoch(moment) AS BIGINT) END AS event_id,
    activity AS request_id,
    CASE WHEN audit IS NOT NULL THEN nullif(nullif(a.client, 'N/A'), '')
         WHEN verdict IS NOT NULL AND contains(opening, 'client') THEN nullif(trim(regexp_extract(opening, '(?i)\bclient(?:_id|[ _]identifier| id)?(?: is)? ?:? ?''([^''\s]{1,200})''', 1)), '...') END AS client_id,
    CASE WHEN audit IS NOT NULL THEN nullif(nullif(nullif(a.user, 'N/A'), ''), '-')
         WHEN number IN (342, 411) THEN refused_user
         WHEN number IN (515, 516) THEN coalesce(d[2], nullif(trim(regexp_extract(message, '(?m)^\s*User:\s*(\S+)', 1)), ''))
         WHEN verdict = 'failure' AND (contains(exception, 'caller identity ') OR contains(exception, 'LogonUser failed for the ')) THEN
            nullif(regexp_extract(exception, '(?:caller identity |LogonUser failed for the )''?([^\s'']+)', 1), '')
         WHEN number > 1000 AND contains(all_text, 'The user is ') THEN nullif(regexp_extract(opening, 'The user is ''([^'']+)''', 1), '') END AS user_name,
    ip_address(trim(split_part(CASE WHEN audit IS NOT NULL THEN a.ip
         WHEN number = 411 THEN coalesce(d[5], regexp_extract(message, '(?i)\bClient IP:\s*([^\r\n]+)', 1))
         WHEN number IN (515, 516) THEN coalesce(d[3], regexp_extract(message, '(?i)\bClient IP:\s*([^\r\n]+)', 1))
         WHEN number > 1000 AND contains(all_text, 'client IP is ') THEN regexp_extract(opening, 'client IP is ''([^'']+)''', 1) END, ',', 1))) AS client_ip,
    CASE WHEN audit IS NOT NULL THEN nullif(nullif(replace(a.agent, '&amp;', '&'), 'N/A'), '') END AS user_agent,
    CASE WHEN contains(target, '/oauth2/token') THEN 'token' WHEN contains(target, '/oauth2/authorize') OR contains(target, '/oauth2/deviceauth') THEN 'authorization'
         WHEN contains(target, '/oauth2/devicecode') THEN 'device_authorization' WHEN contains(target, '/oauth2/logout') THEN 'end_session'
         WHEN contains(target, '/adfs/userinfo') THEN 'userinfo' WHEN contains(target, '/discovery/keys') THEN 'jwks' WHEN contains(target, '/.well-known/') THEN 'discovery'
         WHEN number IN (1206, 1207) OR a.type = 'SignOut' THEN 'end_session'
         WHEN number IN (1090, 1091) THEN 'userinfo' WHEN number = 1080 THEN 'discovery'
         WHEN number IN (1021, 1023, 1026, 1029, 1030, 1031, 1032, 1034, 1035, 1036, 1038, 1041, 1043) THEN 'token'
         WHEN starts_with(protocol, 'OAuthToken') THEN 'token'
         ELSE 'authorization' END AS endpoint,
    target AS path,
    CASE WHEN number IN (1030, 1031) THEN 'client_credentials' WHEN number IN (1034, 1035) THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
         WHEN contains(a.grant, 'refresh') THEN 'refresh_token' WHEN contains(a.grant, 'clientcred') THEN 'client_credentials'
         WHEN contains(a.grant, 'device') THEN 'urn:ietf:params:oauth:grant-type:device_code' WHEN contains(a.grant, 'authorizationcode') OR a.grant = 'code' THEN 'authorization_code'
         WHEN contains(a.grant, 'jwtbearer') OR contains(a.grant, 'onbehalfof') THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
         WHEN contains(a.grant, 'password') OR contains(a.grant, 'resourceowner') THEN 'password'
         WHEN audit IS NULL AND contains(all_text, 'OAuthClientCredentialsContext') THEN 'client_credentials'
         WHEN audit IS NULL AND contains(all_text, 'OAuthJWTBearerRequestContext') THEN 'urn:ietf:params:oauth:grant-type:jwt-bearer'
         WHEN audit IS NULL AND contains(all_text, 'OAuthAuthorizationCodeContext') THEN 'authorization_code'
         WHEN audit IS NULL AND contains(all_text, 'OAuthRefreshTokenContext') THEN 'refresh_token' END AS grant_type,
    CASE WHEN audit IS NULL AND contains(opening, 'scope ''') THEN nullif(regexp_extract(opening, '\bscope ''([^'']*)''', 1), '') END AS scope,
    CASE WHEN audit IS NULL AND contains(opening, 'redirect_uri: ') THEN nullif(nullif(regexp_extract(opening, 'redirect_uri: ''([^'']*)''', 1), ''), '...') END AS redirect_uri,
    CASE WHEN a.type = 'AppToken' AND verdict = 'success' THEN nullif(nullif(a.server, 'N/A'), '') END AS token_issuer,
    CASE WHEN a.type = 'AppToken' THEN nullif(nullif(a.party, 'N/A'), '')
         WHEN number = 299 THEN coalesce(d[3], nullif(regexp_extract(message, 'relying party ''([^'']+)''', 1), '')) END AS token_audience,
    verdict AS outcome,
    CASE WHEN verdict <> 'failure' THEN NULL
         WHEN audit IS NOT NULL THEN coalesce(nullif(nullif(a.code, 'N/A'), ''),
            CASE WHEN best_reason IS NOT NULL AND regexp_matches(best_reason, 'MSIS\d{4}') THEN coalesce(
                list_filter(regexp_extract_all(best_reason, 'MSIS[0-9]{4}'), lambda code: code NOT IN ('MSIS7012', 'MSIS9604'))[1], regexp_extract(best_reason, 'MSIS\d{4}')) END,
            nullif(a.failure, ''), symbol)
         ELSE coalesce(list_filter(codes, lambda code: code NOT IN ('MSIS7012', 'MSIS9604'))[1], codes[1], symbol) END AS error_code,
    words AS error_description,
    CASE WHEN several OR broken THEN NULL
         WHEN repeated THEN 'the XML of the event follows'
         WHEN provider <> '' AND NOT ours THEN 'event of another provider'
         WHEN ends_with(provider, 'Tracing') THEN 'trace of the server'
         WHEN verdict = 'failure' AND best_failure < rank OR verdict = 'success' AND best_success < rank THEN 'another event of the request tells of it'
         WHEN number IN (413, 1000) THEN 'another event of the request tells the cause'
         WHEN number IN (403, 404, 410, 412, 500, 501, 502, 503, 510) THEN 'details of a request that another event tells of'
         WHEN number IN (1024, 1027, 1028, 1033) THEN 'part of a token request that another event tells of'
         WHEN ours AND number IS NOT NULL AND verdict IS NULL THEN 'not a sign-in or OAuth event' END AS ignored,
    CASE WHEN several THEN 'several events in one line'
         WHEN broken THEN CASE WHEN json_valid(line) THEN 'no Windows event' ELSE 'broken JSON' END
         WHEN kind = 'xml' AND NOT contains(full_text, '</System>') THEN 'broken XML'
         WHEN coalesce(provider, '') = '' OR number IS NULL THEN 'no provider or event id' END AS quarantined
FROM settled
UNION ALL BY NAME
SELECT "offset",
    CASE WHEN head_kind <> 'json' THEN 'continuation of a line before'
         WHEN starts_with(line, '<?xml') OR starts_with(line, '<Events') OR starts_with(line, '</Events') OR regexp_matches(line, '^Event\[\d+\]:?\s*$|^Level,Date and Time,Source,Event ID') THEN 'between events' END AS ignored,
    'no Windows event' AS quarantined
FROM whole WHERE kind IS NULL
ORDER BY "offset"
