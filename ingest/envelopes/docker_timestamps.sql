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
    CASE WHEN time IS NULL THEN line ELSE after_field(line, stamp) END AS line,
    "offset",
    time
FROM (
    SELECT *, CASE WHEN stamp[11] = 'T' AND stamp[20] = '.' AND len(stamp) IN (30, 35) THEN stamp_time(stamp) END AS time
    FROM (SELECT *, split_part(line, ' ', 1) AS stamp FROM records)
)
