/*
title = "rsyslog file with precise times (also journalctl -o short-iso)"
# the name of a host is not in capitals, as the level of an application's line is
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d((\.\d{1,6})?[+-]\d\d:?\d\d|(\.\d{4,6})?Z) [^\s"\[\]]*[a-z0-9][^\s"\[\]]* [A-Za-z][^\s:\[\]]*(\[[^\]]*\])?:( |$)'
documentation = ["https://www.rsyslog.com/doc/configuration/templates.html"]
*/
SELECT
    CASE WHEN ours THEN syslog_text(after_tag(after_fields(line, [stamp, host]))) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN time END AS time,
    CASE WHEN ours THEN host END AS host
FROM (
    SELECT *, coalesce(time IS NOT NULL AND host <> '' AND ends_with(tag, ':') AND tag <> ':', false) AS ours
    FROM (
        SELECT *, CASE WHEN stamp[11] = 'T' AND stamp[5] = '-' THEN iso_time(stamp) END AS time,
            split_part(line, ' ', 2) AS host, split_part(line, ' ', 3) AS tag
        FROM (SELECT *, split_part(line, ' ', 1) AS stamp FROM records)
    )
)
