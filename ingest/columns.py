"""Bytes to an Arrow column of records, without a copy and without a loop over records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


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
_INLINE = 12
_VIEW = np.dtype([("length", "<u4"), ("head", "<u4"), ("buffer", "<u4"), ("offset", "<u4")])


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
    lengths = (ends - starts).astype(np.uint32)
    words = np.ndarray(shape=(len(buffer) - 3,), dtype="<u4", buffer=buffer.data, strides=(1,))
    views = np.empty(len(starts), dtype=_VIEW)
    views["length"] = lengths
    views["head"] = words[starts]
    views["buffer"] = 0
    views["offset"] = starts
    short = np.flatnonzero(lengths <= _INLINE)
    if len(short):
        at, size = starts[short], lengths[short]
        for index, field in enumerate(("head", "buffer", "offset")):
            word = words[at + 4 * index]
            kept = np.clip(size.astype(np.int64) - 4 * index, 0, 4)
            mask = ((np.uint64(1) << (kept.astype(np.uint64) * np.uint64(8))) - np.uint64(1)).astype(
                np.uint32
            )
            views[field][short] = word & mask
    return cast(
        pa.Array,
        pa.Array.from_buffers(
            pa.string_view(), len(starts), [None, pa.py_buffer(views), pa.py_buffer(buffer)]
        ),
    )


def is_utf8(data: Bytes) -> bool:
    """Whether the whole of `data` is valid UTF-8."""
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    column = pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def as_text(records: Records) -> Records:
    """The same records in valid UTF-8: what is not becomes U+FFFD. Costs nothing when all is valid."""
    if len(records) == 0:
        return records
    first, last = int(records.starts[0]), int(records.ends[-1])
    if is_utf8(records.buffer[first:last]):
        return records
    texts = [
        records.buffer[start:end].tobytes().decode("utf-8", "replace").encode()
        for start, end in zip(records.starts, records.ends, strict=True)
    ]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1]])
    return Records(padded(b"".join(texts)), starts, ends, records.offsets)


def padded(data: bytes) -> Bytes:
    """A copy of `data` with the padding that `string_views` needs."""
    return np.frombuffer(data + bytes(PADDING), dtype=np.uint8)
