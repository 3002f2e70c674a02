"""`check` finds what is wrong with a lake, and finds nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lake.care import Soundness, check, vacuum
from lake.errors import LakeError
from lake.table import Lake
from tests.lake.rows import add, age, events, new_lake, parquet_files, refuse, refused


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two commits of events, with all that can become of a record."""
    lake = new_lake(tmp_path / "lake")
    refuse(lake, refused(3))
    add(lake, events(100), version=1, records=110, quarantined=3, ignored=5, duplicates=2)
    add(lake, events(50, offset=100), version=2)
    assert check(lake).sound
    return lake


def _kinds(found: Soundness) -> list[tuple[str, str]]:
    return [(finding.kind, finding.table) for finding in found.findings]


def test_a_sound_lake_balances(lake: Lake) -> None:
    found = check(lake)
    totals = found.totals
    assert (totals.records, totals.events, totals.quarantined, totals.ignored, totals.duplicates) == (
        160,
        150,
        3,
        5,
        2,
    )
    assert found.rows == {"events": 150, "quarantine": 3}
    assert found.notices == []


def test_an_orphan(lake: Lake) -> None:
    (left,) = lake.write_events(events(10))
    young = check(lake)
    assert young.sound
    assert [notice.path for notice in young.notices] == [left.path]
    age(left.place)
    found = check(lake)
    assert _kinds(found) == [("orphan", "events")]
    assert found.findings[0].path == left.path
    assert "vacuum" in found.findings[0].remedy


def test_a_deleted_file(lake: Lake) -> None:
    Path(lake.event_files()[0]).unlink()
    assert _kinds(check(lake)) == [("missing file", "events"), ("rows", "events")]


def test_a_damaged_file(lake: Lake) -> None:
    (path,) = lake.quarantine_files()
    Path(path).write_bytes(Path(path).read_bytes()[:-40])
    assert _kinds(check(lake)) == [("damaged file", "quarantine"), ("rows", "quarantine")]


def test_a_footer_that_disagrees(lake: Lake) -> None:
    path = lake.event_files()[0]
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path)
    found = check(lake)
    assert _kinds(found) == [("footer", "events"), ("rows", "events")]
    assert "149" in found.findings[1].sentence


def test_a_file_of_the_same_rows_and_another_size(lake: Lake) -> None:
    path = lake.event_files()[0]
    pq.write_table(pq.read_table(path, partitioning=None), path, compression="none")
    assert _kinds(check(lake)) == [("footer", "events")]


def test_totals_that_do_not_balance(lake: Lake) -> None:
    lake.commit_events([], {"f": 3}, {"records": 5, "events": 0, "ignored": 4})
    found = check(lake)
    assert _kinds(found) == [("balance", "events")]
    assert "165" in found.findings[0].sentence


def test_events_that_were_counted_and_are_not_there(lake: Lake) -> None:
    lake.commit_events([], {"f": 3}, {"records": 5, "events": 5})
    assert _kinds(check(lake)) == [("rows", "events")]


def test_quarantined_records_that_were_counted_and_are_not_there(lake: Lake) -> None:
    lake.commit_events([], {"f": 3}, {"records": 5, "events": 0, "quarantined": 5})
    found = check(lake)
    assert _kinds(found) == [("quarantine", "quarantine")]
    assert "5 records" in found.findings[0].sentence


def test_an_interrupted_ingest_is_told_as_that(lake: Lake) -> None:
    refuse(lake, refused(4, file="g"), version=7)
    found = check(lake)
    assert found.sound
    assert [notice.kind for notice in found.notices] == ["interrupted"]
    assert "run it again" in found.notices[0].remedy
    # the next run knows that the quarantine is there, and commits the rest
    add(lake, events(10, file="g"), version=7, records=14, quarantined=4)
    assert check(lake).notices == []


def test_quarantine_beyond_what_was_interrupted_is_a_finding(lake: Lake) -> None:
    refuse(lake, refused(4), version=2)
    assert _kinds(check(lake)) == [("quarantine", "quarantine")]


def test_an_interrupted_ingest_of_an_input_that_was_read_in_part(lake: Lake) -> None:
    refuse(lake, refused(4), version=3)
    assert check(lake).sound
    assert [notice.kind for notice in check(lake).notices] == ["interrupted"]


def test_a_lake_of_before_there_were_totals_is_counted_from_its_commits(tmp_path: Path) -> None:
    from deltalake import CommitProperties, DeltaTable

    from lake.schema import EVENTS

    lake = new_lake(tmp_path / "lake")
    for number in range(3):
        (file,) = lake.write_events(events(10, file=f"f{number}"))
        counts = {"why401.records": "12", "why401.events": "10", "why401.ignored": "2"}
        DeltaTable(str(lake.folder / "events")).create_write_transaction(
            [file.action], mode="append", schema=EVENTS, partition_by=["date"],
            commit_properties=CommitProperties(custom_metadata=counts),
        )  # fmt: skip
    assert check(lake).totals.records == 36
    add(lake, events(5, file="new"))
    found = check(lake)
    assert (found.totals.records, found.totals.events, found.totals.ignored) == (41, 35, 6)
    assert found.sound


def test_a_commit_of_another_engine_loses_no_count(lake: Lake) -> None:
    from deltalake import DeltaTable

    before = lake.totals("events")
    DeltaTable(str(lake.folder / "events")).optimize.compact()
    assert check(lake).sound
    add(lake, events(5, file="new"))
    assert lake.totals("events").records == before.records + 5
    assert check(lake).sound


def test_no_lake(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="no lake"):
        check(Lake(tmp_path))


def test_a_log_that_cannot_be_read(lake: Lake) -> None:
    log = lake.folder / "events" / "_delta_log"
    sorted(log.glob("*.json"))[-1].write_bytes(b'{"add":')
    before = parquet_files(lake.folder)
    for care in (check, vacuum):
        with pytest.raises(LakeError, match=r"lake can be opened here: .*Json error"):
            care(Lake(lake.folder))
    assert parquet_files(lake.folder) == before
