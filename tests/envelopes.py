"""Dumps of every envelope in its true format around bare lines, for the tests that nest, join and recognise.

Each writer takes lines (without their newlines; none is blank) and gives what a file or an export would hold.
Times and hosts are fixed: line number n was collected n milliseconds after TIME.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

TIME = datetime(2026, 3, 2, 2, 15, 4, 120000, UTC)
HOST = "gw-1"
POD = "orders-gateway-6d5f9c7b8d-x7k2p"
SPLIT = 16 * 1024
"""Docker and the container runtimes write a longer line in parts of as many bytes."""

_CONTAINER = "4f1d2c3b5a69788790a1b2c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8"


def moment(number: int) -> datetime:
    """When the envelope says that a line was collected."""
    return TIME + timedelta(milliseconds=number)


def _iso(number: int, digits: int = 3, zone: str = "Z") -> str:
    text = moment(number).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment(number).microsecond:06}".ljust(9, "0")[:digits]
    return f"{text}.{fraction}{zone}" if digits else f"{text}{zone}"


def _milliseconds(number: int) -> int:
    return round(moment(number).timestamp() * 1000)


def _json(value: object, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def _go_json(value: str) -> str:
    """A string as Docker writes it: what HTML or JavaScript could trip over is escaped."""
    text = (
        '"' + "\\u0009".join(json.dumps(part, ensure_ascii=False)[1:-1] for part in value.split("\t")) + '"'
    )
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _parts(line: str) -> list[str]:
    """The line in parts of at most SPLIT bytes, cut between characters."""
    data, found = line.encode(), []
    while len(data) > SPLIT:
        end = SPLIT
        while data[end] & 0xC0 == 0x80:
            end -= 1
        found.append(data[:end].decode())
        data = data[end:]
    return [*found, data.decode()]


def _each(lines: Sequence[str], write: Callable[[int, str], str]) -> bytes:
    return "".join(write(number, line) + "\n" for number, line in enumerate(lines)).encode()


def docker(lines: Sequence[str]) -> bytes:
    """Docker's json-file."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            *first, last = _parts(line)
            for text in [*first, last + "\n"]:
                yield f'{{"log":{_go_json(text)},"stream":"stdout","time":"{_iso(number, 9)}"}}\n'

    return "".join(records()).encode()


def docker_attrs(lines: Sequence[str]) -> bytes:
    """Docker's json-file with `--log-opt labels=`."""
    attrs = '"attrs":{"service":"gateway","tag":"gateway/4f1d2c3b5a69"},'
    return docker(lines).replace(b'"stream":"stdout",', b'"stream":"stdout",' + attrs.encode())


def docker_timestamps(lines: Sequence[str]) -> bytes:
    """docker logs --timestamps."""
    return _each(lines, lambda number, line: f"{_iso(number, 9)} {line}")


def docker_compose(lines: Sequence[str]) -> bytes:
    """docker compose logs --no-color, two services wide."""
    return _each(lines, lambda _, line: f"gateway-1       | {line}")


def docker_compose_colour(lines: Sequence[str]) -> bytes:
    """docker compose logs on a terminal."""
    return _each(lines, lambda _, line: f"\x1b[36mgateway-1  | \x1b[0m{line}")


def docker_compose_first(lines: Sequence[str]) -> bytes:
    """docker-compose logs of version 1."""
    return _each(lines, lambda _, line: f"shop_gateway_1  | {line}")


def cri(lines: Sequence[str]) -> bytes:
    """A container's log as containerd and CRI-O write it."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            *first, last = _parts(line)
            stamp = _iso(number, 9, "+00:00")
            yield from (f"{stamp} stdout P {text}\n" for text in first)
            yield f"{stamp} stdout F {last}\n"

    return "".join(records()).encode()


def kubectl(lines: Sequence[str]) -> bytes:
    """kubectl logs --prefix."""
    return _each(lines, lambda _, line: f"[pod/{POD}/gateway] {line}")


def stern(lines: Sequence[str]) -> bytes:
    """stern, not on a terminal."""
    return _each(lines, lambda _, line: f"{POD} gateway {line}")


def stern_colour(lines: Sequence[str]) -> bytes:
    """stern on a terminal, all namespaces."""
    return _each(
        lines, lambda _, line: f"\x1b[32mshop\x1b[0m \x1b[32m{POD}\x1b[0m \x1b[92mgateway\x1b[0m {line}"
    )


def stern_json(lines: Sequence[str]) -> bytes:
    """stern --output json."""
    about = {"nodeName": HOST, "namespace": "shop", "podName": POD, "containerName": "gateway"}
    return _each(lines, lambda _, line: _json({"message": line, **about}))


def _rfc3164(number: int) -> str:
    return moment(number).strftime("%b ") + f"{moment(number).day:2}" + moment(number).strftime(" %H:%M:%S")


def _escaped(line: str) -> str:
    """Control characters as rsyslog writes them to files."""
    return "".join(f"#{ord(char):03o}" if char < " " else char for char in line)


def syslog_rfc3164(lines: Sequence[str]) -> bytes:
    """RFC 3164 as it was sent."""
    return _each(lines, lambda number, line: f"<190>{_rfc3164(number)} {HOST} nginx: {line}")


def syslog_file(lines: Sequence[str]) -> bytes:
    """/var/log/syslog as rsyslog writes it by default."""
    return _each(lines, lambda number, line: f"{_rfc3164(number)} {HOST} gateway[911]: {_escaped(line)}")


def syslog_local(lines: Sequence[str]) -> bytes:
    """RFC 3164 without a host, as senders on the same machine write."""
    return _each(lines, lambda number, line: f"<134>{_rfc3164(number)} haproxy[911]: {line}")


def journalctl_short(lines: Sequence[str]) -> bytes:
    """journalctl -o short."""
    head = "-- Logs begin at Mon 2026-02-02 02:15:04 UTC, end at Mon 2026-03-02 03:00:00 UTC. --\n"
    day = moment(0).strftime("%b %d %H:%M:%S")
    return head.encode() + _each(lines, lambda _, line: f"{day} {HOST} gateway[911]: {line}")


def syslog_rfc5424(lines: Sequence[str]) -> bytes:
    """RFC 5424 with structured data and the mark of UTF-8."""
    data = '[origin@32473 ip="192.0.2.7" note="a \\"quoted\\] value"][meta@32473 sequenceId="1"]'
    return _each(
        lines, lambda number, line: f"<165>1 {_iso(number)} {HOST} gateway 911 - {data} \ufeff{line}"
    )


def syslog_rfc5424_plain(lines: Sequence[str]) -> bytes:
    """RFC 5424 without structured data."""
    return _each(
        lines, lambda number, line: f"<134>1 {_iso(number, 6, '+00:00')} {HOST} gateway 911 access - {line}"
    )


def syslog_octets(lines: Sequence[str]) -> bytes:
    """RFC 5424 by octet counting (RFC 6587), each message on a line of its own."""

    def record(number: int, line: str) -> str:
        message = f"<134>1 {_iso(number)} {HOST} gateway 911 - - {line}\n"
        return f"{len(message.encode())} {message[:-1]}"

    return _each(lines, record)


def syslog_octets_stream(lines: Sequence[str]) -> bytes:
    """RFC 5424 by octet counting as it came over TCP: one message after another."""
    messages = [f"<134>1 {_iso(number)} {HOST} gateway 911 - - {line}" for number, line in enumerate(lines)]
    return "".join(f"{len(message.encode())} {message}" for message in messages).encode()


def rsyslog(lines: Sequence[str]) -> bytes:
    """rsyslog's RSYSLOG_FileFormat, with times of high precision."""
    return _each(
        lines, lambda number, line: f"{_iso(number, 6, '+00:00')} {HOST} gateway[911]: {_escaped(line)}"
    )


def journald(lines: Sequence[str]) -> bytes:
    """journalctl -o json; a message with control characters is an array of bytes."""

    def record(number: int, line: str) -> str:
        message: object = line if line.isprintable() else list(line.encode())
        return _json({
            "__CURSOR": f"s=aa;i={number:x}", "__REALTIME_TIMESTAMP": str(_milliseconds(number) * 1000),
            "_BOOT_ID": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "_HOSTNAME": HOST, "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "gateway", "_SYSTEMD_UNIT": "gateway.service", "_PID": "911", "MESSAGE": message,
        })  # fmt: skip

    return _each(lines, record)


def cloudwatch(lines: Sequence[str]) -> bytes:
    """aws logs filter-log-events."""
    events = [
        {
            "logStreamName": "gateway/gateway/4f1d2c3b", "timestamp": _milliseconds(number), "message": line,
            "ingestionTime": _milliseconds(number) + 900, "eventId": f"3712345678901234567890123456789012345678901234{number:010}",
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip
    document = {"events": events, "searchedLogStreams": [], "nextToken": "Bxkq6kVGFtq2y"}
    return json.dumps(document, indent=4, ensure_ascii=False).encode()


def cloudwatch_get(lines: Sequence[str]) -> bytes:
    """aws logs get-log-events."""
    events = [
        {
            "timestamp": _milliseconds(number),
            "message": line + "\n",
            "ingestionTime": _milliseconds(number) + 900,
        }
        for number, line in enumerate(lines)
    ]
    document = {"events": events, "nextForwardToken": "f/37", "nextBackwardToken": "b/37"}
    return json.dumps(document, indent=4).encode()


def cloudwatch_subscription(lines: Sequence[str]) -> bytes:
    """A subscription by way of Firehose: documents of three events one after another, no separator."""
    about = {
        "owner": "123456789012",
        "logGroup": "/aws/ecs/gateway",
        "logStream": "gateway/gateway/4f1d2c3b",
        "subscriptionFilters": ["all"],
    }
    check = {**about, "messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logEvents": [
        {"id": "", "timestamp": _milliseconds(0), "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}  # fmt: skip
    events = [
        {
            "id": f"3712345678901234567890123456789012345678901234{number:010}",
            "timestamp": _milliseconds(number),
            "message": line,
        }
        for number, line in enumerate(lines)
    ]
    documents = [
        {"messageType": "DATA_MESSAGE", **about, "logEvents": events[start : start + 3]}
        for start in range(0, len(events), 3)
    ]
    return "".join(
        _json(document) for document in [{"messageType": "CONTROL_MESSAGE", **check}, *documents]
    ).encode()


def cloudwatch_export(lines: Sequence[str]) -> bytes:
    """An export task's file in S3."""
    return _each(lines, lambda number, line: f"{_iso(number)} {line}")


def loki(lines: Sequence[str]) -> bytes:
    """Loki's query_range: streams of up to four lines, some with structured metadata."""
    entries: list[list[Any]] = [[f"{_milliseconds(number)}000000", line] for number, line in enumerate(lines)]
    result = [
        {
            "stream": {"namespace": "shop", "pod": POD, "container": "gateway"},
            "values": entries[start : start + 4],
        }
        for start in range(0, len(entries), 4)
    ]
    for stream in result[1::2]:
        stream["values"] = [[*entry, {"trace_id": "0af7651916cd43dd"}] for entry in stream["values"]]
    document = {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {}}}
    return _json(document).encode()


def logcli(lines: Sequence[str]) -> bytes:
    """logcli query; labels are filled up to one width."""
    labels = [
        '{container="gateway", pod="' + POD + '"}',
        '{container="gateway", note="a \\"b\\" {c}", pod="' + POD + '"}',
    ]
    width = max(map(len, labels))
    return _each(lines, lambda number, line: f"{_iso(number, 0)} {labels[number % 2].ljust(width)} {line}")


def logcli_colour(lines: Sequence[str]) -> bytes:
    """logcli query on a terminal, without labels that differ."""
    return _each(lines, lambda number, line: f"\x1b[34m{_iso(number, 0)}\x1b[0m \x1b[31m{{}}  \x1b[0m {line}")


def logcli_jsonl(lines: Sequence[str]) -> bytes:
    """logcli query -o jsonl."""
    labels = {"container": "gateway", "namespace": "shop", "pod": POD}
    return _each(
        lines,
        lambda number, line: (
            f'{{"labels":{_json(labels)},"line":{_go_json(line)},"timestamp":"{_iso(number)}"}}'
        ),
    )


def _log_entry(number: int, payload: dict[str, object]) -> dict[str, object]:
    return {
        "insertId": f"9x2k{number}", "labels": {"k8s-pod/app": "gateway"}, "logName": "projects/shop-prod/logs/stdout",
        **payload, "receiveTimestamp": _iso(number + 500, 9),
        "resource": {"labels": {"cluster_name": "prod", "container_name": "gateway", "namespace_name": "shop", "pod_name": POD}, "type": "k8s_container"},
        "severity": "INFO", "timestamp": _iso(number, 9),
    }  # fmt: skip


def gcp(lines: Sequence[str]) -> bytes:
    """gcloud logging read --format=json."""
    entries = [_log_entry(number, {"textPayload": line + "\n"}) for number, line in enumerate(lines)]
    return json.dumps(entries, indent=2, sort_keys=True).encode()


def gcp_sink(lines: Sequence[str]) -> bytes:
    """A sink to Cloud Storage, of an agent that puts lines into jsonPayload."""
    return _each(
        lines,
        lambda number, line: _json(
            _log_entry(number, {"jsonPayload": {"message": line, "stream": "stdout"}})
        ),
    )


_KUBERNETES = {
    "pod_name": POD, "namespace_name": "shop", "pod_id": "0b9d6f0e-7a55-4c1e-8f0b-1a2b3c4d0001",
    "labels": {"app": "gateway"}, "host": HOST, "container_name": "gateway", "docker_id": _CONTAINER,
}  # fmt: skip


def fluent_bit(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines behind its Kubernetes filter."""
    return _each(lines, lambda number, line: _json({
        "date": _milliseconds(number) / 1000, "log": line + "\n", "stream": "stdout", "time": _iso(number, 9), "kubernetes": _KUBERNETES,
    }, ascii_only=True))  # fmt: skip


def fluent_bit_tail(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines of a tailed file."""
    return _each(
        lines,
        lambda number, line: _json({"date": _milliseconds(number) / 1000, "log": line}, ascii_only=True),
    )


def fluent_bit_cri(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines of a CRI file whose parts nobody joined."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            parts = _parts(line)
            for place, text in enumerate(parts, 1):
                yield _json({"@timestamp": _iso(number), "log": text, "stream": "stdout", "_p": "F" if place == len(parts) else "P",
                             "time": _iso(number, 9, "+00:00"), "kubernetes": _KUBERNETES}) + "\n"  # fmt: skip

    return "".join(records()).encode()


def fluent_bit_stdout(lines: Sequence[str]) -> bytes:
    """Fluent Bit's stdout; strings are not escaped, so a newline in one breaks the record."""
    seconds = _milliseconds(0) // 1000
    return _each(lines, lambda number, line: (
        f'[{number}] kube.gateway: [[{seconds}.{120 + number % 800:03}000000, {{}}], {{"stream"=>"stdout", "log"=>"{line}"}}]' if number % 2
        else f'[{number}] kube.gateway: [{seconds}.{120 + number % 800:03}000000, {{"log"=>"{line}\n", "stream"=>"stdout"}}]'
    ))  # fmt: skip


def fluentd(lines: Sequence[str]) -> bytes:
    """Fluentd's out_file, of lines by Docker's fluentd driver."""
    about = {"container_id": _CONTAINER, "container_name": "/gateway", "source": "stdout"}
    return _each(
        lines,
        lambda number, line: f"{_iso(number, 0, '+00:00')}\tdocker.gateway\t{_json({**about, 'log': line})}",
    )


def fluentd_stdout(lines: Sequence[str]) -> bytes:
    """Fluentd's stdout."""
    stamp = moment(0).strftime("%Y-%m-%d %H:%M:%S.120000000 +0000")
    return _each(lines, lambda _, line: f"{stamp} app.gateway: {_json({'message': line})}")


def vector(lines: Sequence[str]) -> bytes:
    """Vector's file source, encoded as JSON."""
    return _each(lines, lambda number, line: _json({
        "file": "/var/log/gateway/access.log", "host": HOST, "message": line, "source_type": "file", "timestamp": _iso(number, 9),
    }))  # fmt: skip


def ecs(lines: Sequence[str]) -> bytes:
    """Filebeat's output to a file."""
    return _each(lines, lambda number, line: _json({
        "@timestamp": _iso(number), "@metadata": {"beat": "filebeat", "type": "_doc", "version": "8.17.0"},
        "log": {"offset": 179 * number, "file": {"path": "/var/log/nginx/access.log"}}, "message": line,
        "input": {"type": "filestream"}, "ecs": {"version": "8.0.0"}, "host": {"name": HOST},
        "agent": {"type": "filebeat", "version": "8.17.0", "ephemeral_id": "0b9d6f0e", "id": "1a2b3c4d", "name": HOST},
    }))  # fmt: skip


def logstash(lines: Sequence[str]) -> bytes:
    """Logstash's json_lines."""
    return _each(lines, lambda number, line: _json({
        "message": line, "@version": "1", "host": {"name": HOST}, "@timestamp": _iso(number),
        "event": {"original": line}, "log": {"file": {"path": "/var/log/nginx/access.log"}}, "type": "nginx",
    }))  # fmt: skip


def _hit(number: int, source: dict[str, object]) -> dict[str, object]:
    return {
        "_index": "gateway-2026.03.02",
        "_id": f"AbC{number}",
        "_score": None,
        "_source": {"@timestamp": _iso(number), **source},
    }


def elasticsearch(lines: Sequence[str]) -> bytes:
    """A search of Elasticsearch."""
    hits = [_hit(number, {"message": line, "host": {"name": HOST}}) for number, line in enumerate(lines)]
    total = {"value": len(hits), "relation": "eq"}
    return _json(
        {
            "took": 3,
            "timed_out": False,
            "_shards": {"total": 1, "failed": 0},
            "hits": {"total": total, "max_score": None, "hits": hits},
        }
    ).encode()


def elasticdump(lines: Sequence[str]) -> bytes:
    """elasticdump's lines of an index that Fluent Bit fills."""
    return _each(
        lines,
        lambda number, line: _json(
            _hit(number, {"log": line + "\n", "stream": "stdout", "kubernetes": _KUBERNETES})
        ),
    )


def splunk(lines: Sequence[str]) -> bytes:
    """Splunk's search/jobs/export, with previews."""

    def record(number: int, line: str) -> str:
        result = {"_bkt": "main~1", "_cd": f"1:{number}", "_time": moment(number).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC",
                  "_raw": line, "host": HOST, "index": "main", "source": "/var/log/nginx/access.log", "sourcetype": "nginx", "tag": ["web", "error"]}  # fmt: skip
        found = _json({"preview": False, "offset": number, "result": result})
        return found if number else _json({"preview": True, "offset": 0, "result": result}) + "\n" + found

    return _each(lines, record) + b'{"preview":false,"lastrow":true}\n'


def splunk_results(lines: Sequence[str]) -> bytes:
    """Splunk's results of a search, output_mode=json."""
    results = [
        {
            "_bkt": "main~1",
            "_raw": line,
            "_time": _iso(number, 3, "+00:00"),
            "host": HOST,
            "source": "access.log",
        }
        for number, line in enumerate(lines)
    ]
    return _json(
        {"preview": False, "init_offset": 0, "messages": [], "fields": [], "results": results}
    ).encode()


def splunk_hec(lines: Sequence[str]) -> bytes:
    """What was sent to Splunk's HTTP event collector."""
    return _each(lines, lambda number, line: _json({
        "time": _milliseconds(number) / 1000, "host": HOST, "source": "gateway", "sourcetype": "nginx", "event": line,
    }))  # fmt: skip


def _log_record(number: int, line: str) -> dict[str, Any]:
    return {"timeUnixNano": f"{_milliseconds(number)}000000", "severityText": "INFO", "body": {"stringValue": line},
            "attributes": [{"key": "log.file.name", "value": {"stringValue": "access.log"}}], "traceId": "", "spanId": ""}  # fmt: skip


def otlp(lines: Sequence[str]) -> bytes:
    """The OpenTelemetry collector's file exporter: a batch of up to five lines in two resources."""
    resource = {
        "attributes": [
            {"key": "host.name", "value": {"stringValue": HOST}},
            {"key": "process.pid", "value": {"intValue": "911"}},
        ]
    }
    records = [_log_record(number, line) for number, line in enumerate(lines)]

    def entry(part: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "resource": resource,
            "scopeLogs": [
                {"scope": {}, "logRecords": part[:1]},
                {"scope": {"name": "tail"}, "logRecords": part[1:]},
            ],
        }

    batches = [
        {"resourceLogs": [entry(records[at : at + 3]), entry(records[at + 3 : at + 5])]}
        for at in range(0, len(records), 5)
    ]
    return "".join(_json(batch) + "\n" for batch in batches).encode()


def datadog(lines: Sequence[str]) -> bytes:
    """Datadog's search of logs."""
    data = [
        {"id": f"AwAA{number}", "type": "log", "attributes": {"attributes": {"http": {"status_code": 401}}, "host": HOST, "message": line,
         "service": "gateway", "status": "info", "tags": ["env:prod"], "timestamp": _iso(number)}}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return _json({"data": data, "links": {}, "meta": {"status": "done"}}).encode()


def datadog_archive(lines: Sequence[str]) -> bytes:
    """A file of a Datadog archive."""
    return _each(lines, lambda number, line: _json({
        "_id": f"AwAA{number}", "date": _iso(number), "host": HOST, "source": "nginx", "service": "gateway", "status": "info",
        "tags": ["env:prod"], "message": line, "attributes": {"http": {"status_code": 401}},
    }))  # fmt: skip


def kafka(lines: Sequence[str]) -> bytes:
    """kcat -J."""
    return _each(lines, lambda number, line: _json({
        "topic": "gateway-logs", "partition": 0, "offset": 4700 + number, "tstype": "create", "ts": _milliseconds(number),
        "broker": 1, "key": None, "payload": line,
    }))  # fmt: skip


def cloudtrail_lookup(lines: Sequence[str]) -> bytes:
    """aws cloudtrail lookup-events."""
    events = [
        {"EventId": f"event-{number}", "EventName": "InitiateAuth", "ReadOnly": "false", "EventTime": moment(number).timestamp(),
         "EventSource": "cognito-idp.amazonaws.com", "Resources": [], "CloudTrailEvent": line}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return json.dumps({"Events": events}, indent=4, ensure_ascii=False).encode()


def heroku(lines: Sequence[str]) -> bytes:
    """heroku logs."""
    return _each(lines, lambda number, line: f"{_iso(number, 6, '+00:00')} app[web.1]: {line}")


def cf(lines: Sequence[str]) -> bytes:
    """cf logs, of an application on Cloud Foundry."""
    return _each(lines, lambda number, line: f"   {_iso(number, 3, '+0000')} [APP/PROC/WEB/0] OUT {line}")


def fly(lines: Sequence[str]) -> bytes:
    """fly logs."""
    return _each(lines, lambda number, line: f"{_iso(number, 0)} app[3d8d9930b16589] fra [info]{line}")


def aws_tail(lines: Sequence[str]) -> bytes:
    """aws logs tail."""
    return _each(lines, lambda number, line: f"{_iso(number, 6, '+00:00')} ecs/gateway/4f0c2a7be1 {line}")


def journalctl_full(lines: Sequence[str]) -> bytes:
    """journalctl -o short-full, in UTC."""
    return _each(
        lines,
        lambda number, line: f"{moment(number):%a %Y-%m-%d %H:%M:%S.%f} UTC {HOST} gateway[911]: {line}",
    )


def viewer(lines: Sequence[str]) -> bytes:
    """What Docker Desktop shows: a local time before each line."""
    return _each(
        lines, lambda number, line: f"{moment(number) + timedelta(hours=1):%Y-%m-%d %H:%M:%S} {line}"
    )


def viewer_host(lines: Sequence[str]) -> bytes:
    """A time with its zone and a host before each line."""
    return _each(lines, lambda number, line: f"{_iso(number)} {HOST} {line}")


def container_apps(lines: Sequence[str]) -> bytes:
    """az containerapp logs show: JSON, the time without a zone."""
    return _each(lines, lambda number, line: _json({"TimeStamp": _iso(number, 6, ""), "Log": line}))


def container_log(lines: Sequence[str]) -> bytes:
    """Azure Monitor's ContainerLogV2, as JSON."""
    return _each(lines, lambda number, line: _json({
        "TimeGenerated": _iso(number), "Computer": HOST, "ContainerName": "gateway", "LogMessage": line, "LogSource": "stdout",
    }))  # fmt: skip


def gelf(lines: Sequence[str]) -> bytes:
    """GELF 1.1."""
    return _each(lines, lambda number, line: _json({
        "version": "1.1", "host": HOST, "short_message": line, "timestamp": moment(number).timestamp(), "level": 6,
    }))  # fmt: skip


def new_relic(lines: Sequence[str]) -> bytes:
    """New Relic's logs."""
    return _each(lines, lambda number, line: _json({
        "timestamp": _milliseconds(number), "message": line, "newrelic.source": "logs.APM", "hostname": HOST,
    }))  # fmt: skip


def _csv(header: str, lines: Sequence[str], before: Callable[[int], str]) -> bytes:
    quoted = (line.replace('"', '""') for line in lines)
    return (header + "\n").encode() + _each([*quoted], lambda number, line: f'{before(number)},"{line}"')


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
    return _csv("Date,Host,Service,Message", lines, lambda number: f'"{_iso(number)}",{HOST},gateway')


WRITERS: dict[str, dict[str, Callable[[Sequence[str]], bytes]]] = {
    "docker": {"docker": docker, "docker_attrs": docker_attrs},
    "docker_timestamps": {"docker_timestamps": docker_timestamps},
    "docker_compose": {
        "docker_compose": docker_compose,
        "docker_compose_colour": docker_compose_colour,
        "docker_compose_first": docker_compose_first,
    },
    "cri": {"cri": cri},
    "kubectl": {"kubectl": kubectl},
    "stern": {"stern": stern, "stern_colour": stern_colour, "stern_json": stern_json},
    "syslog_rfc3164": {
        "syslog_rfc3164": syslog_rfc3164,
        "syslog_file": syslog_file,
        "syslog_local": syslog_local,
        "journalctl_short": journalctl_short,
    },
    "syslog_rfc5424": {
        "syslog_rfc5424": syslog_rfc5424,
        "syslog_rfc5424_plain": syslog_rfc5424_plain,
        "syslog_octets": syslog_octets,
        "syslog_octets_stream": syslog_octets_stream,
    },
    "rsyslog": {"rsyslog": rsyslog},
    "journald": {"journald": journald},
    "cloudwatch": {"cloudwatch": cloudwatch, "cloudwatch_get": cloudwatch_get},
    "cloudwatch_subscription": {"cloudwatch_subscription": cloudwatch_subscription},
    "cloudwatch_export": {"cloudwatch_export": cloudwatch_export},
    "loki": {"loki": loki},
    "logcli": {"logcli": logcli, "logcli_colour": logcli_colour},
    "logcli_jsonl": {"logcli_jsonl": logcli_jsonl},
    "gcp": {"gcp": gcp, "gcp_sink": gcp_sink},
    "fluent_bit": {
        "fluent_bit": fluent_bit,
        "fluent_bit_tail": fluent_bit_tail,
        "fluent_bit_cri": fluent_bit_cri,
    },
    "fluent_bit_stdout": {"fluent_bit_stdout": fluent_bit_stdout},
    "fluentd": {"fluentd": fluentd, "fluentd_stdout": fluentd_stdout},
    "vector": {"vector": vector},
    "ecs": {"ecs": ecs, "logstash": logstash},
    "elasticsearch": {"elasticsearch": elasticsearch, "elasticdump": elasticdump},
    "splunk": {"splunk": splunk, "splunk_results": splunk_results, "splunk_hec": splunk_hec},
    "otlp": {"otlp": otlp},
    "datadog": {"datadog": datadog, "datadog_archive": datadog_archive},
    "kafka": {"kafka": kafka},
    "cloudtrail_lookup": {"cloudtrail_lookup": cloudtrail_lookup},
    "platform": {
        "heroku": heroku,
        "cf": cf,
        "fly": fly,
        "aws_tail": aws_tail,
        "journalctl_full": journalctl_full,
    },
}
"""For each envelope the writers of its forms."""

LOOSE: dict[str, dict[str, Callable[[Sequence[str]], bytes]]] = {
    "viewer": {"viewer": viewer, "viewer_host": viewer_host},
    "message": {
        "container_apps": container_apps,
        "container_log": container_log,
        "gelf": gelf,
        "new_relic": new_relic,
        "insights": insights,
        "kibana": kibana,
        "log_analytics": log_analytics,
        "datadog_csv": datadog_csv,
    },
}
"""The same for envelopes whose shape is that of programs' own lines as well, so that what is in them decides."""

WRAPPERS: dict[str, Callable[[Sequence[str]], bytes]] = {
    name: write for forms in WRITERS.values() for name, write in forms.items()
}
"""All writers by name."""

ENVELOPE_OF = {name: envelope for envelope, forms in WRITERS.items() for name in forms}

_ARRAYS: dict[str, tuple[str, ...]] = {
    "cloudwatch": ("events",), "cloudwatch_get": ("events",), "loki": ("data", "result"), "elasticsearch": ("hits", "hits"),
    "splunk_results": ("results",), "datadog": ("data",), "gcp": (), "cloudtrail_lookup": ("Events",),
}  # fmt: skip
"""Where the records of a document lie that is one."""


def framed(name: str, dump: bytes) -> list[tuple[int, str]]:
    """The records of a dump by the writer `name`, as framing makes them: each with its offset."""
    text = dump.decode()
    if name in _ARRAYS:
        document = json.loads(text)
        for key in _ARRAYS[name]:
            document = document[key]
        decoder, at, found = json.JSONDecoder(), 0, []
        for element in document:
            while True:
                at = text.index("{", at)
                value, end = decoder.raw_decode(text, at)
                if value == element:
                    break
                at += 1
            found.append((len(text[:at].encode()), text[at:end]))
            at = end
        return found
    if name == "cloudwatch_subscription":
        decoder, at, found = json.JSONDecoder(), 0, []
        while at < len(text):
            _, end = decoder.raw_decode(text, at)
            found.append((len(text[:at].encode()), text[at:end]))
            at = end
        return found
    offset, records = 0, []
    for line in dump.removesuffix(b"\n").split(b"\n"):
        records.append((offset, line.decode()))
        offset += len(line) + 1
    return records
