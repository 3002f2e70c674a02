"""Identity by content: what an input is called, how it is compressed and how it grew do not matter."""

from __future__ import annotations

import gzip
from pathlib import Path

from tests.helpers import Workshop, nginx_line


def test_a_second_run_adds_nothing(workshop: Workshop) -> None:
    workshop.write("access.log", nginx_line(1) + nginx_line(2))
    assert workshop.ingest().total.events == 2
    again = workshop.ingest()
    assert (again.total.records, again.total.events, again.unchanged) == (0, 0, 1)
    assert workshop.event_count() == 2


def test_a_file_that_grew_is_read_from_where_it_ended(workshop: Workshop) -> None:
    path = workshop.write("access.log", nginx_line(1))
    workshop.ingest()
    for number in range(2, 200):
        with path.open("a") as file:
            file.write(nginx_line(number))
        if number % 40 == 0:
            workshop.ingest()
    workshop.ingest()
    assert workshop.event_count() == 199


def test_a_file_that_was_renamed_and_compressed_is_the_same(workshop: Workshop) -> None:
    text = "".join(nginx_line(number) for number in range(100))
    path = workshop.write("access.log", text)
    workshop.ingest()
    packed = path.with_name("access.log.1.gz")
    packed.write_bytes(gzip.compress(text.encode()))
    path.unlink()
    assert workshop.ingest().total.records == 0


def test_files_that_begin_alike_are_told_apart(workshop: Workshop) -> None:
    head = "".join(nginx_line(number) for number in range(100))
    workshop.write("a.log", head + nginx_line(1001))
    workshop.write("b.log", head + nginx_line(1002))
    workshop.write("c.log", head + nginx_line(1003) + nginx_line(1004))
    assert workshop.ingest().total.events == 101 + 101 + 102
    assert workshop.ingest().total.records == 0


def test_half_a_line_waits_for_its_rest(workshop: Workshop) -> None:
    line = nginx_line(2)
    path = workshop.write("access.log", nginx_line(1) + line[:50])
    first = workshop.ingest()
    assert (first.total.events, first.total.quarantined) == (1, 0)
    assert any("access.log" in problem and "half a line" in problem for problem in first.problems)
    with path.open("a") as file:
        file.write(line[50:])
    second = workshop.ingest()
    assert (second.total.events, second.total.quarantined, second.problems) == (1, 0, [])


def test_several_members_of_gzip_are_one_input(workshop: Workshop) -> None:
    path: Path = workshop.folder / "access.gz"
    path.write_bytes(gzip.compress(nginx_line(1).encode()) + gzip.compress(nginx_line(2).encode()))
    assert workshop.ingest().total.events == 2
