/*
title = "CloudWatch Logs export to S3"
# many applications begin a line so: every other envelope and every source is asked before
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z( |$)'
documentation = ["https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html"]
priority = 90
*/
SELECT
    CASE WHEN time IS NULL THEN line ELSE after_field(line, stamp) END AS line,
    "offset",
    time
FROM (
    SELECT *, CASE WHEN len(stamp) = 24 AND stamp[11] = 'T' AND stamp[20] = '.' AND stamp[24] = 'Z' THEN stamp_time(stamp) END AS time
    FROM (SELECT *, split_part(line, ' ', 1) AS stamp FROM records)
)
