"""The application transactions of a Delta table, all at once.

Delta's own look-up reads the log for each of them, some milliseconds a time; an ingest of many small files
asks for many. (Delta protocol, "Transaction Identifiers" and "Checkpoints".)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from lake.errors import LakeError, plain

_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*")


class Transactions:
    """Versions by application id, as far as the log was read. Not safe to share between threads."""

    def __init__(self, table: Path) -> None:
        self._log = table / "_delta_log"
        self._read = -1
        self._versions: dict[str, int] = {}
        self.names: list[str] = []
        """The ids in the order in which they were first seen; a new list when all is read anew."""

    def now(self) -> dict[str, int]:
        """The transactions of the table as it is now, without opening it. Raises LakeError."""
        version = self._read
        try:
            if version < 0 or not self._commit(version).exists():
                names = [name[:-5] for name in _names(self._log) if name.endswith(".json")]
                version = max((int(name) for name in names if name.isdecimal()), default=-1)
            while self._commit(version + 1).exists():
                version += 1
        except OSError as problem:
            raise LakeError(f"{self._log}: the log cannot be read: {plain(problem)}") from problem
        return self.at(version)

    def known(self) -> dict[str, int]:
        """The transactions of the table when it was last looked at. Raises LakeError."""
        return self._versions if self._read >= 0 else self.now()

    def at(self, version: int) -> dict[str, int]:
        """The transactions of the table at its `version`. Raises LakeError when its log cannot be read."""
        if version == self._read >= 0:
            return self._versions
        if version < self._read:
            self._forget()
        try:
            if self._read < 0 or not self._commit(self._read + 1).exists():
                self._begin(version)
            while self._read < version:
                self._add(_of_commit(self._commit(self._read + 1)))
                self._read += 1
        except (OSError, ValueError, KeyError) as problem:
            raise LakeError(f"{self._log}: the log cannot be read: {plain(problem)}") from problem
        return self._versions

    def _commit(self, version: int) -> Path:
        return self._log / f"{version:020}.json"

    def _begin(self, version: int) -> None:
        """Goes on from the latest checkpoint up to `version`, if it tells more than is known."""
        found = [match for match in map(_CHECKPOINT.fullmatch, _names(self._log)) if match]
        latest = max((int(match[1]) for match in found if int(match[1]) <= version), default=-1)
        if latest <= self._read:
            return
        self._forget()
        for match in found:
            if int(match[1]) == latest:
                self._add(_of_checkpoint(self._log / match[0]))
        self._read = latest

    def _forget(self) -> None:
        self._read, self._versions, self.names = -1, {}, []

    def _add(self, found: Iterable[tuple[str, int]]) -> None:
        for name, version in found:
            if name not in self._versions:
                self.names.append(name)
            self._versions[name] = version


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _of_commit(path: Path) -> Iterator[tuple[str, int]]:
    for line in path.read_bytes().splitlines():
        if line.startswith(b'{"txn"'):
            action = json.loads(line)["txn"]
            yield action["appId"], int(action["version"])


def _of_checkpoint(path: Path) -> Iterator[tuple[str, int]]:
    if path.suffix == ".json":
        yield from _of_commit(path)
        return
    file = pq.ParquetFile(path)
    if "txn" in file.schema_arrow.names:
        for row in file.read(columns=["txn.appId", "txn.version"]).to_pylist():
            if row["txn"] and row["txn"]["appId"] is not None:
                yield row["txn"]["appId"], int(row["txn"]["version"])
