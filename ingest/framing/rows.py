"""CSV (RFC 4180) below a header: where rows begin and end, and rows as JSON objects."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import (
    Bytes,
    Positions,
    Records,
    holds,
    newline_positions,
    padded,
    string_views,
    text_of,
)
from ingest.framing.chunk import Found, joined
from ingest.framing.lines import LineScanner

_QUOTE = 0x22
_BLOCK = 256 * 1024
_SLICE = 4 * 1024 * 1024
_NOTHING = pa.scalar("", pa.large_string())
_RAW = pa.scalar(',"_csv":"', pa.large_string())
_END = pa.scalar("}", pa.large_string())
_CLOSE = pa.scalar('"', pa.large_string())

Mask = npt.NDArray[np.bool_]


class RowScanner:
    """Rows, ended by a newline that stands outside of quotes."""

    behind = 1
    terminator = 1

    def __init__(self, start: int, delimiter: str) -> None:
        self._lines = LineScanner(start)
        self._beside = _beside(delimiter)
        self._quoted = False

    @property
    def pending(self) -> int | None:
        return self._lines.pending

    def scan(self, buffer: Bytes, base: int, new: int, filled: int, at_end: bool, nul: bool) -> Found:
        if filled > new and not at_end and buffer[filled - 1] == _QUOTE:
            filled -= 1  # what a quote means depends on the byte after it
        breaks = []
        for first in range(new, filled, _BLOCK):
            end = min(filled, first + _BLOCK)
            newlines = newline_positions(buffer[first:end]) + first
            quotes = _quotes(buffer, first, end, self._beside, open_end=end < filled)
            inside = (np.searchsorted(quotes, newlines) + self._quoted) % 2 == 1
            self._quoted ^= bool(len(quotes) % 2)
            breaks.append(newlines[~inside])
        return self._lines.found(buffer, base, joined(breaks), new, filled, nul)


def _beside(delimiter: str) -> Mask:
    """By byte: whether a quote next to it may open or close a cell, or is doubled.

    Such are NUL and the last byte of a byte order mark too: they stand before what is the first cell.
    """
    found = np.zeros(256, dtype=bool)
    found[[0x00, 0x0A, 0x0D, 0xBF, _QUOTE, ord(delimiter)]] = True
    return found


def _quotes(buffer: Bytes, first: int, end: int, beside: Mask, open_end: bool = False) -> Positions:
    """Places of the quotes that are not part of a bare word, as the one in `12" disk` is.

    `open_end`: the byte at `end` belongs to the same row, or may.
    """
    places = np.flatnonzero(buffer[first:end] == _QUOTE) + first
    kept: Mask = (places == 0) | beside[buffer[places - 1]] | beside[buffer[places + 1]]
    if not open_end:
        kept |= places == end - 1
    return places[kept]


def as_objects(rows: Records, header: tuple[str, ...], delimiter: str) -> Records:
    """Each row as the JSON object of its cells by name, without the empty ones. Where a name comes again, the
    number of its column is added.

    A row with another number of cells becomes {"_csv": "<the row>"}; one without any text is blank; one
    that repeats the header is left out. Rows must be valid UTF-8.
    """
    size = max(1, len(rows) * _SLICE // max(1, int((rows.ends - rows.starts).sum())))
    parts = [
        _objects(rows.take(np.arange(at, min(at + size, len(rows)))), header, delimiter)
        for at in range(0, len(rows), size)
    ]
    if len(parts) == 1:
        return parts[0]
    sizes = [len(part.buffer) for part in parts]
    shifts = np.cumsum([0, *sizes[:-1]])
    return Records(
        np.concatenate([part.buffer for part in parts] or [padded(b"")]),
        joined([part.starts + shift for part, shift in zip(parts, shifts, strict=False)]),
        joined([part.ends + shift for part, shift in zip(parts, shifts, strict=False)]),
        joined([part.offsets for part in parts]),
    )


def _objects(rows: Records, header: tuple[str, ...], delimiter: str) -> Records:
    starts, ends = rows.starts, rows.ends
    first, last = int(starts.min()), int(ends.max())
    cuts = _cuts(rows.buffer, starts, last, delimiter) if len(header) > 1 else starts[:0]
    low, high = np.searchsorted(cuts, starts), np.searchsorted(cuts, ends)
    blank = starts == ends
    whole = (high - low == len(header) - 1) & ~blank
    good, bad = np.flatnonzero(whole), np.flatnonzero(~whole & ~blank)
    inner = cuts[low[good][:, np.newaxis] + np.arange(len(header) - 1)]
    left = np.column_stack([starts[good], inner + 1])
    right = np.column_stack([inner, ends[good]])
    escape = _Escape(rows.buffer[first:last], len(rows))
    repeats = np.ones(len(good), dtype=bool)
    pieces = []
    for place, name in enumerate(header):
        cells = _cells(rows.buffer, left[:, place], right[:, place], escape.quotes)
        if repeats.any():
            repeats &= pc.equal(cells, name).to_numpy(zero_copy_only=False)
        member = name if name not in header[:place] else f"{name} {place + 1}"
        key = pa.scalar(f',{json.dumps(member, ensure_ascii=False)}:"', pa.large_string())
        piece = pc.binary_join_element_wise(key, escape(cells), _CLOSE, _NOTHING)
        pieces.append(pc.if_else(pc.equal(cells, ""), _NOTHING, piece))
    objects = pc.binary_join_element_wise(*pieces, _END, _NOTHING)
    lines = string_views(rows.buffer, starts[bad], ends[bad]).cast(pa.large_string())
    others = pc.binary_join_element_wise(_RAW, escape(lines), _CLOSE, _END, _NOTHING)
    offsets, text = text_of(pa.concat_arrays([objects, others]))
    buffer = padded(text.tobytes()).copy()
    starts, ends = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    places = np.concatenate([good, bad])
    filled = np.diff(offsets) > 1
    buffer[offsets[:-1][filled]] = ord("{")  # for the comma before the first member
    starts[places], ends[places] = offsets[:-1], np.where(filled, offsets[1:], offsets[:-1])
    kept = np.ones(len(rows), dtype=bool)
    kept[good[repeats]] = False
    return Records(buffer, starts, ends, rows.offsets).take(np.flatnonzero(kept))


def _cuts(buffer: Bytes, starts: Positions, last: int, delimiter: str) -> Positions:
    """The delimiters that stand outside of the quotes of the row that begins before them."""
    first = int(starts.min())
    quotes = _quotes(buffer, first, last, _beside(delimiter))
    found = (np.flatnonzero(buffer[first:last] == ord(delimiter)) + first).astype(np.int64)
    begins = np.sort(starts)
    before = np.searchsorted(quotes, begins)[np.searchsorted(begins, found, side="right") - 1]
    outside: Mask = (np.searchsorted(quotes, found) - before) % 2 == 0
    return found[outside]


def _cells(buffer: Bytes, starts: Positions, ends: Positions, quotes: bool) -> pa.Array:
    """The text of cells, without the quotes around it and with those inside of it single."""
    if not quotes:
        return string_views(buffer, starts, ends).cast(pa.large_string())
    quoted = (ends - starts > 1) & (buffer[starts] == _QUOTE) & (buffer[ends - 1] == _QUOTE)
    cells = string_views(buffer, starts + quoted, ends - quoted).cast(pa.large_string())
    if not quoted.any():
        return cells
    single = pc.replace_substring(cells, pattern='""', replacement='"')
    return single if quoted.all() else pc.if_else(pa.array(quoted), single, cells)


class _Escape:
    """Text to the inside of a JSON string (RFC 8259 7); looks for what a stretch of bytes holds at all."""

    def __init__(self, data: Bytes, rows: int) -> None:
        counts = np.bincount(data[data < 0x20], minlength=0x20)
        counts[[0x0A, 0x0D]] -= rows - 1
        self.quotes, backslashes = holds(data, _QUOTE, 0x5C)
        self._pairs = [("\\", "\\\\")] if backslashes else []
        self._pairs += [('"', '\\"')] if self.quotes else []
        self._pairs += [(chr(code), f"\\u{code:04x}") for code in np.flatnonzero(counts > 0)]

    def __call__(self, cells: pa.Array) -> pa.Array:
        for plain, escaped in self._pairs:
            cells = pc.replace_substring(cells, pattern=plain, replacement=escaped)
        return cells
