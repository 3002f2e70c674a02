"""Reading ahead: decompression goes on in a thread of its own while what came before is parsed."""

from __future__ import annotations

import queue
import threading

from ingest.framing import Readable

_BLOCK = 4 * 1024 * 1024
_BLOCKS = 3
"""Two that are read ahead, and the one that is being taken."""
_DIRECT = 1024 * 1024
"""What is read without a thread: whoever wants only the head of an input does not pay for one."""
_PATIENCE = 2.0


class ReadAhead:
    """A stream that is read in a thread, at most two blocks of 4 MB ahead.

    What breaks in the thread is raised to the reader once everything before it was taken, and again
    each time it reads on. `close` ends the thread; only one that waits for a silent pipe is left to
    end with its read.
    """

    def __init__(self, raw: Readable, block: int = _BLOCK, direct: int = _DIRECT) -> None:
        self._raw = raw
        self._block = block
        self._direct = direct
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._free: queue.SimpleQueue[bytearray | None] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[bytearray, int, BaseException | None]] = queue.SimpleQueue()
        self._taken: bytearray | None = None
        self._content = memoryview(b"")
        self._problem: BaseException | None = None
        self._at_end = False

    def readinto(self, buffer: memoryview, /) -> int:
        if self._direct > 0:
            got = self._raw.readinto(buffer[: self._direct]) or 0
            self._direct -= got
            return got
        while not self._content:
            if self._problem is not None:
                raise self._problem
            if self._at_end or self._closed.is_set():
                return 0
            self._next_block()
        size = min(len(buffer), len(self._content))
        buffer[:size] = self._content[:size]
        self._content = self._content[size:]
        return size

    def close(self) -> None:
        """Ends the thread. What was not read yet is dropped."""
        self._closed.set()
        self._content = memoryview(b"")
        if self._thread is not None:
            self._free.put(None)
            self._thread.join(_PATIENCE)
            self._thread = None

    def _next_block(self) -> None:
        if self._thread is None:
            for _ in range(_BLOCKS):
                self._free.put(bytearray(self._block))
            self._thread = threading.Thread(target=self._run, name="read ahead", daemon=True)
            self._thread.start()
        elif self._taken is not None:
            self._free.put(self._taken)
        self._taken, filled, self._problem = self._full.get()
        self._content = memoryview(self._taken)[:filled]
        self._at_end = self._problem is None and filled < self._block

    def _run(self) -> None:
        problem: BaseException | None = None
        filled = self._block
        while problem is None and filled == self._block:
            block = self._free.get()
            if block is None:
                return
            filled, problem = self._fill(memoryview(block))
            self._full.put((block, filled, problem))

    def _fill(self, view: memoryview) -> tuple[int, BaseException | None]:
        filled = 0
        try:
            while filled < len(view) and not self._closed.is_set():
                got = self._raw.readinto(view[filled:]) or 0
                if not got:
                    break
                filled += got
        except BaseException as broken:  # the thread that takes the blocks raises it
            return filled, broken
        return filled, None
