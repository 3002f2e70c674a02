"""The questions: one typed function for each file of analysis/questions.

The page, the report and the command line ask here and nowhere else, so that they show the same numbers.
Each question is one SELECT from `scoped(...)` (analysis/questions/_scoped.sql), which alone says what
belongs to a scope and what counts as a failure. Times are UTC without a zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from analysis.scope import Scope
from analysis.session import Session
from ingest import load_sources

if TYPE_CHECKING:
    from analysis.alerts import Alert

NOT_LOGGED = "(not logged)"
"""Stands for a client_id or endpoint that the log does not give; as a filter it asks for those."""

_QUESTIONS = Path(__file__).parent / "questions"
_BUCKETS = (300, 900, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600, 28 * 24 * 3600)
_MOST_BUCKETS = 100

Row = TypeVar("Row")


@dataclass(frozen=True)
class Totals:
    """A scope in numbers.

    `requests` succeeded or failed for OAuth's sake; `failures` are those that count; `normal` look like
    errors and are steps of the protocol; of the failures, `unexplained` have no cause that could be told,
    `without_client` no client_id, and `security` concern security people. `clients_hit` have a failure.
    """

    events: int
    requests: int
    failures: int
    normal: int
    unexplained: int
    without_client: int
    security: int
    clients_hit: int

    @property
    def failure_rate(self) -> float:
        """Failures over requests, 0 to 1; 0 where there is no request."""
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class TrendPoint:
    """Failures of one family or cause (`key`) in one stretch of time that begins at `start`."""

    start: datetime
    key: str
    failures: int


@dataclass(frozen=True)
class WorstClient:
    """A client with failures. `client` is NOT_LOGGED for all that have no client_id."""

    client: str
    client_name: str | None
    failures: int
    requests: int
    main_cause: str
    main_title: str


@dataclass(frozen=True)
class WorstEndpoint:
    """An endpoint with failures."""

    endpoint: str
    failures: int
    requests: int
    main_cause: str
    main_title: str


@dataclass(frozen=True)
class ClientCause:
    """How often one client met one cause; and the totals of the client and of the cause."""

    client: str
    client_name: str | None
    cause: str
    title: str
    failures: int
    client_failures: int
    cause_failures: int


@dataclass(frozen=True)
class Worst:
    """One client, endpoint and cause: what fails, how often, since when, who must act, and how.

    `share` is of all failures of the scope, 0 to 1. `first_seen` and `last_seen` lie in the scope.
    `bulk_*` is the largest run of these failures without a long silence.
    """

    client: str
    client_name: str | None
    endpoint: str
    cause: str
    family: str
    title: str
    responsible: str
    retry: str
    security: bool
    remedy: str
    reference: str
    confidence: str
    sources: list[str]
    failures: int
    share: float
    first_seen: datetime
    last_seen: datetime
    bulk_failures: int
    bulk_start: datetime
    bulk_end: datetime


@dataclass(frozen=True)
class LastEvent:
    """A failure as the log told it. `file` and `offset` lead back to its line; `conflict` is the cause that
    the line tells as surely as that of `rule`, `lifted_from` the log that
    told the cause where this one did not."""

    time: datetime
    source: str
    instance: str | None
    tenant: str | None
    client_ip: str | None
    user_id: str | None
    method: str | None
    route: str | None
    status: int | None
    grant_type: str | None
    error: str | None
    error_code: str | None
    error_description: str | None
    request_id: str | None
    rule: str | None
    conflict: str | None
    lifted_from: str | None
    file: str
    offset: int


@dataclass(frozen=True)
class Unclassified:
    """A distinct failure whose cause is not told; `cause` says in which way it is not.

    `example` is one of its messages. `remedy` says what to do about not knowing. `nearest` are rules whose
    words are like its own, each with `rule` and `cause`; none where only a status is told.
    """

    signature: int
    source: str
    endpoint: str
    grant_type: str | None
    status: int | None
    error: str | None
    error_code: str | None
    example: str | None
    cause: str
    title: str
    remedy: str
    failures: int
    clients: int
    first_seen: datetime
    last_seen: datetime
    nearest: list[dict[str, str]]


@dataclass(frozen=True)
class FilterValue:
    """A value that a filter can take: `kind` is a field of Scope (`sources`, `clients` ...)."""

    kind: str
    value: str
    events: int
    failures: int


@dataclass(frozen=True)
class Log:
    """What one source gave: how much, and how much of it names no client or no cause."""

    source: str
    kind: str
    events: int
    failures: int
    without_client: int
    unexplained: int
    first_seen: datetime
    last_seen: datetime

    @property
    def cannot_tell(self) -> str | None:
        """What a log of this kind leaves out and how to make it tell; None for an unknown source."""
        return _cannot_tell().get(self.source)


@dataclass(frozen=True)
class Lacking:
    """Failures of a source that leave the same columns empty; `unexplained`: their cause is not told."""

    source: str
    unexplained: bool
    columns: list[str]
    failures: int


@dataclass(frozen=True)
class Refused:
    """Records in quarantine, by source (None: in no known format) and reason."""

    source: str | None
    reason: str
    records: int
    example_input: str


def totals(session: Session, scope: Scope) -> Totals:
    """The scope in numbers. Ask with `scope.previous()` for the period before."""
    return _ask(session, "totals", Totals, scope.parameters())[0]


def totals_before(session: Session, scope: Scope) -> Totals | None:
    """The period of the same length before; None where the data does not reach back over all of it.

    Strays of long ago do not reach back: a period without any event is none to compare with.
    """
    period, previous = session.period(), scope.previous()
    if period is None or period[0] > previous.since:
        return None
    before = totals(session, previous)
    return before if before.events else None


def trend(session: Session, scope: Scope, by: Literal["family", "cause"] = "family") -> list[TrendPoint]:
    """Failures over time, in stretches of `bucket(scope)`; stretches without a failure are left out."""
    seconds = int(bucket(scope).total_seconds())
    return _ask(session, f"trend_by_{by}", TrendPoint, {**scope.parameters(), "seconds": seconds})


def bucket(scope: Scope) -> timedelta:
    """The stretch that a trend of this scope counts by: 5 minutes to 4 weeks, about a hundred of them."""
    period = (scope.until - scope.since).total_seconds()
    fitting = (seconds for seconds in _BUCKETS if period / seconds <= _MOST_BUCKETS)
    return timedelta(seconds=next(fitting, _BUCKETS[-1]))


def worst_clients(session: Session, scope: Scope, limit: int = 20) -> list[WorstClient]:
    """The clients that fail most."""
    return _ask(session, "worst_clients", WorstClient, {**scope.parameters(), "limit": limit})


def worst_endpoints(session: Session, scope: Scope, limit: int = 20) -> list[WorstEndpoint]:
    """The endpoints that fail most."""
    return _ask(session, "worst_endpoints", WorstEndpoint, {**scope.parameters(), "limit": limit})


def clients_by_cause(session: Session, scope: Scope, limit: int = 15) -> list[ClientCause]:
    """Who has what: the worst `limit` clients by the worst `limit` causes, where they met."""
    return _ask(session, "clients_by_cause", ClientCause, {**scope.parameters(), "limit": limit})


def worst(session: Session, scope: Scope, limit: int = 50) -> list[Worst]:
    """What is to be fixed, worst first: one row per client, endpoint and cause."""
    return _ask(session, "worst", Worst, {**scope.parameters(), "limit": limit})


def last_events(
    session: Session, scope: Scope, client: str, endpoint: str, cause: str, limit: int = 20
) -> list[LastEvent]:
    """The last failures of one row of `worst`, newest first."""
    chosen = {"client": client, "endpoint": endpoint, "cause": cause, "limit": limit}
    return _ask(session, "last_events", LastEvent, {**scope.parameters(), **chosen})


def unclassified(session: Session, scope: Scope, limit: int = 50) -> list[Unclassified]:
    """Distinct failures without a told cause: first those that no rule explains, then bare statuses."""
    return _ask(session, "unclassified", Unclassified, {**scope.parameters(), "limit": limit})


def filter_values(session: Session, scope: Scope, limit: int = 1000) -> list[FilterValue]:
    """What the filters can take in the scope's period, whatever it filters by now."""
    period = Scope(scope.since, scope.until)
    return _ask(session, "filter_values", FilterValue, {**period.parameters(), "limit": limit})


def logs(session: Session, scope: Scope) -> list[Log]:
    """The sources that the numbers come from."""
    return _ask(session, "logs", Log, scope.parameters())


def lacking(session: Session, scope: Scope) -> list[Lacking]:
    """What the failures of each source do not tell."""
    return _ask(session, "lacking", Lacking, scope.parameters())


def refused(session: Session) -> list[Refused]:
    """What lies in quarantine, of the whole lake."""
    return _ask(session, "refused", Refused, {})


def alerts(session: Session, scope: Scope) -> list[Alert]:
    """The alerts of the scope's period that concern what it filters by, worst first."""
    # Not at the top: the statistics behind it take a second to load, and the first numbers need none.
    from analysis.alerts import find_alerts

    found = find_alerts(session.connection, scope.since, scope.until)
    return [alert for alert in found if _concerns(alert, scope)]


def _concerns(alert: Alert, scope: Scope) -> bool:
    """An alert of no single client (or endpoint) concerns them all; one of silence concerns no cause."""
    return (
        (not scope.sources or not alert.sources or bool(set(alert.sources) & set(scope.sources)))
        and (not scope.clients or alert.client_id is None or alert.client_id in scope.clients)
        and (not scope.endpoints or alert.endpoint is None or alert.endpoint in scope.endpoints)
        and (not scope.causes or alert.cause in scope.causes)
    )


def _ask(
    session: Session, question: str, row: Callable[..., Row], parameters: Mapping[str, Any]
) -> list[Row]:
    return answers(session, _sql(question), row, parameters)


def answers(session: Session, sql: str, row: Callable[..., Row], parameters: Mapping[str, Any]) -> list[Row]:
    """What a SELECT over `scoped(...)` gives, each row made of its columns by name. Raises duckdb.Error."""
    connection = session.connection
    connection.execute(_sql("_scoped"))
    answer = connection.execute(sql, dict(parameters))
    names = [column[0] for column in answer.description or ()]
    return [row(**dict(zip(names, values, strict=True))) for values in answer.fetchall()]


@cache
def _sql(question: str) -> str:
    return (_QUESTIONS / f"{question}.sql").read_text(encoding="utf-8")


@cache
def _cannot_tell() -> Mapping[str, str]:
    return {name: source.cannot_tell for name, source in load_sources().items()}
