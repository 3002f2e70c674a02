/*
title = "Loki query_range and push"
framing = "json"
recognise = '(?s)^\s*\{\s*"stream"\s*:\s*\{.*"values"\s*:\s*\[\s*(\[|\])|^\s*\{\s*"values"\s*:\s*\[\s*\[.*"stream"\s*:\s*\{|^\s*\{\s*"status"\s*:\s*"success"\s*,\s*"data"\s*:\s*\{\s*"resultType"\s*:\s*"streams"'
documentation = ["https://grafana.com/docs/loki/latest/reference/loki-http-api/"]
*/
SELECT
    coalesce(without_newline(entry[2]), line) AS line,
    "offset" + place - 1 AS "offset",
    make_timestamp(TRY_CAST(entry[1] AS BIGINT) // 1000) AS time,
    coalesce(labels.hostname, labels.host, labels.node, labels.node_name, labels.pod, labels.instance) AS host,
    nullif(concat_ws('/', labels.namespace, labels.pod, labels.container, labels.filename, labels.stream), '') AS stream,
    CASE WHEN empty THEN 'stream without a line' END AS ignored
FROM (
    SELECT line, "offset", empty, unnest(entries).labels AS labels, unnest(entries).entry AS entry,
        unnest(range(1, len(entries) + 1)) AS place
    FROM (
        SELECT line, "offset", streams IS NOT NULL AND len(found) = 0 AS empty,
            CASE WHEN len(found) > 0 THEN found ELSE [NULL] END AS entries
        FROM (
            SELECT *, flatten(list_transform(streams, lambda part:
                list_transform(part.values, lambda entry: {labels: part.stream, entry: entry}))) AS found
            FROM (
                SELECT line, "offset",
                    CASE WHEN d.values IS NOT NULL AND d.stream IS NOT NULL THEN [{stream: d.stream, values: d.values}]
                         WHEN d.data.resultType = 'streams' THEN d.data.result END AS streams
                FROM (SELECT *, CASE WHEN contains(line, '"values"') THEN TRY(from_json(line, '{
                        "stream":{"hostname":"VARCHAR","host":"VARCHAR","node":"VARCHAR","node_name":"VARCHAR","pod":"VARCHAR",
                            "instance":"VARCHAR","namespace":"VARCHAR","container":"VARCHAR","filename":"VARCHAR","stream":"VARCHAR"},
                        "values":[["VARCHAR"]],
                        "data":{"resultType":"VARCHAR","result":[{
                            "stream":{"hostname":"VARCHAR","host":"VARCHAR","node":"VARCHAR","node_name":"VARCHAR","pod":"VARCHAR",
                                "instance":"VARCHAR","namespace":"VARCHAR","container":"VARCHAR","filename":"VARCHAR","stream":"VARCHAR"},
                            "values":[["VARCHAR"]]}]}}')) END AS d
                      FROM records)
            )
        )
    )
)
