/*
title = "Fluentd out_file and stdout"
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:?\d\d)\t[^\t ]+\t\{"|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} [^\s:]+: \{"'
documentation = [
    "https://docs.fluentd.org/formatter/out_file",
    "https://docs.fluentd.org/output/stdout",
]
*/
SELECT
    CASE WHEN ours THEN coalesce(held_line(d, document), document) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN time END AS time,
    CASE WHEN ours THEN coalesce(d.kubernetes.pod_name, d.kubernetes.host, d.hostname) END AS host,
    CASE WHEN ours THEN concat_ws('/', tag, d.container_id, coalesce(d.stream, d.source)) END AS stream,
    ours AND coalesce(d.logtag = 'P' OR d.partial_message = 'true' AND d.partial_last <> 'true', false) AS partial
FROM (
    SELECT *, coalesce(time IS NOT NULL AND d IS NOT NULL, false) AS ours
    FROM (
        SELECT *,
            CASE WHEN starts_with(document, '{') THEN TRY(from_json(document, '{"event":{"original":"VARCHAR"},"log":"JSON","message":"JSON",
                "stream":"VARCHAR","source":"VARCHAR","hostname":"VARCHAR","container_id":"VARCHAR","logtag":"VARCHAR",
                "partial_message":"VARCHAR","partial_last":"VARCHAR",
                "kubernetes":{"pod_name":"VARCHAR","host":"VARCHAR"}}')) END AS d,
            CASE WHEN tabbed THEN iso_time(stamp)
                 ELSE iso_time(split_part(stamp, ' ', 1) || ' ' || split_part(stamp, ' ', 2) || split_part(stamp, ' ', 3)) END AS time
        FROM (
            SELECT *,
                CASE WHEN tabbed THEN split_part(line, chr(9), 1) ELSE left(line, len(line) - len(unstamped) - 1) END AS stamp,
                CASE WHEN tabbed THEN split_part(line, chr(9), 2) ELSE rtrim(split_part(unstamped, ' ', 1), ':') END AS tag,
                CASE WHEN tabbed THEN substr(line, len(split_part(line, chr(9), 1)) + len(split_part(line, chr(9), 2)) + 3)
                     ELSE after_field(unstamped, split_part(unstamped, ' ', 1)) END AS document
            FROM (
                SELECT *, line[11] = 'T' AND contains(line, chr(9) || '{') AS tabbed,
                    CASE WHEN line[11] = ' ' AND line[5] = '-' AND contains(line, ': {') THEN
                        substr(line, len(split_part(line, ' ', 2)) + len(split_part(line, ' ', 3)) + 14) END AS unstamped
                FROM records
            )
        )
    )
)
