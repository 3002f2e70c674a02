"""Raw log to Parquet: why401 beside DuckDB's own readers, chdb, polars, lnav and GoAccess, on the same files,
in turn; nginx text and Okta JSON, each plain and compressed with gzip."""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import Contender, contenders
from benchmarks.logs import nginx_lines, okta_lines, write_log
from benchmarks.machine import cores_at_once

BUILD = Path("build/benchmarks")
_GOALS = {"nginx": 1.0, "okta": 0.9}
"""How fast why401 must be, as a part of DuckDB's reader."""
_GZIP_GOAL = 0.85
_MEMORY_GOAL = 700


def _compressed(log: Path) -> Path:
    packed = log.with_name(log.name + ".gz")
    if not packed.exists():
        draft = packed.with_suffix(".draft")
        with log.open("rb") as plain, gzip.open(draft, "wb", compresslevel=6) as out:
            shutil.copyfileobj(plain, out, 1 << 20)
        draft.rename(packed)
    return packed


def _rate(size: float, seconds: Sequence[float]) -> str:
    return f"{size / statistics.median(seconds):.0f}" if seconds else ""


def _print(title: str, size: float, measured: list[Contender]) -> None:
    ours = statistics.median(measured[0].seconds) if measured[0].seconds else None
    print(f"\n{title}")
    print(f"{'':18} {'seconds':>8} {'MB/s':>7} {'reading':>8} {'peak MB':>8}   why401 is")
    for contender in measured:
        if contender.problem is not None:
            print(f"{contender.name:18} failed: {contender.problem[:90]}")
            continue
        seconds = statistics.median(contender.seconds)
        ratio = f"{seconds / ours:.2f} times as fast" if ours else ""
        print(
            f"{contender.name:18} {seconds:8.2f} {size / seconds:7.0f}"
            f" {_rate(size, contender.reading):>8} {max(contender.peaks):8.0f}   {ratio}"
        )


def _verdict(what: str, found: float, goal: float, *, most: bool = False) -> None:
    reached = found <= goal if most else found >= goal
    print(
        f"{what}: {found:.2f}, goal {'at most' if most else 'at least'} {goal}: {'' if reached else 'NOT '}reached"
    )


def main() -> None:
    """Prints a table for each format, plain and gzip, and what was to be reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1000, help="megabytes of each log")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for kind, lines in (("nginx", nginx_lines), ("okta", okta_lines)):
        log = BUILD / f"{kind}-{arguments.mb}mb.log"
        write_log(log, arguments.mb, lines)
        size = log.stat().st_size / 1e6
        plain, packed = contenders(kind, log, BUILD), contenders(kind, _compressed(log), BUILD)
        for _ in range(arguments.runs):
            for contender in [*plain, *packed]:
                contender.run()
        about = (
            f"{size:.0f} MB, {arguments.runs} runs each, in turn; {os.cpu_count()} cores, "
            f"which now do {cores_at_once():.2f} times the work of one"
        )
        _print(f"{kind}: {about}", size, plain)
        _print(f"{kind}, gzip: {about} (MB of what is in it)", size, packed)
        ours, reader, ours_packed = plain[0], plain[1], packed[0]
        if not (ours.seconds and reader.seconds and ours_packed.seconds):
            continue
        took = statistics.median(ours.seconds)
        print()
        _verdict(f"{kind} to {reader.name}", statistics.median(reader.seconds) / took, _GOALS[kind])
        _verdict(f"{kind} gzip to plain", took / statistics.median(ours_packed.seconds), _GZIP_GOAL)
        _verdict(f"{kind} peak MB", max([*ours.peaks, *ours_packed.peaks]), _MEMORY_GOAL, most=True)


if __name__ == "__main__":
    main()
