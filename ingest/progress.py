"""How far a run has come, for people who wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Progressed:
    """Inputs begun, (decompressed) bytes done, events found in them, and `stored`: the bytes that these
    inputs take where they lie, as far as they are done."""

    inputs: int
    bytes: int
    events: int
    stored: int


OnProgress = Callable[[Progressed], None]


def tell_nobody(progressed: Progressed) -> None:
    """For runs that nobody watches."""


class Progress:
    """Counts, and tells. A compressed file counts with the bytes that came out of it, up to its own size."""

    def __init__(self, tell: OnProgress) -> None:
        self._tell = tell
        self._inputs = self._bytes = self._events = 0
        self._stored_before = 0
        self._container = ""
        self._container_size = self._container_bytes = 0

    def begin(self, name: str) -> None:
        """An input is begun; files of one archive share its size."""
        self._inputs += 1
        container = name.partition("!")[0]
        if container != self._container:
            self._stored_before += self._container_size
            self._container, self._container_size, self._container_bytes = container, _size(container), 0

    def did(self, count: int, events: int) -> None:
        """So many more bytes and events are done."""
        self._bytes += count
        self._events += events
        self._container_bytes += count
        stored = self._stored_before + min(self._container_bytes, self._container_size)
        self._tell(Progressed(self._inputs, self._bytes, self._events, stored))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return 0
