"""Threads that turn chunks into events, and the engines that they do it with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

from ingest.engine import Engine
from ingest.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A pool of engines. To make an engine takes time, so runs that follow each other share the workers."""

    def __init__(self, settings: Settings, count: int | None = None) -> None:
        """`count` threads; as many as there are cores, eight at most, when not given."""
        self.count = count or max(1, min(8, os.cpu_count() or 1))
        self._settings = settings
        self._idle: list[Engine] = []
        self._pool = ThreadPoolExecutor(self.count, thread_name_prefix="parse")
        # one engine is made by whoever recognises the first input; the others meanwhile
        for _ in range(self.count - 1):
            self._pool.submit(self._make)

    def _make(self) -> None:
        self._idle.insert(0, Engine(self._settings))

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """An engine that nobody else has meanwhile: the one that was given back last has planned most."""
        try:
            engine = self._idle.pop()
        except IndexError:
            engine = Engine(self._settings)
        try:
            yield engine
        finally:
            self._idle.append(engine)

    def here(self, task: Callable[Concatenate[Engine, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `task` with an engine, in this thread."""
        with self.engine() as engine:
            return task(engine, *args, **kwargs)

    def parse(
        self, task: Callable[Concatenate[Engine, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Runs `task` with an engine, in one of the threads."""
        return self._pool.submit(lambda: self.here(task, *args, **kwargs))

    def submit(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs `task` in one of the threads."""
        return self._pool.submit(task, *args, **kwargs)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
