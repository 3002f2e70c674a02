"""What readers of server configurations share: the text of a file, its documents, what it includes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ingest.errors import InputError


def text_of(path: Path) -> str:
    """The text of a file. Raises InputError, which names it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as problem:
        raise InputError(f"{path}: cannot be read: {problem.strerror}") from problem


def documents_of(given: Path | str) -> list[Any]:
    """The YAML or JSON documents of a file, or of a text. Raises InputError where they are neither."""
    text = text_of(given) if isinstance(given, Path) else given
    try:
        # JSON is YAML where it has no tabs, and these mean nothing in it
        return list(
            yaml.safe_load_all(text.replace("\t", "    ") if text.lstrip()[:1] in ("{", "[") else text)
        )
    except yaml.YAMLError as problem:
        raise InputError(
            f"{given if isinstance(given, Path) else 'text in it'}: is not YAML or JSON"
        ) from problem


def included(pattern: str, root: Path) -> list[Path]:
    """The files that an include names, by a pattern that may be below `root`."""
    found = Path("/").glob(pattern.lstrip("/")) if pattern.startswith("/") else root.glob(pattern)
    return sorted(path for path in found if path.is_file())
