"""From the bytes of a file to what is in it: compression is peeled off, whatever its name says."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.ahead import ReadAhead
from ingest.inputs.bounds import Meter
from ingest.inputs.codecs import Decompressed, codec_of
from ingest.inputs.encoding import Transcoded, utf16_of
from ingest.inputs.files import SeekableFile
from ingest.inputs.streams import Peeked
from ingest.inputs.tar import is_tar
from ingest.inputs.zip import is_zip

_HEAD = 4096
DEEPEST = 4
"""Compressions within each other, and archives within each other."""


@dataclass(frozen=True)
class Peeled:
    """What is in a file: text or an archive, as a stream that begins at byte 0.

    `packed`: it was compressed, so that it pays to read it ahead.
    """

    raw: Readable
    head: bytes
    kind: Literal["text", "tar", "zip"]
    packed: bool


def peel(raw: Readable, name: str, meter: Meter, layer: tuple[Hashable, ...]) -> Peeled:
    """Takes off what `raw` is compressed with, up to four times. `layer` names it to the meter."""
    stream = Peeked(raw, _HEAD)
    depth = 0
    while codec := codec_of(stream.head):
        depth += 1
        if depth > DEEPEST:
            raise InputError(f"{name}: it is compressed more than {DEEPEST} times over; unpack it first")
        stream = Peeked(Decompressed(stream, codec, name, meter, (*layer, depth)), _HEAD)
    head = stream.head
    if depth == 0 and isinstance(raw, SeekableFile):
        raw.seek(0)
        return Peeled(raw, head, _kind(head), packed=False)
    return Peeled(stream, head, _kind(head), packed=depth > 0)


def as_text(peeled: Peeled, stack: ExitStack) -> Readable:
    """The stream as UTF-8, read ahead if that pays. The stack ends the reading ahead."""
    raw = read_ahead(peeled, stack)
    codec = utf16_of(peeled.head)
    return raw if codec is None else Transcoded(raw, codec)


def read_ahead(peeled: Peeled, stack: ExitStack) -> Readable:
    """The stream, read ahead if it is compressed."""
    if not peeled.packed:
        return peeled.raw
    ahead = ReadAhead(peeled.raw)
    stack.callback(ahead.close)
    return ahead


def _kind(head: bytes) -> Literal["text", "tar", "zip"]:
    if is_tar(head):
        return "tar"
    return "zip" if is_zip(head) else "text"
