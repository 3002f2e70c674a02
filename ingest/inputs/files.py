"""Bytes as they lie in a local file, in an object of a store, or as they come out of a pipe."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
from pyarrow import fs

from ingest.errors import InputError
from ingest.framing import Readable

_REMOTE_BLOCK = 2 * 1024 * 1024
_TAIL = 1024
FAILURES: tuple[Any, ...] = (OSError, ValueError, pa.ArrowException)
"""What opening and reading may raise."""


def reason(problem: Exception) -> str:
    """What a failure of the system means, in words."""
    if isinstance(problem, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(problem, PermissionError):
        return "may not be read; check its permissions"
    return getattr(problem, "strerror", None) or str(problem)


def pass_over(raw: Readable, size: int) -> bytes | None:
    """Reads `size` bytes; the last 1,024 of them (or fewer), None where there are not as many."""
    scratch = memoryview(bytearray(min(size, 1024 * 1024)))
    tail = b""
    while size > 0:
        got = raw.readinto(scratch[:size]) or 0
        if not got:
            return None
        size -= got
        tail = (tail + bytes(scratch[max(0, got - _TAIL) : got]))[-_TAIL:]
    return tail


class Positioned(Protocol):
    """A file whose position can be set: Python's, or pyarrow's."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def seek(self, position: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...


class SeekableFile:
    """A file that can be read from any place. What breaks is an InputError.

    `block`: bytes that are read at once where fewer are asked for; 0 for what was asked for.
    """

    def __init__(self, file: Positioned, name: str, size: Callable[[], int], block: int = 0) -> None:
        self._file = file
        self._name = name
        self._size = size
        self._block = memoryview(bytearray(block))
        self._held = self._block[:0]

    def readinto(self, buffer: memoryview, /) -> int:
        if self._held or len(buffer) < len(self._block):
            return self._from_block(buffer)
        return self._read(buffer)

    def seek(self, position: int) -> None:
        """Goes on from byte `position`."""
        self._held = self._block[:0]
        try:
            self._file.seek(position)
        except FAILURES as problem:
            raise self._error(problem) from problem

    def tell(self) -> int:
        """The byte that is read next."""
        return self._file.tell() - len(self._held)

    def skip(self, size: int) -> bytes | None:
        """As `pass_over`, without reading what is passed over."""
        position = self.tell()
        if self.size() < position + size:
            return None
        self.seek(position + max(0, size - _TAIL))
        return pass_over(self, min(size, _TAIL))

    def begins_with(self, head: bytes) -> bool:
        """Whether a file of this machine begins so now; others do not change while they are read."""
        descriptor = getattr(self._file, "fileno", None)
        if descriptor is None:
            return True
        try:
            return os.pread(descriptor(), len(head), 0) == head
        except FAILURES as problem:
            raise self._error(problem) from problem

    def size(self) -> int:
        """Bytes of the file now."""
        try:
            return self._size()
        except FAILURES as problem:
            raise self._error(problem) from problem

    def as_python_file(self) -> io.BufferedReader:
        """The file for code that wants a whole Python file; begins at byte 0."""
        self.seek(0)
        return io.BufferedReader(_PythonFile(self), 256 * 1024)

    def _from_block(self, buffer: memoryview) -> int:
        if not self._held:
            self._held = self._block[: self._read(self._block)]
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size

    def _read(self, buffer: memoryview) -> int:
        try:
            return self._file.readinto(buffer) or 0
        except FAILURES as problem:
            raise self._error(problem) from problem

    def _error(self, problem: Exception) -> InputError:
        return InputError(f"{self._name}: {reason(problem)}")


class _PythonFile(io.RawIOBase):
    def __init__(self, whole: SeekableFile) -> None:
        self._whole = whole

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        return self._whole.readinto(memoryview(buffer))

    def seek(self, position: int, whence: int = 0, /) -> int:
        at = {0: 0, 1: self.tell(), 2: self._whole.size()}[whence] + position
        self._whole.seek(at)
        return at

    def tell(self) -> int:
        return self._whole.tell()


class Pipe:
    """A file that can be read once, from its start to its end."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        # one read of the system at a time: what came out of a pipe is not held back until more comes
        readinto: Any = getattr(file, "readinto1", None) or getattr(file, "readinto", None)
        self._readinto: Callable[[memoryview], int | None] = readinto

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            return self._readinto(buffer) or 0
        except FAILURES as problem:
            raise InputError(f"{self._name}: {reason(problem)}") from problem


def open_local(path: Path, name: str, stack: ExitStack) -> SeekableFile:
    """Opens a regular file; the stack closes it. Raises InputError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{name}: not a file or folder")
        file = stack.enter_context(path.open("rb", buffering=0))
    except FAILURES as problem:
        raise InputError(f"{name}: {reason(problem)}") from problem
    return SeekableFile(file, name, lambda: os.fstat(file.fileno()).st_size)


def open_remote(store: fs.FileSystem, path: str, name: str, stack: ExitStack) -> SeekableFile:
    """Opens an object of a store; the stack closes it. Raises InputError."""
    try:
        file = stack.enter_context(store.open_input_file(path))
    except FAILURES as problem:
        raise InputError(f"{name}: {reason(problem)}") from problem
    return SeekableFile(file, name, file.size, _REMOTE_BLOCK)
