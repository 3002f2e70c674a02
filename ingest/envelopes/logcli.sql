/*
title = "logcli, default output"
recognise = '^(\x1b\[[0-9;]*m)*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*\{(([A-Za-z_][A-Za-z0-9_]*="(?:[^"\\]|\\.)*"(, )?)*)\} *(\x1b\[[0-9;]*m)*( |$)'
documentation = ["https://grafana.com/docs/loki/latest/query/logcli/getting-started/"]
*/
SELECT
    coalesce(CASE WHEN time IS NOT NULL AND head <> '' THEN
        -- labels are filled up with blanks to one width, and logcli trims the line itself
        ltrim(CASE WHEN starts_with(rest, chr(27)) THEN substr(ltrim(substr(rest, len(head) + 1), ' '), 5)
                   ELSE substr(rest, len(head) + 1) END, ' ') END, line) AS line,
    "offset",
    CASE WHEN head <> '' THEN time END AS time,
    CASE WHEN head <> '' THEN coalesce(
        nullif(regexp_extract(head, '[{ ](?:hostname|host|node|node_name|pod|instance)="([^"]*)"', 1), '')) END AS host,
    CASE WHEN head <> '' THEN substr(head, strpos(head, '{')) END AS stream
FROM (
    SELECT *, CASE WHEN time IS NOT NULL
        THEN regexp_extract(rest, '^(\x1b\[[0-9;]*m)?\{(([A-Za-z_][A-Za-z0-9_]*="(?:[^"\\]|\\.)*"(, )?)*)\}') END AS head
    FROM (
        SELECT *, CASE WHEN starts_with(line, chr(27)) THEN iso_time(regexp_replace(stamp, '\x1b\[[0-9;]*m', '', 'g'))
                       WHEN stamp[11] = 'T' AND len(stamp) IN (20, 25) THEN iso_time(stamp) END AS time,
            after_field(line, stamp) AS rest
        FROM (SELECT *, split_part(line, ' ', 1) AS stamp FROM records)
    )
)
