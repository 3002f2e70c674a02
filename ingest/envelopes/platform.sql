/*
title = "heroku logs, cf logs, fly logs, aws logs tail, journalctl -o short-full"
# time and process; time (which AWS writes in one way only) and stream; time, zone and host behind a weekday
recognise = '^\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) (?:([a-z][a-z0-9-]*\[[A-Za-z0-9_.-]+\]): |(app\[[0-9a-z]+\]) [a-z]{3} \[[a-z]+\] ?|(\[[A-Z]+[A-Z0-9/._-]*[/][^\]\s]*\]) +(?:OUT|ERR) )|^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00) ([A-Za-z0-9_.$\[\]-]+/\S+) |^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) ([A-Z][A-Za-z0-9+-]*) (\S+) [A-Za-z][^\s:\[\]]*(?:\[[^\]]*\])?: '
documentation = [
    "https://devcenter.heroku.com/articles/logging",
    "https://docs.cloudfoundry.org/devguide/deploy-apps/streaming-logs.html",
    "https://fly.io/docs/flyctl/logs/",
    "https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html",
    "https://www.freedesktop.org/software/systemd/man/latest/journalctl.html",
]
*/
SELECT
    CASE WHEN head <> '' THEN substr(line, len(head) + 1) ELSE line END AS line,
    "offset",
    coalesce(iso_time(nullif(told['time'], '')), iso_time(nullif(told['aws_time'], '')),
        CASE WHEN told['zone'] = 'UTC' THEN TRY_CAST(told['local'] AS TIMESTAMP) END) AS time,
    nullif(told['host'], '') AS host,
    nullif(concat(told['process'], told['machine'], told['instance'], told['aws_stream']), '') AS stream
FROM (
    SELECT *, CASE WHEN head <> '' THEN regexp_extract(line, $recognise,
        ['time', 'process', 'machine', 'instance', 'aws_time', 'aws_stream', 'local', 'zone', 'host']) END AS told
    FROM (SELECT *, CASE WHEN ltrim(line)[5] = '-' OR line[9] = '-' THEN regexp_extract(line, $recognise) END AS head FROM records)
)
