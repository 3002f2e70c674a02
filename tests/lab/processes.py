"""Processes of the lab: started on loopback, ended by their id, and gone when the lab is killed.

Every process that the lab starts, and every process that one starts, has the mark of the run in its
environment. A warden, which outlives the lab by a moment, kills what still has it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

_GRACE = 10.0
"""Seconds that a server has to end by itself."""


MARK = "WHY401_LAB_RUN"
_RUN = uuid.uuid4().hex


class StartError(Exception):
    """A server ended or did not answer in time; its message holds the last it wrote."""


class Process:
    """A server of the lab. Ends with the lab, however the lab ends."""

    def __init__(
        self,
        command: Sequence[str | Path],
        output: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Starts `command`; what it writes to its two outputs is appended to the file `output`."""
        self._output = output
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {}), MARK: _RUN}, cwd=cwd, start_new_session=True,
            )  # fmt: skip

    @property
    def id(self) -> int:
        return self._process.pid

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits until `ready`. Raises StartError."""
        until = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None:
                raise StartError(f"ended with {self._process.returncode}: {self._last_words()}")
            if time.monotonic() > until:
                raise StartError(f"gave no answer within {seconds:.0f} s: {self._last_words()}")
            time.sleep(0.1)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the server and what it started."""
        if self._process.poll() is None:
            os.killpg(self.id, number)

    def stop(self) -> None:
        """Ends the server and what it started; returns when it is gone."""
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._process.wait()

    def _last_words(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")[-600:].strip()


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something on loopback takes connections at the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Whether a GET of the URL is answered with 200."""
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def warden() -> Iterator[None]:
    """While this lasts, the processes of this run die with the lab, even when it is killed."""
    watch = subprocess.Popen(
        [sys.executable, "-m", "tests.lab.warden", _RUN], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        assert watch.stdin is not None
        watch.stdin.close()
        watch.wait()


def survivors(run: str = _RUN) -> list[int]:
    """The ids of the processes that have the mark of a run."""
    mark = f"{MARK}={run}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found
