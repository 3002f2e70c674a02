"""The lake: Delta tables of events and of quarantined records, in one folder.

Parquet files are written first and become part of a table only by a commit, which carries the files
and the progress of the inputs together. So a reader never sees half a write, and a run that was
killed loses nothing and repeats nothing.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction

from lake.errors import LakeError
from lake.locking import FileLock
from lake.schema import EVENTS, QUARANTINE

_EVENTS = "events"
_QUARANTINE = "quarantine"
_UTC_TEXT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class DataFile:
    """A Parquet file that was written and not yet committed."""

    path: str
    rows: int
    action: AddAction


class Lake:
    """A lake in a folder; created when it is first written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tables: dict[str, DeltaTable] = {}
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
        for name, schema, partitions in (
            (_QUARANTINE, QUARANTINE, []),
            (_EVENTS, EVENTS, ["date"]),
        ):
            path = self.folder / name
            try:
                path.mkdir(parents=True, exist_ok=True)
                if not DeltaTable.is_deltatable(str(path)):
                    DeltaTable.create(
                        str(path), schema=schema, mode="ignore", partition_by=partitions, name=name
                    )
            except (OSError, DeltaError) as problem:
                raise LakeError(f"{self.folder}: the lake cannot be written: {problem}") from problem

    def progress(self, input_id: str) -> int | None:
        """The version of the input's last committed transaction; None when it was never read."""
        version: int | None = self._table(_EVENTS).transaction_version(input_id)
        return version

    def quarantine_progress(self, input_id: str) -> int | None:
        """Like `progress`, for the quarantine, which is committed first."""
        version: int | None = self._table(_QUARANTINE).transaction_version(input_id)
        return version

    def write_events(self, events: pa.Table) -> list[DataFile]:
        """Writes events (schema EVENTS) as Parquet, one file for each date. Nothing is committed."""
        dates = events["date"]
        days: list[date] = pc.unique(dates).to_pylist()
        plain = events.drop_columns(["date"])
        if len(days) == 1:
            return [self._write(_EVENTS, plain, days[0])]
        return [self._write(_EVENTS, plain.filter(pc.equal(dates, day)), day) for day in days]

    def write_quarantine(self, records: pa.Table) -> list[DataFile]:
        """Writes quarantined records (schema QUARANTINE) as Parquet. Nothing is committed."""
        return [self._write(_QUARANTINE, records, None)] if records.num_rows else []

    def commit_events(
        self, files: Sequence[DataFile], progress: Mapping[str, int], note: Mapping[str, Any]
    ) -> None:
        """Makes the files part of the events, and sets the progress of the inputs, in one step."""
        self._commit(_EVENTS, EVENTS, ["date"], files, progress, note)

    def commit_quarantine(
        self, files: Sequence[DataFile], progress: Mapping[str, int], note: Mapping[str, Any]
    ) -> None:
        """Like `commit_events`, for the quarantine."""
        self._commit(_QUARANTINE, QUARANTINE, [], files, progress, note)

    def event_files(self, since: date | None = None, until: date | None = None) -> list[str]:
        """Paths of the Parquet files that hold the events, of all dates or of some, both inclusive."""
        return self._files(_EVENTS, since, until)

    def quarantine_files(self) -> list[str]:
        """Paths of the Parquet files that hold the quarantined records."""
        return self._files(_QUARANTINE, None, None)

    def version(self) -> int:
        """The number of the last commit of events; -1 where there is no lake."""
        return self._table(_EVENTS).version() if self.exists() else -1

    def refresh(self) -> None:
        """Looks at what others have committed since."""
        self._tables.clear()

    def _files(self, name: str, since: date | None, until: date | None) -> list[str]:
        if not DeltaTable.is_deltatable(str(self.folder / name)):
            return []
        table = self._table(name)
        table.update_incremental()
        paths = [path.removeprefix("file://") for path in table.file_uris()]
        return sorted(path for path in paths if _within(path, since, until))

    def _table(self, name: str) -> DeltaTable:
        if name not in self._tables:
            try:
                self._tables[name] = DeltaTable(str(self.folder / name))
            except DeltaError as problem:
                raise LakeError(f"{self.folder}: no lake can be opened here: {problem}") from problem
        return self._tables[name]

    def _write(self, name: str, rows: pa.Table, day: date | None) -> DataFile:
        place = f"date={day.isoformat()}/" if day else ""
        relative = f"{place}part-{uuid.uuid4().hex}.zstd.parquet"
        path = self.folder / name / relative
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # ranges for numbers, dictionaries for text; both for all takes thrice the time
            text, other = _text_and_other(rows.schema)
            pq.write_table(
                rows, path, compression="zstd", compression_level=1,
                use_dictionary=text, write_statistics=other,
            )  # fmt: skip
        except OSError as problem:
            raise LakeError(f"{self.folder}: the lake cannot be written: {problem}") from problem
        action = AddAction(
            path=relative,
            size=path.stat().st_size,
            partition_values={"date": day.isoformat()} if day else {},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=_stats(rows),
        )
        return DataFile(relative, rows.num_rows, action)

    def _commit(
        self,
        name: str,
        schema: pa.Schema,
        partitions: list[str],
        files: Sequence[DataFile],
        progress: Mapping[str, int],
        note: Mapping[str, Any],
    ) -> None:
        table = self._table(name)
        properties = CommitProperties(
            custom_metadata={f"why401.{key}": str(value) for key, value in note.items()},
            app_transactions=[Transaction(key, version) for key, version in progress.items()],
        )
        try:
            with self.locked():
                table.create_write_transaction(
                    [file.action for file in files],
                    mode="append",
                    schema=schema,
                    partition_by=partitions,
                    commit_properties=properties,
                )
                table.update_incremental()
        except (OSError, DeltaError) as problem:
            raise LakeError(f"{self.folder}: the commit failed, nothing was added: {problem}") from problem


def _stats(rows: pa.Table) -> str:
    stats: dict[str, Any] = {
        "numRecords": rows.num_rows,
        "minValues": {},
        "maxValues": {},
        "nullCount": {},
    }
    if "time" in rows.column_names and rows.num_rows:
        bounds = pc.min_max(rows["time"]).as_py()
        stats["minValues"]["time"] = bounds["min"].strftime(_UTC_TEXT)
        stats["maxValues"]["time"] = bounds["max"].strftime(_UTC_TEXT)
        stats["nullCount"]["time"] = 0
    return json.dumps(stats)


def _text_and_other(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """The names of the columns of text, and of the others."""
    text = [
        field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
    ]
    return text, [name for name in schema.names if name not in text]


def _within(path: str, since: date | None, until: date | None) -> bool:
    parts = [part for part in Path(path).parts if part.startswith("date=")]
    if not parts:
        return True
    day = date.fromisoformat(parts[-1].removeprefix("date="))
    return (since is None or day >= since) and (until is None or day <= until)
