"""Parquet files of the lake: how each is written, and what the Delta log is told about it."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

_UTC_TEXT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class DataFile:
    """A Parquet file that was written and not yet committed."""

    path: str
    rows: int
    action: AddAction
    place: Path


class NewFile:
    """A Parquet file of a table that is being written; when that fails, the file is gone again."""

    def __init__(self, table: Path, day: date | None, schema: pa.Schema) -> None:
        """Opens a file in the table's folder, in the partition of the day. Raises OSError."""
        self._day = day
        self._name = (f"date={day.isoformat()}/" if day else "") + f"part-{uuid.uuid4().hex}.zstd.parquet"
        self._path = table / self._name
        self._clock = clock_column(schema)
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._rows = 0
        self._unclocked = 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # ranges for numbers, dictionaries for text; both for all takes thrice the time
        text, other = _text_and_other(schema)
        # offsets ascend: as differences they take a third of the space and of the time
        differences = {"offset": "DELTA_BINARY_PACKED"} if "offset" in schema.names else {}
        try:
            self._writer = pq.ParquetWriter(
                self._path, schema, compression="zstd", compression_level=1,
                use_dictionary=text, write_statistics=other, column_encoding=differences,
            )  # fmt: skip
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise

    def write(self, rows: pa.Table) -> None:
        """Adds rows, as one row group where they are no more than a million. Raises OSError."""
        try:
            self._writer.write_table(rows)
        except BaseException:
            self.discard()
            raise
        self._rows += rows.num_rows
        if self._clock is not None and rows.num_rows:
            bounds = pc.min_max(rows[self._clock]).as_py()
            self._unclocked += rows[self._clock].null_count
            if bounds["min"] is not None:
                self._first = min(self._first or bounds["min"], bounds["min"])
                self._last = max(self._last or bounds["max"], bounds["max"])

    def close(self) -> DataFile:
        """The file as it is to be committed. Raises OSError."""
        try:
            self._writer.close()
            size = self._path.stat().st_size
        except BaseException:
            self.discard()
            raise
        action = AddAction(
            path=self._name,
            size=size,
            partition_values={"date": self._day.isoformat()} if self._day else {},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps(self._stats()),
        )
        return DataFile(self._name, self._rows, action, self._path)

    def discard(self) -> None:
        """Removes what was written."""
        # a writer on a full disk fails again when it is closed
        with suppress(OSError):
            self._writer.close()
        self._path.unlink(missing_ok=True)

    def _stats(self) -> dict[str, Any]:
        """The number of rows and the range of the clock column: what lets engines pass the file over."""
        stats: dict[str, Any] = {"numRecords": self._rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
        if self._first is not None and self._last is not None:
            stats["minValues"][self._clock] = self._first.strftime(_UTC_TEXT)
            stats["maxValues"][self._clock] = self._last.strftime(_UTC_TEXT)
            stats["nullCount"][self._clock] = self._unclocked
        return stats


def clock_column(schema: pa.Schema) -> str | None:
    """The column that tells when: `time` of an event, `ingested` of a quarantined record."""
    return next((name for name in ("time", "ingested") if name in schema.names), None)


def _text_and_other(schema: pa.Schema) -> tuple[list[str], list[str]]:
    """The names of the columns of text, and of the others."""
    text = [
        field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type)
    ]
    return text, [name for name in schema.names if name not in text]
