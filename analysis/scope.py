"""What a question is about: a period, and any of sources, clients, endpoints, causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from analysis.session import Session

_TICK = timedelta(microseconds=1)


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
    return None if period is None else Scope(period[0], period[1] + _TICK)
