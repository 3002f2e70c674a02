-- Text vocabulary: what "no value" looks like, templates of messages.

-- The two ways in which access logs write "no value".
CREATE MACRO nullify(value) AS nullif(nullif(value, ''), '-');

-- A JSON value as text, when it is neither an object nor an array.
CREATE MACRO scalar_text(value) AS
    CASE WHEN NOT starts_with(value, '{') AND NOT starts_with(value, '[') THEN value END;

-- Text in which bytes stand as \xXX, decoded; DuckDB's own reading of a BLOB is just that.
CREATE MACRO hex_unescape(value) AS
    CASE WHEN contains(value, '\x') THEN coalesce(TRY(decode(CAST(value AS BLOB))), value) ELSE value END;

-- Percent-decoding that never raises; `+` stays (a path may hold it).
CREATE MACRO percent_decode(value) AS
    CASE WHEN contains(value, '%') THEN coalesce(TRY(url_decode(value)), value) ELSE value END;

-- A value of application/x-www-form-urlencoded: `+` is a blank.
CREATE MACRO form_decode(value) AS percent_decode(replace(value, '+', ' '));

-- A message with what varies replaced, so that equal messages have equal text.
CREATE MACRO message_template(message) AS
    left(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(message,
        '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}', '{id}', 'g'),
        '(''[^'']{1,200}''|"[^"]{1,200}")', '{text}', 'g'),
        'https?://[^\s,;)\]]+', '{url}', 'g'),
        '\b[0-9a-fA-F]*[0-9][0-9a-fA-F]{7,}\b', '{id}', 'g'),
        '[0-9]+', '{n}', 'g'), 300);

-- Timestamps in the shape of ISO 8601 (any precision, any zone; none means UTC) as naive UTC.
CREATE MACRO iso_time(value) AS
    TRY_CAST(TRY_CAST(replace(value, ',', '.') AS TIMESTAMPTZ) AS TIMESTAMP);

-- Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size, as naive UTC.
CREATE MACRO epoch_time(value) AS (
    CASE
        WHEN TRY_CAST(value AS DOUBLE) IS NULL OR TRY_CAST(value AS DOUBLE) < 1e8 THEN NULL
        WHEN TRY_CAST(value AS DOUBLE) < 1e11 THEN
            make_timestamp(TRY_CAST(round(TRY_CAST(value AS DECIMAL(28, 9)) * 1000000) AS BIGINT))
        WHEN TRY_CAST(value AS DOUBLE) < 1e14 THEN
            make_timestamp(TRY_CAST(round(TRY_CAST(value AS DECIMAL(28, 9)) * 1000) AS BIGINT))
        WHEN TRY_CAST(value AS DOUBLE) < 1e17 THEN make_timestamp(TRY_CAST(TRY_CAST(value AS DOUBLE) AS BIGINT))
        WHEN TRY_CAST(value AS DOUBLE) < 1e20 THEN make_timestamp(CAST(TRY_CAST(value AS HUGEINT) // 1000 AS BIGINT))
    END
);

-- The time of common log format, `02/Mar/2026:02:15:04 +0100`, as naive UTC.
CREATE MACRO clf_time(value) AS
    make_timestamp(epoch_us(TRY_STRPTIME(value, '%d/%b/%Y:%H:%M:%S %z')));

-- Whether a time as text says its zone.
CREATE MACRO has_zone(value) AS regexp_matches(value, '\d(Z| ?UTC| ?GMT| ?[+-]\d\d(:?\d\d)?)\]?$');

-- A time in any usual layout that says its zone, or since 1970, as naive UTC: ISO 8601 (also with a blank, a comma or slashes),
-- common log format, RFC 1123; NULL for any other. Macros repeat their argument: give it a column.
CREATE MACRO zoned_time(value) AS
    CASE WHEN regexp_full_match(value, '[0-9]{9,20}(\.[0-9]+)?') THEN epoch_time(value)
         WHEN NOT has_zone(value) THEN NULL
         WHEN value[5] IN ('-', '/') OR (value[1] = '[' AND value[6] IN ('-', '/')) THEN
            CASE WHEN value[-1] = 'Z' AND value[5] = '-' THEN iso_time(value)
                 ELSE iso_time(regexp_replace(regexp_replace(replace(translate(value, '[]', ''), '/', '-'), ' ?(UTC|GMT)$', 'Z'), ' ?([+-]\d\d):?(\d\d)$', '\1:\2')) END
         WHEN value[4] = '/' OR value[3] = '/' THEN clf_time(replace(replace(translate(value, '[]', ''), ' UTC', ' +0000'), ' GMT', ' +0000'))
         ELSE coalesce(TRY_STRPTIME(value, ['%a, %d %b %Y %H:%M:%S GMT', '%a, %d %b %Y %H:%M:%S UTC', '%a %b %d %H:%M:%S UTC %Y', '%A, %d-%b-%y %H:%M:%S GMT']),
            CAST(TRY_STRPTIME(value, ['%a, %d %b %Y %H:%M:%S %z', '%d %b %Y %H:%M:%S %z']) AS TIMESTAMP)) END;

-- The same for a time that says no zone.
CREATE MACRO zoneless_time(value) AS
    CASE WHEN regexp_full_match(value, '\d{6} \d\d:\d\d:\d\d') THEN TRY_STRPTIME(value, '%y%m%d %H:%M:%S')
         WHEN len(value) < 16 OR has_zone(value) THEN NULL
         WHEN value[5] IN ('-', '/') THEN TRY_CAST(replace(replace(value, '/', '-'), ',', '.') AS TIMESTAMP)
         WHEN value[1] = '[' OR value[3] IN ('/', '-', ' ', '.') OR value[1] BETWEEN 'A' AND 'Z' THEN
            TRY_STRPTIME(translate(replace(value, ',', '.'), '[]', ''), ['%d/%b/%Y:%H:%M:%S.%f', '%d/%b/%Y:%H:%M:%S', '%d/%b/%Y %H:%M:%S.%f', '%d/%b/%Y %H:%M:%S', '%d-%b-%Y %H:%M:%S.%f',
                '%d-%b-%Y %H:%M:%S', '%d %b %Y %H:%M:%S.%f', '%d %b %Y %H:%M:%S', '%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S',
                '%a %b %d %H:%M:%S.%f %Y', '%a %b %d %H:%M:%S %Y', '%d.%m.%Y %H:%M:%S.%f', '%d.%m.%Y %H:%M:%S', '%b %d. %Y %I:%M:%S %p', '%b %d. %Y %H:%M:%S']) END;

-- The time that a line of a program begins with, in the layout in which it stands there; NULL when it begins with none.
CREATE MACRO leading_time(line) AS nullif(regexp_extract(left(line, 120),
    '^(?:<\d{1,3}>1? ?)?(?:[A-Za-z][\w.-]* )?(?:[^A-Za-z0-9\[]|\[[^\]\d][^\]]*\]|\[\d{1,7}\]|\[|(?i:trace|debug|info|information|notice|warn|warning|error|err|fatal|critical|crit|severe)\b|[A-Z]\b)*?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?|\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [+-]\d{4})?|\d\d[- ][A-Z][a-z]{2}[- ]\d{4} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?:UTC )?\d{4}|[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?: (?:GMT|UTC|[+-]\d{4}))?|\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d(?:[.,]\d{1,9})?|[A-Z][a-z]{2} \d\d, \d{4} \d{1,2}:\d\d:\d\d(?: [AP]M)?|\d{6} \d\d:\d\d:\d\d|\d{10}(?:\d{3}|\.\d{1,9})?\b)', 1), '');

-- An HTTP status, or NULL for anything that is none.
CREATE MACRO http_status(value) AS
    CASE WHEN TRY_CAST(value AS SMALLINT) BETWEEN 100 AND 999 THEN TRY_CAST(value AS SMALLINT) END;

-- An IP address without its port and brackets; NULL for anything that is none (callers write X-Forwarded-For
-- as they like).
CREATE MACRO ip_address(value) AS
    CASE WHEN value[1] = '[' THEN nullif(regexp_extract(value, '^\[([0-9a-fA-F]*[:.][0-9a-fA-F:.]*(?:%[A-Za-z0-9]+)?)\](?::[0-9]*)?$', 1), '')
         WHEN NOT regexp_full_match(value, '[0-9a-fA-F:.]*(?:[:.][0-9a-fA-F]*){2,}') OR regexp_full_match(value, '\d\d:\d\d:\d\d(?:\.\d+)?') THEN NULL
         WHEN contains(value, '.') AND NOT contains(value, '::') THEN split_part(value, ':', 1)
         ELSE value END;

-- Who called: an IP address, or the name of a host.
CREATE MACRO caller(value) AS
    coalesce(ip_address(value),
        CASE WHEN regexp_full_match(value, '[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?') THEN value END);

-- The caller that the first proxy saw, by X-Forwarded-For.
CREATE MACRO forwarded_for(value) AS ip_address(trim(split_part(value, ',', 1)));

-- nginx joins the values of several upstream tries with ", " and " : "; the last one counts.
CREATE MACRO last_of_list(value) AS
    CASE WHEN contains(value, ',') OR contains(value, ' : ')
         THEN trim(string_split_regex(value, ', | : ')[-1]) ELSE value END;

-- The duration of Go (`1m2.5s`, `3.2ms`, `45.6µs`) in milliseconds; NULL for anything that is none.
CREATE MACRO go_duration_ms(value) AS (
    CASE
        WHEN ends_with(value, 'ms') AND NOT regexp_matches(value, '[hm].*ms') THEN TRY_CAST(value[:-3] AS DOUBLE)
        WHEN ends_with(value, 'µs') OR ends_with(value, 'us') THEN TRY_CAST(value[:-3] AS DOUBLE) / 1000
        WHEN ends_with(value, 'ns') THEN TRY_CAST(value[:-3] AS DOUBLE) / 1000000
        WHEN regexp_full_match(value, '(?:[0-9]+h)?(?:[0-9]+m)?[0-9.]+s') THEN
            1000 * (3600 * coalesce(TRY_CAST(nullif(regexp_extract(value, '([0-9]+)h', 1), '') AS DOUBLE), 0)
                + 60 * coalesce(TRY_CAST(nullif(regexp_extract(value, '([0-9]+)m', 1), '') AS DOUBLE), 0)
                + TRY_CAST(regexp_extract(value, '([0-9.]+)s$', 1) AS DOUBLE))
    END
);

-- logfmt_json for a line with Go's escapes (strconv.Quote), which are JSON's and some more; a backslash outside of quotes is itself.
-- chr(2) stands for `\\`, chr(1) for `\"` until the quotes have parted the line.
CREATE MACRO logfmt_json_escaped(line) AS
    '{"' || array_to_string(list_transform(string_split(replace(replace(trim(
            CASE WHEN regexp_matches(line, '[\x00-\x1f]') THEN regexp_replace(line, '[\x00-\x1f]', ' ', 'g') ELSE line END),
            '\\', chr(2)), '\"', chr(1)), '"'),
        lambda part, place: CASE
            WHEN place % 2 = 1 THEN CASE
                WHEN contains(part, '\') OR contains(part, '  ') OR contains(part, chr(1)) OR contains(part, chr(2)) THEN
                    replace(replace(replace(replace(replace(regexp_replace(part, ' +', ' ', 'g'),
                        '\', '\\'), chr(2), '\\\\'), chr(1), '\\\"'), '=', '":"'), ' ', '","')
                ELSE replace(replace(part, '=', '":"'), ' ', '","') END
            WHEN contains(part, '\') THEN replace(replace(regexp_replace(replace(replace(replace(part,
                '\x', '\u00'), '\a', '\u0007'), '\v', '\u000b'), '\\U[0-9a-fA-F]{8}', '\\ufffd', 'g'), chr(2), '\\'), chr(1), '\"')
            ELSE replace(replace(part, chr(2), '\\'), chr(1), '\"') END), '') || '"}';

-- Whether every quote that begins in a line ends there.
CREATE MACRO has_even_quotes(line) AS (strlen(line) - strlen(replace(line, '"', ''))) % 2 = 0;

-- A line of logfmt as logrus, slog and others write it, as the text of a JSON object of strings: `a=1 b="x \"y\""`
-- becomes {"a":"1","b":"x \"y\""}. By exchanging separators: what stands between quotes stays, elsewhere a blank parts
-- pairs and `=` a key from its value. NULL where a line is cut within quotes; another that is no logfmt becomes text
-- that is no JSON. Ask by TRY(from_json(...)) over a column: where one row fails, TRY works all of them out again.
CREATE MACRO logfmt_json(line) AS
    CASE WHEN contains(line, '\') THEN
            CASE WHEN has_even_quotes(replace(replace(line, '\\', ''), '\"', '')) THEN logfmt_json_escaped(line) END
         WHEN NOT has_even_quotes(line) THEN NULL
         WHEN contains(line, '  ') OR regexp_matches(line, '[\x00-\x1f]|^ | $') THEN logfmt_json_escaped(line)
         ELSE '{"' || array_to_string(list_transform(string_split(line, '"'), lambda part, place:
            CASE WHEN place % 2 = 1 THEN replace(replace(part, '=', '":"'), ' ', '","') ELSE part END), '') || '"}' END;

-- The trace id of a `traceparent` (W3C Trace Context), `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; NULL
-- for anything else.
CREATE MACRO trace_of(traceparent) AS
    CASE WHEN traceparent[3] = '-' AND traceparent[36] = '-' AND translate(traceparent[4:35], '0123456789abcdef', '') = ''
         THEN traceparent[4:35] END;
