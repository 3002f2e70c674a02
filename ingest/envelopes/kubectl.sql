/*
title = "kubectl logs --prefix"
recognise = '^\[(pod|job|deployment|replicaset|statefulset|daemonset)/[^\]\s/]+/[^\]\s/]+\]( |$)'
documentation = ["https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/"]
*/
SELECT
    CASE WHEN ours THEN after_field(line, prefix) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN split_part(prefix, '/', 2) END AS host,
    CASE WHEN ours THEN prefix[2:-2] END AS stream
FROM (
    SELECT *, prefix LIKE '[%/%/%]'
        AND split_part(prefix, '/', 1) IN ('[pod', '[job', '[deployment', '[replicaset', '[statefulset', '[daemonset') AS ours
    FROM (SELECT *, split_part(line, ' ', 1) AS prefix FROM records)
)
