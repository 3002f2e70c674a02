"""`why401 lake ...` as a person and as a script use it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from lake.table import Lake
from tests.lake.rows import add, age, events, new_lake, refuse, refused
from why401.cli import app

_JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three commits of events of one date, and quarantine."""
    lake = new_lake(tmp_path / "lake")
    refuse(lake, refused(3))
    for number in range(3):
        add(lake, events(40, file=f"f{number}"), records=41, quarantined=1)
    return lake


@pytest.fixture
def run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `why401 lake` on the lake: the exit code, and what it says without line ends."""
    for name in os.environ:
        if name.startswith("WHY401_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(lake.folder.parent)

    def run(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["lake", *words, "--lake", str(lake.folder)])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer.exit_code, " ".join(answer.output.split())

    return run


def _plant(lake: Lake, table: str, column: str, text: str) -> None:
    """Puts a text into a column of a table, past ingest and past redaction."""
    rows = (
        events(2, file="planted", **{column: text})
        if table == "events"
        else refused(2, excerpt=text, file="planted")
    )
    if table == "events":
        add(lake, rows)
    else:
        refuse(lake, rows)
        lake.commit_events([], {"planted": 1}, {"records": 2, "events": 0, "quarantined": 2})


def _json(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json")[1])


def test_stats(run: Run) -> None:
    code, said = run("stats")
    assert code == 0
    assert "123 records = 120 events + 3 quarantined" in said
    assert "why401 lake compact" in said
    told = _json(run, "stats")
    assert told["tables"]["events"]["by_source"] == {"nginx": 120}
    assert told["tables"]["events"]["small_files"] == 3


def test_compact_then_vacuum(run: Run, lake: Lake) -> None:
    code, said = run("compact")
    assert code == 0
    assert "3 files became 1: 120 rows" in said
    assert run("compact") == (0, "Nothing to compact.")
    assert run("vacuum") == (0, "Nothing to delete.")
    assert "would delete 3 files" in run("vacuum", "--days", "0", "--dry-run")[1]
    assert _json(run, "vacuum", "--days", "0")["replaced"] == 3
    assert run("check")[0] == 0
    assert len(lake.event_files()) == 1


def test_compact_waits_for_enough_files(run: Run) -> None:
    assert run("compact", "--more-than", "3") == (0, "Nothing to compact.")
    assert _json(run, "compact", "--more-than", "2")["files_before"] == 3


def test_retain(run: Run, lake: Lake) -> None:
    assert run("retain")[0] == 2
    assert run("retain", "--days", "3", "--before", "2026-03-03")[0] == 2
    assert "Nothing is from before 2026-02-28" in run("retain", "--days", "2")[1]
    assert "would drop 120 events of 1 dates" in run("retain", "--before", "2026-03-03", "--dry-run")[1]
    assert len(lake.event_files()) == 3
    told = _json(run, "retain", "--before", "2026-03-03")
    assert (told["events"], told["quarantined"], told["before"]) == (120, 3, "2026-03-03")
    assert lake.event_files() == []
    assert "120 events retired" in run("check")[1]


def test_check_of_a_sound_lake(run: Run) -> None:
    code, said = run("check")
    assert code == 0
    assert "The lake is sound" in said
    assert "hold no secret" in said
    told = _json(run, "check")
    assert told["sound"] is True
    assert told["findings"] == []
    # the files, the commits of both logs, and the lock
    assert told["scanned"] == 3 + 1 + 4 + 2 + 1


def test_check_of_an_unsound_lake(run: Run, lake: Lake) -> None:
    (orphan,) = lake.write_events(events(5))
    age(orphan.place)
    Path(lake.event_files()[0]).unlink()
    code, said = run("check")
    assert code == 1
    assert "The lake is not sound: 3 findings." in said
    assert {finding["kind"] for finding in _json(run, "check")["findings"]} == {
        "orphan",
        "missing file",
        "rows",
    }


@pytest.mark.parametrize(
    ("table", "column", "text", "kind"),
    [
        ("events", "error_description", f"refused {_JWT} here", "JWT"),
        ("events", "route", "/cb?client_secret=s3cr3t-0123456789", "secret parameter"),
        (
            "quarantine",
            "excerpt",
            "GET / Authorization: Bearer mF_9.B5f-4.1JqM",
            "credentials of HTTP authentication",
        ),
        (
            "quarantine",
            "excerpt",
            "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA",
            "secret parameter",
        ),
    ],
)
def test_check_finds_a_secret_and_does_not_tell_it(
    run: Run, lake: Lake, table: str, column: str, text: str, kind: str
) -> None:
    _plant(lake, table, column, text)
    code, said = run("check")
    assert code == 1
    assert f"column {column}" in said
    assert all(
        word not in said
        for word in re.split(r"[\s?&=]", text)
        if len(word) > 15 and word != "authorization_code"
    )
    (found,) = [finding for finding in _json(run, "check")["findings"] if finding["kind"] == "secret"]
    assert found["sentence"].startswith(kind)
    assert found["table"] == table
    assert run("check", "--no-secrets")[0] == 0


def test_check_finds_a_secret_in_a_log_and_in_a_checkpoint(run: Run, lake: Lake) -> None:
    lake.commit_events([], {"client_secret=s3cr3t-0123456789": 1}, {})
    found = _json(run, "check")["findings"]
    assert [Path(finding["path"]).suffix for finding in found] == [".json"]
    run("compact")
    found = _json(run, "check")["findings"]
    assert sorted(Path(finding["path"]).suffix for finding in found) == [".json", ".parquet"]


def test_check_finds_a_secret_in_a_file_that_is_no_longer_part_of_the_lake(run: Run, lake: Lake) -> None:
    (left,) = lake.write_events(events(5, error_description=_JWT))
    assert pa.types.is_integer(pq.read_schema(left.place).field("status").type)
    assert [finding["kind"] for finding in _json(run, "check")["findings"]] == ["secret"]


@pytest.mark.parametrize("words", [["stats"], ["compact"], ["vacuum"], ["retain", "--days", "1"], ["check"]])
def test_where_there_is_no_lake(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    from why401.cli import main

    sys.argv = ["why401", "lake", *words, "--lake", str(tmp_path / "none")]
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "there is no lake here" in said
    assert "why401 ingest" in said
    assert not (tmp_path / "none").exists()
