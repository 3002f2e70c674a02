"""Runs of `ingest` that begin warm: engines that were used before, few formats to try, small chunks and commits.

Making an engine takes longer than reading a few lines, and a machine of thousands of sequences makes many
runs. What is changed here is only speed and grain; the way from the files to the lake is the product's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ingest.pipeline as pipeline
from ingest import Counts, Engine, Plan, Settings, Summary, ingest, load_sources
from ingest.framing import Chunk, Framing, Readable, chunks
from lake.table import Lake


@dataclass(frozen=True)
class Grain:
    """How finely a run works: bytes of a chunk, and whether each chunk is a commit of its own.

    `skew` is how many seconds the run's clock is wrong.
    """

    chunk_bytes: int | None = None
    commit_each: bool = False
    skew: int = 0


def plan() -> Plan:
    """A plan of two sources, with the one format that the model writes."""
    sources = load_sources()
    nginx = sources["nginx"]
    few = {"nginx": replace(nginx, formats={"combined": nginx.formats["combined"]}), "okta": sources["okta"]}
    return Plan(few, Settings("a key of tests"), workers=2)


class Engines:
    """Engines that go from one run to the next. One run at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[Engine] = []
        self._lent: list[Engine] = []

    def __call__(self, settings: Settings) -> Engine:
        with self._lock:
            engine = self._free.pop() if self._free else Engine(settings)
            self._lent.append(engine)
        return engine

    def take_back(self) -> None:
        """The run has ended, its threads are gone."""
        self._free += self._lent
        self._lent.clear()


ENGINES = Engines()
PLAN = plan()


def run(paths: Sequence[Path], lake: Path, grain: Grain) -> Summary:
    """A run of `ingest`, warm."""
    with _changed(grain):
        try:
            return ingest(list(paths), Lake(lake), PLAN)
        finally:
            ENGINES.take_back()


@contextmanager
def _changed(grain: Grain) -> Iterator[None]:
    """Changes names of the pipeline for a run; one that is not there any more is an AttributeError."""
    changes: dict[str, Any] = {"Engine": ENGINES}
    if grain.chunk_bytes is not None:
        changes["chunks"] = _chunks_of(grain.chunk_bytes)
    if grain.commit_each:
        changes["_COMMIT_BYTES"] = 1
    before = {name: getattr(pipeline, name) for name in changes}
    real = time.time
    try:
        for name, value in changes.items():
            setattr(pipeline, name, value)
        if grain.skew:
            time.time = lambda: real() + grain.skew
        yield
    finally:
        time.time = real
        for name, value in before.items():
            setattr(pipeline, name, value)


def _chunks_of(size: int) -> Any:
    def small(stream: Readable, framing: Framing, start: int, before: bytes = b"") -> Iterator[Chunk]:
        return chunks(stream, framing, start, before, size)

    return small


def as_summary(document: dict[str, Any]) -> Summary:
    """A summary from its `as_dict`, as far as the model looks at it."""
    total = Counts(**{name: document[name] for name in vars(Counts())})
    return Summary(total, ignored_because=document["ignored_because"], problems=document["problems"])
