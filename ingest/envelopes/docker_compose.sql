/*
title = "docker compose logs, docker service logs"
recognise = '^(\x1b\[[0-9;]*m)*[A-Za-z0-9][A-Za-z0-9_.@-]* *(\x1b\[[0-9;]*m)*\| ?'
documentation = [
    "https://docs.docker.com/reference/cli/docker/compose/logs/",
    "https://docs.docker.com/reference/cli/docker/service/logs/",
]
priority = 70
*/
SELECT
    CASE WHEN NOT ours THEN line
         -- a coloured prefix ends with the reset of its colour
         WHEN starts_with(line, chr(27)) AND starts_with(rest, chr(27) || '[0m') THEN substr(rest, 5)
         ELSE rest END AS line,
    "offset",
    CASE WHEN ours THEN name END AS stream
FROM (
    SELECT *,
        substr(line, len(prefix) + 2 + CAST(line[len(prefix) + 2] = ' ' AS INTEGER)) AS rest,
        coalesce(len(prefix) < len(line) AND regexp_full_match(name, '[A-Za-z0-9][A-Za-z0-9_.@-]*'), false) AS ours
    FROM (SELECT *, CASE WHEN contains(prefix, chr(27)) THEN trim(regexp_replace(prefix, '\x1b\[[0-9;]*m', '', 'g'))
                         ELSE rtrim(prefix, ' ') END AS name
          FROM (SELECT *, CASE WHEN contains(left(line, 200), '|') THEN split_part(line, '|', 1) END AS prefix
                FROM records))
)
