/*
title = "docker logs --timestamps, kubectl logs --timestamps"
# nine digits of a second, as Docker and the kubelet write them; not `stdout F`, which is CRI
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)( ([^s]|s[^t]|st[^d]|std[^oe])| ?$)'
documentation = [
    "https://docs.docker.com/reference/cli/docker/container/logs/",
    "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/",
]
priority = 60
*/
SELECT
    CASE WHEN time IS NULL THEN line ELSE substr(line, len(stamp) + 2) END AS line,
    "offset",
    time
FROM (
    SELECT *, CASE WHEN line[11] = 'T' AND line[20] = '.' THEN stamp_time(stamp) END AS time
    FROM (
        -- a time has 30 letters, or 35 with an offset; nothing follows it where the line is empty
        SELECT *, CASE WHEN line[31] = ' ' OR len(line) = 30 THEN left(line, 30)
                       WHEN line[36] = ' ' OR len(line) = 35 THEN left(line, 35) END AS stamp
        FROM records
    )
)
