/*
title = "CRI (containerd, CRI-O)"
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d) std(out|err) [FP](:\S*)?( |$)'
documentation = ["https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md"]
*/
SELECT
    CASE WHEN ours THEN substr(line, blank + len(tags) + 9) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN stamp_time(left(line, blank - 1)) END AS time,
    CASE WHEN ours THEN stream END AS stream,
    ours AND starts_with(tags, 'P') AS partial
FROM (
    SELECT *, stream IN ('stdout', 'stderr') AND tags IS NOT NULL AND blank >= 20 AS ours
    FROM (
        -- the name of a stream has six letters; the tags after it are `F` or `P` and rarely more
        SELECT *, substr(line, blank + 1, 6) AS stream,
            CASE WHEN mark IN (' F ', ' P ', ' F', ' P') THEN mark[2]
                 WHEN mark IN (' F:', ' P:') THEN split_part(line, ' ', 3) END AS tags
        FROM (SELECT *, substr(line, blank + 7, 3) AS mark
              FROM (SELECT *, strpos(line, ' ') AS blank FROM records))
    )
)
