"""What other collectors lose or double while they follow a log, by the number of the report, done to why401."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from lake.table import Lake
from tests.helpers import Workshop, nginx_line
from tests.rotation import append, copytruncate, gzip_in_place

_PATIENCE = 20.0
"""Seconds until a test gives up. A line is promised to be in the lake within two; a busy machine may take longer."""


class Follower:
    """`why401 ingest --follow` over the folder of a workshop."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts it; it reads what is there and goes on."""
        arguments = [
            "ingest",
            "--follow",
            str(self._workshop.folder),
            "--lake",
            str(self._workshop.lake.folder),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "why401", *arguments],
            cwd=self._workshop.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def until(self, last: int) -> None:
        """Waits until the lines from 1 to `last` are in the lake, each once."""
        until = time.monotonic() + _PATIENCE
        while (found := _numbers(self._workshop)) != list(range(1, last + 1)):
            missing = set(range(1, last + 1)) - set(found)
            assert time.monotonic() < until, (
                f"missing {sorted(missing)}; {len(found)} are there; {self._state()}"
            )
            assert self._process is not None
            assert self._process.poll() is None, f"the follower ended by itself: {self._state()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """SIGTERM: it commits what it has read and ends with 0."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        said, _ = self._process.communicate(timeout=_PATIENCE)
        assert self._process.returncode == 0, said

    def kill(self) -> None:
        """SIGKILL, if it is running."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def _state(self) -> str:
        assert self._process is not None
        if self._process.poll() is None:
            return "it is running"
        return f"it ended with {self._process.returncode}: {self._process.communicate()[0]}"


def _numbers(workshop: Workshop) -> list[int]:
    """The numbers of the lines in the lake, in order; nginx_line puts a line's number into its time."""
    if not Lake(workshop.lake.folder).exists():
        return []
    rows = workshop.events("time")
    return sorted(
        row["time"].hour * 3600 + row["time"].minute * 60 + row["time"].second - 7200 for row in rows
    )


def _lines(first: int, last: int) -> str:
    return "".join(nginx_line(number) for number in range(first, last + 1))


@pytest.fixture
def follower(workshop: Workshop) -> Iterator[Follower]:
    """A follower that is not started yet, and is killed when the test ends."""
    made = Follower(workshop)
    yield made
    made.kill()


def test_elastic_beats_45300_copytruncate_twice_and_a_restart_lose_lines(
    workshop: Workshop, follower: Follower
) -> None:
    """Filebeat lost a third of 150 lines over two rotations by copytruncate with a restart between them.
    The second rotation happens, and its archive is compressed, while the follower is stopped."""
    log = workshop.write("server.log", _lines(1, 50))
    follower.start()
    follower.until(50)
    copytruncate(log, log.with_name("server.log.1"))
    append(log, _lines(51, 75))
    follower.until(75)
    follower.stop()
    append(log, _lines(76, 100))
    gzip_in_place(log.with_name("server.log.1").rename(log.with_name("server.log.2")))
    copytruncate(log, log.with_name("server.log.1"))
    append(log, _lines(101, 150))
    follower.start()
    follower.until(150)
    follower.stop()
    assert _numbers(workshop) == list(range(1, 151))
    assert workshop.quarantine() == []


def test_elastic_beats_39731_the_copy_of_copytruncate_is_read_as_a_new_log(
    workshop: Workshop, follower: Follower
) -> None:
    """Filebeat sent the whole log again at each rotation by copytruncate. The report's log has one line, and
    after each rotation one more."""
    log = workshop.write("app.log", _lines(1, 1))
    follower.start()
    follower.until(1)
    for number in range(2, 5):
        for older in range(number - 2, 0, -1):
            (workshop.folder / f"app.log.{older}").rename(workshop.folder / f"app.log.{older + 1}")
        copytruncate(log, workshop.folder / "app.log.1")
        append(log, _lines(number, number))
        follower.until(number)
    # what is doubled would come late
    time.sleep(2.5)
    follower.stop()
    assert _numbers(workshop) == [1, 2, 3, 4]


def test_opentelemetry_collector_contrib_40523_and_vector_7990_rotation_into_an_archive_doubles_the_log(
    workshop: Workshop, follower: Follower
) -> None:
    """The filelog receiver and Vector's file source took the compressed archive of a log that they had read
    for a new log; Vector also when it was started again. Lines come until the moment of the rotation."""
    log = workshop.write("service.log", _lines(1, 100))
    follower.start()
    follower.until(100)
    append(log, _lines(101, 103))
    gzip_in_place(log.rename(log.with_name("service.log.1")))
    workshop.write("service.log", _lines(104, 106))
    follower.until(106)
    follower.stop()
    follower.start()
    append(log, _lines(107, 107))
    follower.until(107)
    follower.stop()
    assert _numbers(workshop) == list(range(1, 108))


def test_opentelemetry_collector_contrib_46105_resuming_in_a_compressed_log_corrupts_it(
    workshop: Workshop, follower: Follower
) -> None:
    """The filelog receiver went on in the compressed bytes at the offset of the plain file. Two lines are
    seen; two more come, and gzip runs at once; two are in the new file: six lines, and no garbage."""
    log = workshop.write("test.log", _lines(1, 2))
    follower.start()
    follower.until(2)
    append(log, _lines(3, 4))
    gzip_in_place(log)
    workshop.write("test.log", _lines(5, 6))
    follower.until(6)
    follower.stop()
    assert workshop.quarantine() == []


def test_a_follower_that_is_killed_loses_nothing_over_a_rotation(
    workshop: Workshop, follower: Follower
) -> None:
    """Vector and Filebeat, restarted while logs rotate, lost what was written in between (vector 7990,
    beats 45300): here with SIGKILL instead of an orderly end."""
    log = workshop.write("access.log", _lines(1, 10))
    follower.start()
    follower.until(10)
    append(log, _lines(11, 15))
    follower.kill()
    append(log, _lines(16, 20))
    gzip_in_place(log.rename(log.with_name("access.log.1")))
    workshop.write("access.log", _lines(21, 30))
    follower.start()
    follower.until(30)
    follower.stop()
    assert _numbers(workshop) == list(range(1, 31))
