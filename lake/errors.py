"""What can go wrong with a lake, with messages for people."""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot be opened, read or written."""


def plain(problem: BaseException) -> str:
    """What went wrong, without the trace that Delta's messages end with."""
    return next(iter(str(problem).splitlines()), type(problem).__name__)
