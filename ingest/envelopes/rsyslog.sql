/*
title = "rsyslog file with precise times (also journalctl -o short-iso)"
# the name of a host is not in capitals, as the level of an application's line is
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d((\.\d{1,6})?[+-]\d\d:?\d\d|(\.\d{4,6})?Z) [^\s"\[\]]*[a-z0-9][^\s"\[\]]* [A-Za-z][^\s:\[\]]*(\[[^\]]*\])?:( |$)'
documentation = ["https://www.rsyslog.com/doc/configuration/templates.html"]
*/
SELECT
    CASE WHEN ours THEN syslog_text(message) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN time END AS time,
    CASE WHEN ours THEN host END AS host
FROM (
    SELECT *, coalesce(time IS NOT NULL AND host <> '' AND tag <> '', false) AS ours, after_field(rest, tag) AS message
    FROM (
        SELECT *, tag_of(rest) AS tag, CASE WHEN rest IS NOT NULL THEN stamp_time(stamp) END AS time
        FROM (
            SELECT *, CASE WHEN stamp[11] = 'T' AND stamp[5] = '-' THEN substr(line, len(stamp) + len(host) + 3) END AS rest
            FROM (SELECT *, split_part(line, ' ', 1) AS stamp, split_part(line, ' ', 2) AS host FROM records)
        )
    )
)
