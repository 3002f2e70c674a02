"""One writer at a time, whatever becomes of the one before."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lake.errors import LakeError
from lake.table import Lake

_HOLDER = """
import sys, time
from pathlib import Path
from lake.table import Lake
with Lake(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


def _enters(lake: Lake, seconds: float) -> bool:
    entered = threading.Event()

    def enter() -> None:
        with lake.locked():
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    return entered.wait(seconds)


def test_the_lock_may_be_nested_and_is_free_afterwards(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.locked(), lake.locked():
        assert not _enters(Lake(tmp_path), 0.1)
        assert not _enters(lake, 0.1)
    assert _enters(Lake(tmp_path), 5)
    with pytest.raises(ValueError, match="within"), lake.locked():
        raise ValueError("within")
    assert _enters(Lake(tmp_path), 5)


def test_a_writer_that_is_killed_does_not_block_the_next(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert not _enters(Lake(tmp_path), 0.1)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert _enters(Lake(tmp_path), 5)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="cannot be written"), Lake(tmp_path / "none").locked():
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot be written"), Lake(tmp_path / "file").locked():
        pass
