"""The samples and what their expected.csv says, for the tests that walk sample_logs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from ingest import load_sources
from ingest.engine import Engine
from ingest.formats_beside import formats_beside
from ingest.framing import chunks, detect_framing
from ingest.reader import Parsed
from ingest.text import parse_records
from tests.helpers import workers

SAMPLES = Path(__file__).parents[1] / "sample_logs"
SOURCES = sorted(load_sources())
_FINGERPRINT = re.compile("i_[0-9a-f]{16}")
"""What stands for an id that looks like a secret."""
_WRITTEN = datetime(2026, 12, 31, tzinfo=UTC)
"""When the samples were written, for times without a year."""
LONG_AFTER = datetime(2097, 9, 30, tzinfo=UTC)
"""Nothing in the samples is of the two months before, in any year."""


def expected_rows(source: str) -> list[dict[str, str]]:
    """The rows of a source's expected.csv; none where there is no such file."""
    path = SAMPLES / source / "expected.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def filled_columns(source: str) -> set[str]:
    """The columns of EVENTS that some event of the source's samples fills."""
    return {
        name
        for row in expected_rows(source)
        if row["result"] == "event"
        for name, text in row.items()
        if text
    }


def samples() -> list[tuple[str, str]]:
    """Every (source, sample file)."""
    return [
        (source, sample)
        for source in SOURCES
        for sample in sorted({row["sample"] for row in expected_rows(source)})
    ]


def _records(data: bytes) -> list[int]:
    """Offsets of the records, in order."""
    framing = detect_framing(data)
    parts = chunks(io.BytesIO(data), framing, 0, size=len(data) + 1)
    return [int(offset) for chunk in parts for offset in chunk.records.offsets]


def lines_of(source: str, sample: str) -> list[str]:
    """The records of a sample, each on one line, as a container writes them; blank ones are left out."""
    data = (SAMPLES / source / sample).read_bytes()
    parts = chunks(io.BytesIO(data), detect_framing(data), 0, size=len(data) + 1)
    records = [text for chunk in parts for text in chunk.records.lines.to_pylist()]
    lines = [text.replace("\n", " ").strip("\r ") for text in records]
    return [line for line in lines if line]


def without_timeless(lines: Sequence[str], parts: Sequence[Parsed]) -> list[str]:
    """The lines without those that were refused for want of a time (an envelope would give them one); `parts`
    is what became of the lines. Also without those whose day is the file's, where it was written LONG_AFTER."""
    refused = [row for part in parts for row in part.quarantined.to_pylist()]
    timeless = {row["offset"] for row in refused if row["reason"] == "no time"}
    events = [row for part in parts for row in part.events.select(["offset", "time"]).to_pylist()]
    timeless |= {row["offset"] for row in events if row["time"] > LONG_AFTER - timedelta(days=60)}
    starts = accumulate((len(line.encode()) + 1 for line in lines), initial=0)
    return [line for line, start in zip(lines, starts, strict=False) if start not in timeless]


@cache
def engine() -> Engine:
    """An engine that the tests of one process share: to make one, and to plan its queries, takes time."""
    with workers().engine() as first:
        return first


@cache
def parsed(source: str, sample: str) -> list[Parsed]:
    """What became of the records of a sample, whatever sources there are."""
    data = (SAMPLES / source / sample).read_bytes()
    return parse_records(data, formats=formats_beside(SAMPLES / source), engine=engine(), written=_WRITTEN)


@cache
def results_of(source: str, sample: str) -> list[dict[str, Any]]:
    """What becomes of each record of a sample: `result`, and of an event its columns."""
    parts = parsed(source, sample)
    events = {row["offset"]: row for part in parts for row in part.events.to_pylist()}
    refused = {row["offset"] for part in parts for row in part.quarantined.to_pylist()}
    return [
        {"result": "event", **events[offset]}
        if offset in events
        else {"result": "quarantined" if offset in refused else "ignored"}
        for offset in _records((SAMPLES / source / sample).read_bytes())
    ]


def as_text(name: str, value: Any) -> str:
    """A value of a column as it stands in expected.csv."""
    if value is None:
        return ""
    if name == "time":
        return str(value.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    if name in ("user_id", "credential_id") or _FINGERPRINT.fullmatch(str(value)):
        return "*"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)
