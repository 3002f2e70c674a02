/*
title = "CloudWatch Logs events (filter-log-events, get-log-events)"
framing = "json"
recognise = '(?s)^\s*\{\s*"(logStreamName|timestamp|message|ingestionTime|eventId)"\s*:.*[{,]\s*"ingestionTime"\s*:\s*\d+|^\s*\{\s*"ingestionTime"\s*:\s*\d+|^\s*\{\s*"events"\s*:\s*\[\s*\{.*"ingestionTime"\s*:\s*\d+|^\s*\{\s*"id"\s*:\s*"\d{20,}"\s*,\s*"timestamp"\s*:\s*\d{13}\s*,\s*"message"\s*:'
documentation = [
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html",
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html",
]
*/
SELECT
    coalesce(without_newline(event.message), line) AS line,
    "offset" + place - 1 AS "offset",
    make_timestamp(TRY_CAST(event.timestamp AS BIGINT) * 1000) AS time,
    event.logStreamName AS stream
FROM (
    SELECT line, "offset", unnest(events) AS event, unnest(range(1, len(events) + 1)) AS place
    FROM (
        SELECT line, "offset",
            CASE WHEN len(d.events) > 0 THEN d.events
                 WHEN d.message IS NOT NULL AND d.timestamp IS NOT NULL AND (d.ingestionTime IS NOT NULL OR d.id IS NOT NULL)
                 THEN [{message: d.message, timestamp: d.timestamp, logStreamName: d.logStreamName}]
                 ELSE [NULL] END AS events
        FROM (SELECT *, CASE WHEN contains(line, '"message"') AND contains(line, '"timestamp"') THEN TRY(from_json(line, '{
                "events":[{"message":"VARCHAR","timestamp":"VARCHAR","logStreamName":"VARCHAR"}],"id":"VARCHAR",
                "message":"VARCHAR","timestamp":"VARCHAR","logStreamName":"VARCHAR","ingestionTime":"VARCHAR"}')) END AS d
              FROM records)
    )
)
