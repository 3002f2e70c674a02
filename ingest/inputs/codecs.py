"""Compressed bytes to plain ones: gzip, bzip2, xz and zstd, told by their first bytes."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable, Hashable
from typing import Any, Protocol

import pyarrow as pa
from isal import isal_zlib

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.bounds import Meter

_PIECE = 64 * 1024
_GZIP_PIECE = 256 * 1024
"""Compressed bytes that are decompressed at once. Where data are damaged, what is lost before the damage
is at most this; where they are cut off, nothing. A fast codec wants large pieces: between two of them it
waits for the interpreter, which other threads may hold."""
_OUT = 1024 * 1024
_GZIP_OUT = 4 * 1024 * 1024
_XZ_MEMORY = 256 * 1024 * 1024
"""Bytes; `xz -9` needs 65 MiB."""
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_ABSENT = b"\xff" * _OUT


def codec_of(head: bytes) -> str | None:
    """gzip, bzip2, xz or zstd, when data that begin with `head` are compressed so."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"BZh") and b"1" <= head[3:4] <= b"9" and head[4:10] in _BZIP2_BLOCKS:
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    return None


class Decompressed:
    """The content of compressed data, all of its members, up to where it may be broken.

    `layer` names it to the meter. What breaks is an InputError, raised when what came before was
    read, and again each time one reads on.
    """

    def __init__(self, raw: Readable, codec: str, name: str, meter: Meter, layer: Hashable) -> None:
        self._codec = codec
        self._name = name
        self._meter = meter
        self._layer = layer
        self._given = 0
        self._problem: InputError | None = None
        self._content: _Content = _Zstd(raw) if codec == "zstd" else _Members(raw, codec)

    def readinto(self, buffer: memoryview, /) -> int:
        if self._problem is not None:
            raise self._problem
        try:
            got = self._content.readinto(buffer)
            allowed = self._meter.take(self._layer, self._given, got)
        except InputError as problem:
            self._problem = problem
            raise
        except _BROKEN as problem:
            why = "needs too much memory" if "memory" in str(problem).lower() else "is broken or cut off"
            self._problem = InputError(
                f"{self._name}: its {self._codec} data {why} ({problem}); what came before has been read"
            )
            raise self._problem from problem
        if allowed < got:
            self._problem = self._meter.exceeded()
            if not allowed:
                raise self._problem
        self._given += allowed
        return allowed


_BROKEN: tuple[Any, ...] = (EOFError, OSError, isal_zlib.error, lzma.LZMAError, pa.ArrowException)


class _Content(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


class _Member(Protocol):
    """The decompressor of one gzip member, bzip2 stream or xz stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_BEGIN: dict[str, Callable[[], _Member]] = {
    "gzip": lambda: isal_zlib.decompressobj(wbits=31),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY),
}


class _Members:
    """Members one after another, with or without NULs between and behind them (RFC 1952 2.2, xz 2.2)."""

    def __init__(self, raw: Readable, codec: str) -> None:
        self._raw = raw
        self._begin = _BEGIN[codec]
        self._member = self._begin()
        self._piece = memoryview(bytearray(_GZIP_PIECE if codec == "gzip" else _PIECE))
        self._most = _GZIP_OUT if codec == "gzip" else _OUT
        self._packed = b""
        self._content = memoryview(b"")
        self._pending = False

    def readinto(self, buffer: memoryview, /) -> int:
        while not self._content:
            if self._member.eof and not self._next_member():
                return 0
            if not self._packed and not self._pending:
                self._packed = self._read()
                if not self._packed:
                    raise EOFError("it ends before the end of its data")
            self._content = memoryview(self._member.decompress(self._packed, self._most))
            self._packed = self._left()
            # a member may hold more than it gave, though it took all that there was
            self._pending = len(self._content) > 0 and not self._member.eof
        size = min(len(buffer), len(self._content))
        buffer[:size] = self._content[:size]
        self._content = self._content[size:]
        return size

    def _next_member(self) -> bool:
        packed = self._packed.lstrip(b"\x00")
        while not packed:
            packed = self._read()
            if not packed:
                self._packed = b""
                return False
            packed = packed.lstrip(b"\x00")
        self._packed, self._member = packed, self._begin()
        return True

    def _left(self) -> bytes:
        if self._member.eof:
            return self._member.unused_data
        # zlib hands back what it did not take; bzip2 and xz keep it
        return getattr(self._member, "unconsumed_tail", b"")

    def _read(self) -> bytes:
        return bytes(self._piece[: self._raw.readinto(self._piece) or 0])


class _Zstd:
    """Frames one after another, skippable ones among them (RFC 8878 3.1)."""

    def __init__(self, raw: Readable) -> None:
        self._feed = _Feed(raw)
        self._stream = pa.CompressedInputStream(pa.PythonFile(self._feed, mode="r"), "zstd")
        self._problem: Exception | None = None

    def readinto(self, buffer: memoryview, /) -> int:
        """Where data break off, pyarrow does not tell how many bytes it gave before. So the buffer is
        filled with 0xFF, which text never holds, to see where what it gave ends."""
        if self._problem is not None:
            raise self._problem
        buffer = buffer[:_OUT]
        buffer[:] = _ABSENT[: len(buffer)]
        try:
            return int(self._stream.readinto(buffer))
        except (OSError, pa.ArrowException) as problem:
            self._problem = self._feed.problem or problem
            given = len(bytes(buffer).rstrip(b"\xff"))
            if given:
                return given
            raise self._problem from problem


class _Feed:
    """A stream as the file that pyarrow reads from; it ends where the stream breaks."""

    closed = False

    def __init__(self, raw: Readable) -> None:
        self._raw = raw
        self.problem: InputError | None = None

    def read(self, size: int) -> bytes:
        piece = bytearray(min(size, _PIECE))
        try:
            got = self._raw.readinto(memoryview(piece)) or 0
        except InputError as problem:
            self.problem = problem
            return b""
        return bytes(piece[:got])

    def close(self) -> None:
        """pyarrow closes what it read from; whoever opened the stream below closes that."""
