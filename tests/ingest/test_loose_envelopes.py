"""Envelopes that look like what programs write by themselves: believed where no less becomes of the lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from ingest.formats_beside import formats_beside
from ingest.reader import Parsed
from ingest.text import parse_records
from tests.envelopes.loose import LOOSE
from tests.samples import LONG_AFTER, SAMPLES, engine, lines_of, samples, without_timeless

pytestmark = pytest.mark.xdist_group("samples")

_COMPARED = ("time", "source", "client_id", "status", "outcome", "error", "error_code", "error_description")
_BEGINS = re.compile(
    r'\{ ?"|\d{1,3}(\.\d{1,3}){3} \S+ \S+ \[|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d|(time|ts|level)='
)
"""How a line begins that a time before it is told from."""


def _pairs() -> Iterator[Any]:
    """One form of each envelope around each sample, each form once in every run; `make test-slow` takes all."""
    for envelope, forms in LOOSE.items():
        for place, (source, sample) in enumerate(samples()):
            marks = pytest.mark.slow if place >= len(forms) else ()
            yield pytest.param(envelope, [*forms][place % len(forms)], source, sample, marks=marks)


def _parse(source: str, data: bytes, written: datetime | None = None) -> list[Parsed]:
    return parse_records(data, formats=formats_beside(SAMPLES / source), engine=engine(), written=written)


def _events(parts: list[Parsed]) -> list[tuple[Any, ...]]:
    return [tuple(event[name] for name in _COMPARED) for part in parts for event in part.events.to_pylist()]


def _text(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


@cache
def _lines(source: str, sample: str, envelope: str) -> list[str]:
    """The lines of a sample that have a time of their own, and that may stand in the envelope."""
    lines = lines_of(source, sample)
    lines = without_timeless(lines, _parse(source, _text(lines), LONG_AFTER))
    return [line for line in lines if envelope != "viewer" or _BEGINS.match(line)]


@pytest.mark.parametrize(("envelope", "wrapper", "source", "sample"), list(_pairs()))
def test_a_log_within_gives_the_events_of_the_bare_lines(
    envelope: str, wrapper: str, source: str, sample: str
) -> None:
    lines = _lines(source, sample, envelope)
    bare = _events(_parse(source, _text(lines)))
    if not bare:
        pytest.skip("no line of it that may stand there becomes an event")
    found = _events(_parse(source, LOOSE[envelope][wrapper](lines)))
    assert [one[1:] for one in found] == [one[1:] for one in bare]
    # it may tell the zone of a local time, and the time of a line behind one
    apart = [abs((one[0] - other[0]).total_seconds()) for one, other in zip(found, bare, strict=True)]
    assert all(seconds % 900 == 0 or seconds < 1 for seconds in apart)


def test_one_line_outside_does_not_decide_about_many_inside() -> None:
    """A format of the user's own names one line behind the times; the others are JSON of any program."""
    said = '{"ts":"2026-03-02T10:15:04Z","path":"/v1/me","status":401,"error":"invalid_token"}'
    before = "2026-03-02T10:15:04.250Z "
    text = _text([before + line for line in [*[said] * 20, '"GET /v1/me HTTP/1.1" 401']])
    own = '%{%Y-%m-%d}tT%{%T}t.%{msec_frac}tZ "%r" %>s'
    events = [
        event for part in parse_records(text, formats={"apache": [own]}) for event in part.events.to_pylist()
    ]
    assert [event["source"] for event in events].count("generic_json") == 20
    assert len(events) == 21
