/*
title = "Fluent Bit on standard output"
recognise = '^\[\d+\] \S+: \[\[?\d{9,10}\.\d{9}, '
documentation = ["https://docs.fluentbit.io/manual/data-pipeline/outputs/standard-output"]
*/
-- Strings are written as they are, quotes and newlines too: only what stands around them tells where they end.
SELECT
    coalesce(CASE WHEN starts_with(line, '[')
        THEN regexp_replace(regexp_replace(text, '"\}\]$', ''),
            -- the next key of the record
            '", "[A-Za-z0-9_.@/-]+"=>.*$', '') END, line) AS line,
    "offset",
    CASE WHEN text IS NOT NULL THEN epoch_time(regexp_extract(line, '^\[\d+\] \S+: \[\[?(\d+\.\d+)', 1)) END AS time,
    CASE WHEN text IS NOT NULL THEN split_part(split_part(line, ' ', 2), ':', 1) END AS stream,
    CASE WHEN starts_with(line, '", "') AND ends_with(line, '}]') OR line = '"}]' THEN 'rest of a Fluent Bit record' END AS ignored
FROM (
    SELECT *, CASE WHEN starts_with(line, '[') AND contains(line, '=>"')
                   THEN nullif(regexp_extract(line, '^\[\d+\] \S+: \[\[?\d+\.\d+, .*?"(log|message|MESSAGE)"=>"(.*)$', 2), '') END AS text
    FROM records
)
