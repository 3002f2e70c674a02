/*
title = "Elasticsearch and OpenSearch hits"
framing = "json"
recognise = '(?s)^\s*\{\s*("(_index|_id|_type|_score|_version|_seq_no|_routing|_ignored|fields|sort|highlight|found)"\s*:.*,\s*)?"_source"\s*:\s*\{'
documentation = [
    "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search",
    "https://github.com/elasticsearch-dump/elasticsearch-dump",
]
*/
SELECT
    CASE WHEN ours THEN coalesce(held_line(held, d._source), d._source) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN coalesce(iso_time(held."@timestamp"), iso_time(held.timestamp), iso_time(held.time)) END AS time,
    CASE WHEN ours THEN coalesce(held.kubernetes.pod_name, host.name, host.hostname, json_string(held.host)) END AS host,
    CASE WHEN ours THEN nullif(concat_ws('/', held.kubernetes.pod_name, held.kubernetes.container_name, held.container.id, log.file.path, held.stream), '')
         END AS stream,
    ours AND coalesce(held._p = 'P' OR held.logtag = 'P', false) AS partial
FROM (
    SELECT *,
        CASE WHEN starts_with(CAST(held.host AS VARCHAR), '{')
             THEN TRY(from_json(held.host, '{"name":"VARCHAR","hostname":"VARCHAR"}')) END AS host,
        CASE WHEN starts_with(CAST(held.log AS VARCHAR), '{')
             THEN TRY(from_json(held.log, '{"file":{"path":"VARCHAR"}}')) END AS log
    FROM (
        SELECT *, CASE WHEN ours THEN TRY(from_json(d._source, '{
            "event":{"original":"VARCHAR"},"message":"JSON","log":"JSON","@timestamp":"VARCHAR","timestamp":"VARCHAR","time":"VARCHAR",
            "host":"JSON","stream":"VARCHAR","_p":"VARCHAR","logtag":"VARCHAR","container":{"id":"VARCHAR"},
            "kubernetes":{"pod_name":"VARCHAR","container_name":"VARCHAR"}}')) END AS held
        FROM (SELECT *, coalesce(starts_with(d._source, '{') AND (d._index IS NOT NULL OR d._id IS NOT NULL), false) AS ours
              FROM (SELECT *, CASE WHEN contains(line, '"_source"')
                        THEN TRY(from_json(line, '{"_index":"VARCHAR","_id":"VARCHAR","_source":"VARCHAR"}')) END AS d
                    FROM records))
    )
)
