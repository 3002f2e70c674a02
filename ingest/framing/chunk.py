"""What framing is told and what it gives: how records lie in an input, and chunks of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ingest.columns import Bytes, Positions, Records

CHUNK_BYTES = 12 * 1024 * 1024
LONG_CHUNK_BYTES = 24 * 1024 * 1024
"""For records of 1,000 bytes and more: as many of them need less memory than lines do once they are read."""
LONGEST_RECORD = 16 * 1024 * 1024


class Readable(Protocol):
    """Anything with `readinto`."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class Overlong(NamedTuple):
    """A record that is longer than any may be: where it begins in the input, and its length in bytes."""

    offset: int
    bytes: int


@dataclass(frozen=True)
class Chunk:
    """Records of a stretch of input that ends at byte `end`.

    `tail` holds the last 1,024 bytes (or fewer) before `end`. `overlong` lists the records of the stretch
    that were passed over for their length; they are not in `records`, which may be empty then.

    `open_end` marks the last chunk of an input whose records nothing ends: the last line without a newline,
    half a JSON document, lines that wait for their continuation. They may be whole, or be growing still.
    `closing`: nothing of the input comes after it but such a chunk.
    """

    records: Records
    end: int
    tail: bytes
    open_end: bool = False
    overlong: tuple[Overlong, ...] = ()
    closing: bool = False

    @property
    def last_record(self) -> bytes:
        """The bytes of the last record; none where there is no record."""
        places = zip(self.records.starts[-1:], self.records.ends[-1:], strict=True)
        return b"".join(self.records.buffer[start:end].tobytes() for start, end in places)


@dataclass(frozen=True)
class Framing:
    """How records lie in an input: as "lines"; as "json" documents `depth` brackets deep; as "csv" rows.

    `path`: the keys that lead to the array that holds the JSON documents, () for any or none; one less than
    `depth`. `header`, `delimiter`: the names of the columns of CSV, and what parts its cells.
    `chunk_bytes`: how much of it is read at once.
    """

    kind: str
    depth: int = 0
    chunk_bytes: int = CHUNK_BYTES
    path: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    delimiter: str = ","


LINES = Framing("lines")


class Found(NamedTuple):
    """Records that ended in a stretch of input: where each begins and ends in the input (not before its
    NULs, not after its carriage return), and up to which byte of the input has been searched."""

    starts: Positions
    ends: Positions
    scanned: int


class Scanner(Protocol):
    """Finds where records begin and end, in one pass: each byte is given to it once, in order."""

    behind: int
    """How many bytes before those that are new it looks at."""
    terminator: int
    """How many bytes after the end of a record belong to it."""

    @property
    def pending(self) -> int | None:
        """Where in the input the record begins that has begun and not ended."""
        ...

    def scan(self, buffer: Bytes, base: int, new: int, filled: int, at_end: bool, nul: bool) -> Found:
        """Searches buffer[new:filled], in which there may be NULs if `nul`; buffer[0] is byte `base` of the
        input. PADDING NULs follow."""
        ...


def joined(parts: list[Positions]) -> Positions:
    """Positions one after another."""
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
