"""Compaction, retention and vacuum: fewer files and less of the past, and all the rest as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from lake.care import check, compact, figures, retain, vacuum
from lake.schema import EVENTS
from lake.table import Lake
from tests.helpers import Workshop, nginx_line
from tests.lake.rows import DAY, add, age, digest, events, new_lake, parquet_files, refuse, refused


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Five commits of one date, each of later events at earlier places; one of another date; quarantine."""
    lake = new_lake(tmp_path / "lake")
    for number in range(5):
        start = DAY + timedelta(hours=5 - number)
        add(lake, events(100, start, file=f"f{number}", offset=number * 100), version=number + 1)
    add(lake, events(50, DAY - timedelta(days=3), file="old"))
    for number in range(3):
        refuse(lake, refused(4, DAY + timedelta(days=number), file=f"f{number}"), version=number + 1)
    add(lake, events(0), records=12, quarantined=12)
    return lake


def _all_rows(lake: Lake) -> pa.Table:
    rows = pa.table(DeltaTable(str(lake.folder / "events")).to_pyarrow_table())
    return rows.sort_by([("file", "ascending"), ("offset", "ascending")])


def test_compaction_makes_few_files_of_the_same_rows(lake: Lake) -> None:
    before, rows = digest(lake), _all_rows(lake)
    totals, progress = lake.totals("events"), [lake.progress(f"f{number}") for number in range(5)]
    done = compact(lake)
    assert (done.files_before, done.files_after, done.rows) == (5 + 3, 2, 500 + 12)
    assert len(lake.event_files()) == 2
    assert len(lake.quarantine_files()) == 1
    assert digest(lake) == before
    assert _all_rows(lake).equals(rows)
    assert lake.totals("events") == totals
    assert [lake.progress(f"f{number}") for number in range(5)] == progress == [1, 2, 3, 4, 5]
    assert lake.quarantine_progress("f2") == 3
    assert check(lake).sound
    assert compact(lake).files_before == 0


def test_a_compacted_file_tells_engines_what_a_query_can_pass_over(lake: Lake) -> None:
    compact(lake)
    file = lake.files("events")[-1]
    assert file.day == DAY.date()
    assert (file.rows, file.first, file.last) == (
        500,
        DAY + timedelta(hours=1),
        DAY + timedelta(hours=5, seconds=99),
    )
    parquet = pq.ParquetFile(lake.folder / "events" / file.path)
    times = parquet.read(columns=["time"])["time"].to_pylist()
    assert times == sorted(times)
    group = parquet.metadata.row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert columns["time"].statistics.min == file.first
    assert columns["client_id"].compression == "ZSTD"
    assert "RLE_DICTIONARY" in columns["client_id"].encodings


def test_a_file_without_a_column_is_compacted_with_one_that_has_it(lake: Lake, tmp_path: Path) -> None:
    before = digest(lake)
    path = lake.folder / "events" / lake.files("events")[1].path
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["user_agent"]), path)
    compact(lake)
    assert digest(lake) == before


def test_compaction_that_is_called_often_leaves_few_files_alone_and_large_ones_too(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    written = 0
    for number in range(40):
        add(lake, events(20, DAY, file=f"f{number}"), version=1)
        written += compact(lake, more_than=5).rows
        # six small files and less than one for each doubling
        assert len(lake.event_files()) <= 5 + 6
    # a row is written again once for each doubling, and not with every call
    assert 0 < written < 800 * 6
    assert sum(file.rows or 0 for file in lake.files("events")) == 800
    assert compact(lake, more_than=len(lake.event_files())).files_before == 0


def test_compaction_keeps_to_its_target(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    for number in range(6):
        add(lake, events(100, DAY, file=f"f{number}"))
    size = max(file.bytes for file in lake.files("events"))
    compact(lake, target=3 * size)
    assert [file.rows for file in lake.files("events")] == [300, 300]


def test_ingest_goes_on_while_files_are_compacted(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")

    def ingest() -> None:
        writer = Lake(lake.folder)
        for number in range(25):
            add(writer, events(20, file=f"f{number}"))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ingest)
        compacted = 0
        while not running.done():
            compacted += compact(lake).files_before
        running.result()
    assert compacted > 0
    assert check(lake).sound
    assert check(lake).rows["events"] == 25 * 20
    assert all(lake.progress(f"f{number}") == 1 for number in range(25))


def test_compaction_gives_way_to_who_was_faster(lake: Lake) -> None:
    files = lake.files("events")[1:]
    before = parquet_files(lake.folder)
    merged = lake.write_events(events(500))
    retain(Lake(lake.folder), before=date(2027, 1, 1))
    assert not lake.replace("events", merged, files, {})
    assert parquet_files(lake.folder) == before
    assert lake.event_files() == []


def test_logs_that_were_read_stay_read_after_all_care(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    for number in range(3):
        workshop.write(
            f"{number}.log",
            "".join(nginx_line(100 * number + line) for line in range(100)) + f"junk {number}\n",
        )
        workshop.ingest()
    compact(workshop.lake)
    assert workshop.ingest().total.records == 0
    assert retain(workshop.lake, before=date(2026, 3, 3)).events == 300
    assert workshop.ingest().total.records == 0
    assert workshop.event_count() == 0
    vacuum(workshop.lake, timedelta(0))
    assert workshop.ingest().total.records == 0
    workshop.write("3.log", "".join(nginx_line(line, path="/new") for line in range(10)))
    assert workshop.ingest().total.events == 10
    assert check(workshop.lake).sound


def test_retention_drops_whole_dates_and_counts_them(lake: Lake) -> None:
    tried = retain(lake, days=2, dry_run=True)
    assert len(lake.event_files()) == 6
    done = retain(lake, days=2)
    assert done == tried
    assert (done.before, done.events, done.dates) == (date(2026, 2, 28), 50, 1)
    assert len(lake.event_files()) == 5
    totals = lake.totals("events")
    assert (totals.events, totals.retired_events) == (550, 50)
    assert lake.progress("old") == 1
    assert retain(lake, days=3).events == 0
    assert check(lake).sound


def test_retention_drops_what_was_refused_before_a_day_out_of_the_middle_of_a_file(lake: Lake) -> None:
    compact(lake)
    assert retain(lake, days=1).quarantined == 4
    assert lake.totals("quarantine").retired_quarantined == 4
    (path,) = lake.quarantine_files()
    assert min(pq.read_table(path)["ingested"].to_pylist()) == DAY + timedelta(days=1)
    assert check(lake).sound
    assert retain(lake, before=date(2027, 1, 1)).quarantined == 8
    assert lake.quarantine_files() == []
    assert check(lake).sound


def test_a_wrong_clock_does_not_retire_the_lake(lake: Lake) -> None:
    add(lake, events(5, datetime(2099, 1, 1, tzinfo=UTC), file="wrong"))
    assert retain(lake, days=30).events == 0


def test_retention_is_told_one_limit(lake: Lake) -> None:
    with pytest.raises(ValueError, match="either"):
        retain(lake)


def test_vacuum_deletes_what_no_reader_can_need(lake: Lake) -> None:
    reading = lake.event_files()
    compact(lake)
    assert vacuum(lake).replaced == 0
    assert all(pq.read_table(path).num_rows for path in reading)
    assert DeltaTable(str(lake.folder / "events"), version=5).to_pyarrow_table().num_rows == 500
    later = datetime.now(UTC) + timedelta(days=7, minutes=1)
    tried = vacuum(lake, dry_run=True, now=later)
    assert all(Path(path).exists() for path in reading)
    done = vacuum(lake, now=later)
    assert done == tried
    assert (done.replaced, done.orphans) == (8, 0)
    on_disk = {str(path) for path in parquet_files(lake.folder)}
    assert on_disk == {*lake.event_files(), *lake.quarantine_files()}
    assert figures(lake).tables["events"].unused_files == 0
    assert check(lake).sound


def test_vacuum_leaves_alone_what_a_running_ingest_has_written(lake: Lake) -> None:
    running = lake.write_events(events(10, DAY, file="new"))
    killed = lake.write_events(events(10, DAY, file="killed"))
    age(killed[0].place)
    assert vacuum(lake, timedelta(0)).orphans == 1
    assert not killed[0].place.exists()
    lake.commit_events(running, {"new": 1}, {"records": 10, "events": 10})
    assert check(lake).sound


def test_files_are_told_apart_when_the_log_is_a_checkpoint(lake: Lake) -> None:
    compact(lake)
    # what a cleaned log looks like: the checkpoint, and nothing from before it
    for path in sorted((lake.folder / "events" / "_delta_log").glob("*.json"))[:-1]:
        path.unlink()
    found = check(Lake(lake.folder))
    assert found.sound
    assert found.notices == []
    assert vacuum(lake, timedelta(0)).replaced == 5 + 3


def test_the_log_of_a_lake_that_is_committed_to_all_day_stays_short(tmp_path: Path) -> None:
    lake = new_lake(tmp_path / "lake")
    reader = Lake(lake.folder)
    assert reader.event_files() == []
    log = lake.folder / "events" / "_delta_log"
    add(lake, events(10))
    for number in range(205):
        lake.commit_events([], {f"empty{number}": number}, {"records": 1, "events": 0, "ignored": 1})
        if number in (99, 199):
            for path in log.iterdir():
                age(path)
    assert len(list(log.iterdir())) < 120
    # who opened the table long ago, and who opens it now, see all of it
    for seen in (reader, Lake(lake.folder)):
        assert len(seen.event_files()) == 1
        assert seen.progress("empty0") == 0
        assert seen.totals("events").records == 215
    assert check(lake).sound


def test_other_engines_can_read_the_lake_after_all_care(lake: Lake) -> None:
    compact(lake)
    retain(lake, days=2)
    vacuum(lake, timedelta(0))
    for name in ("events", "quarantine"):
        table = DeltaTable(str(lake.folder / name))
        protocol = table.protocol()
        assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
        assert not protocol.reader_features
        assert table.to_pyarrow_table().num_rows == (500 if name == "events" else 12)
    names = DeltaTable(str(lake.folder / "events")).to_pyarrow_table().schema.names
    assert sorted(names) == sorted(EVENTS.names)


def test_figures_tell_a_lake(lake: Lake) -> None:
    told = figures(lake)
    table = told.tables["events"]
    assert (table.rows, table.files, table.dates, table.small_files) == (550, 6, 2, 5)
    assert (table.oldest, table.newest) == (DAY - timedelta(days=3), DAY + timedelta(hours=5, seconds=99))
    assert table.by_source == {"nginx": 550}
    assert told.totals.records == 562
    compact(lake)
    table = figures(lake).tables["events"]
    assert (table.files, table.small_files, table.unused_files) == (2, 0, 5)
