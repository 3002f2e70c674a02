"""Format strings out of the configuration files of the servers that wrote the logs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from ingest.errors import InputError
from ingest.sources import Source


def readable(sources: Mapping[str, Source]) -> list[str]:
    """The sources whose server configuration can be read, by ingest/formats/<format_language>_config.py."""
    return [name for name, source in sources.items() if _module(source) is not None]


def formats_of(sources: Mapping[str, Source], files: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    """The format strings that configuration files define, by source.

    `files` are the files by source. Raises InputError for a source whose configuration is not known, for a
    file that cannot be read and for one that defines no format.
    """
    found: dict[str, list[str]] = {}
    for name, paths in files.items():
        module = _module(sources[name]) if name in sources else None
        if module is None:
            known = ", ".join(readable(sources))
            raise InputError(f"the configuration of {name!r} cannot be read; of these it can: {known}")
        read: Callable[[Path], list[str]] = importlib.import_module(module).formats_in
        for path in paths:
            formats = read(path)
            if not formats:
                raise InputError(f"{path}: defines no log format")
            found.setdefault(name, []).extend(formats)
    return found


def _module(source: Source) -> str | None:
    name = f"ingest.formats.{source.format_language}_config"
    return name if source.format_language and find_spec(name) is not None else None
