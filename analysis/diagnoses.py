"""Diagnoses: patterns across events that no single line can show. One file of analysis/diagnoses for each.

A file says in its front matter what the pattern means (`title`, `responsible`, `security`, `remedy`,
`evidence`, `references`), then selects from `seen`, the events of a scope, or `refreshes` (both in
analysis/diagnoses/_seen.sql) one row for each time that it finds the pattern: source, client_id, cause,
start, "end", failures, and the evidence in words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from analysis.questions import answers
from analysis.scope import Scope
from analysis.session import Session
from analysis.taxonomy import RESPONSIBLE
from ingest.front_matter import check_front_matter, read_front_matter

_FOLDER = Path(__file__).parent / "diagnoses"
_SEEN = (_FOLDER / "_seen.sql").read_text(encoding="utf-8")
_NEEDED = ("title", "responsible", "security", "remedy", "evidence", "references")


@dataclass(frozen=True)
class Pattern:
    """What a pattern means: who must act and how, whether it concerns security, by what it is seen, and where
    to read more."""

    name: str
    title: str
    responsible: str
    security: bool
    remedy: str
    evidence: str
    references: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Diagnosis:
    """A pattern that was found. `failures` are the events that show it, from `start` to `end` (UTC without
    zone); `client_id` and `cause` are None where it is not of one. `evidence` says in words what was seen."""

    name: str
    title: str
    source: str
    client_id: str | None
    cause: str | None
    start: datetime
    end: datetime
    failures: int
    evidence: str
    responsible: str
    security: bool
    remedy: str
    references: tuple[str, ...]


@cache
def load_patterns() -> tuple[Pattern, ...]:
    """The patterns by name. Raises SourceError for a file that does not say what it is."""
    return tuple(_read(path) for path in sorted(_FOLDER.glob("[!_]*.sql")))


def _read(path: Path) -> Pattern:
    front, sql = read_front_matter(path)
    check_front_matter(path, front, _NEEDED, {"responsible": RESPONSIBLE})
    facts = {key: front[key] for key in _NEEDED}
    return Pattern(**{**facts, "references": tuple(front["references"])}, name=path.stem, sql=sql)


def diagnose(session: Session, scope: Scope) -> list[Diagnosis]:
    """The patterns in a scope, those with the most failures first.

    A scope's filter by cause leaves those of these causes.
    """
    found = [one for pattern in load_patterns() for one in _look(session, pattern, scope)]
    kept = [one for one in found if not scope.causes or one.cause in scope.causes]
    return sorted(kept, key=lambda one: (-one.failures, one.name, one.start))


def by_pattern(found: Iterable[Diagnosis]) -> list[list[Diagnosis]]:
    """Those of one pattern together, the patterns in the order of their first."""
    alike: dict[str, list[Diagnosis]] = {}
    for one in found:
        alike.setdefault(one.name, []).append(one)
    return list(alike.values())


def _look(session: Session, pattern: Pattern, scope: Scope) -> list[Diagnosis]:
    parameters = {name: value for name, value in scope.parameters().items() if name != "causes"}
    meant = partial(
        Diagnosis, name=pattern.name, title=pattern.title, responsible=pattern.responsible,
        security=pattern.security, remedy=pattern.remedy, references=pattern.references,
    )  # fmt: skip
    return answers(session, f"{_SEEN} SELECT * FROM ({pattern.sql})", meant, parameters)
