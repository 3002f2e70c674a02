"""A lake in figures: files, rows, bytes, dates, sources, and how far compaction would help."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lake.care.compaction import small
from lake.care.log import files_on_disk
from lake.errors import LakeError, plain
from lake.table import TABLES, ActiveFile, Lake
from lake.totals import Totals


@dataclass(frozen=True)
class TableFigures:
    """One table. `small_files` are those that `compact` would merge; `unused_*` lie on the disk and are no
    part of the table any more. `oldest` and `newest` are times of events, or of their refusal."""

    files: int
    rows: int
    bytes: int
    dates: int
    small_files: int
    unused_files: int
    unused_bytes: int
    versions: int
    oldest: datetime | None
    newest: datetime | None
    last_commit: datetime | None
    by_source: dict[str, int]


@dataclass(frozen=True)
class Figures:
    """Both tables by name, and what came into the lake since it began."""

    tables: dict[str, TableFigures]
    totals: Totals


def figures(lake: Lake) -> Figures:
    """The figures of a lake. Raises LakeError when there is none, or it cannot be read."""
    if not lake.exists():
        raise LakeError(f"{lake.folder}: there is no lake here; `why401 ingest PATH` makes one")
    return Figures({name: _figures(lake, name) for name in TABLES}, lake.totals("events"))


def _figures(lake: Lake, name: str) -> TableFigures:
    files = lake.files(name)
    active = {file.path for file in files}
    unused = [file for file in files_on_disk(lake.folder / name) if file.path not in active]
    small_of_day: Counter[date | None] = Counter(file.day for file in files if small(file))
    try:
        table = DeltaTable(str(lake.folder / name))
        last = table.history(1)
    except (OSError, DeltaError) as problem:
        raise LakeError(f"{lake.folder}: the log of {name} cannot be read: {plain(problem)}") from problem
    return TableFigures(
        files=len(files),
        rows=sum(file.rows or 0 for file in files),
        bytes=sum(file.bytes for file in files),
        dates=len({file.day for file in files if file.day}),
        small_files=sum(count for count in small_of_day.values() if count > 1),
        unused_files=len(unused),
        unused_bytes=sum(file.bytes for file in unused),
        versions=table.version() + 1,
        oldest=min((file.first for file in files if file.first), default=None),
        newest=max((file.last for file in files if file.last), default=None),
        last_commit=datetime.fromtimestamp(last[0]["timestamp"] / 1000, UTC) if last else None,
        by_source=_by_source(lake, name, files),
    )


def _by_source(lake: Lake, name: str, files: list[ActiveFile]) -> dict[str, int]:
    """Rows by source, the largest first; those of no known source are `unknown`."""
    if not files:
        return {}
    places = [str(lake.folder / name / file.path) for file in files]
    question = (
        "SELECT coalesce(source, 'unknown') AS source, count(*) AS rows FROM read_parquet($1) "
        "GROUP BY ALL ORDER BY rows DESC, source"
    )
    try:
        return dict(duckdb.connect().execute(question, [places]).fetchall())
    except duckdb.Error as problem:
        raise LakeError(
            f"{lake.folder}: the files of {name} cannot be read: {plain(problem)}; "
            "`why401 lake check` tells which"
        ) from problem
