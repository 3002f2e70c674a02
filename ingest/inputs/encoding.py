"""Text encodings: UTF-16, as Windows exports it, becomes UTF-8 on the way."""

from __future__ import annotations

import codecs

import numpy as np

from ingest.framing import Readable

_PIECE = 512 * 1024


def utf16_of(head: bytes) -> str | None:
    """The UTF-16 codec of a text that begins with `head`, by its mark or by its NULs; None if it is not.

    Without a mark, most characters must be ASCII, so that one of every two bytes is NUL.
    """
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return None
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    units = np.frombuffer(head[: len(head) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    if len(units) < 8:
        return None
    for codec, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        ascii_units = units[units[:, high] == 0, low]
        text = (ascii_units >= 0x20) & (ascii_units != 0x7F) | np.isin(ascii_units, (0x09, 0x0A, 0x0D, 0x1B))
        if np.count_nonzero(text) >= 0.7 * len(units) and np.count_nonzero(ascii_units == 0) == 0:
            return codec
    return None


class Transcoded:
    """The UTF-8 form of UTF-16 text, without its mark.

    Lone surrogates become U+FFFD. Half a character at the end is left: the rest may still be written.
    """

    def __init__(self, raw: Readable, codec: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
        self._begun = False
        self._piece = memoryview(bytearray(_PIECE))
        self._content = memoryview(b"")

    def readinto(self, buffer: memoryview, /) -> int:
        while not self._content:
            got = self._raw.readinto(self._piece) or 0
            if not got:
                return 0
            text = self._decoder.decode(bytes(self._piece[:got]))
            if text and not self._begun:
                self._begun = True
                text = text.removeprefix("\ufeff")
            self._content = memoryview(text.encode())
        size = min(len(buffer), len(self._content))
        buffer[:size] = self._content[:size]
        self._content = self._content[size:]
        return size
