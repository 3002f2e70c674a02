/*
title = "CRI (containerd, CRI-O)"
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d) std(out|err) [FP](:\S*)?( |$)'
documentation = ["https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md"]
*/
SELECT
    CASE WHEN ours THEN after_fields(line, [stamp, stream, tags]) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN iso_time(stamp) END AS time,
    CASE WHEN ours THEN stream END AS stream,
    ours AND tags[1] = 'P' AS partial
FROM (
    SELECT *, stream IN ('stdout', 'stderr') AND split_part(tags, ':', 1) IN ('F', 'P') AND stamp[11] = 'T' AS ours
    FROM (SELECT *, split_part(line, ' ', 1) AS stamp, split_part(line, ' ', 2) AS stream,
                 split_part(line, ' ', 3) AS tags
          FROM records)
)
