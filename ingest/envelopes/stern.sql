/*
title = "stern"
# a pod's name ends with the hash of its set (letters and digits that make no words) or with its ordinal
recognise = '^(\x1b\[[0-9;]*m)*([a-z0-9][a-z0-9-]*(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*)?[a-z0-9][a-z0-9.-]*-([bcdfghjklmnpqrstvwxz2456789]{5}|\d{1,3})(\x1b\[[0-9;]*m)* (\x1b\[[0-9;]*m)*[a-z0-9][a-z0-9-]*(\x1b\[[0-9;]*m)* |^\{"message":"(?:[^"\\]|\\.)*","nodeName":"[^"]*","namespace":"[^"]*","podName":"'
documentation = ["https://github.com/stern/stern"]
priority = 70
*/
SELECT
    CASE WHEN d.message IS NOT NULL AND d.podName IS NOT NULL THEN without_newline(d.message)
         WHEN pod IS NOT NULL THEN substr(line, len(array_to_string(words[1:place + 1], ' ')) + 2)
         ELSE line END AS line,
    "offset",
    coalesce(d.podName, pod) AS host,
    CASE WHEN d.podName IS NOT NULL THEN concat_ws('/', d.podName, d.containerName)
         WHEN pod IS NOT NULL THEN concat_ws('/', pod, names[place + 1]) END AS stream,
    -- + pod › container: told on the terminal when a pod comes or goes
    CASE WHEN line[1:2] IN ('+ ', '- ') AND line LIKE '_ % › %' THEN 'stern event' END AS ignored
FROM (
    SELECT *, CASE place WHEN 0 THEN NULL ELSE names[place] END AS pod
    FROM (
        SELECT *,
            CASE WHEN starts_with(line, '{') AND contains(line, '"podName"')
                 THEN TRY(from_json(line, '{"message":"VARCHAR","podName":"VARCHAR","containerName":"VARCHAR"}')) END AS d,
            CASE WHEN starts_with(line, '{') OR len(names) < 3 THEN 0
                 WHEN regexp_full_match(names[1], '[a-z0-9][a-z0-9.-]*-([bcdfghjklmnpqrstvwxz2456789]{5}|\d{1,3})')
                      AND regexp_full_match(names[2], '[a-z0-9][a-z0-9-]*') THEN 1
                 -- with --all-namespaces the namespace comes first
                 WHEN len(names) > 3 AND regexp_full_match(names[1], '[a-z0-9][a-z0-9-]*')
                      AND regexp_full_match(names[2], '[a-z0-9][a-z0-9.-]*-([bcdfghjklmnpqrstvwxz2456789]{5}|\d{1,3})')
                      AND regexp_full_match(names[3], '[a-z0-9][a-z0-9-]*') THEN 2
                 ELSE 0 END AS place
        FROM (SELECT *, CASE WHEN contains(left(line, 300), chr(27))
                  THEN list_transform(words, lambda word: regexp_replace(word, '\x1b\[[0-9;]*m', '', 'g'))
                  ELSE words END AS names
              FROM (SELECT *, string_split(left(line, 400), ' ')[1:4] AS words FROM records))
    )
)
