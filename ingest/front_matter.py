"""Front matter: a .sql file says what it is, as TOML in its leading comment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ingest.errors import SourceError

FRAMINGS = ("lines", "json")
"""How records lie in an input: as lines, or as JSON documents."""

_FRONT_MATTER = re.compile(r"\s*/\*(?P<toml>.*?)\*/(?P<sql>.*)", re.DOTALL)


def read_front_matter(path: Path) -> tuple[dict[str, Any], str]:
    """What the file says of itself, and its SQL; raises SourceError, which names the file and the fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise SourceError(f"{path}: cannot be read: {problem.strerror}") from problem
    parts = _FRONT_MATTER.fullmatch(text)
    if parts is None:
        raise SourceError(f"{path}: it must begin with TOML in a /* comment */")
    try:
        front = tomllib.loads(parts["toml"])
    except tomllib.TOMLDecodeError as problem:
        raise SourceError(f"{path}: its front matter is not TOML: {problem}") from problem
    return front, parts["sql"].strip().rstrip(";")


def check_front_matter(
    path: Path, front: Mapping[str, Any], needed: Sequence[str], choices: Mapping[str, Sequence[str]]
) -> None:
    """Raises SourceError where a needed key is not there, or a value is not one of its choices."""
    for key in needed:
        if key not in front:
            raise SourceError(f"{path}: its front matter lacks `{key}`")
    for key, allowed in choices.items():
        if key in front and front[key] not in allowed:
            raise SourceError(f"{path}: `{key}` is {front[key]!r}, not one of {', '.join(allowed)}")
