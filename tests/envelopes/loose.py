"""Envelopes whose shape is that of programs' own lines as well, so that what is in them decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from tests.envelopes.writing import HOST, Writer, as_json, before, each, iso, milliseconds, moment

viewer = before(lambda number: f"{moment(number) + timedelta(hours=1):%Y-%m-%d %H:%M:%S} ")
"""What Docker Desktop shows: a local time before each line."""
viewer_host = before(lambda number: f"{iso(number)} {HOST} ")
"""A time with its zone and a host before each line."""


def _records(record: Callable[[int, str], dict[str, object]]) -> Writer:
    """A writer of a JSON record for each line."""
    return lambda lines: each(lines, lambda number, line: as_json(record(number, line)))


container_apps = _records(lambda number, line: {"TimeStamp": iso(number, 6, ""), "Log": line})
"""az containerapp logs show: the time without a zone."""
container_apps_table = _records(lambda number, line: {
    "TimeGenerated": iso(number), "ContainerAppName_s": HOST, "Stream_s": "stdout", "Log_s": line,
})  # fmt: skip
"""Azure Monitor's ContainerAppConsoleLogs_CL."""
container_log = _records(lambda number, line: {
    "TimeGenerated": iso(number), "Computer": HOST, "LogEntrySource": "stdout", "LogEntry": line,
})  # fmt: skip
"""Azure Monitor's ContainerLog."""
container_log_v2 = _records(lambda number, line: {
    "TimeGenerated": iso(number), "Computer": HOST, "ContainerName": "gateway", "LogMessage": line, "LogSource": "stdout",
})  # fmt: skip
"""Azure Monitor's ContainerLogV2."""
app_service = _records(lambda number, line: {
    "time": iso(number), "category": "AppServiceConsoleLogs", "level": "Informational", "resultDescription": line,
})  # fmt: skip
"""Azure App Service's console, by its diagnostic settings."""
app_service_table = _records(lambda number, line: {
    "TimeGenerated": iso(number), "Level": "Informational", "Host": HOST, "ResultDescription": line,
})  # fmt: skip
"""Azure Monitor's AppServiceConsoleLogs."""
gelf = _records(lambda number, line: {
    "version": "1.1", "host": HOST, "short_message": line, "timestamp": moment(number).timestamp(), "level": 6,
})  # fmt: skip
"""GELF 1.1."""
gelf_full = _records(lambda number, line: {
    "version": "1.1", "host": HOST, "short_message": line[:40], "full_message": line, "timestamp": moment(number).timestamp(),
})  # fmt: skip
"""GELF 1.1 with a message that is cut and the whole of it."""
new_relic = _records(lambda number, line: {
    "timestamp": milliseconds(number), "message": line, "newrelic.source": "logs.APM", "hostname": HOST,
})  # fmt: skip
"""New Relic's logs."""


def _csv(header: str, lines: Sequence[str], before: Callable[[int], str]) -> bytes:
    quoted = (line.replace('"', '""') for line in lines)
    return (header + "\n").encode() + each([*quoted], lambda number, line: f'{before(number)},"{line}"')


def insights(lines: Sequence[str]) -> bytes:
    """CloudWatch Logs Insights, exported as CSV."""
    return _csv("@timestamp,@message", lines, lambda number: f"{moment(number):%Y-%m-%d %H:%M:%S}.000")


def kibana(lines: Sequence[str]) -> bytes:
    """Kibana's search, exported as CSV."""
    return _csv("@timestamp,message", lines, lambda number: f'"{moment(number):%b %-d, %Y @ %H:%M:%S}.000"')


def log_analytics(lines: Sequence[str]) -> bytes:
    """Log Analytics' table, exported as CSV."""
    return _csv(
        '"TimeGenerated [UTC]",LogMessage', lines, lambda number: f'"{moment(number):%-m/%-d/%Y, %-I:%M:%S}.000 {moment(number):%p}"'
    )  # fmt: skip


def datadog_csv(lines: Sequence[str]) -> bytes:
    """Datadog's search, exported as CSV."""
    return _csv("Date,Host,Service,Message", lines, lambda number: f'"{iso(number)}",{HOST},gateway')


def sumo(lines: Sequence[str]) -> bytes:
    """Sumo Logic's search, exported as CSV."""
    return _csv("_messagetime,_sourcehost,_raw", lines, lambda number: f'"{milliseconds(number)}","{HOST}"')


LOOSE: dict[str, dict[str, Writer]] = {
    "viewer": {"viewer": viewer, "viewer_host": viewer_host},
    "message": {
        "container_apps": container_apps,
        "container_apps_table": container_apps_table,
        "container_log": container_log,
        "container_log_v2": container_log_v2,
        "app_service": app_service,
        "app_service_table": app_service_table,
        "gelf": gelf,
        "gelf_full": gelf_full,
        "new_relic": new_relic,
        "insights": insights,
        "kibana": kibana,
        "log_analytics": log_analytics,
        "datadog_csv": datadog_csv,
        "sumo": sumo,
    },
}
"""For each envelope the writers of its forms."""
