"""Streams on top of streams: looked into, limited, kept to be read again; and the public one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.files import FAILURES, SeekableFile, pass_over, reason

_KEPT = 1024 * 1024
_TAIL = 1024

Opener = Callable[[ExitStack], Readable]
"""Opens a stream at byte 0; what must be closed is left to the stack."""


class Stream:
    """The decompressed bytes of an input, as UTF-8. What breaks on the way is an InputError."""

    def __init__(self, name: str, raw: Readable) -> None:
        self._name = name
        self._raw = raw

    def readinto(self, buffer: memoryview, /) -> int:
        """Fills the buffer from its start; bytes read, 0 at the end."""
        try:
            return self._raw.readinto(buffer) or 0
        except FAILURES as problem:
            raise InputError(f"{self._name}: {reason(problem)}") from problem

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end, and before a break: the next read raises it."""
        buffer = bytearray(size)
        view, total = memoryview(buffer), 0
        try:
            while total < size and (got := self.readinto(view[total:])):
                total += got
        except InputError:
            if not total:
                raise
        return bytes(buffer[:total])

    def begins_with(self, head: bytes) -> bool:
        """Whether the input still begins so, where it is a plain file that may change as it is read."""
        return self._raw.begins_with(head) if isinstance(self._raw, SeekableFile) else True

    def skip(self, size: int) -> bytes | None:
        """Passes over `size` bytes; the last 1,024 of them (or fewer), None where the input is shorter."""
        if isinstance(self._raw, SeekableFile | Cursor):
            return self._raw.skip(size)
        return pass_over(self, size)


class Peeked:
    """A stream whose first bytes, `head`, were looked at. A break among them waits for its place."""

    def __init__(self, raw: Readable, size: int) -> None:
        self.raw = raw
        self._problem: InputError | None = None
        buffer = bytearray(size)
        view, total = memoryview(buffer), 0
        try:
            while total < size and (got := raw.readinto(view[total:]) or 0):
                total += got
        except InputError as problem:
            self._problem = problem
        self.head = bytes(buffer[:total])
        self._left = memoryview(self.head)

    def readinto(self, buffer: memoryview, /) -> int:
        if self._left:
            size = min(len(buffer), len(self._left))
            buffer[:size] = self._left[:size]
            self._left = self._left[size:]
            return size
        if self._problem is not None:
            raise self._problem
        return self.raw.readinto(buffer) or 0


class Once:
    """A stream that goes by once, such as a member of a tar archive, and can yet be opened again.

    Its first 1 MB is kept, and the 1,024 bytes before the place that it has come to. Whoever begins
    within the one or goes on from the other costs nothing; for anyone else `again` opens it anew.
    """

    def __init__(self, live: Readable, again: Opener) -> None:
        self.again = again
        self.position = 0
        self.tail = b""
        self.problem: InputError | None = None
        self.kept = bytearray()
        self._live: Readable | None = live

    def open(self, stack: ExitStack) -> Readable:
        """The stream from byte 0; `again` alone when it has gone by."""
        if self._live is None:
            return self.again(stack)
        own = stack.enter_context(ExitStack())
        return Cursor(self, own)

    def read_on(self, buffer: memoryview) -> int:
        """Reads from `position`."""
        if self._live is None:
            raise InputError("it has gone by")
        try:
            got = self._live.readinto(buffer) or 0
        except InputError as problem:
            self.problem = problem
            raise
        if self.position < _KEPT:
            self.kept += buffer[: min(got, _KEPT - self.position)]
        self.position += got
        self.tail = (self.tail + bytes(buffer[max(0, got - _TAIL) : got]))[-_TAIL:]
        return got

    def has(self, position: int) -> bool:
        """Whether one can read on from there without opening it anew."""
        return self._live is not None and (position < len(self.kept) or position == self.position)

    def retire(self) -> None:
        """It has gone by: nothing is kept any more."""
        self._live = None
        self.kept = bytearray()


class Cursor:
    """A place in a stream that goes by once."""

    def __init__(self, once: Once, stack: ExitStack) -> None:
        self._once = once
        self._stack = stack
        self._at = 0
        self._own: Readable | None = None

    def readinto(self, buffer: memoryview, /) -> int:
        got = self._readinto(buffer)
        self._at += got
        return got

    def skip(self, size: int) -> bytes | None:
        """As `pass_over`; costs nothing up to the place that the stream has come to."""
        once = self._once
        if self._own is None and self._at == 0 and size == once.position and once.has(size):
            self._at = size
            return once.tail
        return pass_over(self, size)

    def _readinto(self, buffer: memoryview) -> int:
        once = self._once
        if self._own is None and once.has(self._at):
            if self._at < len(once.kept):
                size = min(len(buffer), len(once.kept) - self._at)
                buffer[:size] = once.kept[self._at : self._at + size]
                return size
            return once.read_on(buffer)
        if self._own is None:
            self._own = once.again(self._stack)
            pass_over(self._own, self._at)
        return self._own.readinto(buffer) or 0
