"""What collectors of logs, and the stores that they fill, make of a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.envelopes.writing import (
    CONTAINER,
    HOST,
    POD,
    as_json,
    each,
    go_json,
    iso,
    milliseconds,
    moment,
    parts_of,
)


def loki(lines: Sequence[str]) -> bytes:
    """Loki's query_range: streams of up to four lines, some with structured metadata."""
    entries: list[list[Any]] = [[f"{milliseconds(number)}000000", line] for number, line in enumerate(lines)]
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
    return as_json(document).encode()


def loki_push(lines: Sequence[str]) -> bytes:
    """What is pushed to Loki: a stream for each line."""
    return as_json({"streams": [
        {"stream": {"pod": POD, "container": "gateway"}, "values": [[f"{milliseconds(number)}000000", line]]}
        for number, line in enumerate(lines)
    ]}).encode()  # fmt: skip


def logcli(lines: Sequence[str]) -> bytes:
    """logcli query; labels are filled up to one width."""
    labels = [
        '{container="gateway", pod="' + POD + '"}',
        '{container="gateway", note="a \\"b\\" {c}", pod="' + POD + '"}',
    ]
    width = max(map(len, labels))
    return each(lines, lambda number, line: f"{iso(number, 0)} {labels[number % 2].ljust(width)} {line}")


def logcli_colour(lines: Sequence[str]) -> bytes:
    """logcli query on a terminal, without labels that differ."""
    return each(lines, lambda number, line: f"\x1b[34m{iso(number, 0)}\x1b[0m \x1b[31m{{}}  \x1b[0m {line}")


def logcli_jsonl(lines: Sequence[str]) -> bytes:
    """logcli query -o jsonl."""
    labels = {"container": "gateway", "namespace": "shop", "pod": POD}
    return each(
        lines,
        lambda number, line: (
            f'{{"labels":{as_json(labels)},"line":{go_json(line)},"timestamp":"{iso(number)}"}}'
        ),
    )


_KUBERNETES = {
    "pod_name": POD, "namespace_name": "shop", "pod_id": "0b9d6f0e-7a55-4c1e-8f0b-1a2b3c4d0001",
    "labels": {"app": "gateway"}, "host": HOST, "container_name": "gateway", "docker_id": CONTAINER,
}  # fmt: skip


def fluent_bit(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines behind its Kubernetes filter."""
    return each(lines, lambda number, line: as_json({
        "date": milliseconds(number) / 1000, "log": line + "\n", "stream": "stdout", "time": iso(number, 9), "kubernetes": _KUBERNETES,
    }, ascii_only=True))  # fmt: skip


def fluent_bit_no_time(lines: Sequence[str]) -> bytes:
    """Fluent Bit's records as an output without a time key writes them, with names alone of Kubernetes."""
    return each(lines, lambda number, line: as_json({
        "log": line, "kubernetes": {"pod_name": POD, "container_name": "gateway"},
    }))  # fmt: skip


def fluent_bit_tail(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines of a tailed file."""
    return each(
        lines,
        lambda number, line: as_json({"date": milliseconds(number) / 1000, "log": line}, ascii_only=True),
    )


def fluent_bit_cri(lines: Sequence[str]) -> bytes:
    """Fluent Bit's json_lines of a CRI file whose parts nobody joined."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            parts = parts_of(line)
            for place, text in enumerate(parts, 1):
                yield as_json({"@timestamp": iso(number), "log": text, "stream": "stdout", "_p": "F" if place == len(parts) else "P",
                             "time": iso(number, 9, "+00:00"), "kubernetes": _KUBERNETES}) + "\n"  # fmt: skip

    return "".join(records()).encode()


def fluent_bit_stdout(lines: Sequence[str]) -> bytes:
    """Fluent Bit's stdout; strings are not escaped, so a newline in one breaks the record."""
    seconds = milliseconds(0) // 1000
    return each(lines, lambda number, line: (
        f'[{number}] kube.gateway: [[{seconds}.{120 + number % 800:03}000000, {{}}], {{"stream"=>"stdout", "log"=>"{line}"}}]' if number % 2
        else f'[{number}] kube.gateway: [{seconds}.{120 + number % 800:03}000000, {{"log"=>"{line}\n", "stream"=>"stdout"}}]'
    ))  # fmt: skip


def fluentd(lines: Sequence[str]) -> bytes:
    """Fluentd's out_file, of lines by Docker's fluentd driver."""
    about = {"container_id": CONTAINER, "container_name": "/gateway", "source": "stdout"}
    return each(
        lines,
        lambda number, line: f"{iso(number, 0, '+00:00')}\tdocker.gateway\t{as_json({**about, 'log': line})}",
    )


def fluentd_stdout(lines: Sequence[str]) -> bytes:
    """Fluentd's stdout."""
    stamp = moment(0).strftime("%Y-%m-%d %H:%M:%S.120000000 +0000")
    return each(lines, lambda _, line: f"{stamp} app.gateway: {as_json({'message': line})}")


def vector(lines: Sequence[str]) -> bytes:
    """Vector's file source, encoded as JSON."""
    return each(lines, lambda number, line: as_json({
        "file": "/var/log/gateway/access.log", "host": HOST, "message": line, "source_type": "file", "timestamp": iso(number, 9),
    }))  # fmt: skip


def ecs(lines: Sequence[str]) -> bytes:
    """Filebeat's output to a file."""
    return each(lines, lambda number, line: as_json({
        "@timestamp": iso(number), "@metadata": {"beat": "filebeat", "type": "_doc", "version": "8.17.0"},
        "log": {"offset": 179 * number, "file": {"path": "/var/log/nginx/access.log"}}, "message": line,
        "input": {"type": "filestream"}, "ecs": {"version": "8.0.0"}, "host": {"name": HOST},
        "agent": {"type": "filebeat", "version": "8.17.0", "ephemeral_id": "0b9d6f0e", "id": "1a2b3c4d", "name": HOST},
    }))  # fmt: skip


def logstash(lines: Sequence[str]) -> bytes:
    """Logstash's json_lines."""
    return each(lines, lambda number, line: as_json({
        "message": line, "@version": "1", "host": {"name": HOST}, "@timestamp": iso(number),
        "event": {"original": line}, "log": {"file": {"path": "/var/log/nginx/access.log"}}, "type": "nginx",
    }))  # fmt: skip


def _hit(number: int, source: dict[str, object]) -> dict[str, object]:
    return {
        "_index": "gateway-2026.03.02",
        "_id": f"AbC{number}",
        "_score": None,
        "_source": {"@timestamp": iso(number), **source},
    }


def elasticsearch(lines: Sequence[str]) -> bytes:
    """A search of Elasticsearch."""
    hits = [_hit(number, {"message": line, "host": {"name": HOST}}) for number, line in enumerate(lines)]
    total = {"value": len(hits), "relation": "eq"}
    return as_json(
        {
            "took": 3,
            "timed_out": False,
            "_shards": {"total": 1, "failed": 0},
            "hits": {"total": total, "max_score": None, "hits": hits},
        }
    ).encode()


def elasticdump(lines: Sequence[str]) -> bytes:
    """elasticdump's lines of an index that Fluent Bit fills."""
    return each(
        lines,
        lambda number, line: as_json(
            _hit(number, {"log": line + "\n", "stream": "stdout", "kubernetes": _KUBERNETES})
        ),
    )


def splunk(lines: Sequence[str]) -> bytes:
    """Splunk's search/jobs/export, with previews."""

    def record(number: int, line: str) -> str:
        result = {"_bkt": "main~1", "_cd": f"1:{number}", "_time": moment(number).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC",
                  "_raw": line, "host": HOST, "index": "main", "source": "/var/log/nginx/access.log", "sourcetype": "nginx", "tag": ["web", "error"]}  # fmt: skip
        found = as_json({"preview": False, "offset": number, "result": result})
        return found if number else as_json({"preview": True, "offset": 0, "result": result}) + "\n" + found

    return each(lines, record) + b'{"preview":false,"lastrow":true}\n'


def splunk_results(lines: Sequence[str]) -> bytes:
    """Splunk's results of a search, output_mode=json."""
    results = [
        {
            "_bkt": "main~1",
            "_raw": line,
            "_time": iso(number, 3, "+00:00"),
            "host": HOST,
            "source": "access.log",
        }
        for number, line in enumerate(lines)
    ]
    return as_json(
        {"preview": False, "init_offset": 0, "messages": [], "fields": [], "results": results}
    ).encode()


def splunk_hec(lines: Sequence[str]) -> bytes:
    """What was sent to Splunk's HTTP event collector."""
    return each(lines, lambda number, line: as_json({
        "time": milliseconds(number) / 1000, "host": HOST, "source": "gateway", "sourcetype": "nginx", "event": line,
    }))  # fmt: skip


def _log_record(number: int, line: str) -> dict[str, Any]:
    return {"timeUnixNano": f"{milliseconds(number)}000000", "severityText": "INFO", "body": {"stringValue": line},
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
    return "".join(as_json(batch) + "\n" for batch in batches).encode()


def datadog(lines: Sequence[str]) -> bytes:
    """Datadog's search of logs."""
    data = [
        {"id": f"AwAA{number}", "type": "log", "attributes": {"attributes": {"http": {"status_code": 401}}, "host": HOST, "message": line,
         "service": "gateway", "status": "info", "tags": ["env:prod"], "timestamp": iso(number)}}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return as_json({"data": data, "links": {}, "meta": {"status": "done"}}).encode()


def datadog_archive(lines: Sequence[str]) -> bytes:
    """A file of a Datadog archive."""
    return each(lines, lambda number, line: as_json({
        "_id": f"AwAA{number}", "date": iso(number), "host": HOST, "source": "nginx", "service": "gateway", "status": "info",
        "tags": ["env:prod"], "message": line, "attributes": {"http": {"status_code": 401}},
    }))  # fmt: skip


def kafka(lines: Sequence[str]) -> bytes:
    """kcat -J."""
    return each(lines, lambda number, line: as_json({
        "topic": "gateway-logs", "partition": 0, "offset": 4700 + number, "tstype": "create", "ts": milliseconds(number),
        "broker": 1, "key": None, "payload": line,
    }))  # fmt: skip
