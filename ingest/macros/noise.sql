-- What stands between the records of a log: blanks, and what other programs write into the same stream.

CREATE MACRO is_blank(line) AS trim(line, ' ' || chr(9) || chr(13) || chr(65279)) = '';

-- What kind of other line this is, by shapes that most programs share; NULL when it is of none.
CREATE MACRO other_log(line) AS
    CASE
        WHEN regexp_matches(line, '^(\s+(at |\.\.\. \d+ |File "|\S+\.go:\d+)|(\s*)(Caused by|Suppressed): |Traceback \(most recent call last\)|goroutine \d+ \[|panic: |[\w.$]+(Exception|Error)(: |$))')
            THEN 'stack trace'
        WHEN regexp_matches(line, '^(\t|    )\s*\S') THEN 'continuation of a line before'
        WHEN NOT regexp_matches(line, '[[:alnum:]]') THEN 'banner'
        WHEN regexp_matches(line, '(?i)^(<\d+>)?\[?(\d{4}[-/]\d\d[-/]\d\d|\d\d[-/.](\d\d|[a-z]{3})[-/.]\d{4}|[a-z]{3} [ \d]\d|\d\d:\d\d:\d\d)\S*(\s+\d\d:\d\d:\d\d\S*)?(\s+\S+){0,4}?\s*[\[(<]?(trace|debug|info|notice|warn|warning|error|severe|fatal|crit|critical|alert|emerg|log|statement|detail|hint|context|panic)\b')
            OR regexp_matches(line, '(?i)^[\[(<]?(trace|debug|info|notice|warn|warning|error|severe|fatal|crit|critical)[\])>]?(:|\s|\[)')
            OR regexp_matches(line, '^[IWEF]\d{4} \d\d:\d\d:\d\d|^\S*\.sh: |(^|\s)level=[a-z]+\b')
            THEN 'message of a program'
    END;
