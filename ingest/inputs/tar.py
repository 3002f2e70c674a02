"""tar archives, read as they come: POSIX ustar and pax, GNU long names, old ones without a magic.

Names are only ever shown. Links, devices and folders have no content and are passed over; files
stored with holes are told as a problem (https://www.gnu.org/software/tar/manual/html_node/Standard.html,
POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.files import SeekableFile, pass_over

BLOCK = 512
_MOST_METADATA = 1024 * 1024
_FILES = (b"0", b"\0", b"7", b"S")
_WITHOUT_CONTENT = (b"1", b"2", b"3", b"4", b"5", b"6")
_METADATA = (b"L", b"K", b"x", b"X", b"g")


@dataclass(frozen=True)
class Entry:
    """A file of an archive. `problem` says why its content cannot be read, if so."""

    name: str
    size: int
    modified: datetime | None
    problem: str | None = None


def is_tar(head: bytes) -> bool:
    """Whether data that begin with `head` are a tar archive: the checksum of its first header tells."""
    return len(head) >= BLOCK and head[0] != 0 and _checksum_holds(head[:BLOCK])


class Tar:
    """The files of an archive, one after another. What breaks is an InputError."""

    def __init__(self, raw: Readable, name: str) -> None:
        self._raw = raw
        self._name = name
        self._left = 0
        self._padding = 0
        self._pax: dict[str, str] = {}
        self._global_pax: dict[str, str] = {}
        self._problem: InputError | None = None

    def __iter__(self) -> Iterator[Entry]:
        """Each file; its content can be read by `readinto` until the next one is asked for."""
        ended = False
        while (header := self._next_header()) is not None:
            if not header.strip(b"\x00"):
                ended = True
                continue
            if not _checksum_holds(header):
                what = "something that is not tar follows its end" if ended else "a header is damaged"
                raise self._broken(what)
            ended = False
            entry = self._entry(header)
            if entry is not None:
                yield entry
        if not ended:
            raise self._broken("its end mark is missing")

    def readinto(self, buffer: memoryview, /) -> int:
        """Reads on in the content of the file that was yielded last."""
        if self._problem is not None:
            raise self._problem
        if not self._left:
            return 0
        got = self._raw.readinto(buffer[: self._left]) or 0
        if not got:
            raise self._broken("it ends within a file")
        self._left -= got
        return got

    def _entry(self, header: bytes) -> Entry | None:
        kind = header[156:157]
        size = self._number(header[124:136])
        if kind in _METADATA:
            self._take_metadata(kind, size)
            return None
        pax, self._pax = self._global_pax | self._pax, {}
        if "size" in pax:
            size = self._pax_number(pax["size"])
        if kind in _WITHOUT_CONTENT:
            return None
        name = pax.get("GNU.sparse.name") or pax.get("path") or _name(header)
        sparse = kind == b"S" or any(key.startswith("GNU.sparse.") for key in pax)
        if kind == b"S":
            self._pass_sparse_map(header)
        self._begin(size)
        if kind not in _FILES or (name.endswith("/") and kind != b"S"):
            return None
        problem = "it is stored with holes (sparse); unpack it first" if sparse else None
        return Entry(name, size, _modified(header, pax), problem)

    def _begin(self, size: int) -> None:
        self._left, self._padding = size, -size % BLOCK

    def _next_header(self) -> bytes | None:
        """The next block, behind what is left of the last file; None at the end."""
        if self._problem is not None:
            raise self._problem
        if self._left:
            self._pass_over(self._left, "it ends within a file")
            self._left = 0
        if self._padding:
            self._pass_over(self._padding, "it ends within a file")
            self._padding = 0
        header = self._read(BLOCK)
        if not header:
            return None
        if len(header) < BLOCK:
            raise self._broken("it ends within a header")
        return header

    def _take_metadata(self, kind: bytes, size: int) -> None:
        if size > _MOST_METADATA:
            raise self._broken(f"the name of a file takes {size:,} bytes")
        content = self._read(size)
        if len(content) < size:
            raise self._broken("it ends within a header")
        self._pass_over(-size % BLOCK, "it ends within a header")
        if kind == b"L":
            self._pax["path"] = _text(content.rstrip(b"\x00"))
        elif kind == b"g":
            self._global_pax |= self._pax_records(content)
        elif kind in (b"x", b"X"):
            self._pax |= self._pax_records(content)

    def _pax_records(self, content: bytes) -> dict[str, str]:
        """Records of "<length> <key>=<value>\\n", where the length counts all of the record."""
        found = {}
        while content.strip(b"\x00"):
            digits = content.split(b" ", 1)[0]
            length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
            record = content[len(digits) + 1 : length]
            if length > len(content) or not record.endswith(b"\n") or b"=" not in record:
                raise self._broken("an extended header is damaged")
            key, value = record[:-1].split(b"=", 1)
            found[_text(key)] = _text(value)
            content = content[length:]
        return found

    def _pass_sparse_map(self, header: bytes) -> None:
        more = header[482]
        while more:
            extension = self._read(BLOCK)
            if len(extension) < BLOCK:
                raise self._broken("it ends within a header")
            more = extension[504]

    def _number(self, field: bytes) -> int:
        """Octal digits, or, for what they cannot hold, base 256 after a first bit of 1."""
        if field[0] == 0x80:
            return int.from_bytes(field[1:], "big")
        digits = field.split(b"\x00", 1)[0].strip() or b"0"
        if not all(0x30 <= digit <= 0x37 for digit in digits):
            raise self._broken("a header is damaged")
        return int(digits, 8)

    def _pax_number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise self._broken("an extended header is damaged")
        return int(text)

    def _read(self, size: int) -> bytes:
        buffer = bytearray(size)
        view, total = memoryview(buffer), 0
        while total < size and (got := self._raw.readinto(view[total:]) or 0):
            total += got
        return bytes(buffer[:total])

    def _pass_over(self, size: int, otherwise: str) -> None:
        raw = self._raw
        passed = raw.skip(size) if isinstance(raw, SeekableFile) else pass_over(raw, size)
        if passed is None:
            raise self._broken(otherwise)

    def _broken(self, why: str) -> InputError:
        self._problem = InputError(
            f"{self._name}: its tar data is broken or cut off ({why}); what came before has been read"
        )
        return self._problem


def _checksum_holds(header: bytes) -> bool:
    digits = header[148:156].replace(b"\x00", b" ").strip()
    if not digits or not all(0x30 <= digit <= 0x37 for digit in digits):
        return False
    rest = header[:148] + b" " * 8 + header[156:]
    return int(digits, 8) in (sum(rest), sum(byte - 256 * (byte > 127) for byte in rest))


def _name(header: bytes) -> str:
    name = header[:100].split(b"\x00", 1)[0]
    if header[257:263] == b"ustar\x00" and (prefix := header[345:500].split(b"\x00", 1)[0]):
        name = prefix + b"/" + name
    return _text(name)


def _modified(header: bytes, pax: dict[str, str]) -> datetime | None:
    try:
        digits = header[136:148].split(b"\x00", 1)[0].strip()
        return datetime.fromtimestamp(float(pax["mtime"]) if "mtime" in pax else int(digits, 8), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
