"""Lines of text to columns by splitting, in numpy, without a look at the lines one by one.

The positions of a separator are found once for all lines; a line whose number of separators is right has its
values between them. Nothing is copied that is not split again. A line that does not come out right is not
read here (ingest/cutting.py gives it to SQL).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.columns import PADDING, Bytes, Positions, string_views

_SEARCH_BLOCK = 256 * 1024
_INLINE = 12
"""Bytes up to which a view holds the text itself (Arrow columnar format)."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """What stands between two separators: a variable, a further split, or literal text alone.

    `before` and `after` are literal text around it; `width` is the number of pieces that it takes, which
    then hold separators themselves; `numeric` values begin with a digit or are `-` or empty.
    """

    variable: str | None = None
    before: bytes = b""
    after: bytes = b""
    width: int = 1
    inner: Split | None = None
    numeric: bool = False

    @property
    def variables(self) -> frozenset[str]:
        """The variables in it."""
        found = self.inner.variables if self.inner else frozenset()
        return found | {self.variable} if self.variable else found


@dataclass(frozen=True)
class Split:
    """Parts with a separator (one ASCII character) between them."""

    separator: str
    parts: tuple[Part, ...]

    @property
    def variables(self) -> frozenset[str]:
        """The variables of all parts."""
        return frozenset().union(*(part.variables for part in self.parts))


@dataclass(frozen=True)
class Plan:
    """How the lines of a format are read: by a split, and then each variable by an SQL expression over
    the text of its name."""

    split: Split
    columns: dict[str, str]


@dataclass(frozen=True)
class Texts:
    """Texts: each is `buffer[start:end]`, and PADDING bytes or more follow the last."""

    buffer: Bytes
    starts: Positions
    ends: Positions

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, places: Positions) -> Texts:
        """The texts at these places."""
        return Texts(self.buffer, self.starts[places], self.ends[places])

    def column(self) -> pa.Array:
        """The texts as a string_view column over the buffer."""
        return string_views(self.buffer, self.starts, self.ends)


def texts_of(lines: pa.Array) -> Texts | None:
    """Where the texts of a string_view column stand, if one buffer holds them; inline ones are empty."""
    if len(lines) == 0 or lines.offset or lines.null_count or not pa.types.is_string_view(lines.type):
        return None
    _, views, *data = lines.buffers()
    if len(data) != 1:
        return None
    words = np.frombuffer(views, dtype=np.int32).reshape(-1, 4)[: len(lines)]
    lengths = words[:, 0].astype(np.int64)
    inside = lengths > _INLINE
    starts = np.where(inside, words[:, 3], 0).astype(np.int64)
    ends = starts + np.where(inside, lengths, 0)
    buffer = np.frombuffer(data[0], dtype=np.uint8)
    return Texts(buffer, starts, ends) if int(ends.max()) + PADDING <= len(buffer) else None


def lines_at(lines: pa.Array, places: Positions) -> pa.Array:
    """The lines of a column as `texts_of` takes it that are at these places, over the same buffer."""
    _, views, data = lines.buffers()
    words = np.frombuffer(views, dtype=np.int32).reshape(-1, 4)[places]
    return pa.Array.from_buffers(pa.string_view(), len(places), [None, pa.py_buffer(words), data])


def cut(texts: Texts, split: Split, wanted: Collection[str]) -> tuple[Mask, dict[str, Texts]]:
    """Which texts the split reads, and for each of the variables `wanted` its values in those texts."""
    fits = np.ones(len(texts), dtype=bool)
    values: dict[str, Texts] = {}
    _cut(texts, split, wanted, fits, values)
    if not fits.all():
        places = np.flatnonzero(fits)
        values = {name: value.take(places) for name, value in values.items()}
    return fits, values


def _cut(texts: Texts, split: Split, wanted: Collection[str], fits: Mask, values: dict[str, Texts]) -> None:
    """Adds to `values`, and takes from `fits` what does not fit; values of those are empty."""
    bounds = _Bounds(texts, split, fits)
    place = 0
    for part in split.parts:
        starts, ends = bounds.start(place), bounds.end(place + part.width - 1)
        place += part.width
        used = not part.variables.isdisjoint(wanted)
        alone = part.variable is None and part.inner is None
        if not (used or alone or part.before or part.after):
            continue
        around = len(part.before) + len(part.after)
        if alone:
            fits &= ends - starts == around
        elif around:
            fits &= ends - starts >= around
        _expect(texts.buffer, starts, part.before, fits)
        _expect(texts.buffer, ends - len(part.after), part.after, fits)
        found = Texts(texts.buffer, starts + len(part.before), ends - len(part.after))
        if part.numeric:
            first = texts.buffer[np.minimum(found.starts, len(texts.buffer) - 1)]
            fits &= ((first >= 0x30) & (first <= 0x39)) | (first == 0x2D) | (found.starts == found.ends)
        if used and not fits.all():
            found = Texts(texts.buffer, np.where(fits, found.starts, 0), np.where(fits, found.ends, 0))
        if part.variable is not None and part.variable in wanted:
            values.setdefault(part.variable, found)
        elif part.inner is not None and used:
            _cut(_together(found), part.inner, wanted, fits, values)


class _Bounds:
    """Where the pieces of each text begin and end."""

    def __init__(self, texts: Texts, split: Split, fits: Mask) -> None:
        self._texts = texts
        self._positions = _positions_of(texts, split.separator)
        self._count = sum(part.width for part in split.parts) - 1
        self._grid: npt.NDArray[np.int32] | None = None
        self._first = np.empty(0, dtype=np.int64)
        count, positions = self._count, self._positions
        if count and len(positions) == count * len(texts):
            grid = positions.reshape(-1, count)
            if (grid[:, 0] >= texts.starts).all() and (grid[:, -1] < texts.ends).all():
                self._grid = grid
                return
        first = np.searchsorted(positions, texts.starts)
        fits &= np.searchsorted(positions, texts.ends) - first == count
        self._first = np.where(fits, first, 0)
        if len(positions) < count:
            self._positions = np.zeros(count, dtype=np.int32)

    def start(self, place: int) -> Positions:
        return self._texts.starts if place == 0 else self._at(place - 1) + 1

    def end(self, place: int) -> Positions:
        return self._texts.ends if place == self._count else self._at(place)

    def _at(self, place: int) -> Positions:
        found = self._grid[:, place] if self._grid is not None else self._positions[self._first + place]
        return found.astype(np.int64)


def _positions_of(texts: Texts, separator: str) -> npt.NDArray[np.int32]:
    """Positions of the separator in the stretch of buffer that holds the texts, in blocks that stay in the
    cache."""
    code = ord(separator)
    begin, end = int(texts.starts.min()), int(texts.ends.max())
    found = [np.empty(0, dtype=np.int32)]
    for start in range(begin, end, _SEARCH_BLOCK):
        block = texts.buffer[start : min(start + _SEARCH_BLOCK, end)]
        places = np.flatnonzero(block == code).astype(np.int32)
        places += np.int32(start)
        found.append(places)
    return np.concatenate(found)


def _expect(buffer: Bytes, at: Positions, text: bytes, fits: Mask) -> None:
    """Takes from `fits` where another text stands at these positions."""
    last = len(buffer) - 1
    for place, code in enumerate(text):
        fits &= buffer[np.clip(at + place, 0, last)] == code


def _together(texts: Texts) -> Texts:
    """The same texts one behind the other, so that only they are searched."""
    column = texts.column().cast(pa.string())
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[: len(texts) + 1].astype(np.int64)
    buffer = np.zeros(int(bounds[-1]) + PADDING, dtype=np.uint8)
    if data is not None:
        buffer[: bounds[-1]] = np.frombuffer(data, dtype=np.uint8)[: bounds[-1]]
    return Texts(buffer, bounds[:-1], bounds[1:])
