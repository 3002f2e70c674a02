"""What can go wrong with a lake, with messages for people."""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot be opened, read or written."""
