"""Words that stand in the logs of any program: regular expressions (RE2), one a line, in ingest/words/*.txt.

SQL has them as a macro of the file's name; `recognise` of a source, and other words, name them as `{{name}}`.
Both stand for (?:a|b|...) of all lines of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ingest.quoting import literal

WORDS = Path(__file__).parent / "words"

_NAMED = re.compile(r"\{\{([a-z_]+)\}\}")


@cache
def load_words() -> Mapping[str, str]:
    """An expression for each file, by its name; blank lines and those that begin with `#` say nothing."""
    texts = {path.stem: _joined(path.read_text(encoding="utf-8")) for path in sorted(WORDS.glob("*.txt"))}
    return {name: _filled(text, texts) for name, text in texts.items()}


def with_words(pattern: str) -> str:
    """The pattern with the words in it that it names. Raises KeyError for a name that none has."""
    return _filled(pattern, load_words())


def words_as_macros() -> str:
    """SQL that makes a macro of each."""
    return "\n".join(f"CREATE MACRO {name}() AS {literal(words)};" for name, words in load_words().items())


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    while named := _NAMED.search(pattern):
        pattern = pattern.replace(named[0], words[named[1]])
    return pattern


def _joined(text: str) -> str:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return f"(?:{'|'.join(lines)})"
