"""One writer at a time: an exclusive lock on a file in the lake's folder, around whatever commits."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lake.errors import LakeError


class FileLock:
    """An exclusive lock among processes and among the threads of this one.

    The thread that holds it may take it again. It ends with the process that holds it, however that
    ends, so a writer that was killed never blocks the next one; the file itself stays and is empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.RLock()
        self._depth = 0
        self._descriptor = -1

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits until nobody else holds the lock. Raises LakeError where its file cannot be written."""
        with self._thread:
            if self._depth == 0:
                self._descriptor = self._acquire()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    # closing the only descriptor of this lock releases it
                    os.close(self._descriptor)

    def _acquire(self) -> int:
        folder = self._path.parent
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as problem:
            raise LakeError(f"{folder}: the lake cannot be written: {problem.strerror}") from problem
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException as problem:
            os.close(descriptor)
            if isinstance(problem, OSError):
                raise LakeError(f"{folder}: the lake cannot be locked: {problem.strerror}") from problem
            raise
        return descriptor
