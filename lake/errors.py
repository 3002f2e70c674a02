"""What can go wrong with a lake, with messages for people."""

from __future__ import annotations

import re


class LakeError(Exception):
    """The lake cannot be opened, read or written."""


_TRACE = re.compile(r"\s*\d+: ")
_ORNAMENT = re.compile(r"\x1b\[[0-9;]*m|\N{DOWNWARDS ARROW WITH TIP RIGHTWARDS}")


def plain(problem: BaseException) -> str:
    """What went wrong on one line, without the colours and the trace of Delta's messages."""
    lines: list[str] = []
    for line in str(problem).splitlines():
        if _TRACE.match(line):
            break
        lines.append(_ORNAMENT.sub("", line).strip())
    return ": ".join(line for line in lines if line) or type(problem).__name__
