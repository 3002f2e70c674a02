"""`why401 ingest --follow` under a steady load: the lag from a line's writing to its being in the lake.

`python -m benchmarks.following` writes nginx lines to a log at a steady rate, rotates it by renaming every
minute, and asks the lake every second how many of the lines written are in it. The follower may use one core.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.logs import nginx_lines
from lake.table import Lake

BUILD = Path("build/benchmarks/following")
_TICK = 0.1


class Writer(threading.Thread):
    """Writes lines; `written` has the moments at which so many lines had been written."""

    def __init__(self, folder: Path, rate: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.written: deque[tuple[float, int]] = deque()
        self.total = 0
        self._path = folder / "access.log"
        self._rate = rate
        self._seconds = seconds

    def run(self) -> None:
        """Writes for the time given, with a new file each minute."""
        block = max(1, int(self._rate * _TICK))
        pool = list(islice(nginx_lines(random.Random(401)), 200_000))
        begun = time.monotonic()
        ticks = int(self._seconds / _TICK)
        file = self._path.open("ab", buffering=0)
        for tick in range(ticks):
            at = tick * block % (len(pool) - block)
            file.write("".join(pool[at : at + block]).encode())
            self.total += block
            self.written.append((time.monotonic(), self.total))
            if tick % 600 == 599:
                file.close()
                self._path.rename(self._path.with_name(f"access.log.{tick // 600}"))
                file = self._path.open("ab", buffering=0)
            time.sleep(max(0.0, begun + (tick + 1) * _TICK - time.monotonic()))
        file.close()


def _rows(lake: Lake, known: dict[str, int]) -> tuple[int, int]:
    """Events in the lake, and the number of files that hold them."""
    files = lake.event_files()
    for file in files:
        if file not in known:
            known[file] = pq.ParquetFile(file).metadata.num_rows
    return sum(known[file] for file in files), len(files)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prints the lag and the number of live files over the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=20_000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=600)
    arguments = parser.parse_args()
    shutil.rmtree(BUILD, ignore_errors=True)
    logs = BUILD / "logs"
    logs.mkdir(parents=True)
    (logs / "access.log").touch()
    command = [
        sys.executable,
        "-m",
        "why401",
        "ingest",
        "--follow",
        str(logs),
        "--lake",
        f"{BUILD}/lake",
        "--json",
    ]
    cores = sorted(os.sched_getaffinity(0))
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {cores[-1]})
    )
    try:
        _watch(process, logs, arguments.rate, arguments.seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    found, files = _rows(Lake(BUILD / "lake"), {})
    print(f"at the end: {found:,} events in {files} files")


def _watch(process: subprocess.Popen[bytes], logs: Path, rate: int, seconds: float) -> None:
    lake, known = Lake(BUILD / "lake"), dict[str, int]()
    while not lake.exists():
        time.sleep(0.2)
    writer = Writer(logs, rate, seconds)
    writer.start()
    lags, most_files, began = list[float](), 0, time.monotonic()
    while writer.is_alive() or (writer.written and time.monotonic() - began < seconds + 30):
        time.sleep(0.5)
        found, files = _rows(lake, known)
        now = time.monotonic()
        while writer.written and writer.written[0][1] <= found:
            writer.written.popleft()
        lags.append(now - writer.written[0][0] if writer.written else 0.0)
        most_files = max(most_files, files)
        if len(lags) % 60 == 0:
            print(
                f"{now - began:5.0f} s  {found:>12,} events  lag {max(lags[-60:]):.1f} s  {files} files",
                flush=True,
            )
    print(
        f"{writer.total:,} lines at {rate:,}/s: lag {statistics.median(lags):.1f} s in the middle, "
        f"{max(lags):.1f} s at most; {most_files} live files at most; "
        f"{_cpu_seconds(process.pid):.0f} s of one core"
    )


if __name__ == "__main__":
    main()
