"""Rows for lakes of tests: events and quarantined records, as ingest hands them over."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lake.schema import EVENTS, QUARANTINE
from lake.table import Lake

DAY = datetime(2026, 3, 2, tzinfo=UTC)
LONG_AGO = time.time() - 7200


def events(count: int, start: datetime = DAY, file: str = "f", offset: int = 0, **columns: Any) -> pa.Table:
    """Events of one file, a second apart, at offsets one apart."""
    times = [start + timedelta(seconds=number) for number in range(count)]
    told: dict[str, Any] = {
        "time": times,
        "date": [moment.date() for moment in times],
        "source": ["nginx"] * count,
        "kind": ["gateway"] * count,
        "client_id": [f"app-{number % 7}" for number in range(count)],
        "outcome": ["failure"] * count,
        "status": [401] * count,
        "file": [file] * count,
        "offset": list(range(offset, offset + count)),
    }
    return _table(EVENTS, count, told | {name: [value] * count for name, value in columns.items()})


def refused(count: int, when: datetime = DAY, file: str = "f", excerpt: str = "junk") -> pa.Table:
    """Quarantined records of one file, all refused at one moment."""
    told: dict[str, Any] = {
        "ingested": [when] * count,
        "source": ["nginx"] * count,
        "input": ["access.log"] * count,
        "file": [file] * count,
        "offset": list(range(count)),
        "bytes": [4] * count,
        "reason": ["no time"] * count,
        "excerpt": [excerpt] * count,
    }
    return _table(QUARANTINE, count, told)


def _table(schema: pa.Schema, count: int, told: dict[str, Any]) -> pa.Table:
    columns = [
        pa.array(told[field.name], field.type) if field.name in told else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def add(lake: Lake, rows: pa.Table, version: int = 1, **counts: int) -> None:
    """Commits events as ingest does: the files, the progress of their input, and the counts."""
    note = {"records": rows.num_rows, "events": rows.num_rows} | counts
    files = lake.write_events(rows) if rows.num_rows else []
    lake.commit_events(files, {rows["file"][0].as_py() if rows.num_rows else "f": version}, note)


def refuse(lake: Lake, rows: pa.Table, version: int = 1) -> None:
    """Commits quarantined records, and nothing to the events."""
    lake.commit_quarantine(lake.write_quarantine(rows), {rows["file"][0].as_py(): version}, {})


def new_lake(folder: Path) -> Lake:
    """A lake without rows."""
    lake = Lake(folder)
    lake.create()
    return lake


def digest(lake: Lake) -> tuple[Any, ...] | None:
    """What all events are, whatever files they lie in."""
    question = "SELECT count(*), sum(hash(COLUMNS(*))) FROM read_parquet($1, hive_partitioning = true)"
    return duckdb.connect().execute(question, [lake.event_files()]).fetchone()


def parquet_files(folder: Path) -> set[Path]:
    """The Parquet files in a folder, but for those of Delta logs."""
    return {path for path in folder.rglob("*.parquet") if "_delta_log" not in path.parts}


def age(path: Path) -> None:
    """Makes a file two hours old."""
    os.utime(path, (LONG_AGO, LONG_AGO))
