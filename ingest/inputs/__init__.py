"""Inputs: what paths name, and their bytes, decompressed and as UTF-8."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ingest.inputs.archives import Input
from ingest.inputs.bounds import Bounds
from ingest.inputs.discover import discover, sizes
from ingest.inputs.streams import Stream

__all__ = ["Bounds", "Input", "Stream", "discover", "open_input", "sizes"]


@contextmanager
def open_input(item: Input) -> Iterator[Stream]:
    """The stream of an input, from its first byte each time. Raises InputError.

    A file in a tar archive costs nothing to open while `discover` has not gone on, if one begins
    within its first 1 MB or skips to where it was last read; else the archive is read again up to it.
    What comes from a pipe can be opened again in the same way; what is past raises InputError. Inputs
    of one archive or pipe are for one thread at a time.
    """
    with ExitStack() as stack:
        yield Stream(item.name, item.opener(stack))
