"""The lake: Delta tables of events and of quarantined records, in one folder.

Parquet files are written first and become part of a table only by a commit, which carries the files
and the progress of the inputs together. So a reader never sees half a write, and a run that was
killed loses nothing and repeats nothing.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import RemoveAction

from lake.errors import LakeError, plain
from lake.locking import FileLock
from lake.parquet import DataFile, NewFile
from lake.schema import EVENTS, QUARANTINE
from lake.totals import Totals, has_totals, totals_of
from lake.transactions import Transactions

__all__ = ["TABLES", "ActiveFile", "DataFile", "Lake"]

_EVENTS = "events"
_QUARANTINE = "quarantine"

TABLES: Mapping[str, tuple[pa.Schema, list[str]]] = {
    _QUARANTINE: (QUARANTINE, []),
    _EVENTS: (EVENTS, ["date"]),
}
"""The tables of a lake: their schemas, and the columns that partition them."""

_CONFIGURATION: Mapping[str, str | None] = {"delta.logRetentionDuration": "interval 1 hours"}
"""Commits are kept for an hour and then live on in a checkpoint. Who follows logs commits every other
second: a day of that is 40,000 files, and opening a table with so many takes a second, a commit four."""

_ROWS = {_EVENTS: "events", _QUARANTINE: "quarantined"}
_MARK = "why401.commit"
_LATEST = 20
"""So many commits are looked through for one whose outcome is in doubt."""


@dataclass(frozen=True)
class ActiveFile:
    """A Parquet file that is part of a table now, as the Delta log tells it.

    `path` is relative to the table's folder; `rows` and the times are None where another engine wrote
    the file and did not tell; `first` and `last` bound the time of the events, or of their refusal.
    """

    path: str
    bytes: int
    rows: int | None
    day: date | None
    first: datetime | None
    last: datetime | None


class Lake:
    """A lake in a folder; created when it is first written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, DeltaTable] = {}
        self._transactions: dict[str, Transactions] = {}
        self._lock = FileLock(folder / ".lock")

    def locked(self) -> AbstractContextManager[None]:
        """Held around what commits: one writer at a time, of all processes; may be nested.

        A second Lake object on the same folder waits like a stranger, in the same thread too. Raises
        LakeError where the folder is not there or cannot be written.
        """
        return self._lock.held()

    def exists(self) -> bool:
        """Whether anything was ever written here."""
        return DeltaTable.is_deltatable(str(self.folder / _EVENTS))

    def create(self) -> None:
        """Makes the tables that are not there yet. Raises LakeError where it may not write."""
        if all(DeltaTable.is_deltatable(str(self.folder / name)) for name in TABLES):
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise LakeError(f"{self.folder}: the lake cannot be written: {plain(problem)}") from problem
        with self.locked():
            self._create()

    def _create(self) -> None:
        for name, (schema, partitions) in TABLES.items():
            path = self.folder / name
            try:
                path.mkdir(parents=True, exist_ok=True)
                if not DeltaTable.is_deltatable(str(path)):
                    DeltaTable.create(
                        str(path),
                        schema=schema,
                        mode="ignore",
                        partition_by=partitions,
                        name=name,
                        configuration=_CONFIGURATION,
                    )
            except (OSError, DeltaError) as problem:
                raise LakeError(f"{self.folder}: the lake cannot be written: {plain(problem)}") from problem

    def progress(self, input_id: str) -> int | None:
        """The version of the input's last committed transaction; None when it was never read."""
        return self._progress(_EVENTS).get(input_id)

    def progress_names(self) -> list[str]:
        """All ids that have progress, in the order in which they were seen. It is the same list, and only
        grows, as long as the log need not be read anew."""
        self._progress(_EVENTS)
        return self._transactions[_EVENTS].names

    def quarantine_progress(self, input_id: str) -> int | None:
        """Like `progress`, for the quarantine, which is committed first."""
        return self._log_of(_QUARANTINE).known().get(input_id)

    def quarantine_names(self) -> list[str]:
        """Like `progress_names`, for the quarantine."""
        log = self._log_of(_QUARANTINE)
        log.known()
        return log.names

    def write_events(self, events: pa.Table) -> list[DataFile]:
        """Writes events (schema EVENTS) as Parquet, one file for each date. Nothing is committed.

        Raises LakeError where the lake cannot be written; then none of the files is left.
        """
        dates = events["date"]
        days: list[date] = pc.unique(dates).to_pylist()
        plain = events.drop_columns(["date"])
        if len(days) == 1:
            return [self._write(_EVENTS, plain, days[0])]
        files: list[DataFile] = []
        try:
            for day in days:
                files.append(self._write(_EVENTS, plain.filter(pc.equal(dates, day)), day))
        except BaseException:
            self.discard(files)
            raise
        return files

    def write_quarantine(self, records: pa.Table) -> list[DataFile]:
        """Writes quarantined records (schema QUARANTINE) as Parquet. Nothing is committed."""
        return [self._write(_QUARANTINE, records, None)] if records.num_rows else []

    def discard(self, files: Iterable[DataFile]) -> None:
        """Removes files that were written and will not be committed."""
        for file in files:
            # what cannot be removed is an orphan, which `vacuum` finds
            with suppress(OSError):
                file.place.unlink(missing_ok=True)

    def commit_events(
        self, files: Sequence[DataFile], progress: Mapping[str, int], note: Mapping[str, Any]
    ) -> None:
        """Makes the files part of the events, and sets the progress of the inputs, in one step.

        `note` has the counts of what the commit stands for (records, events, quarantined, ignored,
        duplicates, bytes); they are kept with it, and their totals since the lake began. Raises
        LakeError when nothing was committed; then the files are gone.
        """
        rows = sum(file.rows for file in files)
        self._commit(_EVENTS, files, [], progress, note, {"records": rows, "events": rows} | dict(note))

    def commit_quarantine(
        self, files: Sequence[DataFile], progress: Mapping[str, int], note: Mapping[str, Any]
    ) -> None:
        """Like `commit_events`, for the quarantine; its totals count the rows of the files."""
        counts = {"quarantined": sum(file.rows for file in files)}
        self._commit(_QUARANTINE, files, [], progress, note, counts)
        self._log_of(_QUARANTINE).now()

    def replace(
        self,
        name: str,
        added: Sequence[DataFile],
        removed: Sequence[ActiveFile],
        note: Mapping[str, Any],
        retired: int = 0,
    ) -> bool:
        """Puts the added files of a table in the place of the removed ones, in one step.

        `retired` rows of the removed are not in the added, and go into the totals; where it is 0, the
        data are the same as before. False when a file to remove is no longer part of the table (someone
        else compacted or dropped it): then nothing was committed, and the added files are gone. The
        removed stay on the disk for those who read them, until `vacuum`.
        """
        committing = False
        try:
            with self.locked():
                active = {file.path for file in self.files(name)}
                if not active.issuperset(file.path for file in removed):
                    self.discard(added)
                    return False
                committing = True
                self._replace(name, added, removed, note, retired)
        except LakeError:
            if not committing:
                self.discard(added)
            raise
        return True

    def files(self, name: str) -> list[ActiveFile]:
        """The files that are part of a table (`events` or `quarantine`) now, the earliest first."""
        table = self._current(name)
        actions = pa.table(table.get_add_actions(flatten=True))
        clock = "time" if name == _EVENTS else "ingested"
        found = [
            ActiveFile(
                path=unquote(row["path"]),
                bytes=row["size_bytes"],
                rows=row.get("num_records"),
                day=row.get("partition.date"),
                first=row.get(f"min.{clock}"),
                last=row.get(f"max.{clock}"),
            )
            for row in actions.to_pylist()
        ]
        return sorted(found, key=lambda file: (file.day or date.min, str(file.first or ""), file.path))

    def totals(self, name: str) -> Totals:
        """What came into a table since the lake began, as its last commit tells it."""
        return _totals(self._current(name))

    def event_files(self, since: date | None = None, until: date | None = None) -> list[str]:
        """Paths of the Parquet files that hold the events, of all dates or of some, both inclusive."""
        return self._files(_EVENTS, since, until)

    def quarantine_files(self) -> list[str]:
        """Paths of the Parquet files that hold the quarantined records."""
        return self._files(_QUARANTINE, None, None)

    def version(self) -> int:
        """The number of the last commit of events; -1 where there is no lake."""
        return self._table(_EVENTS).version() if self.exists() else -1

    def catch_up(self) -> int:
        """Looks at what others have committed; the number of the last commit of events."""
        if _QUARANTINE in self._tables:
            self._current(_QUARANTINE)
        self._log_of(_QUARANTINE).now()
        return int(self._current(_EVENTS).version())

    def events_of(self, file: DataFile) -> pa.Table:
        """The events (schema EVENTS) of a file that was written and not yet committed."""
        rows = pq.ParquetFile(file.place).read()
        day = file.action.partition_values["date"]
        dates = pa.repeat(pa.scalar(date.fromisoformat(str(day)), pa.date32()), rows.num_rows)
        return rows.append_column("date", dates).select(EVENTS.names)

    def refresh(self) -> None:
        """Looks at what others have committed since."""
        self._tables.clear()
        self._transactions.pop(_QUARANTINE, None)

    def _files(self, name: str, since: date | None, until: date | None) -> list[str]:
        if not DeltaTable.is_deltatable(str(self.folder / name)):
            return []
        table = self._current(name)
        paths = [path.removeprefix("file://") for path in table.file_uris()]
        return sorted(path for path in paths if _within(path, since, until))

    def _progress(self, name: str) -> Mapping[str, int]:
        """The progress of all inputs, as far as this lake has caught up with the table."""
        return self._log_of(name).at(self._table(name).version())

    def _log_of(self, name: str) -> Transactions:
        if name not in self._transactions:
            self._transactions[name] = Transactions(self.folder / name)
        return self._transactions[name]

    def _table(self, name: str) -> DeltaTable:
        if name not in self._tables:
            try:
                self._tables[name] = DeltaTable(str(self.folder / name))
            except DeltaError as problem:
                raise LakeError(f"{self.folder}: no lake can be opened here: {plain(problem)}") from problem
        return self._tables[name]

    def _current(self, name: str) -> DeltaTable:
        """The table as it is now. Raises LakeError."""
        table = self._table(name)
        try:
            table.update_incremental()
        except (OSError, DeltaError) as problem:
            raise LakeError(f"{self.folder}: the log of {name} cannot be read: {plain(problem)}") from problem
        return table

    def _write(self, name: str, rows: pa.Table, day: date | None) -> DataFile:
        try:
            file = NewFile(self.folder / name, day, rows.schema)
            file.write(rows)
            return file.close()
        except OSError as problem:
            raise LakeError(f"{self.folder}: the lake cannot be written: {plain(problem)}") from problem

    def _commit(
        self,
        name: str,
        files: Sequence[DataFile],
        removed: Sequence[RemoveAction],
        progress: Mapping[str, int],
        note: Mapping[str, Any],
        counts: Mapping[str, Any],
    ) -> None:
        """Commits under the lock, with the totals that `counts` add to."""
        schema, partitions = TABLES[name]
        mark = uuid.uuid4().hex
        try:
            with self.locked():
                table = self._current(name)
                metadata = {f"why401.{key}": str(value) for key, value in note.items()}
                metadata |= _totals(table).plus(counts).metadata(name) | {_MARK: mark}
                transactions = [Transaction(key, version) for key, version in progress.items()]
                table.create_write_transaction(
                    [*(file.action for file in files), *removed],
                    mode="append",
                    schema=schema,
                    partition_by=partitions,
                    commit_properties=CommitProperties(
                        custom_metadata=metadata, app_transactions=transactions
                    ),
                )
                table.update_incremental()
        except (OSError, DeltaError) as problem:
            made = self._was_made(name, mark)
            # what was committed, and then could not write its checkpoint, has failed in name only
            if made:
                return
            if made is None:
                raise LakeError(
                    f"{self.folder}: it is not known whether the commit was made: {plain(problem)}"
                ) from problem
            self.discard(files)
            raise LakeError(
                f"{self.folder}: the commit failed, nothing was added: {plain(problem)}"
            ) from problem
        except LakeError:
            self.discard(files)
            raise

    def _replace(
        self,
        name: str,
        added: Sequence[DataFile],
        removed: Sequence[ActiveFile],
        note: Mapping[str, Any],
        retired: int,
    ) -> None:
        now = int(time.time() * 1000)
        gone = [
            RemoveAction(
                file.path, retired > 0, now, size=file.bytes,
                partition_values={"date": file.day.isoformat()} if file.day else {},
            )
            for file in removed
        ]  # fmt: skip
        fresh = [replace(file, action=replace(file.action, data_change=retired > 0)) for file in added]
        self._commit(name, fresh, gone, {}, note, {f"retired_{_ROWS[name]}": retired})

    def _was_made(self, name: str, mark: str) -> bool | None:
        """Whether the commit that carries the mark is in the table; None when that cannot be told."""
        self._tables.pop(name, None)
        try:
            return any(commit.get(_MARK) == mark for commit in self._table(name).history(_LATEST))
        except (LakeError, OSError, DeltaError):
            return None


def _totals(table: DeltaTable) -> Totals:
    latest = table.history(1)
    # the last commit has them, unless another engine made it or the lake is of before there were totals
    return totals_of(latest) if has_totals(latest) else totals_of(table.history())


def _within(path: str, since: date | None, until: date | None) -> bool:
    parts = [part for part in Path(path).parts if part.startswith("date=")]
    if not parts:
        return True
    day = date.fromisoformat(parts[-1].removeprefix("date="))
    return (since is None or day >= since) and (until is None or day <= until)
