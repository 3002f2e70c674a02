"""Text from logs in the widgets of the page; see also analysis/untrusted.py."""

from __future__ import annotations

import pandas as pd

from analysis.untrusted import visible

_FORMULA = ("=", "+", "-", "@")


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
