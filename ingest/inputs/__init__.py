"""Inputs: what paths name, and their bytes, decompressed."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isal import isal_zlib

from ingest.errors import InputError
from ingest.framing import Readable

_GZIP = b"\x1f\x8b"
_BLOCK = 256 * 1024
_BROKEN = (EOFError, isal_zlib.error)


@dataclass(frozen=True)
class Input:
    """A file to read. `named` tells one that the caller named from one found in a folder."""

    path: Path
    named: bool

    @property
    def name(self) -> str:
        """What people see of it."""
        return str(self.path)

    @property
    def folder(self) -> Path | None:
        """The folder whose why401.toml may name formats."""
        return self.path.parent

    def __str__(self) -> str:
        return self.name


def discover(paths: Sequence[Path]) -> Iterator[Input | InputError]:
    """The files that the paths name: files as they are, folders walked in the order of their names.

    A path that leads nowhere, and a folder that cannot be listed, come as an InputError in its place.
    In folders, files whose names begin with a dot are passed over.
    """
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as problem:
            yield InputError(f"{path}: {_reason(problem)}")
            continue
        if not stat.S_ISDIR(mode):
            yield Input(path, named=True)
            continue
        problems: list[OSError] = []
        for folder, folders, names in os.walk(path, onerror=problems.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    yield Input(Path(folder) / name, named=False)
        yield from (InputError(f"{problem.filename}: {_reason(problem)}") for problem in problems)


def _reason(problem: OSError) -> str:
    if isinstance(problem, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(problem, PermissionError):
        return "may not be read; check its permissions"
    return problem.strerror or str(problem)


class Stream:
    """The decompressed bytes of an input. What breaks on the way is an InputError."""

    def __init__(self, name: str, raw: Readable) -> None:
        self._name = name
        self._raw = raw

    def readinto(self, buffer: memoryview, /) -> int:
        """Fills the buffer from its start; bytes read, 0 at the end."""
        try:
            return self._raw.readinto(buffer) or 0
        except _BROKEN as problem:  # type: ignore[misc]
            raise InputError(
                f"{self._name}: its gzip data is broken or cut off ({problem}); "
                "what came before has been read"
            ) from problem
        except OSError as problem:
            raise InputError(f"{self._name}: {_reason(problem)}") from problem

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        buffer = bytearray(size)
        view, total = memoryview(buffer), 0
        while total < size and (got := self.readinto(view[total:])):
            total += got
        return bytes(buffer[:total])

    def skip(self, size: int) -> bytes | None:
        """Passes over `size` bytes; the last 1,024 of them (or fewer), None where the input is shorter."""
        if isinstance(self._raw, io.FileIO):
            if os.fstat(self._raw.fileno()).st_size < size:
                return None
            self._raw.seek(max(0, size - 1024))
            return self.read(min(size, 1024))
        tail = b""
        while size > 0:
            data = self.read(min(size, 1 << 20))
            if not data:
                return None
            size -= len(data)
            tail = (tail + data)[-1024:]
        return tail


@contextmanager
def open_input(item: Input) -> Iterator[Stream]:
    """The stream of an input, plain or gzip by its first bytes. Raises InputError."""
    name = str(item)
    try:
        if not stat.S_ISREG(item.path.stat().st_mode):
            raise InputError(f"{name}: not a file or folder")
        with item.path.open("rb", buffering=0) as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            yield Stream(name, _Gunzip(file) if packed else file)
    except OSError as problem:
        raise InputError(f"{name}: {_reason(problem)}") from problem


class _Gunzip:
    """The content of a gzip file, all of its members (RFC 1952 2.2), up to where it may be broken."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._member = isal_zlib.decompressobj(wbits=31)
        self._packed = b""
        self._content = memoryview(b"")

    def readinto(self, buffer: memoryview, /) -> int:
        while not self._content:
            if not self._packed:
                self._packed = self._file.read(_BLOCK) or b""
                if not self._packed:
                    if not self._member.eof:
                        raise EOFError("it ends before the end of its data")
                    return 0
            if self._member.eof:
                if not self._packed.strip(b"\x00"):
                    self._packed = b""
                    continue
                self._member = isal_zlib.decompressobj(wbits=31)
            self._content = memoryview(self._member.decompress(self._packed, 16 * _BLOCK))
            self._packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        size = min(len(buffer), len(self._content))
        buffer[:size] = self._content[:size]
        self._content = self._content[size:]
        return size


def sizes(paths: Sequence[Path]) -> int:
    """Bytes of the files that the paths name, as they lie on the disk."""
    items: Iterator[Input] = (item for item in discover(paths) if isinstance(item, Input))
    return sum(item.path.stat().st_size for item in items)
