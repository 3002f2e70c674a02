"""Reading: a stream of bytes to chunks of records, in one pass, with memory bounded by the chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ingest.columns import PADDING, Bytes, Positions, Records, as_text, holds, without_escapes
from ingest.errors import InputError
from ingest.framing.chunk import LONGEST_RECORD, Chunk, Framing, Overlong, Readable, Scanner
from ingest.framing.documents import DocumentScanner
from ingest.framing.lines import LineScanner, before_nuls, before_return
from ingest.framing.rows import RowScanner, as_objects

TAIL_BYTES = 1024
_LAST_LINES = 64
_NUL, _RETURN, _ESC, _BLANK = 0x00, 0x0D, 0x1B, 0x20
_BLOCK = 256 * 1024
_BOM = (0xEF, 0xBB, 0xBF)
_NONE = np.empty(0, dtype=np.int64)

Unfinished = Callable[[list[bytes]], int]
"""How many of these lines, the last of a chunk, wait for what comes after them."""


def chunks(
    stream: Readable,
    framing: Framing,
    start: int,
    before: bytes = b"",
    size: int | None = None,
    *,
    unfinished: Unfinished | None = None,
    longest: int = LONGEST_RECORD,
) -> Iterator[Chunk]:
    """Chunks of whole records from `stream`, whose next byte is byte `start` of the input.

    `start` is 0 or the end of a chunk that was read before; `before` holds the last 1,024 bytes (or fewer)
    that came before it. Records of more than `longest` bytes are passed over without being held, and told
    as the chunk's `overlong`; one that has not ended when the input does is told in the last chunk, whose
    end is open. `unfinished` is asked of the last up to 64 records of each chunk how many of them belong to
    a record that goes on: these begin the next chunk (never more than `longest` bytes).

    Raises InputError when the stream breaks, after the chunks of what came before.
    """
    window = _Window(stream, start, before, size or framing.chunk_bytes)
    scanner = _scanner(framing, start)
    held: tuple[Positions, Positions] = (_NONE, _NONE)
    while True:
        window.fill()
        found = scanner.scan(
            window.buffer, window.base, window.scanned, window.filled, window.at_end, _NUL in window.present
        )
        window.scanned = found.scanned - window.base
        starts, ends = found.starts, found.ends
        if len(held[0]):
            starts, ends = np.concatenate([held[0], starts]), np.concatenate([held[1], ends])
        pending = scanner.pending
        over = pending is not None and found.scanned - pending > longest
        waiting = 0
        if unfinished is not None and len(starts) and (window.ended or not over):
            waiting = _waiting(window, framing, starts, ends, unfinished, longest)
        whole = len(starts) - waiting
        chunk = None
        if whole:
            end = int(ends[whole - 1]) + scanner.terminator
            chunk = _chunk(window, framing, starts[:whole], ends[:whole], end, longest)
        held = starts[whole:], ends[whole:]
        last = _open_end(window, framing, held, pending, longest) if window.ended else None
        yield from (part for part in (chunk, last) if part is not None)
        if window.problem is not None:
            raise window.problem
        if window.at_end:
            return
        needed = window.base + window.scanned - scanner.behind
        if pending is not None and not over:
            needed = min(needed, pending)
        window.keep_from(min(needed, int(held[0][0])) if waiting else needed, shared=chunk is not None)


class _Window:
    """The part of the input that is held: from the first byte that is still needed."""

    def __init__(self, stream: Readable, start: int, before: bytes, size: int) -> None:
        self._stream = stream
        self._size = size
        self._before = before
        self.buffer = np.empty(size + PADDING, dtype=np.uint8)
        self.base = start
        self.filled = 0
        self.scanned = 0
        self.present: set[int] = set()
        self.at_end = False
        self.problem: InputError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes: the input ends here, or is broken."""
        return self.at_end or self.problem is not None

    def fill(self) -> None:
        """Reads until the buffer (less its padding) is full or the stream ends or breaks."""
        view, known = memoryview(self.buffer.data).cast("B")[: len(self.buffer) - PADDING], self.filled
        try:
            while self.filled < len(view):
                got = self._stream.readinto(view[self.filled :])
                if not got:
                    self.at_end = True
                    break
                self.filled += got
        except InputError as broken:
            self.problem = broken
        self.buffer[self.filled : self.filled + PADDING] = 0
        self.present |= _special(self.buffer[known : self.filled])

    def keep_from(self, position: int, shared: bool) -> None:
        """Forgets what came before this byte of the input. A buffer that is shared is left as it is."""
        cut = max(0, position - self.base)
        self._before = self.tail(self.base + cut)
        rest = self.buffer[cut : self.filled]
        if shared or 2 * len(rest) > len(self.buffer) - PADDING:
            fresh = np.empty(max(self._size, 2 * len(rest)) + PADDING, dtype=np.uint8)
            fresh[: len(rest)] = rest
            self.buffer = fresh
        else:
            self.buffer[: len(rest)] = rest
        self.present = _special(rest)
        self.base, self.filled, self.scanned = self.base + cut, len(rest), self.scanned - cut

    def tail(self, position: int) -> bytes:
        """The last 1,024 bytes (or fewer) of the input before this byte of it."""
        end = position - self.base
        return (self._before + self.buffer[max(0, end - TAIL_BYTES) : end].tobytes())[-TAIL_BYTES:]


def _special(data: Bytes) -> set[int]:
    """Those of the bytes that ask for more work that occur in `data`."""
    codes = (_NUL, _RETURN, _ESC, _BOM[0])
    return {code for code, found in zip(codes, holds(data, *codes), strict=True) if found}


def _scanner(framing: Framing, start: int) -> Scanner:
    if framing.kind == "json":
        return DocumentScanner(framing.depth, framing.path, resumed=start > 0)
    return RowScanner(start, framing.delimiter) if framing.kind == "csv" else LineScanner(start)


def _open_end(
    window: _Window,
    framing: Framing,
    held: tuple[Positions, Positions],
    pending: int | None,
    longest: int,
) -> Chunk | None:
    """What nothing ends at the end of the input; of a broken one only what waits, not what is cut off."""
    starts, ends = held
    end = window.base + window.filled
    if pending is not None and window.at_end:
        starts, ends = np.append(starts, pending), np.append(ends, end)
    elif len(ends):
        end = int(ends[-1]) + 1
    return _chunk(window, framing, starts, ends, end, longest, open_end=True)


def _chunk(
    window: _Window,
    framing: Framing,
    starts: Positions,
    ends: Positions,
    end: int,
    longest: int,
    open_end: bool = False,
) -> Chunk | None:
    """The records that begin and end there as a chunk that ends at `end`; None when there is none."""
    long = np.flatnonzero(ends - starts > longest)
    overlong = tuple(Overlong(int(starts[place]), int(ends[place] - starts[place])) for place in long)
    if overlong:
        starts, ends = np.delete(starts, long), np.delete(ends, long)
    records = _clean(_bare(window, framing, starts, ends), framing, window.present)
    if len(records) == 0 and not overlong:
        return None
    return Chunk(records, end, window.tail(end), open_end, overlong, closing=window.ended)


def _bare(window: _Window, framing: Framing, starts: Positions, ends: Positions) -> Records:
    """The records as they lie in the buffer, less byte order marks, carriage returns and NULs around them."""
    buffer, first, last = window.buffer, starts - window.base, ends - window.base
    if framing.kind == "json" or len(starts) == 0:
        return Records(buffer, first, last, starts)
    if _RETURN in window.present:
        last = before_return(buffer, first, last)
    if _NUL in window.present:
        last = before_nuls(buffer, first, last)
    if _BOM[0] in window.present:
        marked = buffer[first] == _BOM[0]
        if marked.any():
            marked &= (buffer[first + 1] == _BOM[1]) & (buffer[first + 2] == _BOM[2]) & (last - first >= 3)
            first += 3 * marked
    return Records(buffer, first, last, starts)


def _clean(records: Records, framing: Framing, present: set[int]) -> Records:
    """The records as valid UTF-8 without NUL and without escape sequences; rows of CSV as JSON objects."""
    if len(records) == 0:
        return records
    first, last = int(records.starts[0]), int(records.ends[-1])
    if _NUL in present:
        buffer = records.buffer.copy()
        for at in range(first, last, _BLOCK):
            block = buffer[at : min(last, at + _BLOCK)]
            block[block == _NUL] = _BLANK
        records = Records(buffer, records.starts, records.ends, records.offsets)
    records = as_text(records)
    if _ESC in present:
        records = without_escapes(records)
    return as_objects(records, framing.header, framing.delimiter) if framing.kind == "csv" else records


def _waiting(
    window: _Window,
    framing: Framing,
    starts: Positions,
    ends: Positions,
    ask: Unfinished,
    longest: int,
) -> int:
    """How many of the last records wait for what comes after them."""
    overlong = np.flatnonzero(ends - starts > longest)
    last = slice(max(len(starts) - _LAST_LINES, int(overlong[-1]) + 1 if len(overlong) else 0), None)
    records = _bare(window, framing, starts[last], ends[last])
    lines = [
        records.buffer[start:end].tobytes() for start, end in zip(records.starts, records.ends, strict=True)
    ]
    if not lines:
        return 0
    count = max(0, min(ask(lines), len(lines)))
    return count if count and window.base + window.scanned - int(starts[-count]) <= longest else 0
