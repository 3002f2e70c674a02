"""A verdict is lifted by what another log tells of the same request."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.session import Session
from tests.helpers import Workshop

_EDGE = '$remote_addr [$time_iso8601] "$request" $status $request_id $http_traceparent "$http_authorization"'
_INNER = _EDGE + ' "$sent_http_www_authenticate"'
_EXPIRED = "Bearer error=\\x22invalid_token\\x22, error_description=\\x22The access token expired\\x22"
_FOREIGN = "Bearer error=\\x22invalid_token\\x22, error_description=\\x22The issuer is invalid\\x22"
_UNSAID = "Bearer error=\\x22invalid_token\\x22"
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_TOKEN = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJjbGllbnRfaWQiOiJzaG9wIiwianRpIjoidC0xIn0.c2lnbmF0dXJlLW9mLWE"


def _line(
    second: int, request_id: str = "-", challenge: str | None = None, trace: str = "-", token: str = "-"
) -> str:
    time = f"2026-03-02T02:{15 + second // 60:02}:{second % 60:02}+00:00"
    line = f'192.0.2.7 [{time}] "GET /orders HTTP/1.1" 401 {request_id} {trace} "{token}"'
    return line + (f' "{challenge}"' if challenge else "") + "\n"


def _events(workshop: Workshop, edge: str, inner: str) -> list[dict[str, Any]]:
    """What is said of the lines of an edge proxy that logs no reason, beside those of a gateway that does."""
    workshop.formats = {"nginx": [_EDGE, _INNER]}
    workshop.write("inner.log", inner)
    workshop.ingest()
    known = {(event["file"], event["offset"]) for event in workshop.events()}
    workshop.write("edge.log", edge)
    workshop.ingest()
    question = 'SELECT file, "offset", cause, confidence, lifted_from FROM events ORDER BY file, "offset"'
    rows = Session(workshop.lake).connection.sql(question).to_arrow_table().to_pylist()
    return [row for row in rows if (row["file"], row["offset"]) not in known]


@pytest.mark.parametrize(
    ("edge", "inner", "cause", "confidence", "told_from"),
    [
        (_line(1, "r-1"), _line(40, "r-1", _EXPIRED), "token.expired", "high", "nginx, by request id"),
        (_line(1, "r-1"), _line(1, "r-2", _EXPIRED), "unknown.status_only_401", "low", None),
        (_line(1), _line(1, "-", _EXPIRED), "unknown.status_only_401", "low", None),
        (_line(1, trace=_TRACE), _line(2, trace=_TRACE, challenge=_EXPIRED), "token.expired", "medium", "nginx, by trace id"),
        (_line(1, trace=_TRACE), _line(9, trace=_TRACE, challenge=_EXPIRED), "unknown.status_only_401", "low", None),
        (
            _line(1, token=_TOKEN),
            _line(2, token=_TOKEN, challenge=_EXPIRED),
            "token.expired",
            "medium",
            "nginx, by client and credential",
        ),
        # two that do not agree
        (
            _line(1, "r-1"),
            _line(1, "r-1", _FOREIGN) + _line(1, "r-1", _EXPIRED),
            "token.expired",
            "low",
            "nginx, by request id",
        ),
        # an id that many requests have is of none
        (_line(1, "r-1"), _line(1, "r-1", _EXPIRED) * 30, "unknown.status_only_401", "low", None),
        # what is only more than nothing
        (_line(1, "r-1"), _line(1, "r-1", _UNSAID), "token.invalid_unspecified", "medium", "nginx, by request id"),
        (
            _line(1, "r-1"),
            _line(1, "r-1", _UNSAID) + _line(1, "r-1", _EXPIRED),
            "token.expired",
            "high",
            "nginx, by request id",
        ),
    ],
)  # fmt: skip
def test_what_another_line_of_the_request_tells(
    workshop: Workshop, edge: str, inner: str, cause: str, confidence: str, told_from: str | None
) -> None:
    [event] = _events(workshop, edge, inner)
    assert (event["cause"], event["confidence"], event["lifted_from"]) == (cause, confidence, told_from)


def test_a_verdict_that_says_enough_stays(workshop: Workshop) -> None:
    [event] = _events(workshop, _line(1, "r-1", _FOREIGN), _line(1, "r-1", _EXPIRED))
    assert (event["cause"], event["lifted_from"]) == ("token.wrong_issuer", None)


def test_a_storm_of_one_credential_is_not_told_apart(workshop: Workshop) -> None:
    """Each of its failures beside each other one would be as many as their square."""
    edge = "".join(_line(second % 2, token=_TOKEN) for second in range(40))
    inner = "".join(_line(second % 2, token=_TOKEN, challenge=_EXPIRED) for second in range(40))
    assert {event["lifted_from"] for event in _events(workshop, edge, inner)} == {None}
