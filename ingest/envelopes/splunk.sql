/*
title = "Splunk search export and HTTP event collector"
framing = "json"
recognise = '(?s)^\s*\{\s*"preview"\s*:\s*(true|false)|^\s*\{\s*("(_time|_bkt|_cd|_indextime|_serial|_si|_sourcetype|host|source|sourcetype|index|linecount|splunk_server)"\s*:.*,\s*)?"_raw"\s*:\s*"|^\s*\{\s*("(time|host|source|index|fields)"\s*:.*,\s*)?"sourcetype"\s*:\s*"[^"]*"\s*(,.*)?,\s*"event"\s*:\s*["{]|^\s*\{\s*("(time|host|source|index|fields)"\s*:.*,\s*)?"event"\s*:\s*["{].*,\s*"sourcetype"\s*:\s*"|^\s*\{\s*"event"\s*:\s*\{\s*"line"\s*:\s*"'
documentation = [
    "https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch",
    "https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector",
]
*/
SELECT
    coalesce(CASE WHEN raw IS NOT NULL THEN without_newline(raw)
         WHEN is_event THEN coalesce(held_line(held, CAST(d.event AS VARCHAR)), without_newline(json_string(held.line)), json_payload(d.event))
         END, line) AS line,
    "offset",
    CASE WHEN raw IS NOT NULL THEN coalesce(iso_time(stamp), epoch_time(stamp)) WHEN is_event THEN coalesce(epoch_time(d.time), iso_time(d.time)) END AS time,
    CASE WHEN raw IS NOT NULL THEN coalesce(d.result.host, d.host) WHEN is_event THEN d.host END AS host,
    CASE WHEN raw IS NOT NULL THEN nullif(concat_ws('/', coalesce(d.result.host, d.host), coalesce(d.result.source, d.source)), '')
         WHEN is_event THEN nullif(concat_ws('/', d.host, d.source), '') END AS stream,
    CASE WHEN d.preview = 'true' THEN 'preview'
         WHEN d.preview = 'false' AND d.result IS NULL THEN 'end of results' END AS ignored
FROM (
    SELECT *,
        coalesce(d.result._raw, d._raw) AS raw,
        coalesce(d.result._time, d._time) AS stamp,
        d.event IS NOT NULL AND coalesce(d.sourcetype, d.source, d.index) IS NOT NULL AND d._raw IS NULL AS is_event,
        CASE WHEN starts_with(CAST(d.event AS VARCHAR), '{')
             THEN TRY(from_json(d.event, '{"event":{"original":"VARCHAR"},"message":"JSON","log":"JSON","line":"JSON"}')) END AS held
    FROM (SELECT *, CASE WHEN contains(line, '"_raw"') OR contains(line, '"event"') OR contains(line, '"preview"') THEN TRY(from_json(line, '{
            "preview":"VARCHAR","result":{"_raw":"VARCHAR","_time":"VARCHAR","host":"VARCHAR","source":"VARCHAR"},
            "_raw":"VARCHAR","_time":"VARCHAR","time":"VARCHAR","host":"VARCHAR","source":"VARCHAR","sourcetype":"VARCHAR",
            "index":"VARCHAR","event":"JSON"}')) END AS d
          FROM records)
)
