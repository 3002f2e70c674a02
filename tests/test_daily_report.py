"""The units for systemd in docs/ are valid, and what they run does what docs/reports.md says."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.hour import fill
from tests.helpers import Workshop

ROOT = Path(__file__).parents[1]
SERVICE = ROOT / "docs" / "why401-report.service"
TIMER = ROOT / "docs" / "why401-report.timer"


def _commands() -> list[list[str]]:
    """The arguments of each command that the service runs, without `/usr/bin/env why401`."""
    values = (
        line.partition("=")[2] for line in SERVICE.read_text().splitlines() if line.startswith("ExecStart=")
    )
    commands = [shlex.split(value) for value in values]
    assert all(command[:2] == ["/usr/bin/env", "why401"] for command in commands)
    return [command[2:] for command in commands]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze (Debian: systemd)")
def test_systemd_takes_the_units() -> None:
    # In a folder of its own, so that the timer finds its service and nothing else.
    command = ["systemd-analyze", "verify", "--man=no", str(SERVICE), str(TIMER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "why401" not in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze (Debian: systemd)")
def test_the_timer_fires_once_a_day() -> None:
    timer = configparser.ConfigParser(strict=False)
    timer.read(TIMER)
    command = ["systemd-analyze", "calendar", "--iterations=3", timer["Timer"]["OnCalendar"]]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC"}
    )
    times = [line for line in done.stdout.splitlines() if "06:10:00 UTC" in line]
    assert len(times) >= 3


def test_the_service_writes_a_report_of_what_is_new(workshop: Workshop) -> None:
    fill(workshop)
    shutil.rmtree(workshop.lake.folder)
    for command in _commands():
        arguments = [str(workshop.folder) if part == "/var/log/nginx" else part for part in command]
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, "-m", "why401", *arguments],
            cwd=workshop.root,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    page = (workshop.root / "reports" / "latest.html").read_text(encoding="utf-8")
    # The last day of the data: the failures of both hours, not the day before them.
    assert "13 failures" in page


def test_the_crontab_of_the_documentation_asks_for_the_same() -> None:
    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    (crontab,) = (line for line in text.splitlines() if line.startswith("    10 6 * * *"))
    assert "why401 ingest /var/log/nginx && why401 report --since 1d -o " in crontab
    # A bare % ends the command in a crontab.
    assert crontab.count("%") == crontab.count("\\%")
