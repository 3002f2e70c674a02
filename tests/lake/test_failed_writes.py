"""A lake that cannot be written is as it was before: full disk, read-only folder, a commit that fails."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from lake.care import check
from lake.errors import LakeError
from lake.table import Lake
from tests.lake.rows import DAY, add, digest, events, new_lake, parquet_files

_CHILD = """
import os, resource, sys
from datetime import timedelta
from pathlib import Path
from lake.errors import LakeError
from lake.table import Lake
from tests.lake.rows import DAY, events
lake = Lake(Path(sys.argv[1]))
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def random_events():
    return events(20_000, DAY + timedelta(days=1) - timedelta(hours=1), user_agent=None).set_column(
        15, "route", [[os.urandom(20).hex() for _ in range(20_000)]])
try:
    exec(sys.argv[2])
except LakeError as problem:
    print(problem)
    sys.exit(9)
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = new_lake(tmp_path / "lake")
    add(lake, events(10))
    return lake


def _child(lake: Lake, program: str) -> str:
    """Runs the program in a process of its own; what it says when the lake cannot be written."""
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", _CHILD, str(lake.folder), program], cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 9, answer.stderr + answer.stdout
    return answer.stdout


def _state(lake: Lake) -> tuple[object, ...]:
    fresh = Lake(lake.folder)
    return (
        fresh.version(),
        digest(fresh),
        parquet_files(lake.folder),
        fresh.progress("f"),
        fresh.progress("new"),
    )


def test_a_disk_that_is_full_while_events_are_written(lake: Lake) -> None:
    before = _state(lake)
    # the events lie on two dates: the first file fits, the second does not, and both are gone
    said = _child(lake, "rows = random_events(); limit(200_000); lake.write_events(rows)")
    assert "cannot be written" in said
    assert _state(lake) == before
    assert check(lake).sound
    assert check(lake).notices == []


def test_a_disk_that_is_full_when_the_commit_is_written(lake: Lake) -> None:
    before = _state(lake)
    said = _child(
        lake,
        "files = lake.write_events(events(10, file='new')); limit(100); lake.commit_events(files, {'new': 1}, {})",
    )
    assert "nothing was added" in said
    assert "File too large" in said
    assert "\x1b" not in said
    assert said.count("\n") == 1
    assert _state(lake) == before
    assert check(lake).sound
    add(lake, events(10, file="new"))
    assert check(lake).sound


def test_a_folder_that_is_read_only() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        lake = new_lake(Path(folder) / "lake")
        add(lake, events(10))
        for path in [lake.folder, *lake.folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = _state(lake)
        # root may write anywhere
        drop = "os.getuid() == 0 and os.setuid(65534); "
        assert "cannot be written" in _child(lake, drop + "lake.write_events(events(10, file='new'))")
        assert "cannot be written" in _child(lake, drop + "lake.commit_events([], {'new': 1}, {})")
        assert _state(lake) == before
        for path in [lake.folder, *lake.folder.rglob("*")]:
            path.chmod(0o755)


def test_a_commit_that_fails_takes_its_files_along(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: DeltaTable, *arguments: object, **named: object) -> None:
        raise CommitFailedError("no space left on device")

    before = _state(lake)
    files = lake.write_events(events(10, DAY, file="new"))
    monkeypatch.setattr(DeltaTable, "create_write_transaction", fails)
    with pytest.raises(LakeError, match="nothing was added"):
        lake.commit_events(files, {"new": 1}, {})
    assert _state(lake) == before


def test_a_commit_that_was_made_and_then_failed_keeps_its_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = DeltaTable.create_write_transaction

    def fails_afterwards(self: DeltaTable, *arguments: object, **named: object) -> None:
        really(self, *arguments, **named)  # type: ignore[arg-type]
        raise CommitFailedError("the checkpoint could not be written")

    files = lake.write_events(events(10, DAY, file="new"))
    monkeypatch.setattr(DeltaTable, "create_write_transaction", fails_afterwards)
    lake.commit_events(files, {"new": 1}, {})
    assert Lake(lake.folder).progress("new") == 1
    assert check(lake).sound
    assert check(lake).rows["events"] == 20


def test_a_commit_of_which_nothing_is_known_keeps_its_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: DeltaTable, *arguments: object, **named: object) -> None:
        raise CommitFailedError("no answer")

    files = lake.write_events(events(10, DAY, file="new"))
    monkeypatch.setattr(DeltaTable, "create_write_transaction", fails)
    monkeypatch.setattr(Lake, "_was_made", lambda self, name, mark: None)
    with pytest.raises(LakeError, match="not known"):
        lake.commit_events(files, {"new": 1}, {})
    assert files[0].place.exists()
