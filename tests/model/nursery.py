"""Processes that can be killed: runs of `ingest`, and followers, each in a process of its own.

A process that has opened a Delta table must not fork: the threads of its runtime are missing in the child.
So a nursery is started that imports all and warms its engines, but opens no table, and forks a child for
each job. A child takes a fifth of a second where a new interpreter takes two.

Jobs come as lines of JSON on standard input, answers go as lines of JSON to standard output.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ingest import Summary
from tests.model.warm import Grain, as_summary

_PATIENCE = 60.0


STEPS = ("create", "write_events", "write_quarantine", "commit_quarantine", "commit_events")
"""The methods by which a run changes a lake."""


@dataclass(frozen=True)
class Kill:
    """Where a run kills itself: before or after the n-th call (from 0) of a method of the lake."""

    step: str
    call: int
    after: bool


class Child:
    """A job under way."""

    def __init__(self, nursery: Nursery, pid: int, report: Path) -> None:
        self.pid = pid
        self._nursery = nursery
        self._report = report
        self._code: int | None = None

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, unless it has ended."""
        self._send(signal.SIGTERM)

    def wait(self) -> int:
        """Waits for its end; its exit code, or the negative number of the signal that ended it."""
        if self._code is None:
            self._code = int(self._nursery.ask({"wait": self.pid})["code"])
        assert self._code != -signal.SIGALRM, f"process {self.pid} hung for {_PATIENCE:.0f} s"
        return self._code

    def summary(self) -> Summary | None:
        """What the run did, when it ended well; None when it was killed. Anything else is an AssertionError."""
        code = self.wait()
        if code == -signal.SIGKILL:
            return None
        assert code == 0, f"the run ended with {code}: {self.said()}"
        return as_summary(json.loads(self._report.with_name(self._report.name + ".json").read_text()))

    def said(self) -> str:
        """What it wrote."""
        return self._report.read_text() if self._report.exists() else ""

    def _send(self, number: int) -> None:
        if self._code is None:
            self._nursery.ask({"signal": number, "pid": self.pid})


class Nursery:
    """The nursery, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.model.nursery"],
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ingest(self, paths: Sequence[Path], lake: Path, grain: Grain, kill: Kill | None) -> Child:
        """Begins a run of `ingest`."""
        return self._begin(
            {
                "paths": [str(path) for path in paths],
                "lake": str(lake),
                "grain": asdict(grain),
                "kill": asdict(kill) if kill else None,
            }
        )

    def command(self, arguments: Sequence[str], folder: Path) -> Child:
        """Begins `why401` with these arguments in this folder."""
        return self._begin({"command": list(arguments), "folder": str(folder)})

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Sends a line and reads the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the nursery has ended"
        return dict(json.loads(answer))

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def _begin(self, job: dict[str, Any]) -> Child:
        self._number += 1
        report = self._folder / f"report-{self._number}"
        answer = self.ask({**job, "report": str(report)})
        return Child(self, int(answer["pid"]), report)


def _main(jobs: IO[str], answers: IO[str]) -> None:
    from tests.model import warm

    warm.ENGINES.warm(3)
    for line in jobs:
        job = json.loads(line)
        if "wait" in job:
            _, status = os.waitpid(job["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        elif "signal" in job:
            # not waited for yet, so the number is still its own
            os.kill(job["pid"], job["signal"])
            answer = {}
        else:
            pid = os.fork()
            if pid == 0:
                _child(job, warm.run)
            answer = {"pid": pid}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _child(job: dict[str, Any], run: Callable[..., Summary]) -> None:
    """Does the job and ends the process, whatever happens."""
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    code = 1
    try:
        with Path(job["report"]).open("w") as report:
            os.dup2(report.fileno(), 1)
            os.dup2(report.fileno(), 2)
            if "command" in job:
                code = _command(job)
            else:
                if job["kill"]:
                    _die_at(Kill(**job["kill"]))
                summary = run([Path(path) for path in job["paths"]], Path(job["lake"]), Grain(**job["grain"]))
                Path(job["report"] + ".json").write_text(json.dumps(summary.as_dict()))
                code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _command(job: dict[str, Any]) -> int:
    from why401.cli import main

    os.chdir(job["folder"])
    sys.argv = ["why401", *job["command"]]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
    return 0


def _die_at(kill: Kill) -> None:
    """Has a method of the lake kill the process at the chosen call."""
    from lake.table import Lake

    method: Callable[..., Any] = getattr(Lake, kill.step)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        mine, calls = calls, calls + 1
        if mine == kill.call and not kill.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*arguments, **named)
        if mine == kill.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(Lake, kill.step, deadly)


def killed_after(child: Child, seconds: float) -> None:
    """Kills a child after so many seconds, wherever it is by then."""
    time.sleep(seconds)
    child.kill()


if __name__ == "__main__":
    _main(sys.stdin, sys.stdout)
