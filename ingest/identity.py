"""Which input is this, and how far was it read: identity by content, not by name.

An input is known by a hash of its first bytes, so a file that was renamed, moved or compressed is
still the same, and one that grew goes on where it ended. How far it was read is one number, kept as
the version of a Delta application transaction: bytes consumed, and a checksum of the bytes just
before that point, which tells apart inputs that begin alike.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

HEAD_BYTES = 4096
_LADDER = (4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 1)
_CHECK_BITS = 16


@dataclass(frozen=True)
class Identity:
    """An input's fingerprint, and how many of its bytes were read before."""

    fingerprint: str
    consumed: int


def progress_version(consumed: int, tail: bytes) -> int:
    """The transaction version for `consumed` bytes, of which `tail` are the last (up to 1,024)."""
    return consumed << _CHECK_BITS | zlib.crc32(tail[-1024:]) & (1 << _CHECK_BITS) - 1


def consumed_of(version: int) -> int:
    """The bytes consumed that a transaction version tells."""
    return version >> _CHECK_BITS


def identify(
    head: bytes, known: Callable[[str], int | None], tail_before: Callable[[int], bytes | None]
) -> Identity:
    """Who the input is that begins with `head` (its first HEAD_BYTES, or all of it).

    `known` gives the transaction version of a fingerprint; `tail_before(n)` the 1,024 bytes before
    byte n, None where the input is shorter. The ladder of head sizes lets an input that was small
    when it was first seen be recognised after it grew.
    """
    for size in _LADDER:
        if size > len(head):
            continue
        for candidate in _candidates(head[:size]):
            version = known(candidate)
            if version is None:
                break
            consumed = consumed_of(version)
            tail = tail_before(consumed)
            if tail is None or progress_version(consumed, tail) == version:
                return Identity(candidate, consumed)
    size = next((size for size in _LADDER if size <= len(head)), 0)
    fresh = next(name for name in _candidates(head[:size]) if known(name) is None)
    return Identity(fresh, 0)


def _candidates(head: bytes) -> Iterator[str]:
    digest = hashlib.blake2b(head, digest_size=12).hexdigest()
    name = f"{len(head)}-{digest}"
    yield name
    for number in range(2, 1_000_000):
        yield f"{name}-{number}"
