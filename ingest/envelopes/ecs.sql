/*
title = "Filebeat, Elastic Agent, Logstash (ECS)"
recognise = '(?s)^\s*\{\s*"(@timestamp|@metadata|@version|agent|ecs|event|fields|host|input|kubernetes|log|message|stream|tags|type|container|docker|path|service|offset|beat)"\s*:(.*[{,]\s*"(@metadata|agent)"\s*:\s*\{[^{}]*"(beat|ephemeral_id|type)"\s*:|.*[{,]\s*"@version"\s*:\s*"1"|\s*"1"\s*,.*"@timestamp"\s*:|\s*\{\s*"(beat|ephemeral_id)"\s*:)'
documentation = [
    "https://www.elastic.co/docs/reference/beats/filebeat/exported-fields",
    "https://www.elastic.co/docs/reference/logstash",
]
*/
SELECT
    CASE WHEN ours THEN coalesce(held_line(d, line), d.json, line) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN iso_time(d."@timestamp") END AS time,
    CASE WHEN ours THEN coalesce(d.kubernetes.pod.name, host.name, host.hostname, json_string(d.host), d.agent.hostname) END AS host,
    CASE WHEN ours THEN nullif(concat_ws('/', d.kubernetes.pod.name, d.container.id, log.file.path, d.stream), '') END AS stream
FROM (
    SELECT *,
        coalesce(d."@timestamp" IS NOT NULL AND (d."@version" IS NOT NULL OR d.agent IS NOT NULL OR d."@metadata" IS NOT NULL), false) AS ours,
        CASE WHEN starts_with(CAST(d.host AS VARCHAR), '{')
             THEN TRY(from_json(d.host, '{"name":"VARCHAR","hostname":"VARCHAR"}')) END AS host,
        CASE WHEN starts_with(CAST(d.log AS VARCHAR), '{')
             THEN TRY(from_json(d.log, '{"file":{"path":"VARCHAR"}}')) END AS log
    FROM (SELECT *, CASE WHEN contains(line, '"@timestamp"') THEN TRY(from_json(line, '{
            "@timestamp":"VARCHAR","@version":"VARCHAR","@metadata":"VARCHAR","message":"JSON","log":"JSON","json":"VARCHAR",
            "event":{"original":"VARCHAR"},"host":"JSON","agent":{"hostname":"VARCHAR","type":"VARCHAR"},"stream":"VARCHAR",
            "container":{"id":"VARCHAR"},"kubernetes":{"pod":{"name":"VARCHAR"}}}')) END AS d
          FROM records)
)
