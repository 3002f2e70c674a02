"""What a question is about: a period, and any of sources, clients, endpoints, causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.session import Session

_MAIN_PERIOD = (Path(__file__).parent / "questions" / "main_period.sql").read_text(encoding="utf-8")
_NEARLY_ALL = 0.9
_TICK = timedelta(microseconds=1)
_SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True)
class Scope:
    """Events from `since` (inclusive) to `until` (exclusive), UTC without zone; empty filters ask for all."""

    since: datetime
    until: datetime
    sources: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()

    def parameters(self) -> dict[str, Any]:
        """The scope as the named parameters that the questions take."""
        return {
            "since": self.since,
            "until": self.until,
            "sources": list(self.sources),
            "clients": list(self.clients),
            "endpoints": list(self.endpoints),
            "causes": list(self.causes),
        }

    def previous(self) -> Scope:
        """The period of the same length just before."""
        return replace(self, since=self.since - (self.until - self.since), until=self.since)


def whole_period(session: Session) -> Scope | None:
    """All of the data's own period; None where the lake holds no event."""
    period = session.period()
    return None if period is None else _from_to(*period)


def main_period(session: Session) -> Scope | None:
    """Where nearly all of the data lies, without strays from other months; None where there is no event.

    Strays are few and come from a wrong clock or from an old file: they would stretch every chart.
    """
    found = session.connection.execute(_MAIN_PERIOD).fetchone()
    if found is None:
        return None
    first, last, share = found
    return _from_to(first, last) if share >= _NEARLY_ALL else whole_period(session)


def _from_to(first: datetime, last: datetime) -> Scope:
    """From the first event to the last; where that is no time at all, a second, for charts divide it."""
    return Scope(first, max(last + _TICK, first + _SHORTEST))


def events_outside(session: Session, scope: Scope) -> int:
    """How many events lie outside of the period of a scope, if these are strays; else 0."""
    question = "SELECT count(*) FILTER (time < $1 OR time >= $2), count(*) FROM stored"
    found = session.connection.execute(question, [scope.since, scope.until]).fetchone() or (0, 0)
    return int(found[0]) if found[0] <= (1 - _NEARLY_ALL) * found[1] else 0
