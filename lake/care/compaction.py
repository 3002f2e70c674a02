"""Many small files become few: the same rows, in the order of their time, in files that read fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lake.errors import LakeError, plain
from lake.parquet import DataFile, NewFile, clock_column
from lake.table import TABLES, ActiveFile, Lake

TARGET_BYTES = 128 * 1024 * 1024
_GROUP_ROWS = 256 * 1024
_GROUP_BYTES = 64 * 1024 * 1024
_BATCH_ROWS = 64 * 1024
_ALIKE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: files taken, files made of them, the rows in them, bytes before and after."""

    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0


def small(file: ActiveFile, target: int = TARGET_BYTES) -> bool:
    """Whether a file is worth to be made part of a larger one."""
    return file.bytes < target // 2


def compact(lake: Lake, more_than: int = 1, target: int = TARGET_BYTES) -> Compacted:
    """Merges the small files of each date, and those of the quarantine, into files of about `target` bytes.

    With `more_than` at 1, every date with two or more small files is compacted whole. A larger number
    makes it cheap to call often: only where so many small files have come together are they merged, and
    a larger file only along with as much as it holds itself, so that a row is written again some
    log2(target / size of a small file) times, however many calls there are; and no date keeps more than
    `more_than` small files and one for each such step.

    Rows, progress of the inputs and totals stay as they are. Ingest may go on meanwhile: files are
    written before the lock is taken. Raises LakeError.
    """
    done = Compacted()
    for name in TABLES:
        files = [file for file in lake.files(name) if small(file, target)]
        changed = False
        for _, of_day in groupby(files, key=lambda file: file.day):
            for group in _groups(list(of_day), more_than, target):
                merged = _merge(lake, name, group)
                note = {"operation": "compaction", "files": len(group)}
                if lake.replace(name, [merged], group, note):
                    changed = True
                    done = _plus(done, group, merged)
        if changed:
            _checkpoint(lake, name)
    return done


def _groups(files: list[ActiveFile], more_than: int, target: int) -> Iterator[list[ActiveFile]]:
    """The files of one date that become one file each time; in the order of their time."""
    chosen = files if more_than <= 1 else _alike(files, more_than)
    group: list[ActiveFile] = []
    for file in chosen:
        if group and sum(other.bytes for other in group) + file.bytes > target:
            if len(group) > 1:
                yield group
            group = []
        group.append(file)
    if len(group) > 1:
        yield group


def _alike(files: list[ActiveFile], more_than: int) -> list[ActiveFile]:
    """The smallest files, up to the first that is larger than all before it together."""
    by_size = sorted(files, key=lambda file: file.bytes)
    held, count = _ALIKE_BYTES, 0
    for file in by_size:
        if file.bytes > held:
            break
        held, count = held + file.bytes, count + 1
    chosen = {file.path for file in by_size[:count]} if count > more_than else set()
    return [file for file in files if file.path in chosen]


def _merge(lake: Lake, name: str, group: Sequence[ActiveFile]) -> DataFile:
    folder = lake.folder / name
    places = [folder / file.path for file in group]
    try:
        schema = _schema(places)
        new = NewFile(folder, group[0].day, schema)
        try:
            for rows in _sorted_groups(places, schema):
                new.write(rows)
            merged = new.close()
        except BaseException:
            new.discard()
            raise
    except (OSError, pa.ArrowException) as problem:
        raise LakeError(f"{folder}: its files cannot be compacted: {plain(problem)}") from problem
    known = [file.rows for file in group if file.rows is not None]
    if len(known) == len(group) and sum(known) != merged.rows:
        lake.discard([merged])
        raise LakeError(
            f"{folder}: the log counts {sum(known):,} rows in {len(group)} files that hold {merged.rows:,}; "
            "they stay as they are; `why401 lake check` names the file"
        )
    return merged


def _schema(places: Sequence[Path]) -> pa.Schema:
    """All columns of the files, text as dictionaries: logs repeat themselves, memory need not."""
    schemas = [pa.schema([_plain(field) for field in pq.read_schema(place)]) for place in places]
    whole = pa.unify_schemas(schemas, promote_options="permissive")
    return pa.schema([_as_dictionary(field) for field in whole])


def _plain(field: pa.Field) -> pa.Field:
    return field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field


def _as_dictionary(field: pa.Field) -> pa.Field:
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        return pa.field(field.name, pa.dictionary(pa.int32(), pa.string()))
    return pa.field(field.name, field.type)


def _sorted_groups(places: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of the files, file after file, in tables for one row group each, sorted within."""
    text = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    clock = clock_column(schema)
    order = [(column, "ascending") for column in (clock, "offset") if column in schema.names]
    held: list[pa.Table] = []

    def whole() -> pa.Table:
        table = pa.concat_tables(held).unify_dictionaries()
        return table.sort_by(order) if order else table

    for place in places:
        there = pq.read_schema(place).names
        with pq.ParquetFile(place, read_dictionary=[name for name in text if name in there]) as file:
            for batch in file.iter_batches(_BATCH_ROWS):
                held.append(_shaped(pa.Table.from_batches([batch]), schema))
                if (
                    sum(table.num_rows for table in held) >= _GROUP_ROWS
                    or sum(table.nbytes for table in held) >= _GROUP_BYTES
                ):
                    yield whole()
                    held.clear()
    if held:
        yield whole()


def _shaped(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with the columns of the schema; NULL where the file had no such column."""
    columns = [
        rows[field.name].cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _checkpoint(lake: Lake, name: str) -> None:
    """Sums the log up, so that who opens the table need not read the removals one by one."""
    try:
        with lake.locked():
            DeltaTable(str(lake.folder / name)).create_checkpoint()
    except (OSError, DeltaError) as problem:
        raise LakeError(f"{lake.folder}: the checkpoint cannot be written: {plain(problem)}") from problem


def _plus(done: Compacted, group: Sequence[ActiveFile], merged: DataFile) -> Compacted:
    return Compacted(
        files_before=done.files_before + len(group),
        files_after=done.files_after + 1,
        rows=done.rows + merged.rows,
        bytes_before=done.bytes_before + sum(file.bytes for file in group),
        bytes_after=done.bytes_after + merged.action.size,
    )
