"""Framing: a stream of bytes to chunks of records, with memory bounded by the chunk.

Two kinds of record: lines, and JSON documents wherever they stand (one after another, pretty-printed,
in an array, or in the array of a wrapper such as {"value": [...]}).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ingest.columns import PADDING, Bytes, Positions, Records, as_text, newline_positions
from ingest.errors import InputError

CHUNK_BYTES = 20 * 1024 * 1024
LONG_CHUNK_BYTES = 48 * 1024 * 1024
"""For records of 1,000 bytes and more: as many of them need less memory than lines do once they are read."""
LONGEST_RECORD = 512 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_WRAPPER = re.compile(rb'"(value|records|Records|events|logs|items|entries)"\s*:\s*\[\s*(\{|\])')


class Readable(Protocol):
    """Anything with `readinto`."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


@dataclass(frozen=True)
class Chunk:
    """Records of a stretch of input that ends at byte `end`.

    `tail` holds the last 1,024 bytes (or fewer) before `end`. `open_end` marks a last record that no
    newline ends: it may be whole, or half of one that is still being written.
    """

    records: Records
    end: int
    tail: bytes
    open_end: bool = False


@dataclass(frozen=True)
class Framing:
    """How records lie in an input: as lines, or as JSON objects `depth` brackets deep.

    `chunk_bytes`: how much of it is read at once.
    """

    kind: str
    depth: int = 0
    chunk_bytes: int = CHUNK_BYTES


LINES = Framing("lines")


def detect_framing(head: bytes) -> Framing:
    """The framing of an input that begins with `head`, from its content.

    JSON that has one whole object per line is lines; any other JSON is documents.
    """
    found = _framing(head.removeprefix(_BOM).lstrip())
    records_are_long = found.kind == "json" or len(head) > 1000 * (head.count(b"\n") + 1)
    return replace(found, chunk_bytes=LONG_CHUNK_BYTES) if records_are_long else found


def _framing(text: bytes) -> Framing:
    if text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"]", b""):
        return Framing("json", 1)
    if text[:1] != b"{":
        return LINES
    wrapper = _wrapper_depth(text)
    if wrapper is not None:
        return Framing("json", wrapper)
    first_line = text.split(b"\n", 1)[0]
    return LINES if _is_json(first_line) or b"\n" not in text else Framing("json", 0)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _wrapper_depth(text: bytes) -> int | None:
    """How deep the objects of a wrapped array lie, when the document is nothing but a wrapper."""
    match = _WRAPPER.search(text[:65536])
    if match is None:
        return None
    before = np.frombuffer(text[: match.start()] + bytes(PADDING), dtype=np.uint8)
    depth = _Structure(before, match.start(), 0).final_depth
    # deeper than {"data": {"events": [ it is a part of a record, not what holds the records
    keys_before = text[: match.start()].count(b'":')
    return (
        depth + 1 if depth <= 2 and keys_before <= 12 and depth >= 1 and _wraps(text, match, depth) else None
    )


def _wraps(text: bytes, match: re.Match[bytes], depth: int) -> bool:
    """Whether the array is the point of the document, and not a list inside of one event."""
    opening = text[: match.start()]
    if depth == 1:
        return not re.search(rb'"(eventType|uuid|published|outcome|createdDateTime|appId|time)"\s*:', opening)
    return bool(re.search(rb'"data"\s*:\s*\{\s*$', opening))


def chunks(
    stream: Readable, framing: Framing, start: int, before: bytes = b"", size: int | None = None
) -> Iterator[Chunk]:
    """Chunks of whole records from `stream`, whose next byte is byte `start` of the input.

    `before` holds the last 1,024 bytes (or fewer) that came before `start`.

    Raises InputError for a record longer than LONGEST_RECORD.
    """
    size = size or framing.chunk_bytes
    find: _Find = _lines if framing.kind == "lines" else _Documents(framing.depth, begun=start > 0)
    buffer = np.empty(size + PADDING, dtype=np.uint8)
    filled, base, at_end = 0, start, False
    while not at_end:
        got, problem = _fill(stream, buffer, filled)
        at_end = problem is None and got < len(buffer) - PADDING - filled
        filled += got
        starts, ends, consumed = find(buffer, filled, at_end)
        open_end = at_end and framing.kind == "lines" and filled > 0 and buffer[filled - 1] != 0x0A
        offsets = starts + base
        if base == 0 and len(starts) and bytes(buffer[:3]) == _BOM and starts[0] == 0:
            starts[0] = min(3, int(ends[0]))
        if len(starts):
            records = Records(buffer, starts, ends, offsets)
            yield from _emit(records, before, base, consumed, open_end)
        if problem is not None:
            raise problem
        if not len(starts) and not at_end and filled == len(buffer) - PADDING:
            if len(buffer) >= LONGEST_RECORD:
                raise InputError(f"a record is longer than {LONGEST_RECORD >> 20} MB")
            buffer = np.concatenate([buffer, np.empty(len(buffer), dtype=np.uint8)])
            continue
        before = _tail(before, buffer, consumed)
        rest = buffer[consumed:filled]
        fresh = np.empty(max(size, 2 * len(rest)) + PADDING, dtype=np.uint8)
        fresh[: len(rest)] = rest
        buffer, filled, base = fresh, len(rest), base + consumed


def _fill(stream: Readable, buffer: Bytes, filled: int) -> tuple[int, InputError | None]:
    """Reads until the buffer (less its padding) is full or the stream ends or breaks; bytes read."""
    view = memoryview(buffer.data).cast("B")[filled : len(buffer) - PADDING]
    total, problem = 0, None
    try:
        while total < len(view) and (got := stream.readinto(view[total:])):
            total += got
    except InputError as broken:
        problem = broken
    buffer[filled + total : filled + total + PADDING] = 0
    return total, problem


def _emit(records: Records, before: bytes, base: int, consumed: int, open_end: bool) -> Iterator[Chunk]:
    whole = len(records) - 1 if open_end else len(records)
    if whole:
        end = int(records.starts[-1]) if open_end else consumed
        first = records.take(np.arange(whole, dtype=np.int64))
        yield Chunk(as_text(first), base + end, _tail(before, records.buffer, end))
    if open_end:
        last = records.take(np.array([whole]))
        tail = _tail(before, records.buffer, consumed)
        yield Chunk(as_text(last), base + consumed, tail, open_end=True)


def _tail(before: bytes, buffer: Bytes, end: int) -> bytes:
    """The last 1,024 bytes up to `end`, of what came before the buffer and of the buffer."""
    return (before + buffer[max(0, end - 1024) : end].tobytes())[-1024:]


_Find = Callable[[Bytes, int, bool], tuple[Positions, Positions, int]]


def _lines(buffer: Bytes, filled: int, at_end: bool) -> tuple[Positions, Positions, int]:
    newlines = newline_positions(buffer[:filled])
    consumed = int(newlines[-1]) + 1 if len(newlines) else 0
    starts = np.concatenate([np.zeros(1, dtype=np.int64), newlines[:-1] + 1]) if consumed else newlines
    ends = newlines
    if at_end and consumed < filled:
        starts, ends = np.append(starts, consumed), np.append(ends, filled)
        consumed = filled
    carriage = (ends > starts) & (buffer[ends - 1] == 0x0D)
    return starts.astype(np.int64), (ends - carriage).astype(np.int64), consumed


class _Documents:
    """Finds JSON objects `depth` brackets deep; remembers how deep the next buffer begins."""

    def __init__(self, depth: int, begun: bool) -> None:
        self._depth = depth
        self._now = depth if begun else 0

    def __call__(self, buffer: Bytes, filled: int, at_end: bool) -> tuple[Positions, Positions, int]:
        starts, ends = _Structure(buffer, filled, self._now).objects(self._depth)
        if len(ends) == 0:
            return starts, ends, 0
        self._now = self._depth
        return starts, ends, int(ends[-1])


class _Structure:
    """The braces and brackets of JSON text that stand outside of strings, and how deep each lies."""

    def __init__(self, buffer: Bytes, filled: int, depth: int) -> None:
        data = buffer[:filled]
        quotes = _unescaped(data, np.flatnonzero(data == 0x22))
        opening = (data == 0x7B) | (data == 0x5B)
        closing = (data == 0x7D) | (data == 0x5D)
        places = np.flatnonzero(opening | closing)
        outside = np.searchsorted(quotes, places) % 2 == 0
        self.places = places[outside]
        step = np.where(opening[self.places], 1, -1)
        self.after = depth + np.cumsum(step)
        self.opens = step > 0
        self.braces = (data[self.places] | 0x06) == 0x7F
        self.final_depth = int(self.after[-1]) if len(self.after) else depth

    def objects(self, depth: int) -> tuple[Positions, Positions]:
        """Starts and ends of the whole objects that lie directly below `depth` brackets."""
        starts = self.places[self.opens & self.braces & (self.after == depth + 1)]
        ends = self.places[~self.opens & self.braces & (self.after == depth)] + 1
        count = min(len(starts), len(ends))
        return starts[:count].astype(np.int64), ends[:count].astype(np.int64)


def _unescaped(data: Bytes, quotes: Positions) -> Positions:
    """The quotes that an even number of backslashes precedes."""
    odd = np.zeros(len(quotes), dtype=bool)
    running = np.arange(len(quotes))
    distance = 1
    while len(running):
        before = quotes[running] - distance
        escaped = (before >= 0) & (data[before] == 0x5C)
        running = running[escaped]
        odd[running] = ~odd[running]
        distance += 1
    return quotes[~odd]
