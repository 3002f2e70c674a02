/*
title = "heroku logs, cf logs, fly logs, aws logs tail, journalctl -o short-full"
recognise = '^\s*\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)? ([a-z][a-z0-9-]*\[[A-Za-z0-9_.-]+\]: |app\[[0-9a-z]+\] [a-z]{3} \[[a-z]+\] ?|\[[A-Z]+[A-Z0-9/._-]*[/][^\]\s]*\] +(OUT|ERR) |[A-Za-z0-9_.$\[\]-]+/\S+ )|^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})? [A-Z][A-Za-z0-9+-]* \S+ [A-Za-z][^\s:\[\]]*(\[[^\]]*\])?: '
documentation = [
    "https://devcenter.heroku.com/articles/logging",
    "https://docs.cloudfoundry.org/devguide/deploy-apps/streaming-logs.html",
    "https://fly.io/docs/flyctl/logs/",
    "https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html",
    "https://www.freedesktop.org/software/systemd/man/latest/journalctl.html",
]
*/
SELECT
    coalesce(told['line'], line) AS line,
    "offset",
    CASE WHEN told['weekday'] <> '' THEN CASE WHEN told['zone'] = 'UTC' THEN TRY_CAST(told['local'] AS TIMESTAMP) END
         ELSE iso_time(told['time']) END AS time,
    nullif(told['host'], '') AS host,
    nullif(rtrim(told['stream']), '') AS stream
FROM (
    SELECT *, CASE WHEN found['time'] <> '' OR found['weekday'] <> '' THEN found END AS told
    FROM (
        SELECT *, CASE WHEN ltrim(line)[5] = '-' OR line[9] = '-' THEN regexp_extract(line,
            '^(?:\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) ((?:[a-z][a-z0-9-]*\[[A-Za-z0-9_.-]+\]: |app\[[0-9a-z]+\] [a-z]{3} \[[a-z]+\] ?|\[[A-Z]+[A-Z0-9/._-]*[/][^\]\s]*\] +(?:OUT|ERR) |[A-Za-z0-9_.$\[\]-]+/\S+ ))|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) ([A-Z][A-Za-z0-9+-]*) (\S+) [A-Za-z][^\s:\[\]]*(?:\[[^\]]*\])?: )((?s:.*))$',
            ['time', 'stream', 'weekday', 'local', 'zone', 'host', 'line']) END AS found
        FROM records
    )
)
