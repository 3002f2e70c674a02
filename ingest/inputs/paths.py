"""What paths name: files, folders, patterns, objects of a store, pipes."""

from __future__ import annotations

import glob
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from pyarrow import fs

from ingest.errors import InputError
from ingest.inputs.files import FAILURES, Pipe, SeekableFile, open_local, open_remote, reason

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PATTERN = re.compile(r"[*\[]")
_SAFE = "/%*:@!$&'()+,;=~-._"
STDIN = "-"


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine."""

    path: Path
    named: bool

    @property
    def name(self) -> str:
        """What people see."""
        return str(self.path)

    @property
    def folder(self) -> Path | None:
        """The folder that it lies in."""
        return self.path.parent

    def modified(self) -> datetime | None:
        """UTC; None where nobody knows."""
        try:
            return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except (OSError, ValueError, OverflowError):
            return None

    def size(self) -> int:
        """Bytes as they lie there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def open(self, stack: ExitStack) -> SeekableFile:
        """Raises InputError."""
        return open_local(self.path, self.name, stack)


@dataclass(frozen=True)
class RemoteFile:
    """An object of a store that pyarrow.fs knows."""

    store: fs.FileSystem
    info: fs.FileInfo
    name: str
    named: bool
    folder: Path | None = None

    def modified(self) -> datetime | None:
        """UTC; None where the store does not tell."""
        found: datetime | None = self.info.mtime
        return found.astimezone(UTC) if found is not None else None

    def size(self) -> int:
        """Bytes as they lie there."""
        return self.info.size or 0

    def open(self, stack: ExitStack) -> SeekableFile:
        """Raises InputError."""
        return open_remote(self.store, self.info.path, self.name, stack)


@dataclass(frozen=True)
class PipeFile:
    """Standard input (`path` is None), or a named pipe such as the shell's <(...)."""

    path: Path | None = None
    named: bool = True
    folder: Path | None = None

    @property
    def name(self) -> str:
        """What people see."""
        return "standard input" if self.path is None else str(self.path)

    def modified(self) -> datetime | None:
        """None: nobody knows."""
        return None

    def size(self) -> int:
        """0: nobody knows."""
        return 0

    def open(self, stack: ExitStack) -> Pipe:
        """Raises InputError."""
        try:
            if self.path is not None:
                return Pipe(stack.enter_context(self.path.open("rb")), self.name)
        except FAILURES as problem:
            raise InputError(f"{self.name}: {reason(problem)}") from problem
        if sys.stdin is None or sys.stdin.closed:
            raise InputError(f"{self.name}: it is closed")
        return Pipe(sys.stdin.buffer, self.name)


Place = LocalFile | RemoteFile | PipeFile


def places(paths: Sequence[str | Path]) -> Iterator[Place | InputError]:
    """The files that the paths name, in the order of the paths; folders and patterns by name.

    A path is a file; a folder, walked in the order of its names, where what begins with a dot is
    passed over; a pattern with `*`, `?`, `[...]` or `**`, if there is no such file; a URL that
    pyarrow.fs knows, of an object, of a folder or with `*`; or `-`, standard input.
    """
    with_stdin = False
    for path in paths:
        text = str(path)
        if text == STDIN:
            if with_stdin:
                yield InputError("standard input: it can be read only once; give `-` once")
            else:
                yield PipeFile()
            with_stdin = True
        elif _URL.match(text):
            yield from _remote(text)
        else:
            yield from _local(Path(path))


def _local(path: Path) -> Iterator[Place | InputError]:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError) and glob.has_magic(str(path)) and not os.path.lexists(path):
            yield from _matching(path)
        else:
            yield InputError(f"{path}: {reason(problem)}")
        return
    if stat.S_ISDIR(mode):
        yield from _in_folder(path)
    else:
        yield PipeFile(path) if stat.S_ISFIFO(mode) else LocalFile(path, named=True)


def _matching(pattern: Path) -> Iterator[Place | InputError]:
    """What a pattern matches, as if the shell had named each. `**` reaches into folders by itself."""
    recursive = "**" in pattern.parts
    matches = glob.glob(str(pattern), recursive=recursive)  # noqa: PTH207 (a pattern may be absolute)
    found = [Path(match) for match in sorted(matches)]
    found = list(dict.fromkeys(path for path in found if not (recursive and path.is_dir())))
    if not found:
        yield InputError(f"{pattern}: no file matches it")
    for path in found:
        # a named pipe would wait for its writer, and nobody named it
        yield from [LocalFile(path, named=True)] if path.is_fifo() else _local(path)


def _in_folder(path: Path) -> Iterator[Place | InputError]:
    problems: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield LocalFile(Path(folder) / name, named=False)
    yield from (InputError(f"{problem.filename}: {reason(problem)}") for problem in problems)


def _remote(url: str) -> Iterator[Place | InputError]:
    shown = _shown(url)
    try:
        store, path = fs.FileSystem.from_uri(_escaped(url))
        info = store.get_file_info(path)
        if info.type == fs.FileType.File:
            yield RemoteFile(store, info, shown, named=True)
            return
        base, pattern = path, None
        if info.type == fs.FileType.NotFound:
            magic = _PATTERN.search(path)
            if magic is None:
                yield InputError(f"{shown}: there is no such object or folder")
                return
            base, pattern = path[: path.rfind("/", 0, magic.start())], path
        found = store.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    except FAILURES as problem:
        # a URL may carry keys, and what cannot be understood is quoted in the message
        why = reason(problem).replace(_escaped(url), shown).replace(url, shown)
        yield InputError(f"{shown}: {why}")
        return
    prefix = shown.removesuffix(path) if shown.endswith(path) else shown.split("://", 1)[0] + "://"
    matches = _url_pattern(pattern) if pattern is not None else None
    wanted = [
        file
        for file in sorted(found, key=lambda file: file.path)
        if file.type == fs.FileType.File
        and not _hidden_below(base, file.path)
        and (matches is None or matches.fullmatch(file.path))
    ]
    if not wanted and matches is not None:
        yield InputError(f"{shown}: no object matches it")
    for file in wanted:
        yield RemoteFile(store, file, prefix + file.path, named=matches is not None)


def _hidden_below(base: str, path: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path[len(base) :]).parts)


def _url_pattern(pattern: str) -> re.Pattern[str]:
    """`*` and `[...]` match within a name, `**` over any number of folders."""
    parts = []
    for part in pattern.split("/"):
        if part == "**":
            parts.append("(?:[^/]+/)*")
        else:
            one = translate(part.replace("?", "[?]")).removeprefix("(?s:").removesuffix(r")\Z")
            parts.append(one.replace(".*", "[^/]*") + "/")
    return re.compile("".join(parts).removesuffix("/"))


def _shown(url: str) -> str:
    """The URL without user, password and query, where keys may stand."""
    scheme, _, rest = url.split("?", 1)[0].split("#", 1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    port = authority.rpartition(":")[2]
    if "@" in authority:
        authority = authority.rpartition("@")[2]
    elif ":" in authority and not port.isdigit() and not port.endswith("]"):
        # a key with a slash that was not escaped
        return f"{scheme}://{path.rpartition('@')[2]}"
    return f"{scheme}://{authority}{slash}{path}"


def _escaped(url: str) -> str:
    """The URL with what may not stand in its path escaped: brackets of a pattern, spaces."""
    address, mark, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority}{slash}{quote(path, safe=_SAFE)}{mark}{query}"
