"""Text from logs is written by strangers. What keeps it from being more than text, wherever it is shown."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_MARKS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[\\`*\[\]<>|~$#&]")
_CALLS = re.compile(r"@(?=\w)|:(?=//)")
_ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"


class Markdown(str):
    """Text that is Markdown already, and is not escaped again."""

    __slots__ = ()


def visible(text: str) -> str:
    """The text on one line, without control, format and direction characters, which could make it
    look like another."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(character) in _HIDDEN else character for character in text)


def plain(text: str) -> Markdown:
    """Text that Markdown shows as it is, whatever its dialect: no link, image, formula or HTML comes
    of it. Every mark is escaped, so it is for pages and not for reading in its raw form."""
    return Markdown(_PUNCTUATION.sub(r"\\\1", visible(text)))


def readable(text: str) -> Markdown:
    """Text for Markdown that people also read raw: only what GitHub's Markdown would take for a mark
    is escaped; a mention or an address does not become a link."""
    marked = _MARKS.sub(lambda mark: f"\\{mark[0]}", visible(text))
    return Markdown(_CALLS.sub(lambda call: f"{call[0]}{_ZERO_WIDTH}", marked))


def code(text: object) -> Markdown:
    """A value as a code span, fit for a cell of a table; `-` where there is none."""
    shown = "" if text is None else visible(str(text)).strip()
    inner = shown.replace("`", "'").replace("|", r"\|").rstrip("\\")
    return Markdown(f"`{inner}`" if inner else "-")
