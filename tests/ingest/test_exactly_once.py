"""A run that is killed at any moment loses nothing and repeats nothing."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from lake.table import Lake
from tests.helpers import nginx_line

_LINES = 400_000
_KILLS = 12

_DIGEST = """
    SELECT count(*) AS events, count(DISTINCT (file, "offset")) AS places, sum(hash(time, status, route, "offset"))
    FROM read_parquet($1, hive_partitioning = true)
"""


def _write_logs(folder: Path) -> None:
    """Two files of lines, one of them with lines that are refused; some 90 MB."""
    folder.mkdir()
    for part, name in enumerate(("a.log", "b.log")):
        with (folder / name).open("w") as file:
            for number in range(_LINES):
                file.write(nginx_line(number, status=200 + part, path=f"/orders/{number % 50}"))
                if part and number % 1000 == 0:
                    file.write(f"refused {number}\n")


def _command(folder: Path, lake: Path) -> list[str]:
    # small commits, so that a run has many of them
    program = (
        "from ingest import batch; assert batch._BATCH_BYTES; batch._BATCH_BYTES = 20_000_000;"
        "from why401.cli import main; main()"
    )
    return [sys.executable, "-c", program, "ingest", str(folder), "--lake", str(lake), "--json"]


def _digest(files: list[str]) -> tuple[object, ...]:
    found = duckdb.connect().execute(_DIGEST, [files]).fetchone()
    assert found is not None
    return found


def _refused(lake: Lake) -> list[tuple[object, ...]]:
    question = 'SELECT input, "offset" FROM read_parquet($1) ORDER BY ALL'
    return duckdb.connect().execute(question, [lake.quarantine_files()]).fetchall()


@pytest.mark.slow
def test_killed_at_any_moment_then_run_again(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    _write_logs(folder)
    undisturbed = Lake(tmp_path / "undisturbed")
    begun = time.monotonic()
    subprocess.run(_command(folder, undisturbed.folder), check=True, capture_output=True)
    seconds = time.monotonic() - begun
    moments = random.Random(401)
    killed, whole = 0, 0
    disturbed = Lake(tmp_path / "disturbed-0")
    while killed < _KILLS:
        process = subprocess.Popen(
            _command(folder, disturbed.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            # at any moment, seldom before the interpreter has started
            process.wait(timeout=seconds * moments.uniform(0.2, 1))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        else:
            _same(disturbed, undisturbed)
            whole += 1
            disturbed = Lake(tmp_path / f"disturbed-{whole}")
    subprocess.run(_command(folder, disturbed.folder), check=True, capture_output=True)
    _same(disturbed, undisturbed)


def _same(disturbed: Lake, undisturbed: Lake) -> None:
    assert _digest(disturbed.event_files()) == _digest(undisturbed.event_files())
    assert _digest(disturbed.event_files())[0] == 2 * _LINES
    assert _refused(disturbed) == _refused(undisturbed)
    assert len(_refused(disturbed)) == _LINES / 1000


def test_native_ids_that_were_seen_are_not_counted_again(tmp_path: Path) -> None:
    from tests.helpers import Workshop

    workshop = Workshop(tmp_path)
    first = [_okta_line(number) for number in range(50)]
    workshop.write("first.json", "".join(first))
    assert workshop.ingest().total.events == 50
    overlapping = [_okta_line(number) for number in range(30, 90)]
    workshop.write("second.json", "".join(overlapping + overlapping[:5]))
    summary = workshop.ingest()
    assert (summary.total.records, summary.total.events, summary.total.duplicates) == (65, 40, 25)


def _okta_line(number: int) -> str:
    return (
        f'{{"uuid":"00000000-0000-4000-8000-{number:012}","published":"2026-03-02T02:15:{number % 60:02}.120Z",'
        '"eventType":"app.oauth2.as.token.grant","version":"0","severity":"INFO",'
        '"actor":{"id":"0oa1","type":"PublicClientApp","alternateId":"mobile-app","displayName":"Mobile"},'
        '"outcome":{"result":"SUCCESS","reason":null},"transaction":{"type":"WEB","id":"t"},'
        '"client":{"ipAddress":"203.0.113.7"},"debugContext":{"debugData":{}},"target":[]}\n'
    )
