"""How far compressed data may expand: what stops a decompression bomb."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass

from ingest.errors import InputError


@dataclass(frozen=True)
class Bounds:
    """The most that decompression may give for one file, pipe or object, with all of its members.

    `ratio`: bytes that come out for each byte that goes in; `bytes`: bytes that come out. The ratio
    does not apply to the first `free` bytes, since short and repetitive logs compress well.
    """

    ratio: float = 200
    bytes: int = 100 * 10**9
    free: int = 64 * 10**6


class Meter:
    """Counts what one file expands to, and says when it is too much.

    A layer (one decompression of one member) that is opened again counts once. Layers in layers
    count each: what is bounded is the work, and so the time and the memory that a bomb can take.
    """

    def __init__(self, name: str, bounds: Bounds) -> None:
        self._name = name
        self._bounds = bounds
        self._packed = 0
        self._given = 0
        self._reached: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def packed(self, size: int) -> None:
        """The file is known to have at least `size` bytes as it lies there."""
        self._packed = max(self._packed, size)

    def take(self, layer: Hashable, begin: int, size: int) -> int:
        """How many of `size` bytes that a layer gives from byte `begin` on may be passed on.

        When that is fewer, `exceeded` says why.
        """
        with self._lock:
            reached = max(begin, self._reached.get(layer, 0))
            fresh = max(0, begin + size - reached)
            allowed = min(fresh, self._room())
            self._given += allowed
            if allowed:
                self._reached[layer] = reached + allowed
            return size - fresh + allowed

    def exceeded(self) -> InputError:
        """Which bound stopped the file, and how to set it."""
        if self._bounds.bytes <= self._by_ratio():
            what, key, value = f"{self._bounds.bytes:,} bytes", "bytes", f"{self._bounds.bytes}"
        else:
            what, key, value = f"{self._bounds.ratio:g} times its size", "ratio", f"{self._bounds.ratio:g}"
        return InputError(
            f"{self._name}: it expands to more than {what}, as a decompression bomb would; what came before "
            f"has been read. If it is to be trusted, raise the bound: `[expansion] {key} = {value}` in "
            f"why401.toml or WHY401_EXPANSION__{key.upper()}={value}"
        )

    def _by_ratio(self) -> int:
        return max(self._bounds.free, int(self._bounds.ratio * self._packed))

    def _room(self) -> int:
        return max(0, min(self._bounds.bytes, self._by_ratio()) - self._given)
