/*
title = "syslog, RFC 5424"
recognise = '^(\d{1,6} )?<\d{1,3}>1 (-|\d{4}-\d\d-\d\dT\S+) \S+ \S+ \S+ \S+ (-|\[)'
documentation = ["https://www.rfc-editor.org/rfc/rfc5424", "https://www.rfc-editor.org/rfc/rfc6587"]
*/
-- Octet counting puts messages one after another without a newline: a record may hold many.
WITH told AS (
    SELECT *, coalesce(strlen(line) > strlen(counted) + CAST(substr(counted, 1, strpos(counted, ' ') - 1) AS INTEGER) + 1, false) AS many
    FROM (SELECT *, CASE WHEN line[1] BETWEEN '0' AND '9'
                         THEN nullif(regexp_extract(line, '^\d{1,6} <\d{1,3}>1 '), '') END AS counted
          FROM records)
),
pieces AS (
    SELECT "offset", unnest(found) AS piece, unnest(range(1, len(found) + 1)) AS place
    FROM (
        SELECT "offset", list_transform(
            list_filter(string_split(regexp_replace(line, '\d{1,6} <\d{1,3}>1 ', chr(30) || '\0', 'g'), chr(30)),
                        lambda piece, place: place > 1),
            lambda piece: CASE WHEN regexp_matches(piece, '^\d{1,6} <\d{1,3}>1 ') THEN piece ELSE chr(30) || piece END) AS found
        FROM told WHERE many
    )
),
placed AS (
    SELECT *,
        coalesce(sum(strlen(piece)) OVER (PARTITION BY "offset" ORDER BY place
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::BIGINT AS start,
        CASE WHEN piece[1] <> chr(30) THEN split_part(piece, ' ', 1) ELSE '' END AS digits,
        start + len(digits) AS bracket
    FROM pieces
),
-- A head is where a message before it ends by its own length. Digits that end a message stand right before
-- the length of the next, and a text may look like a head: so up to three messages before are asked.
heads AS (
    SELECT *, CASE WHEN place = 1 THEN len(digits) ELSE coalesce(
        octet_count(bracket - lag(bracket, 1) OVER record, lag(digits, 1) OVER record, digits),
        octet_count(bracket - lag(bracket, 2) OVER record, lag(digits, 2) OVER record, digits),
        octet_count(bracket - lag(bracket, 3) OVER record, lag(digits, 3) OVER record, digits)) END AS count_digits
    FROM placed
    WINDOW record AS (PARTITION BY "offset" ORDER BY place)
),
cut AS (
    SELECT *, coalesce(len(digits) - count_digits, 0) AS foreign_digits,
        count(count_digits) OVER (PARTITION BY "offset" ORDER BY place) AS message
    FROM heads
),
messages AS (
    SELECT "offset", line, counted FROM told WHERE NOT many
    UNION ALL
    SELECT "offset" + min(start + foreign_digits) AS "offset", string_agg(text, '' ORDER BY place) AS line, '0 <' AS counted
    FROM (SELECT *, substr(piece, foreign_digits + 1) ||
              coalesce(left(lead(piece) OVER record, lead(foreign_digits) OVER record), '') AS text
          FROM cut WINDOW record AS (PARTITION BY "offset" ORDER BY place))
    GROUP BY "offset", message
)
SELECT
    CASE WHEN NOT ours THEN line
         -- some put all that they have to say into the structured data
         WHEN text = '' AND data[1] = '[' THEN data
         WHEN starts_with(text, chr(65279)) THEN without_newline(text[2:])
         ELSE without_newline(text) END AS line,
    "offset",
    CASE WHEN ours THEN stamp_time(stamp) END AS time,
    CASE WHEN ours THEN nullify(host) END AS host
FROM (
    SELECT *, coalesce(data <> '', false) AS ours, after_field(rest, data) AS text
    FROM (
        SELECT *, CASE WHEN rest[1] = '[' THEN regexp_extract(rest, '^(\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+')
                       WHEN rest[1:2] IN ('-', '- ') THEN '-' END AS data
        FROM (
            SELECT *, CASE WHEN head LIKE '<%>1' THEN substr(body, 7 + len(head) + len(stamp) + len(host) + len(app) + len(process) + len(id)) END AS rest
            FROM (
                SELECT *, split_part(body, ' ', 1) AS head, split_part(body, ' ', 2) AS stamp, split_part(body, ' ', 3) AS host,
                    split_part(body, ' ', 4) AS app, split_part(body, ' ', 5) AS process, split_part(body, ' ', 6) AS id
                FROM (SELECT *, CASE WHEN counted IS NULL THEN line ELSE substr(line, strpos(line, ' ') + 1) END AS body
                      FROM messages)
            )
        )
    )
)
