-- Envelope vocabulary: the line that a wrapper holds.

-- A payload without the newline that ended it.
CREATE MACRO without_newline(value) AS
    CASE WHEN NOT ends_with(value, chr(10)) THEN value
         WHEN ends_with(value, chr(13) || chr(10)) THEN value[:-3] ELSE value[:-2] END;

-- A time in the shape of ISO 8601, which most envelopes write in UTC.
CREATE MACRO stamp_time(value) AS
    CASE WHEN ends_with(value, 'Z') OR ends_with(value, '+00:00') THEN TRY_CAST(value AS TIMESTAMP)
         ELSE iso_time(value) END;

-- The text of a JSON value that is a string; NULL for any other.
CREATE MACRO json_string(value) AS
    CASE WHEN starts_with(CAST(value AS VARCHAR), '"') THEN TRY(CAST(value AS JSON) ->> '$') END;

-- A JSON value as a payload: the text of a string, an object or array as it is written; NULL for any other.
CREATE MACRO json_payload(value) AS
    CASE CAST(value AS VARCHAR)[1]
        WHEN '"' THEN without_newline(json_string(value))
        WHEN '{' THEN CAST(value AS VARCHAR)
        WHEN '[' THEN CAST(value AS VARCHAR) END;

-- Whether the object is a log record of its own, whose message is one part of it and not the line.
CREATE MACRO is_log_record(document) AS
    contains(document, '"loggerName"') OR contains(document, '"log.logger"');

-- The line held by an object that a collector made of it. `held` has `event.original`, `log` and `message`.
CREATE MACRO held_line(held, document) AS
    coalesce(without_newline(held.event.original),
        CASE WHEN NOT is_log_record(document)
             THEN coalesce(without_newline(json_string(held.log)), json_payload(held.message)) END);

-- rsyslog writes control characters as #ooo; a text that holds a tab was not written so.
CREATE MACRO syslog_text(value) AS
    CASE WHEN contains(value, '#0') AND NOT contains(value, chr(9))
         THEN replace(replace(replace(value, '#011', chr(9)), '#033', chr(27)), '#012', chr(10))
         ELSE value END;

-- What follows a field and the blank after it.
CREATE MACRO after_field(value, field) AS substr(value, len(field) + 2);

-- `TAG:` or `TAG[PID]:` where a syslog message begins so. Macros repeat their arguments: give them columns.
CREATE MACRO tag_of(value) AS
    CASE WHEN ends_with(split_part(value, ' ', 1), ':')
              AND regexp_full_match(split_part(value, ' ', 1), '[A-Za-z][^\s:\[\]]*(\[[^\]]*\])?:')
         THEN split_part(value, ' ', 1) END;

-- OTLP's list of keys and typed values as a plain JSON object; NULL for an empty list.
CREATE MACRO otlp_object(pairs) AS
    CASE WHEN len(pairs) > 0 THEN
        '{' || array_to_string(list_transform(pairs, lambda pair:
            CAST(to_json(pair.key) AS VARCHAR) || ':' || coalesce(CAST(coalesce(
                json_extract(pair.value, '$.stringValue'), json_extract(pair.value, '$.intValue'),
                json_extract(pair.value, '$.doubleValue'), json_extract(pair.value, '$.boolValue'),
                json_extract(pair.value, '$.arrayValue'), json_extract(pair.value, '$.kvlistValue')) AS VARCHAR), 'null')), ',') || '}'
    END;

-- How many of the digits before a `<` are the length of the message that begins there, if the message before
-- it, whose own length is among the digits `before`, ends just so; `distance` is that of the two `<`.
CREATE MACRO octet_count(distance, before, digits) AS
    CASE WHEN before <> '' AND digits <> ''
         THEN list_filter(range(1, len(digits) + 1), lambda count: digits[len(digits) - count + 1] <> '0'
                  AND ends_with(before, CAST(distance - 1 - count AS VARCHAR)))[1] END;
