/*
title = "A line as the text of a JSON record or a CSV row: Azure Monitor, New Relic, GELF; exports of CloudWatch Insights, Kibana, Datadog, Sumo Logic"
recognise = '(?s)^\s*\{.*"(@?message|Message|log|Log|Log_s|LogMessage|LogEntry|short_message|full_message|resultDescription|ResultDescription|_raw)"\s*:\s*"'
documentation = [
    "https://learn.microsoft.com/en-us/azure/container-apps/log-streaming",
    "https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/containerlogv2",
    "https://learn.microsoft.com/en-us/azure/app-service/monitor-app-service-reference",
    "https://docs.newrelic.com/docs/logs/log-api/introduction-log-api/",
    "https://go2docs.graylog.org/current/getting_in_log_data/gelf.html",
    "https://docs.datadoghq.com/logs/explorer/export/",
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html",
]
# a program's own records look the same
priority = 95
*/
SELECT
    coalesce(text, line) AS line,
    "offset",
    CASE WHEN text IS NOT NULL THEN coalesce(iso_time(CASE WHEN regexp_matches(stamp, 'Z$|[+-]\d\d:?\d\d$') THEN stamp END), epoch_time(stamp),
        TRY_CAST(insights AS TIMESTAMP), TRY_STRPTIME(utc, ['%m/%d/%Y, %I:%M:%S.%g %p', '%m/%d/%Y, %I:%M:%S %p'])) END AS time,
    CASE WHEN text IS NOT NULL THEN nullify(coalesce(d.hostname, json_string(d.host), e.Host, e.Computer, e.PodName, d._sourcehost,
        e.ContainerAppName, e.ContainerAppName_s)) END AS host
FROM (
    SELECT *, coalesce(d."@timestamp", d."timestamp", d."time", d.dt, d."date", e."Date", e."TimeStamp", e.TimeGenerated, d._messagetime, e."Time") AS stamp,
        -- CloudWatch Logs Insights writes UTC and does not say so
        CASE WHEN d."@message" IS NOT NULL THEN d."@timestamp" END AS insights,
        coalesce(e."TimeGenerated [UTC]", e."TimeGenerated") AS utc,
        CASE WHEN NOT is_log_record(line) THEN nullif(without_newline(coalesce(d.full_message, d.short_message, e.LogMessage,
            e.LogEntry, e.Log_s, e.Log, d.resultDescription, e.ResultDescription, d._raw, d."@message", json_string(d."log"),
            json_string(d.message), e.Message)), '') END AS text
    FROM (
        -- a struct for each way to write a name: DuckDB knows no capitals in them
        SELECT *,
            CASE WHEN ltrim(line)[1] = '{' THEN TRY(from_json(line, '{
                "full_message":"VARCHAR","short_message":"VARCHAR","resultDescription":"VARCHAR","_raw":"VARCHAR","@message":"VARCHAR",
                "log":"JSON","message":"JSON",
                "@timestamp":"VARCHAR","timestamp":"VARCHAR","time":"VARCHAR","dt":"VARCHAR","date":"VARCHAR","_messagetime":"VARCHAR",
                "hostname":"VARCHAR","host":"JSON","_sourcehost":"VARCHAR"}')) END AS d,
            CASE WHEN ltrim(line)[1] = '{' THEN TRY(from_json(line, '{
                "LogMessage":"VARCHAR","LogEntry":"VARCHAR","Log_s":"VARCHAR","Log":"VARCHAR",
                "ResultDescription":"VARCHAR","Message":"VARCHAR","Date":"VARCHAR","TimeStamp":"VARCHAR","TimeGenerated":"VARCHAR","Time":"VARCHAR",
                "TimeGenerated [UTC]":"VARCHAR","Host":"VARCHAR","Computer":"VARCHAR","PodName":"VARCHAR","ContainerAppName":"VARCHAR",
                "ContainerAppName_s":"VARCHAR"}')) END AS e
        FROM records
    )
)
