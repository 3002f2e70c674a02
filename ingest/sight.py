"""What is seen in an input, and why: its layout and what becomes of each line. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.engine import Engine, Reading
from ingest.framing import Chunk, Framing, chunks
from ingest.inputs import Input, open_input
from ingest.pipeline import Plan, candidates_for, layout_of
from ingest.reader import parse_chunk
from ingest.recognise import HEAD_BYTES, Layout
from ingest.workers import Workers

_LONG = 300
_NOT_SHOWN = ("date", "source", "kind", "signature", "offset")


@dataclass(frozen=True)
class Line:
    """A record: where it begins, its text without secrets, and what becomes of it.

    `result` is `event`, `ignored` or `quarantined`; `source` the source of an event; `why` what the event
    says, or the reason; `columns` those of the event that are filled (lake/schema.py).
    """

    offset: int
    text: str
    result: str
    source: str | None
    why: str
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sight:
    """An input: how its records lie, what is around them, who wrote them, and the first of them.

    `sources` has a sentence for each reading, the main one first; empty when no source is recognised.
    """

    name: str
    framing: str
    envelopes: tuple[str, ...]
    sources: tuple[str, ...]
    why: str
    lines: tuple[Line, ...]


def look_at(item: Input, plan: Plan, workers: Workers, most: int = 20) -> Sight:
    """Looks at the head of an input, and at its first `most` records. Raises InputError."""
    with open_input(item) as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        return Sight(item.name, "", (), (), "the file is empty", ())
    candidates = candidates_for(item, plan)
    layout = layout_of(item, head, candidates, plan, workers)
    if layout is None:
        return Sight(item.name, "", (), (), "no source and no envelope knows its lines", ())
    lines = tuple(_lines(item, layout, candidates, workers, most))
    return Sight(
        item.name,
        _framing_told(layout.framing),
        tuple(envelope.title for envelope in layout.envelopes),
        tuple(_reading_told(reading) for reading in layout.readings),
        _why(layout),
        lines,
    )


def _framing_told(framing: Framing) -> str:
    if framing.kind == "csv":
        return f"CSV with {len(framing.header)} columns"
    if framing.kind == "json":
        inside = f" in {'.'.join(framing.path)}" if framing.path else ""
        return f"JSON documents{inside}, {framing.depth} brackets deep"
    return "lines"


def _reading_told(reading: Reading) -> str:
    if reading.format is None:
        return f"{reading.source.name}: {reading.source.title}"
    own = "your format" if reading.own else "format"
    return f"{reading.source.name}: {reading.source.title}, {own} {reading.format}"


def _why(layout: Layout) -> str:
    around = [f"its records match {_shortened(envelope.recognise)}" for envelope in layout.envelopes]
    inside = [
        f"lines match the format {reading.format}"
        if reading.format
        else f"lines match {_shortened(reading.source.recognise)}"
        for reading in layout.readings
    ]
    other = ["what no source claims is taken for another program's"] if layout.shared else []
    return "; ".join(around + inside + other)


def _shortened(expression: str) -> str:
    """Those of the last resort know thousands of messages."""
    return expression if len(expression) <= _LONG else f"{expression[:_LONG]} ..."


def _lines(
    item: Input, layout: Layout, candidates: Sequence[Reading], workers: Workers, most: int
) -> Iterator[Line]:
    reference = item.modified or datetime.now(UTC)
    with open_input(item) as stream:
        for chunk in chunks(stream, layout.framing, 0, size=HEAD_BYTES):
            count = min(most, len(chunk.records))
            records = chunk.records.take(np.arange(count, dtype=np.int64))
            for place in range(count):
                # by itself, and so at the end of what was written
                one = replace(chunk, records=records.take(np.array([place])), overlong=(), closing=True)
                yield from _line(one, layout, candidates, workers, reference)
            most -= count
            if most <= 0:
                return


def _line(
    chunk: Chunk, layout: Layout, candidates: Sequence[Reading], workers: Workers, reference: datetime
) -> Iterator[Line]:
    parsed = workers.here(parse_chunk, layout, candidates, chunk, reference)
    offset = int(chunk.records.offsets[0])
    text = workers.here(Engine.redact, str(chunk.records.lines[0].as_py())[:500])
    for event in parsed.events.to_pylist():
        said = " ".join(
            str(event[name])
            for name in ("outcome", "endpoint", "status", "error_code", "error", "client_id")
            if event[name] is not None
        )
        filled = {
            name: value for name, value in event.items() if value is not None and name not in _NOT_SHOWN
        }
        yield Line(offset, text, "event", event["source"], said, filled)
    for refused in parsed.quarantined.to_pylist():
        yield Line(offset, text, "quarantined", None, refused["reason"])
    for reason, count in parsed.ignored.items():
        for _ in range(count):
            yield Line(offset, text, "ignored", None, reason)
