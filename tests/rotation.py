"""What logrotate and people do to a log, for the tests of what readers make of it."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path


def append(path: Path, text: str) -> None:
    """More lines at the end of a log."""
    with path.open("a") as file:
        file.write(text)


def copytruncate(path: Path, copy: Path) -> None:
    """As logrotate does it: the writer's file stays, its content goes to a new one."""
    shutil.copy2(path, copy)
    os.truncate(path, 0)


def gzip_in_place(path: Path) -> Path:
    """As gzip(1) does it: NAME becomes NAME.gz."""
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed
