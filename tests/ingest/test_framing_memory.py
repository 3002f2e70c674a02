"""Framing holds what a chunk needs, whatever the length of a line or of a run of NULs."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator

import pytest

from ingest.framing import LINES, Framing, Overlong, chunks

_MB = 1 << 20


class _Made:
    """An input that is made while it is read: a head, one block again and again, a tail."""

    def __init__(self, head: bytes, block: bytes, times: int, tail: bytes) -> None:
        self._parts: Iterator[bytes] = itertools.chain([head], itertools.repeat(block, times), [tail])
        self._rest = memoryview(b"")

    def readinto(self, buffer: memoryview, /) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


@pytest.mark.parametrize(
    ("framing", "head", "block", "tail", "overlong", "last"),
    [
        (LINES, b"first\n", b"x" * _MB, b"\nlast\n", Overlong(6, 200 * _MB), "last"),
        (LINES, b"", bytes(_MB), b"last\n", None, "last"),
        (Framing("json", 1), b'[{"a":"', b"x" * _MB, b'"},{"b":2}]', Overlong(1, 200 * _MB + 8), '{"b":2}'),
        (Framing("csv", header=("a",)), b'a\n"', b"x" * _MB, b'"\nlast\n', Overlong(2, 200 * _MB + 2), '{"a":"last"}'),
    ],
    ids=["line", "NULs", "document", "row"],
)  # fmt: skip
def test_memory_is_bounded(
    framing: Framing, head: bytes, block: bytes, tail: bytes, overlong: Overlong | None, last: str
) -> None:
    told, texts = [], []
    tracemalloc.start()
    for chunk in chunks(_Made(head, block, 200, tail), framing, 0):
        told += chunk.overlong
        texts += chunk.records.lines.to_pylist()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told == ([overlong] if overlong else [])
    assert texts[-1] == last
    assert peak < 64 * _MB
