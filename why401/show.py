"""How answers are printed: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_HARMFUL = ("Cc", "Cf", "Zl", "Zp")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(value: object) -> str:
    """A value as harmless text: no control, escape or direction characters (they come from logs)."""
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value).replace("\t", " ")
    return "".join(
        character if unicodedata.category(character) not in _HARMFUL else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    out.print(json.dumps(value, indent=2, default=_plain), soft_wrap=True, markup=False)


def json_text(value: Any) -> str:
    """A JSON document on one line."""
    return json.dumps(value, default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows under the names of their columns; numbers to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        numeric = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if row[name] is None else printable(row[name])) for name in columns))
    out.print(table)


def print_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Rows as CSV; text that a spreadsheet would take for a formula is quoted with an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    out.print(buffer.getvalue(), end="", soft_wrap=True, markup=False)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    return printable("'" + value if value.startswith(_FORMULA) else value)
