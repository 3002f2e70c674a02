/*
title = "Datadog log search and archive"
framing = "json"
recognise = '(?s)^\s*\{\s*"(id|type|attributes)"\s*:.*[{,]\s*"type"\s*:\s*"log"|^\s*\{\s*"type"\s*:\s*"log"\s*,.*"attributes"\s*:\s*\{|^\s*\{\s*"_id"\s*:\s*"[^"]*"\s*,\s*"date"\s*:\s*"[0-9-]{10}T|^\s*\{\s*"(date|host|service|source|status|tags|message|attributes)"\s*:.*[{,]\s*"_id"\s*:\s*".*[{,]\s*"status"\s*:\s*"'
documentation = [
    "https://docs.datadoghq.com/api/latest/logs/#search-logs",
    "https://docs.datadoghq.com/logs/log_configuration/archives/",
]
*/
SELECT
    CASE WHEN d.attributes.message IS NOT NULL AND d.type = 'log' THEN without_newline(d.attributes.message)
         -- a message that was JSON has become attributes
         WHEN d.type = 'log' THEN coalesce(d.attributes.attributes, line)
         WHEN d._id IS NOT NULL AND contains(d.date, 'T')
         THEN coalesce(without_newline(nullif(d.message, '')), CAST(json_extract(line, '$.attributes') AS VARCHAR), line)
         ELSE line END AS line,
    "offset",
    CASE WHEN d.type = 'log' THEN iso_time(d.attributes.timestamp) WHEN d._id IS NOT NULL THEN iso_time(d.date) END AS time,
    CASE WHEN d.type = 'log' THEN d.attributes.host WHEN d._id IS NOT NULL THEN d.host END AS host,
    CASE WHEN d.type = 'log' THEN nullif(concat_ws('/', d.attributes.host, d.attributes.service), '')
         WHEN d._id IS NOT NULL THEN nullif(concat_ws('/', d.host, d.service), '') END AS stream
FROM (
    SELECT *, CASE WHEN contains(line, '"attributes"') OR contains(line, '"_id"') THEN TRY(from_json(line, '{
        "type":"VARCHAR","_id":"VARCHAR","date":"VARCHAR","message":"VARCHAR","host":"VARCHAR","service":"VARCHAR",
        "attributes":{"timestamp":"VARCHAR","message":"VARCHAR","host":"VARCHAR","service":"VARCHAR","attributes":"VARCHAR"}}')) END AS d
    FROM records
)
