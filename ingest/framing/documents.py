"""JSON documents (RFC 8259): where they begin and end, at any depth, in one pass without a parser.

Records are the objects and arrays that lie in the array that the path leads to. A document of the top level
in which that array is missing (an error among pages of results) is a record as a whole, and so is text
between documents that is not JSON: nothing goes by in silence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ingest.columns import Bytes, Positions
from ingest.framing.chunk import Found, joined

_BLOCK = 256 * 1024
_QUOTE, _BACKSLASH, _COLON = 0x22, 0x5C, 0x3A
_SPACE = np.zeros(256, dtype=bool)
_SPACE[list(b" \t\r\n,\x00\x1e\xef\xbb\xbf")] = True
"""What may stand between documents: blanks, commas, NUL, a byte order mark, the separator of RFC 7464."""

_Mask = npt.NDArray[np.bool_]


class DocumentScanner:
    """JSON documents `depth` brackets deep, in the array that `path` leads to."""

    behind = 128
    terminator = 0

    def __init__(self, depth: int, path: tuple[str, ...], resumed: bool) -> None:
        self._depth = depth
        self._keys = tuple(key.encode() for key in path)
        self._undecided = resumed and depth > 0
        self._now = 0
        self._quoted = False
        self._escaping = False
        self._on_path = [False] * (depth + 1)
        self._record: int | None = None
        self._wanted = False
        self._document: int | None = None
        self._array_seen = False
        self._text: tuple[int, int] | None = None

    @property
    def pending(self) -> int | None:
        if self._record is not None and self._wanted:
            return self._record
        if self._document is not None and not self._array_seen:
            return self._document
        return self._text[0] if self._text else None

    def scan(self, buffer: Bytes, base: int, new: int, filled: int, at_end: bool, nul: bool) -> Found:
        starts, ends = [], []
        for first in range(new, filled, _BLOCK):
            found = self._block(buffer, base, first, min(filled, first + _BLOCK))
            starts.append(found[0] + base)
            ends.append(found[1] + base)
        return Found(joined(starts), joined(ends), base + filled)

    def _block(self, buffer: Bytes, base: int, first: int, end: int) -> tuple[Positions, Positions]:
        if self._undecided:
            self._decide(buffer[first:end], base + first)
        began_outside = self._now == 0
        places, opens = self._brackets(buffer, first, end)
        after, places, opens = self._depths(places, opens)
        depth = self._depth
        record_opens = np.flatnonzero(opens & (after == depth + 1))
        record_ends = np.flatnonzero(~opens & (after == depth))
        wanted, arrays = self._follow(buffer, places, opens, after, record_opens)
        carried = self._record is not None
        starts = _after(self._record, base, places[record_opens])
        wanted = np.concatenate([[self._wanted], wanted]) if carried else wanted
        ends = places[record_ends] + 1
        self._record = int(starts[-1]) + base if len(starts) > len(ends) else None
        self._wanted = bool(wanted[-1]) if len(starts) > len(ends) else False
        whole = wanted[: len(ends)]
        starts, ends = starts[: len(ends)][whole], ends[whole]
        if depth:
            document_opens = np.flatnonzero(opens & (after == 1))
            document_ends = np.flatnonzero(~opens & (after == 0))
            others = self._without_array(base, places, document_opens, document_ends, arrays)
            starts, ends = _in_order(starts, ends, *others)
        else:
            document_opens, document_ends = record_opens, record_ends
        texts = self._texts(
            buffer, base,
            np.concatenate([[first] if began_outside else [], places[document_ends] + 1]).astype(np.int64),
            np.concatenate([places[document_opens], [end] if self._now == 0 else []]).astype(np.int64),
        )  # fmt: skip
        return _in_order(starts, ends, *texts)

    def _decide(self, data: Bytes, at: int) -> None:
        """Whether reading goes on within an array, or between documents: what comes next tells.

        A chunk ends after a record: one within an array is followed by a comma or the array's end.
        """
        content = data[(data != 0x20) & (data != 0x09) & (data != 0x0A) & (data != 0x0D)]
        if len(content) == 0:
            return
        self._undecided = False
        if int(content[0]) in b",]":
            self._now = self._depth
            self._on_path = [True] * (self._depth + 1)
            self._document, self._array_seen = at, True

    def _brackets(self, buffer: Bytes, first: int, end: int) -> tuple[Positions, _Mask]:
        """Brackets and braces outside of strings, and which of them open."""
        data = buffer[first:end]
        lower = data | 0x20
        marks = np.flatnonzero((lower == 0x7B) | (lower == 0x7D) | (data == _QUOTE))
        codes = data[marks]
        quotes = codes == _QUOTE
        quotes &= ~self._escaped(data, marks, quotes)
        inside = np.logical_xor.accumulate(quotes) ^ self._quoted
        kept = ~inside & (codes != _QUOTE)
        if len(marks):
            self._quoted = bool(inside[-1])
        return marks[kept] + first, (codes[kept] & 0x06) == 0x02

    def _escaped(self, data: Bytes, marks: Positions, quotes: _Mask) -> _Mask:
        """Which of the quotes an odd number of backslashes precedes, in this block and before it."""
        odd = np.zeros(len(marks), dtype=bool)
        running = np.flatnonzero(quotes)
        distance = 1
        while len(running):
            before = marks[running] - distance
            odd[running[before < 0]] ^= self._escaping
            running = running[before >= 0]
            before = before[before >= 0]
            running = running[data[before] == _BACKSLASH]
            odd[running] ^= True
            distance += 1
        trailing = len(data)
        while trailing and data[trailing - 1] == _BACKSLASH:
            trailing -= 1
        run = len(data) - trailing
        self._escaping = bool((run + (self._escaping if trailing == 0 else 0)) % 2)
        return odd

    def _depths(self, places: Positions, opens: _Mask) -> tuple[Positions, Positions, _Mask]:
        """How deep it is after each bracket, less those that close what was never opened."""
        after = self._now + np.cumsum(np.where(opens, 1, -1))
        if len(after) and after.min() < 0:
            least = np.minimum.accumulate(np.minimum(after, 0))
            kept = np.diff(least, prepend=0) == 0
            after, places, opens = (after - least)[kept], places[kept], opens[kept]
        if len(after):
            self._now = int(after[-1])
        return after, places, opens

    def _follow(
        self, buffer: Bytes, places: Positions, opens: _Mask, after: Positions, records: Positions
    ) -> tuple[_Mask, Positions]:
        """Which of the records lie in the array that the path leads to, and where (among the brackets)
        such arrays open."""
        if self._depth == 0:
            return np.ones(len(records), dtype=bool), records[:0]
        shallow = np.flatnonzero(opens & (after <= self._depth))
        here, right, before = shallow[:0], np.zeros(0, dtype=bool), True
        for level in range(1, self._depth + 1):
            inner = shallow[after[shallow] == level]
            outer_right = _latest(here, right, before, inner)
            here, right = inner, outer_right & self._is_right(buffer, places[inner], level)
            before = self._on_path[level]
            if len(here):
                self._on_path[level] = bool(right[-1])
        return _latest(here, right, before, records), here[right]

    def _is_right(self, buffer: Bytes, places: Positions, level: int) -> _Mask:
        """Whether the brackets at these places are what the path asks for at this level."""
        found: _Mask = buffer[places] == (0x5B if level == self._depth else 0x7B)
        if level > 1 and self._keys and found.any():
            found &= _key_before(buffer, places, self._keys[level - 2])
        return found

    def _without_array(
        self, base: int, places: Positions, opens: Positions, ends: Positions, arrays: Positions
    ) -> tuple[Positions, Positions]:
        """The documents of the top level that end here without the array that the path leads to."""
        starts = _after(self._document, base, places[opens])
        until = np.append(ends, len(places))[: len(starts)]
        since = np.concatenate([[0], opens]) if len(starts) > len(opens) else opens
        seen = np.searchsorted(arrays, until) > np.searchsorted(arrays, since)
        if len(starts) > len(opens):
            seen[0] |= self._array_seen
        is_open = len(starts) > len(ends)
        self._document = int(starts[-1]) + base if is_open else None
        self._array_seen = bool(seen[-1]) if is_open else False
        bare = ~seen[: len(ends)]
        return starts[: len(ends)][bare], places[ends][bare] + 1

    def _texts(
        self, buffer: Bytes, base: int, starts: Positions, ends: Positions
    ) -> tuple[Positions, Positions]:
        """What stands between documents, from `starts` to `ends`, and is more than blanks."""
        carried, self._text = self._text, None
        dirty = _more_than_blanks(buffer, starts, ends)
        if carried:
            dirty[0] = True
        found = []
        for place in np.flatnonzero(dirty):
            content = np.flatnonzero(~_SPACE[buffer[starts[place] : ends[place]]]) + starts[place] + base
            whole = [*(carried if carried and place == 0 else ()), *content[:1], *(content[-1:] + 1)]
            text = (int(whole[0]), int(whole[-1]))
            if place == len(starts) - 1 and self._now == 0:
                self._text = text
            else:
                found.append(text)
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2) - base
        return pairs[:, 0], pairs[:, 1]


def _after(carried: int | None, base: int, places: Positions) -> Positions:
    return places if carried is None else np.concatenate([[carried - base], places])


def _latest(places: Positions, values: _Mask, before: bool, at: Positions) -> _Mask:
    """For each of `at`, the value of the last of `places` before it, or what was before them all."""
    return np.append(values, before)[np.searchsorted(places, at) - 1]


def _key_before(buffer: Bytes, places: Positions, key: bytes) -> _Mask:
    """Whether `"key":` stands before each place."""
    at = _back_over_blanks(buffer, places - 1)
    found: _Mask = (at >= 0) & (buffer[at] == _COLON)
    at = _back_over_blanks(buffer, at - 1)
    for code in reversed(b'"%s"' % key):
        found &= (at >= 0) & (buffer[at] == code)
        at = at - 1
    return found


def _back_over_blanks(buffer: Bytes, at: Positions) -> Positions:
    for _ in range(64):
        code = buffer[at]
        blank = (at >= 0) & ((code == 0x20) | (code == 0x0A) | (code == 0x0D) | (code == 0x09))
        if not blank.any():
            break
        at = at - blank
    return at


def _more_than_blanks(buffer: Bytes, starts: Positions, ends: Positions) -> _Mask:
    found = np.zeros(len(starts), dtype=bool)
    lengths = ends - starts
    for distance in range(min(4, int(lengths.max(initial=0)))):
        found |= (distance < lengths) & ~_SPACE[buffer[starts + distance]]
    for place in np.flatnonzero(~found & (lengths > 4)):
        found[place] = not _SPACE[buffer[starts[place] : ends[place]]].all()
    return found


def _in_order(
    starts: Positions, ends: Positions, more_starts: Positions, more_ends: Positions
) -> tuple[Positions, Positions]:
    if len(more_starts) == 0:
        return starts, ends
    starts, ends = np.concatenate([starts, more_starts]), np.concatenate([ends, more_ends])
    order = np.argsort(starts)
    return starts[order], ends[order]
