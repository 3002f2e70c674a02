/*
title = "CloudWatch Logs export to S3"
# many applications begin a line so: every other envelope and every source is asked before
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z( |$)'
documentation = ["https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html"]
priority = 90
*/
SELECT
    CASE WHEN time IS NULL THEN line ELSE substr(line, 26) END AS line,
    "offset",
    time
FROM (
    SELECT *, CASE WHEN line[24] = 'Z' AND line[11] = 'T' AND line[20] = '.' AND (line[25] = ' ' OR len(line) = 24)
                   THEN stamp_time(left(line, 24)) END AS time
    FROM records
)
