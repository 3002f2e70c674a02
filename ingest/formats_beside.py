"""Format strings that lie beside the logs: a why401.toml in a log's own folder may name them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ingest.errors import InputError

NAME = "why401.toml"


@lru_cache(maxsize=1024)
def formats_beside(folder: Path) -> Mapping[str, Sequence[str]]:
    """The `[formats]` of the folder's why401.toml, by source; empty when there is none.

    Raises InputError, which names the file, when it cannot be understood.
    """
    path = folder / NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise InputError(f"{path}: cannot be understood: {problem}") from problem
    formats = document.get("formats", {})
    if not isinstance(formats, dict) or not all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in formats.values()
    ):
        raise InputError(f"{path}: [formats] must give a list of format strings for each source")
    return formats
