"""Memory of an ingest of what is large in one way: a long gzip, one line without an end, very many files.

`python -m benchmarks.memory` prints the peak of resident memory of `why401 ingest` for each, with what it read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from isal import igzip

from benchmarks.logs import nginx_lines, write_log

BUILD = Path("build/benchmarks")
_MEMBER_MB = 50


def long_gzip(megabytes: int) -> Path:
    """A gzip file of `megabytes` of nginx lines, in members of 50 MB."""
    path = BUILD / f"nginx-{megabytes}mb.gz"
    if path.exists():
        return path
    plain = BUILD / f"nginx-{_MEMBER_MB}mb.log"
    write_log(plain, _MEMBER_MB, nginx_lines)
    member = igzip.compress(plain.read_bytes(), compresslevel=1)
    with path.open("wb") as file:
        for _ in range(megabytes // _MEMBER_MB):
            file.write(member)
    return path


def one_line(megabytes: int) -> Path:
    """Some nginx lines, a line of `megabytes`, and some more."""
    path = BUILD / f"one-line-{megabytes}mb.log"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = list(islice(nginx_lines(random.Random(401)), 2000))
    with path.open("wb") as file:
        file.write("".join(lines[:1000]).encode())
        block = b'203.0.113.7 - - [02/Mar/2026:02:15:04 +0000] "GET /' + b"a" * (1_000_000 - 51)
        for _ in range(megabytes):
            file.write(block)
        file.write(b"\n" + "".join(lines[1000:]).encode())
    return path


def many_files(count: int) -> Path:
    """A folder of files of twenty nginx lines each, one in ten of them gzip."""
    folder = BUILD / f"files-{count}"
    if folder.exists():
        return folder
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    lines = nginx_lines(random.Random(401))
    for number in range(count):
        text = "".join(islice(lines, 20)).encode()
        packed = number % 10 == 0
        name = f"access-{number:05}.log" + (".gz" if packed else "")
        (draft / name).write_bytes(gzip.compress(text, 1) if packed else text)
    draft.rename(folder)
    return folder


def measure(path: Path) -> None:
    """Runs `why401 ingest` on the path and prints what it took."""
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, tempfile.TemporaryFile() as printed:
        command = [sys.executable, "-m", "why401", "ingest", str(path), "--lake", f"{folder}/lake", "--json"]
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=printed, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        printed.seek(0)
        told = json.load(printed)
    print(
        f"{path.name:22} {usage.ru_maxrss / 1024:6.0f} MB peak  {told['bytes'] / 1e6:7,.0f} MB read "
        f"in {seconds:6.1f} s  {told['events']:>12,} events  {told['quarantined']:,} quarantined  exit {status >> 8}",
        flush=True,
    )


def main() -> None:
    """Makes the inputs in build/benchmarks, and measures each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gzip-mb", type=int, default=5000)
    parser.add_argument("--line-mb", type=int, default=1000)
    parser.add_argument("--files", type=int, default=10_000)
    arguments = parser.parse_args()
    makers: list[Callable[[], Path]] = [
        lambda: one_line(arguments.line_mb),
        lambda: many_files(arguments.files),
        lambda: long_gzip(arguments.gzip_mb),
    ]
    for make in makers:
        measure(make())


if __name__ == "__main__":
    main()
