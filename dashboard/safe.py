"""Text from logs is written by strangers: what keeps it from being more than text."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    """The text without control, format and direction characters, which could show it as another."""
    return "".join(
        character if unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp") else " "
        for character in text
    )


def plain(text: str) -> str:
    """Text that Markdown shows as it is: no link, image, formula or HTML comes of it."""
    return _PUNCTUATION.sub(r"\\\1", visible(text))


def for_plotly(text: str, length: int = 40) -> str:
    """Text for a label of a chart, which would read tags; shortened in the middle."""
    shown = visible(text)
    if len(shown) > length:
        half = (length - 1) // 2
        shown = f"{shown[:half]}\N{HORIZONTAL ELLIPSIS}{shown[-half:]}"
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def for_tables(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose texts a spreadsheet takes as text: what begins like a formula gets a `'` before it.

    Done before the frame is shown, since a table's own menu downloads what is shown.
    """
    return frame.map(lambda value: _as_text(value) if isinstance(value, str) else value)


def _as_text(value: str) -> str:
    shown = visible(value)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
