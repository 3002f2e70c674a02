/*
title = "kcat -J (Kafka)"
recognise = '^\s*\{\s*"topic"\s*:\s*"[^"]*"\s*,\s*"partition"\s*:\s*\d+\s*,\s*"offset"\s*:\s*\d+'
documentation = ["https://github.com/edenhill/kcat"]
*/
SELECT
    CASE WHEN ours THEN coalesce(json_payload(d.payload), line) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN make_timestamp(TRY_CAST(d.ts AS BIGINT) * 1000) END AS time,
    CASE WHEN ours THEN concat_ws('/', d.topic, d.partition) END AS stream,
    -- a deleted key
    CASE WHEN ours AND d.payload IS NULL THEN 'no payload' END AS ignored
FROM (
    SELECT *, coalesce(d.topic IS NOT NULL AND d."partition" IS NOT NULL AND d."offset" IS NOT NULL, false) AS ours
    FROM (SELECT line, "offset", CASE WHEN contains(line, '"topic"') AND contains(line, '"partition"') THEN TRY(from_json(line,
            '{"topic":"VARCHAR","partition":"VARCHAR","offset":"VARCHAR","ts":"VARCHAR","payload":"JSON"}')) END AS d
          FROM records)
)
