"""How fast each source is read: the events of its samples, repeated to some size, into a lake. A line for each
source, with the rate over all of its samples and that of the slowest one.

Nineteen of twenty records are successes, where a sample has any: samples hold each odd case once, traffic is mostly
usual. The start of the interpreter and the planning of the queries are not counted: each log is read once before it
is measured. Records that are repeated are kinder than real ones where a distinct value costs something.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

from ingest import Plan, Settings, ingest, load_sources
from ingest.formats_beside import formats_beside
from ingest.framing import Framing, chunks, detect_framing
from ingest.recognise import Bytes, Formats
from ingest.text import parse_records
from ingest.workers import Workers
from lake.table import Lake

SAMPLES = Path("sample_logs")
BUILD = Path("build/benchmarks/sources")
_GOAL = 100
_SETTINGS = Settings("a key of benchmarks")


@dataclass(frozen=True)
class Measured:
    """A sample that was read: its size in MB and the seconds of the median run."""

    name: str
    size: float
    seconds: float

    @property
    def rate(self) -> float:
        """MB/s."""
        return self.size / self.seconds


def _grown(sample: Path, log: Path, size: int) -> None:
    """A log of about this many bytes: records of the sample again and again; of a table, all of its rows."""
    content = sample.read_bytes().rstrip(b"\n") + b"\n"
    framing = detect_framing(content)
    head = b""
    if framing.kind == "csv":
        header, content = content.split(b"\n", 1)
        head = header + b"\n"
    else:
        content = _traffic(content, formats_beside(sample.parent), framing) or content
    with log.open("wb") as out:
        out.write(head)
        for _ in range(max(1, size // max(1, len(content)))):
            out.write(content)


def _traffic(content: bytes, formats: Formats, framing: Framing) -> bytes:
    """The records that are events, the successes so often that they are nineteen of twenty; none of a log most of
    whose records are parts of an event."""
    outcomes = {
        event["offset"]: event["outcome"]
        for part in parse_records(content, formats=formats)
        for event in part.events.to_pylist()
    }
    records = [
        (outcomes.get(int(offset)), text.encode())
        for chunk in chunks(Bytes(content), framing, 0)
        for offset, text in zip(chunk.records.offsets, chunk.records.lines.to_pylist(), strict=True)
    ]
    if 2 * len(outcomes) < len(records):
        return b""
    successes = [text for outcome, text in records if outcome == "success"]
    others = [text for outcome, text in records if outcome not in ("success", None)]
    times = max(1, 19 * len(others) // len(successes)) if successes else 0
    return b"".join(text + b"\n" for text in others + successes * times)


def measure(source: str, sample: Path, workers: Workers, size: int, runs: int) -> Measured:
    """Reads a sample that was grown to `size` bytes; raises RuntimeError when the source does not read it."""
    plan = Plan(load_sources(), _SETTINGS, formats_beside(sample.parent))
    seconds = []
    for run in range(runs + 1):
        shutil.rmtree(BUILD, ignore_errors=True)
        BUILD.mkdir(parents=True)
        log = BUILD / "a.log"
        _grown(sample, log, size)
        summary = ingest([log], Lake(BUILD / "lake"), plan, workers=workers)
        if not summary.by_source[source].records:
            raise RuntimeError(f"{sample} is not read as {source}: {summary.problems}")
        if run:
            seconds.append(summary.seconds)
    return Measured(sample.name, log.stat().st_size / 1e6, statistics.median(seconds))


def main() -> None:
    """Prints the table, and which sources are slower than they must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=50, help="megabytes of each sample")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("sources", nargs="*", help="these alone")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, {arguments.mb} MB of each sample, median of {arguments.runs}")
    print(f"{'':24} {'MB/s':>6} {'slowest sample':>24} {'MB/s':>6}")
    slow = []
    for source in arguments.sources or load_sources():
        with Workers(_SETTINGS) as workers:
            measured = [
                measure(source, sample, workers, arguments.mb * 1_000_000, arguments.runs)
                for sample in sorted((SAMPLES / source).iterdir())
                if sample.suffix in (".log", ".json", ".xml")
            ]
        total = sum(one.size for one in measured) / sum(one.seconds for one in measured)
        slowest = min(measured, key=lambda one: one.rate)
        print(f"{source:24} {total:6.0f} {slowest.name:>24} {slowest.rate:6.0f}", flush=True)
        if total < _GOAL:
            slow.append(source)
    shutil.rmtree(BUILD, ignore_errors=True)
    print(f"below {_GOAL} MB/s: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
