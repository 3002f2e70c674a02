"""Dumps of every envelope in its true format around bare lines, for the tests that nest, join and recognise.

Times and hosts are fixed: line number n was collected n milliseconds after TIME.
"""

from __future__ import annotations

import json

from tests.envelopes import clouds, collectors, containers, syslog
from tests.envelopes.writing import Writer

WRITERS: dict[str, dict[str, Writer]] = {
    "docker": {"docker": containers.docker, "docker_attrs": containers.docker_attrs},
    "docker_timestamps": {"docker_timestamps": containers.docker_timestamps},
    "docker_compose": {
        "docker_compose": containers.docker_compose,
        "docker_compose_colour": containers.docker_compose_colour,
        "docker_compose_first": containers.docker_compose_first,
        "docker_service": containers.docker_service,
    },
    "cri": {"cri": containers.cri},
    "kubectl": {"kubectl": containers.kubectl},
    "stern": {
        "stern": containers.stern,
        "stern_colour": containers.stern_colour,
        "stern_json": containers.stern_json,
    },
    "syslog_rfc3164": {
        "syslog_rfc3164": syslog.syslog_rfc3164,
        "syslog_file": syslog.syslog_file,
        "syslog_local": syslog.syslog_local,
        "journalctl_short": syslog.journalctl_short,
    },
    "syslog_rfc5424": {
        "syslog_rfc5424": syslog.syslog_rfc5424,
        "syslog_rfc5424_plain": syslog.syslog_rfc5424_plain,
        "syslog_octets": syslog.syslog_octets,
        "syslog_octets_stream": syslog.syslog_octets_stream,
    },
    "rsyslog": {"rsyslog": syslog.rsyslog},
    "journald": {"journald": syslog.journald},
    "cloudwatch": {"cloudwatch": clouds.cloudwatch, "cloudwatch_get": clouds.cloudwatch_get},
    "cloudwatch_subscription": {"cloudwatch_subscription": clouds.cloudwatch_subscription},
    "cloudwatch_export": {"cloudwatch_export": clouds.cloudwatch_export},
    "loki": {"loki": collectors.loki, "loki_push": collectors.loki_push},
    "logcli": {"logcli": collectors.logcli, "logcli_colour": collectors.logcli_colour},
    "logcli_jsonl": {"logcli_jsonl": collectors.logcli_jsonl},
    "gcp": {"gcp": clouds.gcp, "gcp_sink": clouds.gcp_sink},
    "fluent_bit": {
        "fluent_bit": collectors.fluent_bit,
        "fluent_bit_no_time": collectors.fluent_bit_no_time,
        "fluent_bit_tail": collectors.fluent_bit_tail,
        "fluent_bit_cri": collectors.fluent_bit_cri,
    },
    "fluent_bit_stdout": {"fluent_bit_stdout": collectors.fluent_bit_stdout},
    "fluentd": {"fluentd": collectors.fluentd, "fluentd_stdout": collectors.fluentd_stdout},
    "vector": {"vector": collectors.vector},
    "ecs": {"ecs": collectors.ecs, "logstash": collectors.logstash},
    "elasticsearch": {"elasticsearch": collectors.elasticsearch, "elasticdump": collectors.elasticdump},
    "splunk": {
        "splunk": collectors.splunk,
        "splunk_results": collectors.splunk_results,
        "splunk_hec": collectors.splunk_hec,
    },
    "otlp": {"otlp": collectors.otlp},
    "datadog": {"datadog": collectors.datadog, "datadog_archive": collectors.datadog_archive},
    "kafka": {"kafka": collectors.kafka},
    "cloudtrail_lookup": {"cloudtrail_lookup": clouds.cloudtrail_lookup},
    "platform": {
        "heroku": clouds.heroku,
        "cf": clouds.cf,
        "fly": clouds.fly,
        "aws_tail": clouds.aws_tail,
        "journalctl_full": syslog.journalctl_full,
    },
}
"""For each envelope the writers of its forms."""


WRAPPERS: dict[str, Writer] = {name: write for forms in WRITERS.values() for name, write in forms.items()}
"""All writers by name."""


ENVELOPE_OF = {name: envelope for envelope, forms in WRITERS.items() for name in forms}


_ARRAYS: dict[str, tuple[str, ...]] = {
    "cloudwatch": ("events",), "cloudwatch_get": ("events",), "loki": ("data", "result"), "loki_push": ("streams",), "elasticsearch": ("hits", "hits"),
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
