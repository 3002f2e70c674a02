"""What the model found, each reduced to the steps that it takes."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from ingest.memory import RunMemory
from lake.table import Lake
from tests.helpers import Workshop
from tests.model.expected import events_of
from tests.model.lines import Burst, Press
from tests.model.warm import Grain, run


def _text(press: Press, count: int, junk: frozenset[int] = frozenset()) -> bytes:
    """Lines of one second: their first 64 bytes are alike."""
    lines = press.lines("nginx", Burst((0,), count), junk)
    return b"".join(line.text + b"\n" for line in lines)


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def _killed_before_events(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has committed what it quarantined, and no event."""

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "commit_events", killed)
        with pytest.raises(SystemExit):
            workshop.ingest()


def _each_once(workshop: Workshop, count: int) -> None:
    found = Counter(events_of(workshop.lake))
    assert sorted(found) == [f"agent/{number:06}" for number in range(1, count + 1)]
    assert max(found.values()) == 1


def test_a_log_that_begins_anew_within_the_second_is_not_the_old_one(workshop: Workshop) -> None:
    """First read with one line, so known by 64 bytes; it grows, is truncated, and begins like before."""
    press = Press()
    log = workshop.write("access.log", _text(press, 1))
    workshop.ingest()
    _append(log, _text(press, 2))
    workshop.ingest()
    log.write_bytes(_text(press, 1))
    assert workshop.ingest().total.events == 1
    _each_once(workshop, 4)


def test_a_line_without_its_newline_is_no_copy_of_one_that_begins_like_it(workshop: Workshop) -> None:
    press = Press()
    workshop.write("access.log", _text(press, 1))
    workshop.ingest()
    workshop.write("api.log", _text(press, 1).removesuffix(b"\n"))
    assert workshop.ingest().total.events == 1
    _each_once(workshop, 2)


def test_a_log_with_another_s_first_line_and_one_without_newline_is_no_copy(workshop: Workshop) -> None:
    """Tables of one header begin so."""
    press = Press()
    first, second = _text(press, 1), _text(press, 10)
    workshop.write("access.log", first + second)
    workshop.ingest()
    workshop.write("api.log", first + _text(press, 1).removesuffix(b"\n"))
    workshop.ingest()
    found = Counter(events_of(workshop.lake))
    assert len(found) == 12
    assert found["agent/000012"] == 1


def test_a_log_that_ends_in_half_a_line_is_a_copy_of_one_that_begins_so(workshop: Workshop) -> None:
    press = Press()
    text = _text(press, 3)
    workshop.write("access.log", text)
    workshop.ingest()
    workshop.write("cut.log", text[: len(text) - 20])
    workshop.write("at-newline.log", text[:-1])
    assert workshop.ingest().total.events == 0
    _each_once(workshop, 3)


def test_a_log_that_grows_after_a_run_was_killed_between_its_commits(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quarantine is committed, the events are not; then the log grows and is known by more bytes."""
    press = Press()
    log = workshop.write("access.log", _text(press, 3, junk=frozenset([1])))
    _killed_before_events(workshop, monkeypatch)
    _append(log, _text(press, 2))
    workshop.ingest()
    assert [row["excerpt"] for row in workshop.quarantine()] == ["refused agent/000002"]


def test_what_a_killed_run_quarantined_is_known_to_one_that_commits_in_smaller_steps(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The killed run quarantined two records at once; the next one commits each of them by itself."""
    workshop.write("access.log", _text(Press(), 30, junk=frozenset([1, 28])))
    _killed_before_events(workshop, monkeypatch)
    run([workshop.folder], workshop.lake.folder, Grain(chunk_bytes=400, commit_each=True))
    assert sorted(row["excerpt"] for row in workshop.quarantine()) == [
        "refused agent/000002",
        "refused agent/000029",
    ]


def test_a_copy_from_before_the_log_was_first_read(workshop: Workshop) -> None:
    """Three lines are copied, the log goes on to nine, and then both are read, the longer one first."""
    press = Press()
    log = workshop.write("access.log", _text(press, 3))
    shutil.copy(log, workshop.folder / "copy-of-access.log")
    _append(log, _text(press, 6))
    workshop.ingest()
    _each_once(workshop, 9)


def test_a_copy_whose_last_line_had_no_newline_yet(workshop: Workshop) -> None:
    """The copy was made between a line and its newline; the log, which is read first, has gone on."""
    press = Press()
    text = _text(press, 1)
    log = workshop.write("access.log", text)
    workshop.write("copy-of-access.log", text.rstrip(b"\n"))
    _append(log, _text(press, 2))
    workshop.ingest()
    _each_once(workshop, 3)


def test_two_copies_with_different_halves_of_a_line(workshop: Workshop) -> None:
    """Both hold one line and the beginning of the next; the longer half is read first, and both wait."""
    press = Press()
    text = _text(press, 1)
    workshop.write("a-copy-of-access.log", text + _text(press, 1)[:80])
    workshop.write("b-copy-of-access.log", text + b"2")
    workshop.ingest()
    _each_once(workshop, 1)


def test_a_log_of_several_chunks_and_its_copy_in_one_run(workshop: Workshop) -> None:
    """Chunks of the log are still being parsed when its copy is opened."""
    log = workshop.write("access.log", _text(Press(), 50))
    shutil.copy(log, workshop.folder / "copy-of-access.log")
    run([workshop.folder], workshop.lake.folder, Grain(chunk_bytes=400))
    _each_once(workshop, 50)


def _another_run(workshop: Workshop, monkeypatch: pytest.MonkeyPatch, ends: bool = True) -> None:
    """While this run asks who its first input is, another one reads all of the folder, or is killed at it."""
    asked = RunMemory.begun

    def begun(memory: RunMemory, name: str) -> int | None:
        monkeypatch.setattr(RunMemory, "begun", asked)
        found = memory.begun(name)
        if ends:
            workshop.ingest()
        else:
            _killed_before_events(workshop, monkeypatch)
        return found

    monkeypatch.setattr(RunMemory, "begun", begun)


def test_two_runs_that_meet_a_log_at_the_same_moment(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run commits the log while this one is about to give it a name."""
    workshop.write("access.log", _text(Press(), 4, junk=frozenset([2])))
    _another_run(workshop, monkeypatch)
    workshop.ingest()
    assert Counter(events_of(workshop.lake)) == Counter(f"agent/00000{number}" for number in (1, 2, 4))
    assert len(workshop.quarantine()) == 1


@pytest.mark.parametrize("ends", [True, False])
def test_two_runs_that_meet_a_log_and_an_early_copy_of_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    """The copy, which is read first, ends before what the other run has quarantined of the log."""
    _log_and_early_copy(workshop)
    _another_run(workshop, monkeypatch, ends)
    workshop.ingest()
    _all_but_the_refused(workshop)


def test_an_early_copy_of_a_log_whose_run_was_killed_between_its_commits(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was quarantined lies behind the end of the copy, which is read first."""
    _log_and_early_copy(workshop)
    _killed_before_events(workshop, monkeypatch)
    workshop.ingest()
    _all_but_the_refused(workshop)


def test_a_log_that_begins_like_one_whose_run_was_killed_as_this_one_read(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two logs of one second, known by the same bytes: the killed run had one, this run reads the other."""
    press = Press()
    first = _text(press, 2, junk=frozenset([1]))
    second = _text(press, 2, junk=frozenset([1]))
    log = workshop.write("access.log", first)
    other = workshop.root / "other.log"
    other.write_bytes(second)
    _another_run(workshop, monkeypatch, ends=False)
    workshop.ingest(other)
    workshop.ingest(log)
    assert Counter(events_of(workshop.lake)) == Counter(["agent/000001", "agent/000003"])
    assert sorted(row["excerpt"] for row in workshop.quarantine()) == [
        "refused agent/000002",
        "refused agent/000004",
    ]


def _log_and_early_copy(workshop: Workshop) -> None:
    press = Press()
    text = _text(press, 3)
    workshop.write("a-copy-of-access.log", text)
    workshop.write("access.log", text + _text(press, 3, junk=frozenset([1])))


def _all_but_the_refused(workshop: Workshop) -> None:
    found = Counter(events_of(workshop.lake))
    assert found == Counter(f"agent/00000{number}" for number in (1, 2, 3, 4, 6))
    assert [row["excerpt"] for row in workshop.quarantine()] == ["refused agent/000005"]


def test_a_log_that_begins_like_a_longer_one_that_was_short_when_it_was_first_read(
    workshop: Workshop,
) -> None:
    """The longer one is known by 2,048 bytes, which both share; the other one ends before what was read of it."""
    press = Press()
    shared = _text(press, 30)
    longer = workshop.write("export.log", shared + _text(press, 3))
    workshop.ingest()
    _append(longer, _text(press, 30))
    workshop.ingest()
    other = shared + _text(press, 12)
    assert 4096 < len(other) < longer.stat().st_size
    workshop.write("other.log", other)
    workshop.ingest()
    assert set(events_of(workshop.lake)) == {f"agent/{number:06}" for number in range(1, 76)}


def test_a_cut_copy_of_a_log_that_was_short_when_it_was_first_read(workshop: Workshop) -> None:
    """The copy has more than 4,096 bytes, and the log is known by fewer."""
    press = Press()
    log = workshop.write("access.log", _text(press, 33))
    workshop.ingest()
    _append(log, _text(press, 30))
    workshop.ingest()
    workshop.write("copy.log", b"".join(log.read_bytes().splitlines(keepends=True)[:45]))
    assert workshop.ingest().total.events == 0
    _each_once(workshop, 63)


def _okta(press: Press, count: int) -> bytes:
    return b"".join(line.text + b"\n" for line in press.lines("okta", Burst((0,), count)))


@pytest.mark.parametrize("together", [True, False])
def test_two_exports_that_begin_alike_and_the_longer_one_is_read_first(
    workshop: Workshop, together: bool
) -> None:
    """They have more than the head in common, and differ before the end of the shorter one."""
    press = Press()
    alike = _okta(press, 20)
    workshop.write("a.json", alike + _okta(press, 2))
    if not together:
        workshop.ingest()
    workshop.write("b.json", alike + _okta(press, 1))
    workshop.write("c.json", alike)
    workshop.ingest()
    assert workshop.event_count() == 23
    assert workshop.ingest().total.records == 0
