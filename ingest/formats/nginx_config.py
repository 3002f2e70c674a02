"""The log formats that an nginx configuration defines (ngx_http_log_module, `log_format`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.formats.configuration import included, text_of

_TOKEN = re.compile(
    r"""\#[^\n]*|[{};]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?:\$\{\w*\}|\\.|[^\s{};'"\\])(?:\$\{\w*\}|\\.|[^\s{};\\])*""",
    re.DOTALL,
)
_LUA = re.compile(r"_by_lua_block$")
_BRACE_OF_LUA = re.compile(
    r"""--\[\[.*?\]\]|--[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[{}]""", re.DOTALL
)
_DEEPEST = 10


def formats_in(path: Path) -> list[str]:
    """The format strings of a configuration file and of those that it includes and that are there.

    Raises InputError, which names the file, when it cannot be read.
    """
    return list(dict.fromkeys(_formats(path, path.parent, 0)))


def _formats(path: Path, root: Path, depth: int) -> Iterator[str]:
    for directive in _directives(text_of(path)):
        if directive[0] == "log_format" and len(directive) > 2:
            parts = directive[3 if directive[2].startswith("escape=") else 2 :]
            yield "".join(parts)
        elif directive[0] == "include" and len(directive) == 2 and depth < _DEEPEST:
            for other in included(directive[1], root):
                yield from _formats(other, root, depth + 1)


def _directives(text: str) -> Iterator[list[str]]:
    """Each directive as its words, out of quotes; blocks are entered, those of Lua passed over."""
    words: list[str] = []
    at = 0
    while (found := _TOKEN.search(text, at)) is not None:
        token, at = found[0], found.end()
        if token.startswith("#"):
            continue
        if token not in ("{", "}", ";"):
            words.append(_unquoted(token))
            continue
        if token == "{" and words and _LUA.search(words[0]):
            at = _behind_lua(text, at)
        elif token == ";" and words:
            yield words
        words = []


def _behind_lua(text: str, at: int) -> int:
    """The place behind the brace that ends a block of Lua which begins at `at`."""
    depth = 1
    while depth and (found := _BRACE_OF_LUA.search(text, at)) is not None:
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        at = found.end()
    return at if not depth else len(text)


def _unquoted(token: str) -> str:
    quoted = token[0] in "'\""
    return re.sub(r"""\\(["'\\ ;{}])""", r"\1", token[1:-1] if quoted else token)
