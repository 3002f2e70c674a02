"""What other collectors lose or double, by the number of the report, done to why401.

Each test repeats what happened to the person who reported it. Those that need a follower are in
test_follow_reported_bugs.py.
"""

from __future__ import annotations

import gzip
import shutil

from ingest import Summary
from tests.helpers import Workshop, nginx_line
from tests.rotation import append, copytruncate, gzip_in_place


def _lines(first: int, last: int) -> str:
    """Lines of the numbers from `first` to `last`, both inclusive; the number is the status's neighbour."""
    return "".join(
        nginx_line(number, path=f"/orders/v1/list?n={number}") for number in range(first, last + 1)
    )


def _seconds(workshop: Workshop) -> list[int]:
    """The numbers of the lines that are in the lake, in order; nginx_line puts a line's number into its time."""
    rows = workshop.events("time")
    return sorted(
        row["time"].hour * 3600 + row["time"].minute * 60 + row["time"].second - 7200 for row in rows
    )


def _holds(workshop: Workshop, last: int) -> None:
    """Asserts that the lines from 1 to `last` are in the lake, each once, and nothing in quarantine."""
    assert _seconds(workshop) == list(range(1, last + 1))
    assert workshop.quarantine() == []


def test_elastic_beats_45300_copytruncate_twice_and_a_restart_lose_lines(workshop: Workshop) -> None:
    """Filebeat's filestream, rotation by copytruncate: of 150 lines over two rotations, with the collector
    stopped and started again in between, 100 arrived (35 with another file identity)."""
    log = workshop.write("server.log", _lines(1, 50))
    workshop.ingest()
    copytruncate(log, log.with_name("server.log.1"))
    append(log, _lines(51, 100))
    # stopped: the second rotation happens while nobody looks, and the oldest file is compressed by then
    log.with_name("server.log.1").rename(log.with_name("server.log.2"))
    gzip_in_place(log.with_name("server.log.2"))
    copytruncate(log, log.with_name("server.log.1"))
    append(log, _lines(101, 150))
    summary = workshop.ingest()
    assert summary.total.events == 100
    _holds(workshop, 150)


def test_elastic_beats_39731_the_copy_of_copytruncate_is_read_as_a_new_log(workshop: Workshop) -> None:
    """Filebeat's copytruncate strategy: at each rotation the copy, a new inode, was sent whole once more.
    The report's files are of one line each."""
    log = workshop.write("app.log", _lines(1, 1))
    assert workshop.ingest().total.events == 1
    copytruncate(log, log.with_name("app.log.1"))
    assert workshop.ingest().total.records == 0
    append(log, _lines(2, 2))
    assert workshop.ingest().total.records == 1
    log.with_name("app.log.1").rename(log.with_name("app.log.2"))
    copytruncate(log, log.with_name("app.log.1"))
    append(log, _lines(3, 3))
    assert workshop.ingest().total.records == 1
    _holds(workshop, 3)


def test_opentelemetry_collector_contrib_40523_rotation_into_a_compressed_archive_doubles_the_log(
    workshop: Workshop,
) -> None:
    """The filelog receiver watched a log and its compressed archive: after rotation the archive, whose bytes
    are others, was taken for a new log and read from its start. What was to be read is its last few lines."""
    log = workshop.write("service.log", _lines(1, 200))
    workshop.ingest()
    append(log, _lines(201, 203))
    gzip_in_place(log.rename(log.with_name("service-2026-03-02.log")))
    workshop.write("service.log", _lines(204, 206))
    summary = workshop.ingest()
    assert (summary.total.records, summary.total.events) == (6, 6)
    _holds(workshop, 206)


def test_opentelemetry_collector_contrib_46105_resuming_in_a_compressed_log_corrupts_it(
    workshop: Workshop,
) -> None:
    """The filelog receiver recognised a rotated log in its .gz, and then went on at the offset of the plain
    file in the compressed bytes: what it emitted was garbage. Two lines, two more with gzip at once, two in
    the new file: six lines must come out, as they were written."""
    log = workshop.write("test.log", _lines(1, 2))
    workshop.ingest()
    append(log, _lines(3, 4))
    gzip_in_place(log)
    workshop.write("test.log", _lines(5, 6))
    summary = workshop.ingest()
    assert (summary.total.records, summary.total.quarantined, summary.problems) == (4, 0, [])
    _holds(workshop, 6)


def test_opentelemetry_collector_contrib_45572_the_last_line_of_a_gz_without_newline_is_never_read(
    workshop: Workshop,
) -> None:
    """The filelog receiver read the last line of a plain file that has no newline, and never that of a
    compressed one. A line that is whole counts in both; nothing says that it is half."""
    plain = _lines(1, 2).rstrip("\n")
    workshop.write("uncompressed.log", plain)
    workshop.write("compressed.log.gz", gzip.compress(_lines(3, 4).rstrip("\n").encode()))
    summary = workshop.ingest()
    assert (summary.total.events, summary.problems) == (4, [])
    # and its newline, when it comes after all, makes no second one of it
    workshop.write("uncompressed.log", plain + "\n")
    workshop.write("compressed.log.gz", gzip.compress(_lines(3, 4).encode()))
    assert workshop.ingest().total.events == 0
    _holds(workshop, 4)


def test_vectordotdev_vector_7990_checkpoints_do_not_hold_for_compressed_rotated_files(
    workshop: Workshop,
) -> None:
    """Vector's file source, started anew, sent the compressed rotated logs again: its checkpoints did not
    apply to them. Here over several restarts, while the archives move from .1.gz to .2.gz."""
    log = workshop.folder / "in.log"
    for turn in range(4):
        log.write_text(_lines(10 * turn + 1, 10 * turn + 10))
        assert workshop.ingest().total.records == 10
        for number in range(turn, 0, -1):
            archive = workshop.folder / f"in.log.{number}.gz"
            archive.rename(workshop.folder / f"in.log.{number + 1}.gz")
        gzip_in_place(log.rename(workshop.folder / "in.log.1"))
        assert workshop.ingest().total.records == 0
    _holds(workshop, 40)


def test_vectordotdev_vector_25079_members_of_a_gz_after_the_first_are_dropped(workshop: Workshop) -> None:
    """The text of report 25079 could not be had when this was written. Tested is the loss that Vector's file
    source had at the time of that number, as its fix (25614) tells it: of a .gz with several members, which
    is what appending to one makes, only the first was read, without a word."""
    archive = workshop.write(
        "archive.log.gz", gzip.compress(_lines(1, 5).encode()) + gzip.compress(_lines(6, 9).encode())
    )
    assert workshop.ingest().total.events == 9
    with archive.open("ab") as file:
        file.write(gzip.compress(_lines(10, 12).encode()))
    assert workshop.ingest().total.records == 3
    _holds(workshop, 12)


def test_allinurl_goaccess_334_a_log_that_is_processed_twice_is_counted_twice(workshop: Workshop) -> None:
    """GoAccess with its store on disk counted each line again when a log was given to it a second time: by
    cron every few hours, with archives of which some are compressed, and old lines in new copies."""
    log = workshop.write("access.log", _lines(1, 30))
    archived = workshop.write("access.log.1.gz", gzip.compress(_lines(31, 60).encode()))
    assert workshop.ingest(log, archived).total.events == 60
    for _ in range(3):
        assert workshop.ingest(log, archived, log).total.records == 0
    append(log, _lines(61, 65))
    shutil.copy(log, workshop.folder / "copy-of-access.log")
    assert workshop.ingest().total.events == 5
    _holds(workshop, 65)


def test_allinurl_goaccess_1952_the_total_is_not_the_sum_of_valid_and_failed(workshop: Workshop) -> None:
    """GoAccess, restoring what it had and reading the same log again, counted every line into its total
    but, as duplicates, into neither valid nor failed: the sum no longer held. Here every run balances, and
    so do all of them together."""
    log = workshop.write("request.log", _lines(1, 20) + "junk of 20\n\n" + _lines(21, 22))
    runs = [workshop.ingest(), workshop.ingest()]
    append(log, _lines(23, 25) + "junk of 25\n")
    runs += [workshop.ingest(), workshop.ingest()]
    assert [_counts(run) for run in runs] == [
        (24, 22, 1, 1, 0),
        (0, 0, 0, 0, 0),
        (4, 3, 1, 0, 0),
        (0, 0, 0, 0, 0),
    ]
    assert _seconds(workshop) == list(range(1, 26))
    assert [row["excerpt"] for row in workshop.quarantine()] == ["junk of 20", "junk of 25"]


def _counts(run: Summary) -> tuple[int, int, int, int, int]:
    total = run.total
    assert total.balanced
    return total.records, total.events, total.quarantined, total.ignored, total.duplicates
