"""What AWS, Google Cloud and platforms put around a line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.envelopes.writing import POD, as_json, before, each, iso, milliseconds, moment


def cloudwatch(lines: Sequence[str]) -> bytes:
    """aws logs filter-log-events."""
    events = [
        {
            "logStreamName": "gateway/gateway/4f1d2c3b", "timestamp": milliseconds(number), "message": line,
            "ingestionTime": milliseconds(number) + 900, "eventId": f"3712345678901234567890123456789012345678901234{number:010}",
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip
    document = {"events": events, "searchedLogStreams": [], "nextToken": "Bxkq6kVGFtq2y"}
    return json.dumps(document, indent=4, ensure_ascii=False).encode()


def cloudwatch_get(lines: Sequence[str]) -> bytes:
    """aws logs get-log-events."""
    events = [
        {
            "timestamp": milliseconds(number),
            "message": line + "\n",
            "ingestionTime": milliseconds(number) + 900,
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
        {"id": "", "timestamp": milliseconds(0), "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}  # fmt: skip
    events = [
        {
            "id": f"3712345678901234567890123456789012345678901234{number:010}",
            "timestamp": milliseconds(number),
            "message": line,
        }
        for number, line in enumerate(lines)
    ]
    documents = [
        {"messageType": "DATA_MESSAGE", **about, "logEvents": events[start : start + 3]}
        for start in range(0, len(events), 3)
    ]
    return "".join(
        as_json(document) for document in [{"messageType": "CONTROL_MESSAGE", **check}, *documents]
    ).encode()


def cloudwatch_export(lines: Sequence[str]) -> bytes:
    """An export task's file in S3."""
    return each(lines, lambda number, line: f"{iso(number)} {line}")


def _log_entry(number: int, payload: dict[str, object]) -> dict[str, object]:
    return {
        "insertId": f"9x2k{number}", "labels": {"k8s-pod/app": "gateway"}, "logName": "projects/shop-prod/logs/stdout",
        **payload, "receiveTimestamp": iso(number + 500, 9),
        "resource": {"labels": {"cluster_name": "prod", "container_name": "gateway", "namespace_name": "shop", "pod_name": POD}, "type": "k8s_container"},
        "severity": "INFO", "timestamp": iso(number, 9),
    }  # fmt: skip


def gcp(lines: Sequence[str]) -> bytes:
    """gcloud logging read --format=json."""
    entries = [_log_entry(number, {"textPayload": line + "\n"}) for number, line in enumerate(lines)]
    return json.dumps(entries, indent=2, sort_keys=True).encode()


def gcp_sink(lines: Sequence[str]) -> bytes:
    """A sink to Cloud Storage, of an agent that puts lines into jsonPayload."""
    return each(
        lines,
        lambda number, line: as_json(
            _log_entry(number, {"jsonPayload": {"message": line, "stream": "stdout"}})
        ),
    )


def cloudtrail_lookup(lines: Sequence[str]) -> bytes:
    """aws cloudtrail lookup-events."""
    events = [
        {"EventId": f"event-{number}", "EventName": "InitiateAuth", "ReadOnly": "false", "EventTime": moment(number).timestamp(),
         "EventSource": "cognito-idp.amazonaws.com", "Resources": [], "CloudTrailEvent": line}
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return json.dumps({"Events": events}, indent=4, ensure_ascii=False).encode()


heroku = before(lambda number: f"{iso(number, 6, '+00:00')} app[web.1]: ")
"""heroku logs."""
cf = before(lambda number: f"   {iso(number, 3, '+0000')} [APP/PROC/WEB/0] OUT ")
"""cf logs, of an application on Cloud Foundry."""
fly = before(lambda number: f"{iso(number, 0)} app[3d8d9930b16589] fra [info]")
"""fly logs."""
aws_tail = before(lambda number: f"{iso(number, 6, '+00:00')} ecs/gateway/4f0c2a7be1 ")
"""aws logs tail."""
