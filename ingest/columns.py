"""Bytes to an Arrow column of records, without a copy and without a loop over records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Records:
    """Records: each is `buffer[start:end]`, and stood at `offset` (bytes) of the decompressed input."""

    buffer: Bytes
    starts: Positions
    ends: Positions
    offsets: Positions

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lines(self) -> pa.Array:
        """The records as a string_view column over the buffer."""
        return string_views(self.buffer, self.starts, self.ends)

    def take(self, places: Positions) -> Records:
        """The records at these places."""
        return Records(self.buffer, self.starts[places], self.ends[places], self.offsets[places])


PADDING = 16
"""Bytes that must follow the data in a buffer, so that short strings can be read as whole words."""

_SEARCH_BLOCK = 256 * 1024
_BLANK = np.zeros(PADDING, dtype=np.uint8)
_INLINE = 12
_FEW = 64
_ESCAPES = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Za-z])"
_VIEW = np.dtype([("length", "<u4"), ("head", "<u4"), ("rest", "<u8")])
"""`rest`: the buffer's number, 0, and the offset in it; of a short string its last bytes."""
_HEAD_MASKS = np.array([(1 << 8 * min(size, 4)) - 1 for size in range(_INLINE + 1)], dtype=np.uint32)
_REST_MASKS = np.array([(1 << 8 * max(size - 4, 0)) - 1 for size in range(_INLINE + 1)], dtype=np.uint64)


def newline_positions(data: Bytes) -> Positions:
    """Positions of every newline in `data`, searched in blocks that stay in the cache."""
    found = [
        np.flatnonzero(data[start : start + _SEARCH_BLOCK] == 0x0A) + start
        for start in range(0, len(data), _SEARCH_BLOCK)
    ]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def string_views(buffer: Bytes, starts: Positions, ends: Positions) -> pa.Array:
    """An Arrow string_view column over `buffer[start:end]` of each pair.

    `buffer` must have at least PADDING bytes after the last end, and must be valid UTF-8 in every
    range. Strings of up to 12 bytes live inside their view (Arrow columnar format, "variable-size
    binary view layout"); the others point into `buffer`, which the column keeps alive.
    """
    lengths = ends - starts
    views = np.empty(len(starts), dtype=_VIEW)
    views["length"] = lengths
    views["head"] = _words(buffer, np.dtype("<u4"))[starts]
    views["rest"] = starts.astype(np.uint64) << np.uint64(32)
    short = lengths <= _INLINE
    if short.all():
        _write_inline(views, buffer, starts, lengths)
    elif short.any():
        places = np.flatnonzero(short)
        some = views[places]
        _write_inline(some, buffer, starts[places], lengths[places])
        views[places] = some
    return cast(
        pa.Array,
        pa.Array.from_buffers(
            pa.string_view(), len(starts), [None, pa.py_buffer(views), pa.py_buffer(buffer)]
        ),
    )


def _words(buffer: Bytes, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """The word that begins at each byte of the buffer."""
    count = len(buffer) - kind.itemsize + 1
    return np.ndarray(shape=(count,), dtype=kind, buffer=buffer.data, strides=(1,))


def _write_inline(views: npt.NDArray[Any], buffer: Bytes, starts: Positions, lengths: Positions) -> None:
    """Puts short strings into their views: four bytes into `head`, eight into `rest`."""
    views["head"] &= _HEAD_MASKS[lengths]
    views["rest"] = _words(buffer, np.dtype("<u8"))[starts + 4] & _REST_MASKS[lengths]


def is_utf8(data: Bytes) -> bool:
    """Whether the whole of `data` is valid UTF-8."""
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    column = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def holds(data: Bytes, *codes: int) -> list[bool]:
    """Whether each of the byte values occurs in `data`, searched in blocks that stay in the cache."""
    found = [False] * len(codes)
    for start in range(0, len(data), _SEARCH_BLOCK):
        block = data[start : start + _SEARCH_BLOCK].tobytes()
        found = [known or code in block for known, code in zip(found, codes, strict=True)]
    return found


def as_text(records: Records) -> Records:
    """The same records in valid UTF-8: what is not becomes U+FFFD. Costs nothing when all is valid.

    Only blocks of a few records that hold an invalid one are looked at record by record.
    """
    if len(records) == 0 or is_utf8(_stretch(records)):
        return records
    places, texts = [], []
    for first in range(0, len(records), _FEW):
        block = np.arange(first, min(first + _FEW, len(records)))
        if is_utf8(_stretch(records.take(block))):
            continue
        for place in block:
            raw = records.buffer[records.starts[place] : records.ends[place]].tobytes()
            text = raw.decode("utf-8", "replace").encode()
            if text != raw:
                places.append(place)
                texts.append(text)
    return _with_other_text(records, np.array(places, dtype=np.int64), pa.array(texts, pa.large_binary()))


def without_escapes(records: Records) -> Records:
    """The same records (valid UTF-8) without ANSI escape sequences: CSI, OSC (ECMA-48 5.4, 8.3.89), choice of
    character set (ECMA-35 14.3)."""
    found = pc.match_substring(records.lines.cast(pa.large_string()), pattern="\x1b")
    places = np.flatnonzero(found.to_numpy(zero_copy_only=False)).astype(np.int64)
    lines = records.take(places).lines.cast(pa.large_string())
    plain = pc.replace_substring_regex(lines, pattern=_ESCAPES, replacement="")
    return _with_other_text(records, places, plain.cast(pa.large_binary()))


def _stretch(records: Records) -> Bytes:
    """The bytes from the first of the records to the last, in whatever order they lie."""
    return records.buffer[int(records.starts.min()) : int(records.ends.max())]


def _with_other_text(records: Records, places: Positions, texts: pa.Array) -> Records:
    """The records with the text of some replaced; the new text stands behind a copy of the buffer.

    A newline ends each new text, so that none begins or ends next to what it does not belong to.
    """
    if len(places) == 0:
        return records
    line = pa.scalar(b"\n", pa.large_binary())
    ended = pc.binary_join_element_wise(texts, line, pa.scalar(b"", pa.large_binary()))
    places_in, text = text_of(ended)
    used = int(records.ends.max())
    buffer = np.concatenate([records.buffer[:used], np.full(1, 0x0A, np.uint8), text, _BLANK])
    starts, ends = records.starts.copy(), records.ends.copy()
    starts[places] = places_in[:-1] + used + 1
    ends[places] = places_in[1:] + used
    return Records(buffer, starts, ends, records.offsets)


def text_of(column: pa.Array) -> tuple[Positions, Bytes]:
    """Where each value of a large_binary column begins (and the last ends) in its bytes, and these."""
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    text = np.frombuffer(data or b"", dtype=np.uint8)[places[0] : places[-1]]
    return places - places[0], text


def padded(data: bytes) -> Bytes:
    """A copy of `data` with the padding that `string_views` needs."""
    return np.frombuffer(data + bytes(PADDING), dtype=np.uint8)


def records_of(texts: pa.Array, offsets: Positions) -> Records:
    """The strings of a column (none of them NULL) as records that stood at these offsets."""
    column = texts.cast(pa.large_string())
    _, ends, data = column.buffers()
    bounds = np.frombuffer(ends, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    content = data.to_pybytes() if data is not None else b""
    return Records(padded(content), bounds[:-1].copy(), bounds[1:].copy(), offsets)
