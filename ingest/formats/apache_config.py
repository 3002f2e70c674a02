"""The log formats that an Apache configuration defines (mod_log_config: LogFormat, CustomLog, GlobalLog)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.formats.configuration import included, text_of

_WORD = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+))""", re.DOTALL)
_DEEPEST = 10


def formats_in(path: Path) -> list[str]:
    """The format strings of a configuration file and of those that it includes and that are there.

    Raises InputError, which names the file, when it cannot be read.
    """
    return list(dict.fromkeys(_formats(path, [path.parent], 0)))


def _formats(path: Path, roots: list[Path], depth: int) -> Iterator[str]:
    """`roots` are the folders that includes are looked for in, the one of the first file before ServerRoot: a
    configuration may have been copied."""
    for name, *words in _directives(text_of(path)):
        if name == "serverroot" and words:
            roots[1:] = [Path(words[0])]
        elif name in ("include", "includeoptional") and words and depth < _DEEPEST:
            for other in next(filter(None, (included(words[0], root) for root in roots)), []):
                yield from _formats(other, roots, depth + 1)
        else:
            # a nickname holds no directive
            place = {"logformat": 0, "customlog": 1, "globallog": 1}.get(name)
            if place is not None and len(words) > place and "%" in words[place]:
                yield words[place]


def _directives(text: str) -> Iterator[list[str]]:
    """Each directive in small letters with its arguments, out of their quotes; blocks are entered."""
    for line in re.sub(r"\\\r?\n", "", text).splitlines():
        words = [_unquoted(found) for found in _WORD.finditer(line)]
        if words and not words[0].startswith(("#", "<")):
            yield [words[0].lower(), *words[1:]]


def _unquoted(found: re.Match[str]) -> str:
    double, single, bare = found.groups()
    if bare is not None:
        return bare.replace("\\\\", "\\")
    quote, value = ('"', double) if double is not None else ("'", single)
    return re.sub(rf"\\([\\{quote}])", r"\1", value)
