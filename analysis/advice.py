"""What a log cannot tell, and what to log so that it can: the advice of each source, where it applies.

A source's front matter has `[[advice]]`: the columns that stay empty without it, what to add, and what that
tells. It applies to the failures that leave all of these columns empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.questions import Lacking, lacking
from analysis.scope import Scope
from analysis.session import Session
from ingest import Source
from ingest.sources import Advice

_REASONS = frozenset({"error", "error_code", "error_description"})
"""Columns that tell why; without any of them a failure has no cause but its status."""


@dataclass(frozen=True)
class Item:
    """Something to log: `add` is the exact setting, `tells` what it tells. `failures` would tell more with
    it; `unexplained` of them have no cause without."""

    columns: tuple[str, ...]
    add: str
    tells: str
    failures: int
    unexplained: int


@dataclass(frozen=True)
class Advised:
    """A source: its failures, how many of them have no told cause, and what to log, the most useful first."""

    source: str
    title: str
    failures: int
    unexplained: int
    cannot_tell: str
    items: tuple[Item, ...]


def advise(session: Session, scope: Scope, sources: Mapping[str, Source]) -> list[Advised]:
    """Advice for every source that has failures in the scope, the one with most unexplained ones first."""
    groups: dict[str, list[Lacking]] = {}
    for row in lacking(session, scope):
        groups.setdefault(row.source, []).append(row)
    found = [_advised(sources[name], rows) for name, rows in groups.items() if name in sources]
    return sorted(found, key=lambda one: (-one.unexplained, -one.failures, one.source))


def _advised(source: Source, rows: list[Lacking]) -> Advised:
    items = [item for advice in source.advice if (item := _item(advice, rows)).failures]
    return Advised(
        source.name,
        source.title,
        sum(row.failures for row in rows),
        sum(row.failures for row in rows if row.unexplained),
        source.cannot_tell,
        tuple(
            sorted(
                (item for item in items if item.failures), key=lambda one: (-one.unexplained, -one.failures)
            )
        ),
    )


def _item(advice: Advice, rows: list[Lacking]) -> Item:
    wanted = set(advice.columns)
    without = [row for row in rows if wanted <= set(row.columns)]
    about_causes = bool(wanted & _REASONS)
    unexplained = sum(row.failures for row in without if row.unexplained)
    failures = unexplained if about_causes else sum(row.failures for row in without)
    return Item(advice.columns, advice.add, advice.tells, failures, unexplained if about_causes else 0)
