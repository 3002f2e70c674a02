"""Sources: one .sql file each, found by walking a folder. The folder is the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ingest.errors import SourceError
from ingest.front_matter import FRAMINGS, check_front_matter, read_front_matter
from ingest.words import with_words
from lake.schema import EVENTS, KINDS

SOURCES = Path(__file__).parent / "sources"

_PROVENANCES = ("captured", "composed")
_LAST_RESORT = 95
"""The priority from which on a source takes only what no other one claims."""


@dataclass(frozen=True)
class Advice:
    """What to log so that `columns` of the events are filled: the exact setting, and what it tells."""

    columns: tuple[str, ...]
    add: str
    tells: str


@dataclass(frozen=True)
class Source:
    """One log format: what its front matter says and its SELECT (docs/architecture.md)."""

    name: str
    title: str
    kind: str
    sql: str
    recognise: str
    provenance: str
    documentation: tuple[str, ...]
    cannot_tell: str
    framing: str = "lines"
    priority: int = 50
    format_language: str | None = None
    variables: tuple[str, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    held_in: tuple[str, ...] = ()
    rules_of: str | None = None
    advice: tuple[Advice, ...] = ()

    @property
    def last_resort(self) -> bool:
        """Whether its shape is that of lines of many programs, so that any other source comes first."""
        return self.priority >= _LAST_RESORT


def load_source(path: Path) -> Source:
    """Reads one source file; raises SourceError, which names the file and the fault."""
    front, sql = read_front_matter(path)
    needed = ("title", "kind", "provenance", "documentation", "cannot_tell", "recognise")
    choices = {"kind": KINDS, "framing": FRAMINGS, "provenance": _PROVENANCES}
    check_front_matter(path, front, needed, choices)
    for key in ("documentation", "variables", "held_in"):
        front[key] = tuple(front.get(key, ()))
    try:
        front["recognise"] = with_words(front["recognise"])
    except KeyError as problem:
        raise SourceError(f"{path}: `recognise` names words that are not there: {problem}") from problem
    front["advice"] = tuple(_advice(path, entry) for entry in front.get("advice", ()))
    for name, pointer in front.get("fields", {}).items():
        if not name.isidentifier() or not str(pointer).startswith("/"):
            raise SourceError(
                f"{path}: `fields` has {name} = {pointer!r}, which is no JSON Pointer by a name"
            )
    try:
        return Source(name=path.stem, sql=sql, **front)
    except TypeError as problem:
        raise SourceError(f"{path}: its front matter has an unknown key: {problem}") from problem


def _advice(path: Path, entry: Mapping[str, Any]) -> Advice:
    columns = entry.get("columns", ())
    if set(entry) != {"columns", "add", "tells"} or not set(columns) <= set(EVENTS.names) or not columns:
        raise SourceError(
            f"{path}: [[advice]] needs `columns` of an event, `add` and `tells`, and no other key"
        )
    return Advice(tuple(columns), str(entry["add"]), str(entry["tells"]))


def load_sources(own: Sequence[Path] = ()) -> dict[str, Source]:
    """All sources by name: those that come with why401, then those in the folders `own`.

    A source of one's own replaces one that has the same name.
    """
    found = dict(_shipped())
    for folder in own:
        if not folder.is_dir():
            raise SourceError(f"{folder}: not a folder; it is named as a folder of sources")
        found |= {path.stem: load_source(path) for path in sorted(folder.glob("*.sql"))}
    return dict(sorted(found.items()))


@cache
def _shipped() -> dict[str, Source]:
    return {path.stem: load_source(path) for path in sorted(SOURCES.glob("*.sql"))}
