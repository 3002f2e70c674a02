/*
title = "A time before each line, with a host or without: Docker Desktop, Portainer, viewers of logs"
# only before what begins like a line by itself: time, zone, host, and how the line begins
recognise = '^(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,7})?)(Z|[+-]\d\d:?\d\d|) ((?:[A-Za-z][A-Za-z0-9]*[-.0-9][A-Za-z0-9_.-]* )?)(?:\{ ?"|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3} \S+ \S+ \[|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d|\[\d{4}-\d\d-\d\dT\d\d:\d\d|(?:time|ts|level)=)'
documentation = [
    "https://docs.docker.com/desktop/use-desktop/container/",
    "https://docs.portainer.io/user/docker/containers/logs",
]
priority = 65
*/
SELECT
    text AS line,
    "offset",
    -- a time without a zone is that of whoever looked at the log: it serves where the line has none
    CASE WHEN told['zone'] <> '' THEN iso_time(told['time'] || told['zone'])
         WHEN starts_with(text, '{') AND NOT regexp_matches(text, '"[@A-Za-z_.]*([Tt]ime|[Tt]s|[Dd]ate)[A-Za-z_]*"\s*:')
         THEN TRY_CAST(replace(told['time'], ',', '.') AS TIMESTAMP) END AS time,
    nullif(rtrim(told['host']), '') AS host
FROM (
    SELECT *, CASE WHEN told['time'] <> '' THEN substr(line, len(told['time']) + len(told['zone']) + len(told['host']) + 2)
                   ELSE line END AS text
    FROM (
        SELECT *, CASE WHEN line[5] = '-' AND line[8] = '-' THEN regexp_extract(line, $recognise, ['time', 'zone', 'host']) END AS told
        FROM records
    )
)
