"""Values and names as they stand in SQL that is put together."""

from __future__ import annotations


def literal(value: str) -> str:
    """A text as a string literal."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'
