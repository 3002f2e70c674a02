"""What the tests of inputs share: text that compresses a little, and every way to pack it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa

from ingest.errors import InputError
from ingest.inputs import Bounds, Input, discover, open_input


def text_of(lines: int, seed: int = 0) -> bytes:
    """Lines of a log, no two alike."""
    numbers = random.Random(seed)
    return b"".join(
        b"2026-03-02T02:%02d:%02dZ client=%08x status=%d\n"
        % (line // 60 % 60, line % 60, numbers.getrandbits(32), numbers.choice((200, 400, 401)))
        for line in range(lines)
    )


def _zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda content: content,
    "gzip": lambda content: gzip.compress(content, 4),
    "bzip2": lambda content: bz2.compress(content, 1),
    "xz": lambda content: lzma.compress(content, preset=0),
    "zstd": _zstd,
}
CODECS = [name for name in PACK if name != "plain"]


def tar_of(members: Iterable[tuple[str, bytes]], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of the members, each modified at 1,700,000,000 s."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of the members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 2, 0, 0)), content, method)
    return file.getvalue()


def read_all(item: Input) -> bytes:
    """All bytes of an input."""
    with open_input(item) as stream:
        return b"".join(iter(lambda: stream.read(300_000), b""))


def read_to_break(item: Input) -> tuple[bytes, str | None]:
    """The bytes of an input up to where it breaks, and what the break says."""
    found = bytearray()
    buffer = bytearray(100_000)
    try:
        with open_input(item) as stream:
            while got := stream.readinto(memoryview(buffer)):
                found += buffer[:got]
    except InputError as problem:
        return bytes(found), str(problem)
    return bytes(found), None


def contents(*paths: str | Path, bounds: Bounds | None = None) -> tuple[dict[str, bytes], list[str]]:
    """What the paths hold, read as it is found: content by name, and the problems, of both kinds."""
    found: dict[str, bytes] = {}
    problems: list[str] = []
    for item in discover(paths) if bounds is None else discover(paths, bounds):
        if isinstance(item, InputError):
            problems.append(str(item))
            continue
        assert item.name not in found
        found[item.name], problem = read_to_break(item)
        if problem is not None:
            problems.append(problem)
    return found, problems


def readers() -> list[threading.Thread]:
    """The threads that read ahead."""
    return [thread for thread in threading.enumerate() if thread.name == "read ahead"]
