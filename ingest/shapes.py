"""Paths with their numbers made alike, so that few are left to find the routes of."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_SLASH, _ZERO, _NINE = ord("/"), ord("0"), ord("9")
_LONG = 4
"""Digits from which on a part of a path names one thing among many, whatever else is in it (`is_id` of
macros/url.sql)."""


def shapes(paths: pa.Array) -> pa.Array:
    """The paths (strings, none of them NULL) with every number that is a whole segment as `0`, and every run
    of four digits or more as `0000`: `route_of` gives the same for both."""
    count = len(paths)
    if not count:
        return paths
    _, offsets, data = paths.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[paths.offset : paths.offset + count + 1]
    first, last = int(bounds[0]), int(bounds[-1])
    if data is None or first == last:
        return paths
    # a slash before the first byte and behind the last one: numbers at the ends are whole segments there
    text = np.full(last - first + 2, _SLASH, dtype=np.uint8)
    text[1:-1] = np.frombuffer(data, dtype=np.uint8)[first:last]
    inside = bounds.astype(np.int64) - first
    digit = (text >= _ZERO) & (text <= _NINE)
    begins, ends = _runs(digit, inside)
    if not len(begins):
        return paths
    # the first byte of a string is no neighbour of the last one of the string before
    edge = np.zeros(len(text) + 1, dtype=bool)
    edge[inside + 1] = True
    alone = (text[begins - 1] == _SLASH) & ~edge[begins] & ((text[ends] == _SLASH) | edge[ends])
    kept = np.where(alone, 1, np.where(ends - begins >= _LONG, _LONG, 0))
    changed = kept > 0
    begins, ends, kept = begins[changed], ends[changed], kept[changed]
    # what is dropped of each run: all behind the first digits that are kept
    steps = np.zeros(len(text) + 1, dtype=np.int8)
    steps[begins + kept] += 1
    steps[ends] -= 1
    stays = np.cumsum(steps[:-1], dtype=np.int8) == 0
    for place in range(_LONG):
        text[begins[kept > place] + place] = _ZERO
    new_bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(stays[1:-1])])[inside]
    return pa.Array.from_buffers(
        pa.string(), count,
        [None, pa.py_buffer(new_bounds.astype(np.int32)), pa.py_buffer(text[1:-1][stays[1:-1]])],
    )  # fmt: skip


def _runs(
    digit: npt.NDArray[np.bool_], bounds: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where runs of digits begin and end (behind the last), each within one string."""
    steps = digit[1:] != digit[:-1]
    # between two strings a run that goes on is two
    seams = bounds[1:-1]
    seams = seams[digit[seams] & digit[seams + 1]]
    turns = np.flatnonzero(steps) + 1
    if len(seams):
        seams = np.unique(seams) + 1
        turns = np.sort(np.concatenate([turns, seams, seams]))
    return turns[0::2], turns[1::2]
