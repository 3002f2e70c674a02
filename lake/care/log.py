"""What lies in a table's folder, and what the Delta log says about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq

from lake.errors import LakeError, plain

LOG = "_delta_log"
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet")


@dataclass(frozen=True)
class FileOnDisk:
    """A Parquet file in a table's folder; `path` is relative to it."""

    path: str
    bytes: int
    modified: datetime


def files_on_disk(table: Path) -> list[FileOnDisk]:
    """The Parquet files in a table's folder, part of the table or not, in the order of their names.

    What begins with a dot or an underscore belongs to Delta and is none. Raises LakeError.
    """
    found: list[FileOnDisk] = []
    try:
        for path in sorted(table.rglob("*.parquet")):
            relative = path.relative_to(table)
            if any(part.startswith(("_", ".")) for part in relative.parts):
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # a failed ingest has removed it since
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            found.append(FileOnDisk(str(relative), status.st_size, modified))
    except OSError as problem:
        raise LakeError(f"{table}: cannot be read: {problem.strerror}") from problem
    return found


def mentioned(table: Path) -> dict[str, datetime | None]:
    """Every file that a version which can still be read refers to, and when it was removed, if it was.

    A file that was removed may still be needed by a reader of an earlier version; one that is not
    mentioned at all is needed by nobody. Raises LakeError when the log cannot be read.
    """
    found: dict[str, datetime | None] = {}
    removed: dict[str, datetime] = {}
    try:
        for kind, action in _actions(table / LOG):
            path = unquote(action["path"])
            if kind == "add":
                found.setdefault(path, None)
            else:
                removed[path] = datetime.fromtimestamp((action.get("deletionTimestamp") or 0) / 1000, UTC)
    except (OSError, ValueError, KeyError) as problem:
        raise LakeError(f"{table / LOG}: the log cannot be read: {plain(problem)}") from problem
    return found | removed


def _actions(log: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The add and remove actions of the latest checkpoint and of every commit."""
    names = sorted(path.name for path in log.iterdir())
    checkpoints = [match for match in map(_CHECKPOINT.fullmatch, names) if match]
    latest = max((match[1] for match in checkpoints), default=None)
    parts = [log / match[0] for match in checkpoints if match[1] == latest]
    for part in [*parts, *(log / "_sidecars").glob("*.parquet")]:
        yield from _checkpointed(part)
    for name in names:
        if name.endswith(".json") and name[:-5].isdecimal():
            for line in (log / name).read_bytes().splitlines():
                if line.startswith((b'{"add"', b'{"remove"')):
                    ((kind, action),) = json.loads(line).items()
                    yield kind, action


def _checkpointed(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    file = pq.ParquetFile(path)
    wanted = [
        name
        for name in ("add.path", "remove.path", "remove.deletionTimestamp")
        if name.split(".")[0] in file.schema_arrow.names
    ]
    for row in file.read(columns=wanted).to_pylist():
        for kind in ("add", "remove"):
            action = row.get(kind)
            if action and action["path"] is not None:
                yield kind, action
