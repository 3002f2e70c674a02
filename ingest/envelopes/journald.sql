/*
title = "journald JSON"
recognise = '(?s)^\s*\{\s*"[A-Z_].*"__REALTIME_TIMESTAMP"\s*:\s*"\d+"|^\s*\{\s*"__REALTIME_TIMESTAMP"\s*:\s*"\d+"'
documentation = ["https://systemd.io/JOURNAL_EXPORT_FORMATS/", "https://www.freedesktop.org/software/systemd/man/latest/journalctl.html"]
*/
SELECT
    coalesce(without_newline(CASE
        WHEN d.__REALTIME_TIMESTAMP IS NULL THEN NULL
        -- bytes stand for a text that is no UTF-8 or holds control characters
        WHEN bytes IS NOT NULL THEN coalesce(
            TRY(decode(unhex(array_to_string(list_transform(bytes, lambda byte: printf('%02x', byte)), '')))),
            array_to_string(list_transform(bytes, lambda byte: CASE WHEN byte < 128 THEN chr(byte) ELSE chr(65533) END), ''))
        -- a message that is null was longer than journalctl prints without --all
        ELSE json_payload(d.MESSAGE) END), line) AS line,
    "offset",
    make_timestamp(TRY_CAST(d.__REALTIME_TIMESTAMP AS BIGINT)) AS time,
    d._HOSTNAME AS host,
    nullif(concat_ws('/', coalesce(d.CONTAINER_NAME, d._SYSTEMD_UNIT, d.SYSLOG_IDENTIFIER), d._STREAM_ID, d._PID), '') AS stream,
    coalesce(d.CONTAINER_PARTIAL_MESSAGE = 'true' OR d._LINE_BREAK = 'line-max', false) AS partial
FROM (
    SELECT *, CASE WHEN starts_with(CAST(d.MESSAGE AS VARCHAR), '[')
                   THEN TRY(CAST(TRY_CAST(d.MESSAGE AS JSON) AS UTINYINT[])) END AS bytes
    FROM (SELECT *, CASE WHEN contains(line, '"__REALTIME_TIMESTAMP"') THEN TRY(from_json(line, '{
            "__REALTIME_TIMESTAMP":"VARCHAR","MESSAGE":"JSON","_HOSTNAME":"VARCHAR","_SYSTEMD_UNIT":"VARCHAR",
            "SYSLOG_IDENTIFIER":"VARCHAR","CONTAINER_NAME":"VARCHAR","CONTAINER_PARTIAL_MESSAGE":"VARCHAR",
            "_LINE_BREAK":"VARCHAR","_STREAM_ID":"VARCHAR","_PID":"VARCHAR"}')) END AS d
          FROM records)
)
