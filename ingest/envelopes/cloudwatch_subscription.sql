/*
title = "CloudWatch Logs subscription (Firehose, Kinesis, Lambda)"
framing = "json"
recognise = '(?s)^\s*\{\s*"(messageType|owner|logGroup|logStream|subscriptionFilters|logEvents)"\s*:.*"(DATA|CONTROL)_MESSAGE"'
documentation = ["https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html"]
*/
SELECT
    coalesce(without_newline(event.message), line) AS line,
    "offset" + place - 1 AS "offset",
    make_timestamp(TRY_CAST(event.timestamp AS BIGINT) * 1000) AS time,
    nullif(concat_ws('/', log_group, log_stream), '') AS stream,
    CASE WHEN type = 'CONTROL_MESSAGE' THEN 'CONTROL_MESSAGE' END AS ignored
FROM (
    SELECT line, "offset", type, log_group, log_stream, unnest(events) AS event, unnest(range(1, len(events) + 1)) AS place
    FROM (
        SELECT line, "offset", d.messageType AS type, d.logGroup AS log_group, d.logStream AS log_stream,
            CASE WHEN len(d.logEvents) > 0 AND d.messageType IS NOT NULL THEN d.logEvents ELSE [NULL] END AS events
        FROM (SELECT *, CASE WHEN contains(line, '"messageType"') THEN TRY(from_json(line, '{
                "messageType":"VARCHAR","logGroup":"VARCHAR","logStream":"VARCHAR",
                "logEvents":[{"id":"VARCHAR","timestamp":"VARCHAR","message":"VARCHAR"}]}')) END AS d
              FROM records)
    )
)
