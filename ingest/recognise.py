"""Recognition: which source wrote an input, from its content and never from its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ingest.columns import Records, padded
from ingest.engine import Engine, Reading
from ingest.framing import LINES, Framing, Readable, chunks, detect_framing
from ingest.sources import Source

HEAD_BYTES = 256 * 1024
_SAMPLE = 200
_ENOUGH = 0.2

Formats = Mapping[str, Sequence[str]]
"""Format strings of the user's own, by source."""


def readings(sources: Mapping[str, Source], formats: Formats) -> list[Reading]:
    """Every way to read a line: each source, or each of its format strings, the user's own first."""
    found = []
    for source in sorted(sources.values(), key=lambda source: (source.priority, source.name)):
        if source.format_language is None:
            found.append(Reading(source))
            continue
        own = formats.get(source.name, ())
        found += [Reading(source, text, own=True) for text in dict.fromkeys(own)]
        found += [Reading(source, text) for text in source.formats.values() if text not in own]
    return found


def recognise(
    engine: Engine, head: bytes, candidates: Sequence[Reading], *, forced: bool = False
) -> tuple[Reading, Framing] | None:
    """How to read an input that begins with `head`; None when no candidate knows it.

    The reading with the most lines in its shape wins, if that is a fifth of the lines or more; of
    equals the first. With `forced` the best candidate wins in any case.
    """
    framing = detect_framing(head)
    sample = _sample(head, framing)
    if len(sample) == 0:
        return (candidates[0], LINES) if forced and candidates else None
    counts = engine.count_matches(candidates, sample.lines)
    best = int(np.argmax(counts))
    if not forced and counts[best] < max(1.0, _ENOUGH * len(sample)):
        return None
    return candidates[best], framing


def _sample(head: bytes, framing: Framing) -> Records:
    """The first records of `head` that are not blank; a last one that may be cut only if alone."""
    found = list(chunks(_Bytes(head), framing, 0, size=len(head) + 1))
    whole = [chunk.records for chunk in found if not chunk.open_end] or [chunk.records for chunk in found]
    if not whole:
        return Records(padded(b""), *(np.empty(0, dtype=np.int64) for _ in range(3)))
    records = whole[0]
    filled = np.flatnonzero(records.ends - records.starts > 1)
    return records.take(filled[:_SAMPLE])


class _Bytes(Readable):
    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def readinto(self, buffer: memoryview, /) -> int:
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
