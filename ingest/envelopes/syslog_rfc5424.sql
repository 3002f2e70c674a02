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
         WHEN rest[1] <> '[' THEN without_newline(ltrim(after_fields(rest, ['-']), chr(65279)))
         -- some put all that they have to say into the structured data
         WHEN len(rest) <= len(structured) + 1 THEN structured
         ELSE without_newline(ltrim(after_fields(rest, [structured]), chr(65279))) END AS line,
    "offset",
    CASE WHEN ours THEN iso_time(fields[2]) END AS time,
    CASE WHEN ours THEN nullify(fields[3]) END AS host
FROM (
    SELECT *, coalesce(rest[1] = '[' AND structured <> '' OR rest[1:2] IN ('-', '- '), false) AS ours
    FROM (
        SELECT *, CASE WHEN rest[1] = '[' THEN regexp_extract(rest, '^(\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+') END AS structured
        FROM (
            SELECT *, CASE WHEN fields IS NOT NULL AND fields[1] LIKE '<%>1' THEN after_fields(body, fields) END AS rest
            FROM (
                SELECT *, CASE WHEN body[1] = '<' THEN [split_part(body, ' ', 1), split_part(body, ' ', 2),
                    split_part(body, ' ', 3), split_part(body, ' ', 4), split_part(body, ' ', 5), split_part(body, ' ', 6)] END AS fields
                FROM (SELECT *, CASE WHEN counted IS NULL THEN line ELSE substr(line, strpos(line, ' ') + 1) END AS body
                      FROM messages)
            )
        )
    )
)
