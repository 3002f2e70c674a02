"""Following: logs that grow while one looks, whatever rotates, truncates or removes them.

A poll looks at what the paths name; what has changed is read on from where it was, by its content
(ingest/identity.py), as in any other run. Files stay open for a while, so that the last lines of one that was
renamed out of sight or deleted are read as well.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from ingest.errors import InputError
from ingest.inputs import Input, discover
from ingest.inputs.paths import LocalFile, places
from ingest.pipeline import Plan, Run
from ingest.summary import Summary
from ingest.workers import Workers
from lake.care import compact, vacuum
from lake.table import Lake

POLL_SECONDS = 0.5
_COMPACT_SECONDS = 30.0
_SMALL_FILES = 24
_VACUUM_SECONDS = 3600.0
_HELD_FILES = 256
_HELD_SECONDS = 60.0

Mark = tuple[int, int, int, int]
"""A file on the disk and its state: device, inode, size, time of change."""


@dataclass
class _Held:
    """A file that is kept open: its path when it was last seen, its size when it was last read."""

    descriptor: int
    path: Path
    size: int
    since: float


class Follower:
    """Reads what paths name into a lake, and goes on until it is told to stop."""

    def __init__(
        self,
        paths: Sequence[str | Path],
        lake: Lake,
        plan: Plan,
        on_summary: Callable[[Summary], None] = lambda summary: None,
    ) -> None:
        """`on_summary` is called after each poll that read something, with the summary of it."""
        self._paths = paths
        self._lake = lake
        self._plan = plan
        self._on_summary = on_summary
        self._marks: dict[Path, Mark] = {}
        self._held: dict[tuple[int, int], _Held] = {}
        self._told: set[str] = set()

    def run(self, stop: threading.Event) -> Summary:
        """Follows until `stop` is set; the summary of all that was read. What was read is committed then.

        Raises LakeError when the lake cannot be written, SourceError when a source is unknown.
        """
        total = Summary()
        begun = time.monotonic()
        with (
            Workers(self._plan.settings) as workers,
            Run(self._lake, self._plan, workers, live=True) as run,
            _Caretaker(self._lake) as caretaker,
        ):
            while True:
                last = stop.is_set()
                began = time.monotonic()
                self._poll(run)
                self._tell(run, total)
                if last:
                    break
                caretaker.look()
                stop.wait(max(0.0, POLL_SECONDS - (time.monotonic() - began)))
        self._release(self._held)
        total.seconds = time.monotonic() - begun
        return total

    def _poll(self, run: Run) -> None:
        """Reads what has changed, and what was open and is out of sight."""
        seen: set[tuple[int, int]] = set()
        for place in places(self._paths):
            if isinstance(place, InputError):
                continue
            if not isinstance(place, LocalFile):
                self._read_once(run, place.name)
                continue
            try:
                mark = _mark(place.path.stat())
            except OSError:
                continue
            seen.add(mark[:2])
            if self._marks.get(place.path) != mark:
                self._marks[place.path] = mark
                self._hold(place.path, mark)
                self._read(run, place.path, place.named)
        for path in [path for path, mark in self._marks.items() if mark[:2] not in seen]:
            del self._marks[path]
        self._read_out_of_sight(run, seen)
        run.finish()

    def _read(self, run: Run, path: Path, named: bool, shown: str | None = None) -> None:
        if shown is None and not _size(path):
            return
        for item in discover([path], self._plan.bounds):
            if isinstance(item, Input):
                run.read(replace(item, named=named, name=item.name if shown is None else shown))
            else:
                run.summary.problems.append(str(item))

    def _read_once(self, run: Run, name: str) -> None:
        """What cannot be watched, a pipe or an object of a store, is read when it is first seen."""
        if Path(name) not in self._marks:
            self._marks[Path(name)] = (0, 0, 0, 0)
            text = "-" if name == "standard input" else name
            for item in discover([text], self._plan.bounds):
                run.read(item) if isinstance(item, Input) else run.summary.problems.append(str(item))

    def _hold(self, path: Path, mark: Mark) -> None:
        """Keeps the file open, so that it can be read when its name is gone."""
        held = self._held.get(mark[:2])
        if held is None:
            if len(self._held) >= _HELD_FILES:
                idlest = min(self._held, key=lambda key: self._held[key].since)
                self._release({idlest: self._held[idlest]})
            try:
                held = _Held(os.open(path, os.O_RDONLY), path, 0, 0.0)
            except OSError:
                return
            if _mark(os.fstat(held.descriptor))[:2] != mark[:2]:
                os.close(held.descriptor)
                return
            self._held[mark[:2]] = held
        if held is not None:
            held.path, held.size, held.since = path, mark[2], time.monotonic()

    def _read_out_of_sight(self, run: Run, seen: set[tuple[int, int]]) -> None:
        now = time.monotonic()
        done = {}
        for key, held in self._held.items():
            size = os.fstat(held.descriptor).st_size
            if key in seen:
                continue
            if size != held.size:
                held.size, held.since = size, now
                self._read(run, Path(f"/dev/fd/{held.descriptor}"), named=False, shown=str(held.path))
            elif now - held.since > _HELD_SECONDS:
                done[key] = held
        self._release(done)

    def _release(self, held: dict[tuple[int, int], _Held]) -> None:
        for key in list(held):
            os.close(self._held.pop(key).descriptor)

    def _tell(self, run: Run, total: Summary) -> None:
        """Hands on the summary of a poll; a problem that stays is told once."""
        summary, run.summary = run.summary, Summary()
        summary.problems = [problem for problem in summary.problems if problem not in self._told]
        self._told.update(summary.problems)
        total.add(summary)
        if summary.total.records or summary.problems:
            self._on_summary(summary)


class _Caretaker:
    """Merges the small files that following makes, and removes those that were merged long ago, beside it."""

    def __init__(self, lake: Lake) -> None:
        self._lake = Lake(lake.folder)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="care")
        self._last = self._vacuumed = time.monotonic()
        self._running: Future[object] | None = None

    def look(self) -> None:
        """Starts a compaction when it is time for one; raises what the one before ran into."""
        if self._running is not None and self._running.done():
            running, self._running = self._running, None
            running.result()
        if self._running is None and time.monotonic() - self._last > _COMPACT_SECONDS:
            self._last = time.monotonic()
            self._running = self._pool.submit(self._care)

    def _care(self) -> None:
        compact(self._lake, _SMALL_FILES)
        if time.monotonic() - self._vacuumed > _VACUUM_SECONDS:
            self._vacuumed = time.monotonic()
            vacuum(self._lake, timedelta(seconds=_VACUUM_SECONDS))

    def __enter__(self) -> _Caretaker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(wait=True)


def _mark(found: os.stat_result) -> Mark:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
