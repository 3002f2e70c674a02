/*
title = "OpenTelemetry OTLP JSON"
framing = "json"
recognise = '(?s)^\s*\{\s*"resourceLogs"\s*:\s*\[|^\s*\{\s*"resource"\s*:\s*\{.*[{,]\s*"(scopeLogs|instrumentationLibraryLogs)"\s*:\s*\[|^\s*\{\s*"scopeLogs"\s*:\s*\['
documentation = ["https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding"]
*/
WITH entries AS (
    SELECT line, "offset", CASE WHEN d.scopeLogs IS NOT NULL THEN [{resource: d.resource, scopeLogs: d.scopeLogs}]
                                ELSE d.resourceLogs END AS entries
    FROM (SELECT *, CASE WHEN contains(line, '"scopeLogs"') OR contains(line, '"resourceLogs"') THEN TRY(from_json(line, '{
            "resource":{"attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR"}}]},
            "scopeLogs":[{"logRecords":[{"timeUnixNano":"VARCHAR","observedTimeUnixNano":"VARCHAR",
                "body":{"stringValue":"VARCHAR","kvlistValue":{"values":[{"key":"VARCHAR","value":"JSON"}]}},
                "attributes":[{"key":"VARCHAR","value":"JSON"}]}]}],
            "resourceLogs":[{
                "resource":{"attributes":[{"key":"VARCHAR","value":{"stringValue":"VARCHAR"}}]},
                "scopeLogs":[{"logRecords":[{"timeUnixNano":"VARCHAR","observedTimeUnixNano":"VARCHAR",
                    "body":{"stringValue":"VARCHAR","kvlistValue":{"values":[{"key":"VARCHAR","value":"JSON"}]}},
                    "attributes":[{"key":"VARCHAR","value":"JSON"}]}]}]}]}')) END AS d
          FROM records)
),
found AS (
    SELECT line, "offset", entries IS NOT NULL AS ours,
        flatten(list_transform(entries, lambda entry: flatten(list_transform(entry.scopeLogs, lambda scope:
            list_transform(scope.logRecords, lambda record: {resource: entry.resource.attributes, record: record}))))) AS found
    FROM entries
)
SELECT
    coalesce(without_newline(record.body.stringValue),
        -- values are typed: {"stringValue": ...}, {"intValue": ...}
        otlp_object(record.body.kvlistValue.values), otlp_object(record.attributes), line) AS line,
    "offset" + place - 1 AS "offset",
    coalesce(make_timestamp(nullif(TRY_CAST(record.timeUnixNano AS BIGINT), 0) // 1000),
             make_timestamp(nullif(TRY_CAST(record.observedTimeUnixNano AS BIGINT), 0) // 1000)) AS time,
    list_filter(resource, lambda pair: pair.key IN ('host.name', 'k8s.pod.name', 'service.instance.id'))[1].value.stringValue AS host,
    nullif(concat_ws('/',
        list_filter(resource, lambda pair: pair.key = 'k8s.pod.name')[1].value.stringValue,
        list_filter(resource, lambda pair: pair.key = 'k8s.container.name')[1].value.stringValue,
        list_filter(resource, lambda pair: pair.key = 'service.name')[1].value.stringValue), '') AS stream,
    CASE WHEN empty THEN 'resource without a log record' END AS ignored
FROM (
    SELECT line, "offset", empty, unnest(parts).resource AS resource, unnest(parts).record AS record,
        unnest(range(1, len(parts) + 1)) AS place
    FROM (SELECT *, ours AND coalesce(len(found), 0) = 0 AS empty, CASE WHEN len(found) > 0 THEN found ELSE [NULL] END AS parts FROM found)
)
