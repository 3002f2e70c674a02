"""Runs of `ingest` that begin warm: engines that were used before, few formats to try, small chunks and commits.

Making an engine takes longer than reading a few lines, and a machine of thousands of sequences makes many
runs. What is changed here is only speed and grain; the way from the files to the lake is the product's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import ingest.workers as workers_module
from ingest import Counts, Engine, Plan, Settings, Summary, batch, ingest, load_sources, pipeline
from ingest.framing import Chunk, chunks
from ingest.reader import parse_chunk
from ingest.recognise import Bytes, readings, recognise
from ingest.workers import Workers
from lake.table import Lake
from tests.model.lines import Burst, Press


@dataclass(frozen=True)
class Grain:
    """How finely a run works: bytes of a chunk, and whether each chunk is a commit of its own.

    `parts` bounds both: of a large folder the chunks are larger, and so are the commits. `skew` is how many
    seconds the run's clock is wrong.
    """

    chunk_bytes: int | None = None
    commit_each: bool = False
    skew: int = 0
    parts: int = 1000


def plan() -> Plan:
    """A plan of two sources, with the one format that the model writes."""
    sources = load_sources()
    nginx = sources["nginx"]
    few = {"nginx": replace(nginx, formats={"combined": nginx.formats["combined"]}), "okta": sources["okta"]}
    return Plan(few, Settings("a key of tests"))


class Engines:
    """Engines that were used before, for workers to begin with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Engine] = []

    def __call__(self, settings: Settings) -> Engine:
        with self._lock:
            return self._free.pop() if self._free else Engine(settings)

    def warm(self, count: int) -> None:
        """Makes so many, and has each parse lines of both sources."""
        for _ in range(count):
            engine = Engine(PLAN.settings)
            for source in PLAN.sources:
                _parse_some(
                    engine, b"".join(line.text + b"\n" for line in Press().lines(source, Burst((1, 1, 1))))
                )
            self._free.append(engine)


ENGINES = Engines()
PLAN = plan()


@cache
def workers() -> Workers:
    """The workers of this process, for one run after another."""
    vars(workers_module)["Engine"] = ENGINES
    return Workers(PLAN.settings, 2)


def run(paths: Sequence[Path], lake: Path, grain: Grain) -> Summary:
    """A run of `ingest`, warm."""
    with _changed(grain, sum(_size(path) for path in paths)):
        return ingest(list(paths), Lake(lake), PLAN, workers=workers())


def _parse_some(engine: Engine, text: bytes) -> None:
    candidates = readings(PLAN.sources, {})
    layout = recognise(engine, text, candidates)
    assert layout is not None
    for chunk in chunks(Bytes(text), layout.framing, 0):
        parsed = parse_chunk(engine, layout, candidates, chunk, datetime.now(UTC))
        assert parsed.events.num_rows == text.count(b"\n")


@contextmanager
def _changed(grain: Grain, size: int) -> Iterator[None]:
    """Changes the grain for a run over `size` bytes. A name that is not there any more is a KeyError."""
    part = size // grain.parts
    places: dict[str, tuple[dict[str, Any], Any]] = {}
    if grain.chunk_bytes is not None:
        places["chunks"] = vars(pipeline), _small(vars(pipeline)["chunks"], max(grain.chunk_bytes, part))
    if grain.commit_each:
        places["_BATCH_BYTES"] = vars(batch), max(part, 1)
    if grain.skew:
        places["time"] = vars(time), _skewed(time.time, grain.skew)
    before = {name: module[name] for name, (module, _) in places.items()}
    try:
        for name, (module, value) in places.items():
            module[name] = value
        yield
    finally:
        for name, (module, _) in places.items():
            module[name] = before[name]


def _size(path: Path) -> int:
    """Bytes of the files in a folder, one of which may be gone by now."""
    size = 0
    for file in path.iterdir():
        with suppress(FileNotFoundError):
            size += file.stat().st_size
    return size


def _skewed(clock: Callable[[], float], seconds: int) -> Callable[[], float]:
    return lambda: clock() + seconds


def _small(chunks: Callable[..., Iterator[Chunk]], size: int) -> Callable[..., Iterator[Chunk]]:
    def small(*arguments: Any, **named: Any) -> Iterator[Chunk]:
        return chunks(*arguments, **named, size=size)

    return small


def as_summary(document: dict[str, Any]) -> Summary:
    """A summary from its `as_dict`, as far as the model looks at it."""
    total = Counts(**{name: document[name] for name in vars(Counts())})
    return Summary(total, ignored_because=document["ignored_because"], problems=document["problems"])
