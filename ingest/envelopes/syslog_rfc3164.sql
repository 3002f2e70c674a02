/*
title = "syslog, RFC 3164 (also journalctl -o short)"
recognise = '^(\d{1,6} )?((<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(\.\d{1,6})? |<\d{1,3}>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:?\d\d) )'
documentation = ["https://www.rfc-editor.org/rfc/rfc3164"]
*/
SELECT
    CASE WHEN NOT ours THEN line
         -- HOST TAG: MSG; a sender on the same machine leaves HOST out
         WHEN host IS NULL THEN syslog_text(after_tag(rest))
         ELSE syslog_text(after_tag(after_fields(rest, [host]))) END AS line,
    "offset",
    time,
    yearless,
    CASE WHEN ours THEN host END AS host,
    -- the journal's own words
    CASE WHEN starts_with(line, '-- ') AND (line LIKE '-- Logs begin at %' OR line LIKE '-- Journal begins at %'
              OR line LIKE '-- Boot % --' OR line IN ('-- No entries --', '-- Reboot --')) THEN 'journalctl message'
         END AS ignored
FROM (
    SELECT *,
        time IS NOT NULL OR yearless IS NOT NULL AS ours,
        CASE WHEN NOT ends_with(split_part(rest, ' ', 1), ':') THEN split_part(rest, ' ', 1) END AS host
    FROM (
        SELECT *,
            CASE WHEN yearless IS NOT NULL THEN substr(body, len(stamp) + 2)
                 WHEN time IS NOT NULL THEN after_fields(body, [split_part(body, ' ', 1)]) END AS rest
        FROM (
            SELECT *,
                CASE WHEN stamp IS NOT NULL
                     THEN try_strptime('2000 ' || stamp, ['%Y %b %d %H:%M:%S', '%Y %b %d %H:%M:%S.%f']) END AS yearless,
                CASE WHEN has_priority AND body[5] = '-' AND body[11] = 'T' THEN iso_time(split_part(body, ' ', 1)) END AS time
            FROM (
                SELECT *, CASE WHEN body[4] = ' ' AND body[10] = ':' AND body[13] = ':'
                               THEN left(body, 15) || CASE WHEN body[16] = '.' THEN split_part(substr(body, 16), ' ', 1) ELSE '' END
                               END AS stamp
                FROM (
                    SELECT *, starts_with(counted, '<') AS has_priority,
                        CASE WHEN starts_with(counted, '<') AND strpos(counted, '>') BETWEEN 3 AND 5
                             THEN substr(counted, strpos(counted, '>') + 1) ELSE counted END AS body
                    -- octet counting (RFC 6587) writes the length first
                    FROM (SELECT *, CASE WHEN line[1] BETWEEN '0' AND '9' AND split_part(line, ' ', 2)[1] = '<'
                                              AND TRY_CAST(split_part(line, ' ', 1) AS INTEGER) IS NOT NULL
                                         THEN after_fields(line, [split_part(line, ' ', 1)]) ELSE line END AS counted
                          FROM records)
                )
            )
        )
    )
)
