"""Old dates leave the lake whole; what left is counted, and does not come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.errors import LakeError, plain
from lake.parquet import DataFile, NewFile
from lake.table import ActiveFile, Lake

_AHEAD = timedelta(days=1)
"""A clock may be ahead of ours; a date that is further ahead is a wrong one."""


@dataclass(frozen=True)
class Retired:
    """What a retention dropped, or would drop: all that is from before the date `before`."""

    before: date | None
    events: int = 0
    event_files: int = 0
    dates: int = 0
    quarantined: int = 0
    bytes: int = 0


def retain(
    lake: Lake,
    days: int | None = None,
    before: date | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Retired:
    """Drops events of dates before `before`, or older than `days` before the newest event.

    Dates in the future come of wrong clocks: none of them is taken for the newest. Quarantined records go
    by the day on which they were refused, in the same way. Progress of the inputs stays: the same logs
    read again do not bring back what was dropped. The files stay on the disk for those who read them,
    until `vacuum`. With `dry_run`, only says what it would drop. Raises LakeError, and ValueError
    unless exactly one of `days` and `before` is given.
    """
    if (days is None) == (before is None):
        raise ValueError("retain takes either days or before")
    today = (now or datetime.now(UTC)).date()
    with lake.locked():
        events = lake.files("events")
        limit = before or _limit([file.day for file in events if file.day], days or 0, today)
        old = [file for file in events if limit is not None and file.day is not None and file.day < limit]
        rows = sum(_rows(lake, "events", file) for file in old)
        if old and not dry_run:
            lake.replace("events", [], old, {"operation": "retention", "before": limit}, retired=rows)
        quarantined = _retain_quarantine(lake, days, before, today, dry_run)
    return Retired(
        before=limit,
        events=rows,
        event_files=len(old),
        dates=len({file.day for file in old}),
        quarantined=quarantined,
        bytes=sum(file.bytes for file in old),
    )


def _limit(dates: list[date], days: int, today: date) -> date | None:
    """The first date that stays: `days` before the newest of them; those in the future do not count."""
    newest = max((day for day in dates if day <= today + _AHEAD), default=None)
    return None if newest is None else newest - timedelta(days=days)


def _retain_quarantine(lake: Lake, days: int | None, before: date | None, today: date, dry_run: bool) -> int:
    """Drops what was refused long ago; a file that is old in part is written again without that part."""
    bounds = {file: _bounds(lake, file) for file in lake.files("quarantine")}
    limit = before or _limit([last.date() for _, last in bounds.values()], days or 0, today)
    if limit is None:
        return 0
    moment = datetime.combine(limit, clock_time(), UTC)
    touched = [file for file, (first, _) in bounds.items() if first < moment]
    kept: list[DataFile] = []
    retired = 0
    for file in touched:
        table = pq.read_table(lake.folder / "quarantine" / file.path)
        young = table.filter(pc.greater_equal(table["ingested"], pa.scalar(moment, table["ingested"].type)))
        retired += table.num_rows - young.num_rows
        if young.num_rows and not dry_run:
            kept.append(_rewrite(lake, young))
    if retired and not dry_run:
        note: dict[str, Any] = {"operation": "retention", "before": limit}
        lake.replace("quarantine", kept, touched, note, retired=retired)
    return retired


def _rewrite(lake: Lake, rows: pa.Table) -> DataFile:
    try:
        new = NewFile(lake.folder / "quarantine", None, rows.schema)
        new.write(rows)
        return new.close()
    except OSError as problem:
        raise LakeError(f"{lake.folder}: the lake cannot be written: {plain(problem)}") from problem


def _rows(lake: Lake, name: str, file: ActiveFile) -> int:
    if file.rows is not None:
        return file.rows
    return int(pq.read_metadata(lake.folder / name / file.path).num_rows)


def _bounds(lake: Lake, file: ActiveFile) -> tuple[datetime, datetime]:
    """When the first and the last record of a file of the quarantine were refused."""
    if file.first is not None and file.last is not None:
        return file.first, file.last
    found = pc.min_max(
        pq.read_table(lake.folder / "quarantine" / file.path, columns=["ingested"])["ingested"]
    )
    return found.as_py()["min"], found.as_py()["max"]
