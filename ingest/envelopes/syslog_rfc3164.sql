/*
title = "syslog, RFC 3164 (also journalctl -o short)"
recognise = '^(\d{1,6} )?((<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(\.\d{1,6})? |<\d{1,3}>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:?\d\d) )'
documentation = ["https://www.rfc-editor.org/rfc/rfc3164"]
*/
SELECT
    CASE WHEN message IS NULL THEN line ELSE syslog_text(message) END AS line,
    "offset",
    time,
    yearless,
    host,
    -- the journal's own words
    CASE WHEN starts_with(line, '-- ') AND (line LIKE '-- Logs begin at %' OR line LIKE '-- Journal begins at %'
              OR line LIKE '-- Boot % --' OR line IN ('-- No entries --', '-- Reboot --')) THEN 'journalctl message'
         END AS ignored
FROM (
    SELECT *, CASE WHEN tag IS NULL THEN named ELSE after_field(named, tag) END AS message
    FROM (
        SELECT *, tag_of(named) AS tag
        FROM (
            -- HOST TAG: MSG; a sender on the same machine leaves HOST out
            SELECT *, CASE WHEN host IS NULL THEN rest ELSE after_field(rest, host) END AS named
            FROM (
                SELECT *, CASE WHEN NOT ends_with(split_part(rest, ' ', 1), ':') THEN split_part(rest, ' ', 1) END AS host
                FROM (
                    SELECT *, CASE WHEN yearless IS NOT NULL OR time IS NOT NULL THEN after_field(body, stamp) END AS rest
                    FROM (
                        SELECT *,
                            CASE WHEN body[4] = ' ' THEN CASE WHEN len(stamp) = 15
                                THEN try_strptime('2000 ' || stamp, '%Y %b %d %H:%M:%S')
                                ELSE try_strptime('2000 ' || stamp, '%Y %b %d %H:%M:%S.%f') END END AS yearless,
                            CASE WHEN body[5] = '-' THEN stamp_time(stamp) END AS time
                        FROM (
                            SELECT *, CASE
                                WHEN body[4] = ' ' AND body[10] = ':' AND body[13] = ':'
                                THEN CASE WHEN body[16] = '.' THEN left(body, 7 + strpos(substr(body, 9, 30), ' ')) ELSE left(body, 15) END
                                WHEN has_priority AND body[5] = '-' AND body[11] = 'T' THEN split_part(body, ' ', 1) END AS stamp
                            FROM (
                                SELECT *, starts_with(counted, '<') AS has_priority,
                                    CASE WHEN starts_with(counted, '<') AND strpos(left(counted, 5), '>') >= 3
                                         THEN substr(counted, strpos(left(counted, 5), '>') + 1) ELSE counted END AS body
                                -- octet counting (RFC 6587) writes the length first
                                FROM (SELECT *, CASE WHEN line[1] BETWEEN '0' AND '9' AND regexp_matches(left(line, 12), '^\d{1,6} <')
                                                     THEN substr(line, strpos(line, ' ') + 1) ELSE line END AS counted
                                      FROM records)
                            )
                        )
                    )
                )
            )
        )
    )
)
