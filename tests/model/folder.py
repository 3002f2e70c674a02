"""A folder of logs that servers write, rotate, truncate, compress, copy and delete, as in the real world."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.model.lines import Line


@dataclass
class Writer:
    """A server that appends to a log through one open file, and may be in the middle of a line."""

    name: str
    source: str
    handle: io.FileIO | None = None
    pending: bytes = b""
    good: int = 0
    junk: int = 0


@dataclass
class Folder:
    """The files, as they are on the disk, and the writers that hold some of them open."""

    path: Path
    writers: list[Writer] = field(
        default_factory=lambda: [
            Writer("access.log", "nginx"),
            Writer("api.log", "nginx"),
            Writer("okta.log", "okta"),
        ]
    )
    _copies: int = 0

    def files(self) -> list[Path]:
        """All files, in the order of their names."""
        return sorted(self.path.iterdir())

    def content(self, file: Path) -> bytes:
        """The bytes of a file, decompressed."""
        data = file.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data

    def write(self, writer: Writer, lines: Iterable[Line]) -> None:
        """Whole lines, after the rest of one that is half written."""
        lines = list(lines)
        self._put(writer, writer.pending + b"".join(line.text + b"\n" for line in lines))
        writer.pending = b""

    def write_half(self, writer: Writer, line: Line, part: float) -> None:
        """A part of a line, from its first byte to all of it but its newline; the rest is pending."""
        whole = line.text + b"\n"
        cut = 1 + int(part * (len(whole) - 2))
        self._put(writer, writer.pending + whole[:cut])
        writer.pending = whole[cut:]

    def reopen(self, writer: Writer) -> None:
        """The server finishes its line, closes its file and opens the log by its name when it next writes."""
        if writer.handle is not None:
            if writer.pending:
                writer.handle.write(writer.pending)
            writer.handle.close()
        writer.handle, writer.pending = None, b""

    def rotate(self, writer: Writer, *, reopen: bool) -> None:
        """Renames the log to .1 and older ones further; without `reopen` the server goes on in the renamed one."""
        current = self.path / writer.name
        if not current.exists():
            return
        self._make_room(writer)
        current.rename(self.path / f"{writer.name}.1")
        if reopen:
            self.reopen(writer)

    def copytruncate(self, writer: Writer) -> None:
        """Copies the log to .1 and empties it in place; the server's open file stays as it is."""
        current = self.path / writer.name
        if not current.exists():
            return
        self._make_room(writer)
        shutil.copy2(current, self.path / f"{writer.name}.1")
        os.truncate(current, 0)

    def truncate(self, writer: Writer) -> None:
        """Empties the log in place: what nobody has read is gone."""
        current = self.path / writer.name
        if current.exists():
            os.truncate(current, 0)

    def compress(self, file: Path, *, level: int, keep: bool) -> None:
        """gzip of a file, which is removed unless it is kept; a server that still writes to it is told first."""
        self._release(file)
        packed = file.with_name(file.name + ".gz")
        packed.write_bytes(gzip.compress(file.read_bytes(), level, mtime=0))
        if not keep:
            file.unlink()

    def append_member(self, file: Path, lines: Sequence[Line]) -> None:
        """Appends one more gzip member."""
        with file.open("ab") as packed:
            packed.write(gzip.compress(b"".join(line.text + b"\n" for line in lines)))

    def copy(self, file: Path, *, first: bool) -> None:
        """A copy of a file beside it, whose name comes before or after all others."""
        self._copies += 1
        shutil.copy2(file, self.path / f"{'0' if first else 'z'}-copy-{self._copies}-of-{file.name}")

    def export(self, lines: Sequence[Line], *, array: bool) -> None:
        """A file as a portal exports it: one object per line, or a JSON array."""
        self._copies += 1
        texts = [line.text for line in lines]
        content = b"[" + b",\n".join(texts) + b"]\n" if array else b"".join(text + b"\n" for text in texts)
        (self.path / f"export-{self._copies}.json").write_bytes(content)

    def delete(self, file: Path) -> None:
        """Removes a file; a server that writes to it opens a new one when it next writes."""
        self._release(file)
        file.unlink()

    def set_clock(self, file: Path, seconds: float) -> None:
        """Moves the file's times by so many seconds."""
        now = file.stat().st_mtime
        os.utime(file, (now + seconds, now + seconds))

    def close(self) -> None:
        """Closes what the servers hold open."""
        for writer in self.writers:
            if writer.handle is not None:
                writer.handle.close()
                writer.handle = None

    def _put(self, writer: Writer, data: bytes) -> None:
        if writer.handle is None:
            writer.handle = (self.path / writer.name).open("ab", buffering=0)
        writer.handle.write(data)

    def _release(self, file: Path) -> None:
        """A server that has the file open finishes its line in it and lets it go."""
        for writer in self.writers:
            if writer.handle is not None and os.path.samestat(os.fstat(writer.handle.fileno()), file.stat()):
                self.reopen(writer)

    def _make_room(self, writer: Writer) -> None:
        """Numbers the rotated files of a log one higher, plain and compressed."""
        for number in range(9, 0, -1):
            for ending in ("", ".gz"):
                old = self.path / f"{writer.name}.{number}{ending}"
                if old.exists():
                    old.rename(self.path / f"{writer.name}.{number + 1}{ending}")
