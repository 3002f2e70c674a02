/*
title = "Vector"
recognise = '(?s)^\s*\{\s*"[A-Za-z@].*[{,]\s*"source_type"\s*:\s*"[a-z_0-9]+"|^\s*\{\s*"source_type"\s*:\s*"[a-z_0-9]+"'
documentation = ["https://vector.dev/docs/reference/configuration/sources/"]
*/
SELECT
    CASE WHEN ours THEN coalesce(held_line(d, CASE WHEN starts_with(CAST(d.message AS VARCHAR), '{') THEN '' ELSE line END), line)
         ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN iso_time(d.timestamp) END AS time,
    CASE WHEN ours THEN coalesce(d.host, d.hostname, d.kubernetes.pod_name) END AS host,
    CASE WHEN ours THEN nullif(concat_ws('/', coalesce(d.kubernetes.pod_name, d.container_name, d.file),
        d.kubernetes.container_name, d.stream), '') END AS stream,
    ours AND coalesce(d._partial = 'true', false) AS partial
FROM (
    SELECT *, d.source_type IS NOT NULL AND d.message IS NOT NULL AS ours
    FROM (SELECT *, CASE WHEN contains(line, '"source_type"') THEN TRY(from_json(line, '{
            "source_type":"VARCHAR","message":"JSON","log":"JSON","event":{"original":"VARCHAR"},"timestamp":"VARCHAR","host":"VARCHAR",
            "hostname":"VARCHAR","file":"VARCHAR","stream":"VARCHAR","container_name":"VARCHAR","_partial":"VARCHAR",
            "kubernetes":{"pod_name":"VARCHAR","container_name":"VARCHAR"}}')) END AS d
          FROM records)
)
