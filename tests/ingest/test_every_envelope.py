"""An envelope around a source's samples gives the same events as the bare lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest

from ingest.formats_beside import formats_beside
from ingest.reader import Parsed
from ingest.text import parse_records
from tests.envelopes import WRAPPERS
from tests.helpers import Workshop
from tests.samples import LONG_AFTER, SAMPLES, SOURCES, engine, lines_of, samples, without_timeless

pytestmark = pytest.mark.xdist_group("samples")

_FROM_ENVELOPE = ("instance", "time", "date")
"""What an envelope may tell where the line does not."""

_USUAL = (
    "docker", "cri", "syslog_rfc3164", "syslog_rfc5424", "journald", "cloudwatch_subscription", "loki", "gcp",
    "fluent_bit", "elasticdump", "splunk", "kubectl",
)  # fmt: skip
_FIRST = ("apinto", "entra", "envoy", "keycloak", "nginx", "okta")
"""Those that were there when the envelopes were."""


def _pairs() -> Iterator[Any]:
    """Every envelope around the first sources, and one of the usual around each other. Each of the usual is tried
    around one source in every run, the others by `make test-slow`."""
    often = {(wrapper, _FIRST[place % len(_FIRST)]) for place, wrapper in enumerate(_USUAL)}
    for place, source in enumerate(SOURCES):
        for wrapper in WRAPPERS if source in _FIRST else [_USUAL[place % len(_USUAL)]]:
            yield pytest.param(wrapper, source, marks=() if (wrapper, source) in often else pytest.mark.slow)


def _parse(source: str, text: bytes, written: datetime | None = None) -> list[Parsed]:
    return parse_records(text, formats=formats_beside(SAMPLES / source), engine=engine(), written=written)


def _bare_lines(source: str) -> list[str]:
    """The records of all samples of a source, each on one line, as a container writes them."""
    return [line for owner, sample in samples() if owner == source for line in lines_of(source, sample)]


def _events(parts: list[Parsed]) -> list[dict[str, Any]]:
    rows = [event for part in parts for event in part.events.to_pylist()]
    rows.sort(key=lambda event: int(event["offset"]))
    return [{name: value for name, value in event.items() if name != "offset"} for event in rows]


@cache
def _expected(source: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The lines of a source that have a time of their own (others get the envelope's), and their events."""
    lines = _bare_lines(source)
    lines = without_timeless(lines, _parse(source, _text(lines), LONG_AFTER))
    return lines, _events(_parse(source, _text(lines)))


def _text(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def _may_differ(value: Any, bare: Any) -> bool:
    """Whether an envelope may have told it: what a line has not, and the zone of a local time."""
    if bare is None or (isinstance(bare, date) and not isinstance(bare, datetime)):
        return True
    if not isinstance(bare, datetime):
        return False
    shift = abs((value - bare).total_seconds())
    return shift % 900 == 0 and shift <= 14 * 3600


@pytest.mark.parametrize(("wrapper", "source"), list(_pairs()))
def test_a_source_in_an_envelope_gives_the_events_of_the_bare_lines(wrapper: str, source: str) -> None:
    lines, bare = _expected(source)
    assert bare
    found = _events(_parse(source, WRAPPERS[wrapper](lines)))
    differences = [
        f"event {number}, {name}: {value!r} is not {other[name]!r}"
        for number, (one, other) in enumerate(zip(found, bare, strict=False))
        for name, value in one.items()
        if value != other[name] and not (name in _FROM_ENVELOPE and _may_differ(value, other[name]))
    ]
    assert (len(found), differences[:5]) == (len(bare), [])


def test_a_file_is_not_taken_for_one_like_it_without_its_envelope(workshop: Workshop) -> None:
    """`[pod/...]` stands where Envoy's format has `[%START_TIME%]`: the second file is in an envelope."""
    lines = [
        f'[2026-03-02T02:15:{second:02}.000Z] "GET /v1/{second} HTTP/1.1" 401 - 0 0 1 - "-" "curl/8" "r-{second}" "api" "-"'
        for second in range(40)
    ]
    workshop.write("a.log", "\n".join(lines[:20]) + "\n")
    workshop.write("b.log", WRAPPERS["kubectl"](lines[20:]))
    workshop.ingest()
    assert not workshop.quarantine()
    times = sorted(f"{row['time']:%M:%S}" for row in workshop.events("time"))
    assert times == [f"15:{second:02}" for second in range(40)]


def test_messages_by_octet_counting_are_whole_where_the_last_one_ends(workshop: Workshop) -> None:
    """The last message is no event, and no newline ends it; only one that is cut waits for its rest."""
    line = '192.0.2.7 - - [02/Mar/2026:02:15:04 +0000] "GET /orders HTTP/1.1" 401 172 "-" "curl/8"'
    whole = WRAPPERS["syslog_octets_stream"]([line, line, "2026/03/02 02:15:05 [notice] 1#1: exiting"])
    log = workshop.write("gateway.log", whole)
    assert workshop.ingest().total.events == 2
    more = WRAPPERS["syslog_octets_stream"]([line])
    log.write_bytes(whole + more[:-9])
    assert workshop.ingest().total.records == 0
    log.write_bytes(whole + more)
    assert workshop.ingest().total.events == 1
