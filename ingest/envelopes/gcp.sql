/*
title = "Google Cloud Logging"
framing = "json"
recognise = '(?s)^\s*\{\s*"[A-Za-z].*[{,]\s*"logName"\s*:\s*"(projects|organizations|folders|billingAccounts)/|^\s*\{\s*"logName"\s*:\s*"(projects|organizations|folders|billingAccounts)/'
documentation = ["https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry"]
*/
SELECT
    CASE WHEN d.logName IS NULL THEN line
         -- Cloud Run says beside the request why it refused it
         WHEN d.httpRequest IS NOT NULL AND ends_with(d.logName, '%2Frequests') THEN line
         ELSE coalesce(without_newline(d.textPayload), held_line(held, coalesce(d.jsonPayload, '')),
             -- an entry that tells of a request does so beside its payload
             CASE WHEN d.httpRequest IS NOT NULL THEN line END,
             d.jsonPayload, d.protoPayload, line) END AS line,
    "offset",
    CASE WHEN d.logName IS NOT NULL THEN coalesce(iso_time(d.timestamp), iso_time(d.receiveTimestamp)) END AS time,
    CASE WHEN d.logName IS NOT NULL THEN coalesce(d.resource.labels.pod_name, d.resource.labels.instance_id,
        d.resource.labels.service_name, d.resource.labels.revision_name) END AS host,
    CASE WHEN d.logName IS NOT NULL THEN nullif(concat_ws('/', d.resource.labels.pod_name, d.resource.labels.container_name,
        regexp_extract(d.logName, '[^/]*$')), '') END AS stream
FROM (
    SELECT *, TRY(from_json(CASE WHEN contains(d.jsonPayload, 'message') OR contains(d.jsonPayload, 'log')
                                 THEN d.jsonPayload END,
        '{"event":{"original":"VARCHAR"},"log":"JSON","message":"JSON"}')) AS held
    FROM (SELECT *, CASE WHEN contains(line, '"logName"') THEN TRY(from_json(line, '{
            "logName":"VARCHAR","timestamp":"VARCHAR","receiveTimestamp":"VARCHAR","textPayload":"VARCHAR","jsonPayload":"VARCHAR",
            "protoPayload":"VARCHAR","httpRequest":"VARCHAR","resource":{"labels":{"pod_name":"VARCHAR","container_name":"VARCHAR",
            "instance_id":"VARCHAR","service_name":"VARCHAR","revision_name":"VARCHAR"}}}')) END AS d
          FROM records)
)
