"""The formatters of an Apinto configuration: outputs as its admin API gives them, or files of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.formats.configuration import documents_of


def formats_in(path: Path) -> list[str]:
    """The formatters with their types, as JSON text. Raises InputError, which names the file."""
    return list(dict.fromkeys(text for document in documents_of(path) for text in _formats(document)))


def _formats(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _formats(item)
    if not isinstance(value, dict):
        return
    formatter = value.get("formatter")
    if isinstance(formatter, dict) and formatter.get("fields"):
        kind = value.get("type")
        yield json.dumps({"type": kind if kind in ("line", "json") else "line", "formatter": formatter})
        return
    for inner in value.values():
        yield from _formats(inner)
