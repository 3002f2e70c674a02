/*
title = "Access lines of any web server"
kind = "gateway"
provenance = "composed"
recognise = '"(?:\x1b\[[0-9;]*m)*{{http_methods}} \S+(?: HTTP/[0-9.]+)?(?:\x1b\[[0-9;]*m)*" (?:\x1b\[[0-9;]*m)*[1-5]\d\d\b(?:[^"]*"[^"]*")*[^"]*$|^\S+(?: - \S+)? \|\s*[1-5]\d\d\s*\|\s*[0-9.]+[mµun]?s\s*\|.*\|\s*{{http_methods}}\b|^(?:\S+ )?(?:\x1b\[[0-9;]*m)*{{http_methods}} \S+ (?:\x1b\[[0-9;]*m)*(?:[1-5]\d\d|-)(?:\x1b\[[0-9;]*m)* (?:\d+(?:\.\d+)? ms|-) - (?:\d+|-)|^\S* ?\S* ?{{http_methods}} \S+ (?:HTTP/[0-9.]+ )?[1-5]\d\d (?:\d+|-) - \d+(?:\.\d+)? ms|\[pid: \d+\|app: |"{{http_methods}} \S+ HTTP/[0-9.]+" from \S+ - [1-5]\d\d |\b[1-5]\d\d {{http_methods}} /\S* \([0-9a-fA-F.:]+\) [0-9.]+ms$|\b[1-5]\d\d [A-Z][A-Za-z -]+: {{http_methods}} - /|\(sanic\.access\)|^\[\w{3} \w{3} [ \d]\d [0-9:]{8} \d{4}\] \S+ \[[1-5]\d\d\]: {{http_methods}} /|^\[[0-9: -]+\] [0-9a-fA-F.:]+ [1-5]\d\d - [0-9.]+[mµun]?s {{http_methods}} /|^(?:\S+ )?(?:\x1b\[[0-9;]*m| )*--> (?:\x1b\[[0-9;]*m| )*{{http_methods}} |^(?:\S+ )? *{{http_methods}} /\S* [1-5]\d\d in [0-9.]+m?s$|^\d{4}-\d\d-\d\d[ \t]\d\d:\d\d:\d\d[ \t](?:.*[ \t])?{{http_methods}}[ \t]\S+[ \t](?:.*[ \t])?[1-5]\d\d(?:[ \t]|$)|^#(?:Software: Microsoft Internet|Fields: date[ \t]time)|\brouter: completed {{http_methods}} \S+ for \S+, [1-5]\d\d '
priority = 96
documentation = [
    "https://docs.gunicorn.org/en/stable/settings.html#access-log-format",
    "https://www.uvicorn.org/settings/#logging",
    "https://tomcat.apache.org/tomcat-11.0-doc/config/valve.html#Access_Logging",
    "https://jetty.org/docs/jetty/12/operations-guide/modules/standard.html#requestlog",
    "https://github.com/rack/rack/blob/main/lib/rack/common_logger.rb",
    "https://github.com/expressjs/morgan",
    "https://gin-gonic.com/en/docs/examples/custom-log-format/",
    "https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html",
    "https://learn.microsoft.com/en-us/windows-server/administration/iis/configure-log-format",
]
cannot_tell = "A line tells the status and the path, and never why: a missing, an expired and a foreign token look alike. Log the WWW-Authenticate header of the answer where the format can (gunicorn: %({www-authenticate}o)s, Tomcat: %{WWW-Authenticate}o) in a JSON line, which the source generic_json reads. Numbers at the end of a line without a unit are not read, but for Rack's seconds. The columns of IIS are those of the last #Fields line, or its default where none is in sight; uvicorn's and morgan's dev lines have no time but that of an envelope. Lines of gin are read as krakend, of ASP.NET Core as aspnet_core, the combined format as nginx."

[[advice]]
columns = ["error", "error_description"]
add = "a JSON access line with www_authenticate"
tells = "Why a request was refused."
*/
-- Each shape of line is cut by its own parts; a line with the request in quotes and the status behind it may have anything around them.
WITH plain AS (
    SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line
    FROM records
),
shaped AS MATERIALIZED (
    SELECT "offset", line, CASE
        WHEN starts_with(line, '#') THEN 'header'
        WHEN contains(line, '" from ') AND contains(line, ' in ') THEN 'chi'
        WHEN regexp_matches(line, ' \|\s*[1-5]\d\d\s*\|') THEN 'piped'
        WHEN contains(line, '[pid: ') AND contains(line, ' => ') THEN 'uwsgi'
        WHEN contains(line, '] router: completed ') THEN 'gitea'
        WHEN contains(line, '"') THEN 'quoted'
        WHEN line[5] = '-' AND line[8] = '-' AND line[14] = ':' AND line[20] IN (' ', chr(9)) AND regexp_matches(line, '[ \t]' || http_methods() || '[ \t]')
            AND NOT regexp_matches(line, '[0-9] ?m?s\b') THEN 'w3c'
        WHEN regexp_matches(line, '\b[1-5]\d\d ' || http_methods() || ' \S+ \(\S+\) [0-9.]+ms$') THEN 'tornado'
        WHEN regexp_matches(line, '\b[1-5]\d\d [A-Z][A-Za-z -]+: ' || http_methods() || ' - ') THEN 'ktor'
        WHEN contains(line, '(sanic.access)') THEN 'sanic'
        WHEN regexp_matches(line, ' \[[1-5]\d\d\]: ' || http_methods() || ' ') THEN 'php'
        WHEN regexp_matches(line, '^\[[0-9: -]+\] \S+ [1-5]\d\d - ') THEN 'fiber'
        WHEN contains(line, '--> ') OR regexp_matches(line, ' [1-5]\d\d in [0-9.]+m?s$') THEN 'arrow'
        WHEN contains(line, ' ms') OR ends_with(line, ' - -') THEN 'morgan' END AS shape
    FROM plain
),
quoted AS (
    SELECT "offset", shape, before, regexp_extract(request, '^([A-Z]{3,9}) (\S+)(?: HTTP/[0-9.]+)?$', ['method', 'target']) AS asked,
        regexp_extract(behind, '^ ([1-5][0-9]{2})(?: |,|$)', 1) AS status, behind, agent, regexp_matches(request, '^' || http_methods() || ' ') AS asks
    FROM (
        SELECT "offset", shape, parts[place - 1] AS before, parts[place] AS request, parts[place + 1] AS behind, nullify(parts[place + 4]) AS agent
        FROM (
            SELECT "offset", shape, parts, CASE WHEN regexp_matches(parts[2], '^[A-Z]{3,9} ') OR len(parts) < 5 THEN 2 ELSE 4 END AS place
            FROM (SELECT "offset", shape, string_split(line, '"') AS parts FROM shaped WHERE shape = 'quoted')
        )
    )
),
-- the names of the columns stand in a line of their own; IIS's default where none is in sight
named_columns AS (
    SELECT *, coalesce(last_value(header IGNORE NULLS) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING),
        CASE WHEN len(string_split(line, ' ')) = 15 THEN string_split('date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken', ' ') END) AS columns
    FROM (SELECT "offset", line, shape, CASE WHEN starts_with(line, '#Fields:') THEN string_split_regex(trim(replace(line, '#Fields:', '')), '\s+') END AS header
          FROM shaped WHERE shape IN ('w3c', 'header'))
),
w3c AS (
    SELECT "offset", shape, v[list_position(columns, 'date')] || ' ' || v[list_position(columns, 'time')] || 'Z' AS stamp, v[list_position(columns, 'cs-method')] AS method,
        coalesce(v[list_position(columns, 'cs-uri-stem')], v[list_position(columns, 'cs-uri')]) AS target, v[list_position(columns, 'cs-uri-query')] AS query,
        v[list_position(columns, 'cs-username')] AS person, v[list_position(columns, 'c-ip')] AS ip,
        replace(replace(v[list_position(columns, 'cs(User-Agent)')], '+', ' '), '%20', ' ') AS agent, v[list_position(columns, 'sc-status')] AS status,
        CASE WHEN contains(v[list_position(columns, 'time-taken')], '.') THEN v[list_position(columns, 'time-taken')] || 's' ELSE v[list_position(columns, 'time-taken')] || 'ms' END AS lasted
    FROM (SELECT *, string_split(rtrim(line), CASE WHEN contains(line, chr(9)) THEN chr(9) ELSE ' ' END) AS v FROM named_columns WHERE shape = 'w3c')
),
cut AS (
    SELECT "offset", shape, before, asked.method AS method, asked.target AS target, status, behind, agent, asks FROM quoted
    UNION ALL BY NAME
    SELECT * FROM w3c
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^([^"]*)"([A-Z]{3,9}) (\S+) HTTP/[0-9.]+" from (\S+) - ([1-5][0-9]{2}) \d+B in (\S+)', ['before', 'method', 'target', 'ip', 'status', 'lasted']) AS v FROM shaped WHERE shape = 'chi')
    UNION ALL BY NAME
    -- negroni and fiber: time | status | latency | address or host | method path, or method | path
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(?:\[[a-z]+\] )?([^|]*?)\s*\|\s*([1-5][0-9]{2})\s*\|\s*(\S+)\s*\|\s*(\S+)\s*\|\s*([A-Z]+)\s+(?:\|\s*)?"?([^"\s]+)', ['stamp', 'status', 'lasted', 'ip', 'method', 'target']) AS v FROM shaped WHERE shape = 'piped')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '\[pid: \d+\|app: \S+\|req: \S+\] (\S+) \(([^)]*)\) \{[^}]*\} \[([^\]]+)\] ([A-Z]+) (\S+) => generated \S+ bytes in (\d+ msecs).*? \(HTTP/[0-9.]+ ([1-5][0-9]{2})\)', ['ip', 'person', 'stamp', 'method', 'target', 'lasted', 'status']) AS v FROM shaped WHERE shape = 'uwsgi')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)\b([1-5][0-9]{2}) ([A-Z]+) (\S+) \((\S+)\) ([0-9.]+ms)$', ['before', 'status', 'method', 'target', 'ip', 'lasted']) AS v FROM shaped WHERE shape = 'tornado')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)\b([1-5][0-9]{2}) [A-Z][A-Za-z -]+: ([A-Z]+) - (\S+)(?: in ([0-9.]+ms))?', ['before', 'status', 'method', 'target', 'lasted']) AS v FROM shaped WHERE shape = 'ktor')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)\(sanic\.access\)\S*\[([^\]\s]+)\]: ([A-Z]+) (\S+)\s+([1-5][0-9]{2})\b', ['before', 'ip', 'method', 'target', 'status']) AS v FROM shaped WHERE shape = 'sanic')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)(\S+) \[([1-5][0-9]{2})\]: ([A-Z]+) (\S+)', ['before', 'ip', 'status', 'method', 'target']) AS v FROM shaped WHERE shape = 'php')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^\[([^\]]+)\] (\S+) ([1-5][0-9]{2}) - (\S+) ([A-Z]+) (\S+)', ['stamp', 'ip', 'status', 'lasted', 'method', 'target']) AS v FROM shaped WHERE shape = 'fiber')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)router: completed ([A-Z]+) (\S+) for (\S+), ([1-5][0-9]{2}) .*? in ([0-9.]+[mµun]?s)\b', ['before', 'method', 'target', 'ip', 'status', 'lasted']) AS v FROM shaped WHERE shape = 'gitea')
    UNION ALL BY NAME
    -- koa, Hono and Next.js
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)(?:--> )?\b([A-Z]{3,9}) (/\S*) ([1-5][0-9]{2}) (?:in )?([0-9.]+m?s)\b', ['before', 'method', 'target', 'status', 'lasted']) AS v FROM shaped WHERE shape = 'arrow')
    UNION ALL BY NAME
    SELECT "offset", shape, v.* FROM (SELECT "offset", shape, regexp_extract(line,
        '^(.*?)([A-Z]{3,9}) (\S+) (?:HTTP/[0-9.]+ )?([1-5][0-9]{2}) (?:(?:\d+|-) - )?([0-9.]+ ms|-)(?: - (?:\d+|-))?$', ['before', 'method', 'target', 'status', 'lasted']) AS v FROM shaped WHERE shape = 'morgan')
    UNION ALL BY NAME
    SELECT "offset", shape FROM shaped WHERE shape IS NULL OR shape = 'header'
),
named AS MATERIALIZED (
    SELECT *,
        -- what stands before the time in brackets, or behind all brackets
        CASE WHEN shape NOT IN ('quoted', 'morgan') THEN NULL
             WHEN contains(before, ']') AND NOT ends_with(before, '] ') AND NOT ends_with(before, ']') THEN trim(split_part(before, ']', -1))
             WHEN contains(before, ' [') THEN left(before, len(before) - len(split_part(before, ' [', -1)) - 2)
             ELSE trim(regexp_replace(before, '\b\d\d/[A-Z][a-z]{2}/\d{4}:.*$', '')) END AS who,
        trim(replace(coalesce(nullif(stamp, ''), CASE WHEN shape = 'quoted' AND contains(before, '[') THEN split_part(split_part(before, '[', -1), ']', 1) END), ' - ', ' '), '[]') AS near,
        CASE WHEN shape <> 'quoted' THEN lasted
             WHEN ends_with(behind, 's') THEN nullif(regexp_extract(behind, ' ([0-9]+(?:\.[0-9]+)? ?m?s)$', 1), '')
             -- Rack::CommonLogger
             WHEN contains(behind, '.') THEN nullif(regexp_extract(behind, '^ [0-9]{3} (?:[0-9]+|-) ([0-9]+\.[0-9]{4})$', 1), '') || 's' END AS took
    FROM cut
),
timed AS (
    SELECT *, CASE WHEN regexp_full_match(near, '(?:[A-Z][a-z]{2},? )?[0-9A-Za-z:/., -]{4,12}[: T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|GMT|UTC|[+-]\d\d:?\d\d|\d{4}))?') THEN near ELSE coalesce(leading_time(before),
        nullif(regexp_extract(before, '\b(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?)', 1), '')) END AS said,
        string_split(who, ' ') AS words
    FROM named
)
SELECT
    "offset",
    zoned_time(said) AS time,
    zoneless_time(said) AS local_time,
    coalesce(ip_address(ip), CASE WHEN who IS NOT NULL THEN coalesce(ip_address(words[1]), ip_address(words[-1]), ip_address(words[-3]), ip_address(words[-2]), ip_address(words[2])) END) AS client_ip,
    CASE WHEN shape = 'w3c' THEN nullify(agent)
         -- "referer" "user agent" behind status and size
         WHEN agent IS NOT NULL AND regexp_full_match(behind, '[ 0-9.-]*') THEN agent END AS user_agent,
    CASE WHEN shape = 'quoted' THEN CASE WHEN len(words) >= 3 AND words[-2] = '-' AND ip_address(words[-3]) IS NOT NULL THEN nullify(words[-1]) END ELSE nullify(person) END AS login,
    CASE WHEN query NOT IN ('', '-') THEN target || '?' || query ELSE target END AS path,
    method,
    http_status(status) AS status,
    go_duration_ms(replace(replace(took, 'msecs', 'ms'), ' ', '')) AS duration_ms,
    CASE WHEN shape = 'header' THEN 'header'
         WHEN coalesce(status, '') = '' AND NOT coalesce(asks, shape IN ('uwsgi', 'w3c'), false) THEN 'no line of a request' END AS ignored,
    CASE WHEN coalesce(status, '') = '' THEN 'a request without its status' END AS quarantined
FROM timed
