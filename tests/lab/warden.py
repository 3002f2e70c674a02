"""Waits until the lab is gone, then kills what it left: python -m tests.lab.warden RUN

The lab holds the other end of its standard input, so that it ends however the lab ends.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

from tests.lab.processes import survivors


def main(run: str) -> None:
    while sys.stdin.buffer.read(1):
        pass
    while left := survivors(run):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1])
