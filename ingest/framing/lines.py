"""Lines: where they begin and end. Runs of NUL at either end of a line are no part of it."""

from __future__ import annotations

import numpy as np

from ingest.columns import Bytes, Positions, newline_positions
from ingest.framing.chunk import Found

_MANY = 256
_SEARCH = 256 * 1024


class LineScanner:
    """Lines, ended by LF."""

    behind = 0
    terminator = 1

    def __init__(self, start: int) -> None:
        self.pending: int | None = None
        self._next = start

    def scan(self, buffer: Bytes, base: int, new: int, filled: int, at_end: bool, nul: bool) -> Found:
        breaks = newline_positions(buffer[new:filled])
        breaks += new
        return self.found(buffer, base, breaks, new, filled, nul)

    def found(self, buffer: Bytes, base: int, breaks: Positions, new: int, filled: int, nul: bool) -> Found:
        """The lines that end at these places of the buffer; what follows the last is pending."""
        starts = np.empty(len(breaks) + 1, dtype=np.int64)
        starts[0] = self._next - base
        np.add(breaks, 1, out=starts[1:])
        if nul:
            begun = int(starts[0] < new)
            starts[begun:] = after_nuls(buffer, starts[begun:], np.append(breaks, filled)[begun:])
        self._next = int(starts[-1]) + base
        self.pending = self._next if self._next < base + filled else None
        starts += base
        return Found(starts[:-1], breaks + base, base + filled)


def before_return(buffer: Bytes, starts: Positions, ends: Positions) -> Positions:
    """The ends of lines, before a carriage return."""
    found = ends.copy()
    found[(ends > starts) & (buffer[ends - 1] == 0x0D)] -= 1
    return found


def after_nuls(buffer: Bytes, starts: Positions, ends: Positions) -> Positions:
    """The first byte of each stretch that is not NUL; its end when there is none."""
    found = starts.copy()
    left = np.flatnonzero((found < ends) & (buffer[found] == 0))
    while len(left) > _MANY:
        found[left] += 1
        left = left[(found[left] < ends[left]) & (buffer[found[left]] == 0)]
    for place in left:
        found[place] = _first_not_nul(buffer, int(found[place]), int(ends[place]))
    return found


def before_nuls(buffer: Bytes, starts: Positions, ends: Positions) -> Positions:
    """The place after the last byte of each stretch that is not NUL; its start when there is none."""
    found = ends.copy()
    left = np.flatnonzero((found > starts) & (buffer[found - 1] == 0))
    while len(left) > _MANY:
        found[left] -= 1
        left = left[(found[left] > starts[left]) & (buffer[found[left] - 1] == 0)]
    for place in left:
        start, end = int(starts[place]), int(found[place])
        found[place] = end - _first_not_nul(buffer[start:end][::-1], 0, end - start)
    return found


def _first_not_nul(data: Bytes, start: int, end: int) -> int:
    for at in range(start, end, _SEARCH):
        block = data[at : min(end, at + _SEARCH)] != 0
        first = int(block.argmax())
        if block[first]:
            return at + first
    return end
