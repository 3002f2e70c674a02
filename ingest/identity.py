"""Which input is this, and how far was it read: identity by content, not by name.

An input is known by a hash of its first bytes, so a file that was renamed, moved or compressed is
still the same, and one that grew goes on where it ended. How far it was read is one number, kept as
the version of a Delta application transaction: bytes consumed, and a checksum of the bytes just
before that point, which tells apart inputs that begin alike.

A hash of few bytes says little: logs of one second begin alike. So the first lines of an input, and its
first HEAD_BYTES, are also known by a hash of all that stands up to the end of each, in a transaction of their
own. An input that ends before what was read of another one is its copy where it begins with the same and ends
there, or in half a line; else it is a new one. Beyond HEAD_BYTES nothing tells where it ends. There it is a
new one if its last events have ids that nobody has seen, as those of one of two exports that begin alike.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

HEAD_BYTES = 4096
_LADDER = (4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 1)
_CHECK_BITS = 16
_BEGINNINGS = "beginnings/"


@dataclass(frozen=True)
class Identity:
    """An input's fingerprint, and how many of its bytes were read before."""

    fingerprint: str
    consumed: int


class Memory(Protocol):
    """What is known of inputs: in the lake, and in a run that has not yet committed."""

    def progress(self, name: str) -> int | None:
        """The transaction version of an input."""
        ...

    def begun(self, name: str) -> int | None:
        """That of an input of which a run that was interrupted has left only what it quarantined."""
        ...

    def beginning(self, key: str) -> str | None:
        """The input that begins with what has this key."""
        ...


@dataclass(frozen=True)
class Beginning:
    """The first `end` bytes of an input, whole lines or HEAD_BYTES, and the key that they have."""

    end: int
    key: str


def progress_version(consumed: int, tail: bytes) -> int:
    """The transaction version for `consumed` bytes, of which `tail` are the last (up to 1,024)."""
    return consumed << _CHECK_BITS | zlib.crc32(tail[-1024:]) & (1 << _CHECK_BITS) - 1


def consumed_of(version: int) -> int:
    """The bytes consumed that a transaction version tells."""
    return version >> _CHECK_BITS


def beginnings(head: bytes) -> list[Beginning]:
    """All beginnings of an input that are whole lines of its `head` (HEAD_BYTES, or all), and a full head."""
    digest = hashlib.blake2b(digest_size=9)
    found, start = [], 0
    while start < len(head):
        end = head.find(b"\n", start) + 1 or len(head)
        digest.update(head[start:end])
        if head[end - 1 : end] == b"\n" or end >= HEAD_BYTES:
            found.append(Beginning(end, f"{end}.{digest.copy().hexdigest()}"))
        start = end
    return found


def beginnings_transaction(name: str, found: Sequence[Beginning]) -> str:
    """The id of a transaction that says that an input begins so."""
    return f"{_BEGINNINGS}{name}/{' '.join(beginning.key for beginning in found)}"


def read_beginnings(transaction: str) -> tuple[str, list[str]] | None:
    """The input and the keys of its beginnings that a transaction's id tells; None for any other id."""
    if not transaction.startswith(_BEGINNINGS):
        return None
    name, _, keys = transaction.removeprefix(_BEGINNINGS).partition("/")
    return name, keys.split(" ")


def identify(
    head: bytes,
    memory: Memory,
    tail_before: Callable[[int], bytes | None],
    ends_whole: Callable[[], bool],
    brings_new: Callable[[], bool],
) -> Identity:
    """Who the input is that begins with `head` (its first HEAD_BYTES, or all of it).

    `tail_before(n)` gives the 1,024 bytes before byte n, None where the input is shorter; `ends_whole()`
    tells, of an input that ends without a newline, whether its last line is whole; `brings_new()`, of one
    that is longer than its head, whether its last events are new. The ladder of head sizes lets an input that
    was small when it was first seen be recognised after it grew.
    """
    goes_beyond = len(head) >= HEAD_BYTES
    open_end = not goes_beyond and not head.endswith(b"\n")
    # a last line without its newline may be whole, and be another input's with its newline
    ended = beginnings(head + b"\n")[-1:] if open_end else []
    ends_cut, has_news = cache(lambda: not (open_end and ends_whole())), cache(brings_new)

    def is_cut(known: _Known) -> bool:
        return not (known.identity.consumed and has_news()) if goes_beyond else ends_cut()

    told: list[tuple[Beginning, Callable[[_Known], bool]]] = [
        (beginning, lambda _: True) for beginning in ended
    ]
    told += [(beginning, is_cut) for beginning in beginnings(head)[-1:]]
    for beginning, shorter in told:
        name = memory.beginning(beginning.key)
        known = _known(memory, name) if name is not None else None
        if known is not None and known.goes_on(tail_before, shorter):
            return known.identity
    free = None
    for size in (size for size in _LADDER if size <= len(head)):
        is_all = size == len(head)
        for name in _names(head[:size]):
            known = _known(memory, name)
            if known is None:
                free = free or name
                break
            # where that is not all of this input, what is known of the other does not say that it begins so
            if known.goes_on(tail_before, is_cut if is_all else lambda _: False):
                return known.identity
    return Identity(free or next(_names(head)), 0)


@dataclass(frozen=True)
class _Known:
    """An input that was read up to `version`, of which the lake has all, or only the quarantine."""

    identity: Identity
    version: int

    def goes_on(self, tail_before: Callable[[int], bytes | None], shorter: Callable[[_Known], bool]) -> bool:
        """Whether this input is the one; `shorter(self)`: also where it ends before what was read."""
        read = consumed_of(self.version)
        tail = tail_before(read)
        return shorter(self) if tail is None else progress_version(read, tail) == self.version


def _known(memory: Memory, name: str) -> _Known | None:
    progress = memory.progress(name)
    if progress is not None:
        return _Known(Identity(name, consumed_of(progress)), progress)
    begun = memory.begun(name)
    return None if begun is None else _Known(Identity(name, 0), begun)


def _names(head: bytes) -> Iterator[str]:
    digest = hashlib.blake2b(head, digest_size=12).hexdigest()
    name = f"{len(head)}-{digest}"
    yield name
    for number in range(2, 1_000_000):
        yield f"{name}-{number}"
