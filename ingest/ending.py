"""What the end of an input tells, for the question which input it is (ingest/identity.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from ingest.engine import Reading
from ingest.framing import Chunk, chunks
from ingest.inputs import Input, open_input
from ingest.reader import Parsed, parse_chunk
from ingest.recognise import Bytes, Layout
from ingest.workers import Workers

_LAST_RECORDS = 64


@dataclass(frozen=True)
class Ending:
    """The end of an input that begins with `head`, and how it is read. All of it raises InputError."""

    item: Input
    head: bytes
    layout: Layout
    candidates: Sequence[Reading]
    workers: Workers

    def tail_before(self, position: int) -> bytes | None:
        """The 1,024 bytes (or fewer) before a byte of the input; None where it is shorter."""
        with open_input(self.item) as stream:
            return stream.skip(position)

    def is_whole(self) -> bool:
        """Whether the last line of an input that is all `head`, and has no newline there, is whole."""
        last = self._parsed(chunks(Bytes(self.head), self.layout.framing, 0))
        return last is not None and last.whole

    def has_ids(self) -> bool:
        """Whether the events of the head have native ids."""
        first = self._parsed(chunks(Bytes(self.head), self.layout.framing, 0))
        return first is not None and first.ids is not None

    def last_records(self) -> Parsed | None:
        """What becomes of the last records of the input; None where it has none."""
        with open_input(self.item) as stream:
            return self._parsed(chunks(stream, self.layout.framing, 0))

    def _parsed(self, parts: Iterator[Chunk]) -> Parsed | None:
        last = None
        for chunk in parts:
            last = chunk if len(chunk.records) else last
        if last is None:
            return None
        some = np.arange(max(0, len(last.records) - _LAST_RECORDS), len(last.records))
        end = replace(last, records=last.records.take(some), overlong=())
        return self.workers.here(parse_chunk, self.layout, self.candidates, end, datetime.now(UTC))
