/*
title = "aws cloudtrail lookup-events"
framing = "json"
recognise = '(?s)^\s*\{\s*("(EventId|EventName|ReadOnly|AccessKeyId|EventTime|EventSource|Username|Resources)"\s*:.*,\s*)?"CloudTrailEvent"\s*:\s*"'
documentation = ["https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"]
*/
SELECT coalesce(event, line) AS line, "offset"
FROM (
    SELECT *, CASE WHEN contains(line, '"CloudTrailEvent"') THEN TRY(json_extract_string(line, '$.CloudTrailEvent')) END AS event
    FROM records
)
