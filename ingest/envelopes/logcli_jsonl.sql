/*
title = "logcli jsonl, Grafana Explore download"
recognise = '(?s)^\s*\{\s*"(labels|fields)"\s*:\s*\{.*[{,]\s*"line"\s*:\s*".*[{,]\s*"timestamp"\s*:\s*"|^\s*\{\s*"line"\s*:\s*"(?:[^"\\]|\\.)*"\s*,\s*"timestamp"\s*:\s*"'
documentation = ["https://grafana.com/docs/loki/latest/query/logcli/getting-started/"]
*/
SELECT
    CASE WHEN ours THEN without_newline(d.line) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN coalesce(iso_time(d.timestamp), make_timestamp(TRY_CAST(d.timestamp AS BIGINT) // 1000)) END AS time,
    CASE WHEN ours THEN coalesce(d.labels.hostname, d.labels.host, d.labels.node, d.labels.node_name, d.labels.pod, d.labels.instance) END AS host,
    CASE WHEN ours THEN nullif(concat_ws('/', d.labels.namespace, d.labels.pod, d.labels.container, d.labels.stream), '') END AS stream
FROM (
    SELECT *, d.line IS NOT NULL AND d.timestamp IS NOT NULL AS ours
    FROM (SELECT *, CASE WHEN contains(line, '"line"') AND contains(line, '"timestamp"') THEN TRY(from_json(line, '{
            "labels":{"hostname":"VARCHAR","host":"VARCHAR","node":"VARCHAR","node_name":"VARCHAR","pod":"VARCHAR",
                "instance":"VARCHAR","namespace":"VARCHAR","container":"VARCHAR","stream":"VARCHAR"},
            "line":"VARCHAR","timestamp":"VARCHAR"}')) END AS d
          FROM records)
)
