"""Finds secrets in what was written: the proof that redaction let none through.

Written without the expressions of macros/redact.sql, so that a fault there is not repeated here: tokens
are known by their shape, other secrets by the names that RFC 6749, 7009, 7521, 7636 and 8628 give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.errors import IngestError

_NAMES = (
    "access_token|refresh_token|id_token|id_token_hint|subject_token|actor_token|client_secret|client_assertion|"
    "assertion|samlresponse|authorization_code|code_verifier|device_code|password|registration_access_token"
)
# = and : as they are, percent-encoded once or more; a quote, escaped once or more
_EQUALS = r"\s*(?:=|%(?:25)*3[dD])\s*"
_QUOTE = r"\\*\""
_VALUE = r"[A-Za-z0-9._~+/%=-]{8,}"

SHAPES: dict[str, str] = {
    "JWT": r"(eyJ[A-Za-z0-9_-]{8,}(?:\.|%2[eE])[A-Za-z0-9_-]{8,})",
    "private key": r"(-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----)",
    "credentials of HTTP authentication": (
        r"(?i:\b(?:bearer|basic|dpop|negotiate))(?:\s|\+|%(?:25)*20)+([a-z._~+/-]*[A-Z0-9][A-Za-z0-9+/_.~-]{11,}={0,2})"
    ),
    "secret parameter": rf"(?:^|[^A-Za-z0-9_]|%(?:25)*[0-9a-fA-F]{{2}})(?i:{_NAMES}|code){_EQUALS}({_VALUE})",
    # in JSON, `code` is mostly that of an error
    "secret in JSON": rf"{_QUOTE}(?i:{_NAMES}){_QUOTE}\s*:\s*{_QUOTE}([^\"\\\[]{{8,}})",
    "cookie": (
        r"(?i:(?:^|[^a-z0-9_-])(?:set-)?cookie\\*[\"']?\s*[:=]\s*\\*[\"']?)"
        r"([A-Za-z0-9_.-]+=[A-Za-z0-9%_.~+/-]{8,})"
    ),
    "password in a URL": r"(?i:[a-z][a-z0-9+.-]*://)[^/\s@:\[\]]*:([^/\s@\[\]]{3,})@",
}
"""What secrets look like, by what they are: expressions of RE2 and of `re`; their one group is the secret."""

_SHAPES = {kind: re.compile(shape) for kind, shape in SHAPES.items()}
_ANY = "|".join(f"(?:{shape})" for shape in SHAPES.values())
_BATCH_ROWS = 256 * 1024
_BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Secret:
    """A secret that was written: the file, the column where there are columns, and what it is.

    `texts` is the number of distinct texts there that hold one; `hint` is what stands before the secret
    and its length, never a part of it.
    """

    path: Path
    column: str | None
    kind: str
    texts: int
    hint: str


def secrets_in(text: str) -> Iterator[tuple[str, str]]:
    """What is secret in a text: (kind, secret), as it stands there."""
    for kind, shape in _SHAPES.items():
        for match in shape.finditer(text):
            yield kind, match[1]


def scan(paths: Iterable[Path]) -> Iterator[Secret]:
    """The secrets in files: in every text column of Parquet, in the lines of any other file.

    Each distinct text of a column is looked at once. A file that is gone meanwhile is passed over.
    Raises IngestError naming a file that cannot be read.
    """
    for path in paths:
        try:
            yield from _in_parquet(path) if path.suffix == ".parquet" else _in_lines(path)
        except FileNotFoundError:
            continue
        except (OSError, pa.ArrowException) as problem:
            raise IngestError(f"{path}: cannot be scanned for secrets: {problem}") from problem


def _in_parquet(path: Path) -> Iterator[Secret]:
    with pq.ParquetFile(path) as file:
        fields = [field for field in file.schema_arrow if _holds_text(field.type)]
    flat = [field.name for field in fields if not pa.types.is_nested(field.type)]
    with pq.ParquetFile(path, read_dictionary=flat) as file:
        for field in fields:
            suspects: set[str] = set()
            for batch in file.iter_batches(_BATCH_ROWS, columns=[field.name]):
                suspects.update(_suspects(_texts(batch.column(0))))
            yield from _told(path, field.name, suspects)


def _in_lines(path: Path) -> Iterator[Secret]:
    suspects: set[str] = set()
    with path.open("rb") as file:
        while lines := file.readlines(_BLOCK_BYTES):
            suspects.update(_suspects(pa.array([line.decode("utf-8", errors="replace") for line in lines])))
    yield from _told(path, None, suspects)


def _holds_text(of: pa.DataType) -> bool:
    # nested columns are those of a checkpoint of the Delta log
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_dictionary)
    return pa.types.is_nested(of) or any(is_kind(of) for is_kind in kinds)


def _texts(column: pa.Array) -> pa.Array:
    """The distinct texts of a column; what is nested as the text of the whole value."""
    if pa.types.is_nested(column.type):
        return pa.array([repr(value) for value in column.to_pylist() if value is not None], pa.string())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary
    return pc.unique(column.cast(pa.string()))


def _suspects(texts: pa.Array) -> list[str]:
    """Those of the texts that hold a secret: all at once, by RE2, since nearly none does."""
    found: list[str] = texts.filter(pc.match_substring_regex(texts, _ANY)).to_pylist()
    return found


def _told(path: Path, column: str | None, suspects: set[str]) -> Iterator[Secret]:
    for kind, shape in _SHAPES.items():
        matches = [match for match in map(shape.search, sorted(suspects)) if match]
        if matches:
            first = matches[0]
            before = first.string[first.start() : first.start(1)].strip()
            hint = f"{before}... ({len(first[1])} characters)"
            yield Secret(path, column, kind, len(matches), hint)
