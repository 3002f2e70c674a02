/*
title = "Docker json-file"
recognise = '^\{"log":"(?:[^"\\]|\\.)*","stream":"std(out|err)",("attrs":\{[^{}]*\},)?"time":"[^"]+"\}\s*$'
documentation = ["https://docs.docker.com/engine/logging/drivers/json-file/"]
*/
SELECT
    CASE WHEN ours THEN without_newline(d.log) ELSE line END AS line,
    "offset",
    CASE WHEN ours THEN stamp_time(d.time) END AS time,
    CASE WHEN ours THEN d.stream END AS stream,
    -- a line above 16 KiB is written in parts; only the last one has its newline
    ours AND NOT ends_with(d.log, chr(10)) AS partial
FROM (
    SELECT *, coalesce(d.log IS NOT NULL AND d.time IS NOT NULL AND d.stream IN ('stdout', 'stderr'), false) AS ours
    FROM (SELECT line, "offset",
        CASE WHEN starts_with(line, '{')
             THEN TRY(from_json(line, '{"log":"VARCHAR","stream":"VARCHAR","time":"VARCHAR"}')) END AS d
        FROM records)
)
