"""What the machine gives: how much the processors do at once, beside one of them alone.

Processors that are shared with other machines, or are two threads of one core, do less than their number says;
a figure for two cores means something only where two do nearly twice the work of one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

_WORK = "x = 0\nfor i in range(6_000_000): x += i * i"
_TRIES = 3


def cores_at_once() -> float:
    """The work that all processors do at once, as a multiple of what one does alone (its best of some tries)."""
    alone = min(_seconds(1) for _ in range(_TRIES))
    count = os.cpu_count() or 1
    return count * alone / min(_seconds(count) for _ in range(_TRIES))


def _seconds(processes: int) -> float:
    started = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", _WORK]) for _ in range(processes)]
    for process in running:
        process.wait()
    return time.perf_counter() - started
