/*
title = "CRI (containerd, CRI-O)"
recognise = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d) std(out|err) [FP](:\S*)?( |$)'
documentation = ["https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md"]
*/
SELECT
    CASE WHEN ours THEN substr(line, len(stamp) + len(tags) + 10) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN stamp_time(stamp) END AS time,
    CASE WHEN ours THEN stream END AS stream,
    ours AND starts_with(tags, 'P') AS partial
FROM (
    SELECT *, stream IN ('stdout', 'stderr') AND tags IS NOT NULL AND contains(stamp, 'T') AS ours
    FROM (
        -- the name of a stream has six letters; the tags after it are `F` or `P` and rarely more
        SELECT *, substr(line, len(stamp) + 2, 6) AS stream,
            CASE WHEN mark IN (' F ', ' P ', ' F', ' P') THEN mark[2]
                 WHEN starts_with(mark, ' F:') OR starts_with(mark, ' P:') THEN split_part(line, ' ', 3) END AS tags
        FROM (SELECT *, substr(line, len(stamp) + 8, 3) AS mark
              FROM (SELECT *, split_part(line, ' ', 1) AS stamp FROM records))
    )
)
