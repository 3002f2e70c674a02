/*
title = "Fluent Bit and Fluentd records as JSON"
recognise = '(?s)^\s*\{\s*"(date|log|message|stream|time|timestamp|@timestamp|kubernetes|_p|logtag|docker|container_id|container_name|source|tag|partial_message)"\s*:(.*[{,]\s*"(namespace_name|pod_id|docker_id)"\s*:\s*"|.*[{,]\s*"kubernetes"\s*:\s*\{.*"(pod_name|container_name)"\s*:\s*"|.*[{,]\s*"(_p|logtag)"\s*:\s*"[FP]|.*[{,]\s*"container_id"\s*:\s*"[0-9a-f]{12,64}".*[{,]\s*"source"\s*:\s*"std(out|err)"|.*[{,]\s*"source"\s*:\s*"std(out|err)".*[{,]\s*"container_id"\s*:\s*"[0-9a-f]{12,64}")|^\s*\{\s*"date"\s*:\s*("\d{4}-[^"]*"|\d{10}[.\d]*)\s*,\s*"(log|message)"\s*:'
documentation = [
    "https://docs.fluentbit.io/manual/data-pipeline/filters/kubernetes",
    "https://docs.docker.com/engine/logging/drivers/fluentd/",
]
*/
SELECT
    CASE WHEN ours THEN coalesce(held_line(d, line), line) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN coalesce(iso_time(d.time), iso_time(d."@timestamp"), iso_time(d.timestamp), epoch_time(d.date),
                                 iso_time(d.date), epoch_time(d.time)) END AS time,
    CASE WHEN ours THEN coalesce(d.kubernetes.pod_name, d.kubernetes.host) END AS host,
    CASE WHEN ours THEN nullif(concat_ws('/', d.kubernetes.namespace_name, d.kubernetes.pod_name, d.kubernetes.container_name,
        d.container_id, coalesce(d.stream, d.source)), '') END AS stream,
    ours AND coalesce(d._p = 'P' OR d.logtag = 'P' OR d.partial_message = 'true' AND d.partial_last <> 'true', false) AS partial
FROM (
    SELECT *, coalesce(coalesce(json_string(d.log), json_payload(d.message)) IS NOT NULL AND
        (d.kubernetes IS NOT NULL OR d.date IS NOT NULL OR d._p IS NOT NULL OR d.logtag IS NOT NULL OR d.container_id IS NOT NULL
         OR d.stream IS NOT NULL), false) AS ours
    FROM (SELECT *, CASE WHEN starts_with(line, '{') AND (contains(line, '"log"') OR contains(line, '"message"'))
            THEN TRY(from_json(line, '{"event":{"original":"VARCHAR"},"log":"JSON","message":"JSON","stream":"VARCHAR","source":"VARCHAR",
            "time":"VARCHAR","@timestamp":"VARCHAR","timestamp":"VARCHAR","date":"VARCHAR","_p":"VARCHAR","logtag":"VARCHAR",
            "container_id":"VARCHAR","partial_message":"VARCHAR","partial_last":"VARCHAR",
            "kubernetes":{"pod_name":"VARCHAR","namespace_name":"VARCHAR","container_name":"VARCHAR","host":"VARCHAR"}}')) END AS d
          FROM records)
)
