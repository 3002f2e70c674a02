"""zip archives. Names are only ever shown; folders and links are passed over."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Hashable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.bounds import Meter
from ingest.inputs.files import SeekableFile

SPOOLED = 256 * 1024 * 1024
"""Bytes of a zip file that may be held in memory, where it lies in something that cannot seek."""
_PIECE = 256 * 1024
_BROKEN: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error,
    OSError, ValueError, OverflowError,
)  # fmt: skip
_UNREADABLE: tuple[type[Exception], ...] = (NotImplementedError, RuntimeError)


def is_zip(head: bytes) -> bool:
    """Whether data that begin with `head` are a zip file, be it empty."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class Zip:
    """An open zip file. Raises InputError where it, or one of its files, cannot be read."""

    def __init__(self, raw: Readable, name: str) -> None:
        self._name = name
        self.alive = True
        file: IO[bytes] = raw.as_python_file() if isinstance(raw, SeekableFile) else _spool(raw, name)
        try:
            self._zip = zipfile.ZipFile(file)
        except (*_BROKEN, *_UNREADABLE) as problem:
            raise InputError(
                f"{name}: its zip data is broken or cut off ({problem}); copy or export it again"
            ) from problem

    def __iter__(self) -> Iterator[tuple[int, zipfile.ZipInfo]]:
        """Its files, in the order of their names, with their places in its directory."""
        entries = sorted(enumerate(self._zip.infolist()), key=lambda entry: (entry[1].filename, entry[0]))
        for place, info in entries:
            kind = stat.S_IFMT(info.external_attr >> 16)
            if not info.is_dir() and kind in (0, stat.S_IFREG):
                yield place, info

    def name_at(self, place: int) -> str | None:
        """The name of the file at a place of the directory."""
        entries = self._zip.infolist()
        return entries[place].filename if place < len(entries) else None

    def open(self, place: int, name: str, meter: Meter, layer: Hashable, stack: ExitStack) -> Readable:
        """The content of the file at a place of the directory."""
        info = self._zip.infolist()[place]
        if info.flag_bits & 0x1:
            raise InputError(f"{name}: it is encrypted; unpack it first, with its password")
        try:
            file = stack.enter_context(self._zip.open(info))
        except _BROKEN as problem:
            raise _broken(name, problem) from problem
        except _UNREADABLE as problem:
            raise InputError(f"{name}: cannot be unpacked ({problem}); unpack it first") from problem
        return _File(file, name, meter, layer)

    def close(self) -> None:
        """Closes the file; streams of it that are open can still be read to their ends."""
        self.alive = False
        self._zip.close()


class _File:
    """The content of one file, up to where it may be broken."""

    def __init__(self, file: IO[bytes], name: str, meter: Meter, layer: Hashable) -> None:
        self._file = file
        self._name = name
        self._meter = meter
        self._layer = layer
        self._given = 0
        self._problem: InputError | None = None

    def readinto(self, buffer: memoryview, /) -> int:
        if self._problem is not None:
            raise self._problem
        try:
            content = self._file.read1(min(len(buffer), _PIECE))  # type: ignore[attr-defined]
        except (*_BROKEN, *_UNREADABLE) as problem:
            self._problem = _broken(self._name, problem)
            raise self._problem from problem
        allowed = self._meter.take(self._layer, self._given, len(content))
        if allowed < len(content):
            self._problem = self._meter.exceeded()
            if not allowed:
                raise self._problem
        buffer[:allowed] = content[:allowed]
        self._given += allowed
        return allowed


def modified_of(info: zipfile.ZipInfo) -> datetime | None:
    """When the file was modified: UTC where its extended timestamp tells; else its DOS time, whose zone
    nobody knows, as if it were UTC."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 0x5455 and size >= 5 and extra[4:5] and extra[4] & 1 and len(extra) >= 9:
            return datetime.fromtimestamp(struct.unpack_from("<i", extra, 5)[0], UTC)
        extra = extra[4 + size :]
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None


def _broken(name: str, problem: Exception) -> InputError:
    return InputError(
        f"{name}: its zip data is broken or cut off ({problem}); what came before has been read"
    )


def _spool(raw: Readable, name: str) -> io.BytesIO:
    """The whole of a zip file that lies in something that cannot seek."""
    spooled = io.BytesIO()
    piece = memoryview(bytearray(_PIECE))
    while got := raw.readinto(piece) or 0:
        if spooled.tell() + got > SPOOLED:
            raise InputError(
                f"{name}: a zip file of more than {SPOOLED:,} bytes inside of a pipe, an archive or a "
                "compressed file; unpack it first"
            )
        spooled.write(piece[:got])
    spooled.seek(0)
    return spooled
