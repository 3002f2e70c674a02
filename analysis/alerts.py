"""Alerts: surges of failures, causes that are new for a client, clients gone silent.

Each is told against what is normal at that hour for that client or endpoint, by the logs' own history;
'now' is the last event. The bars are set so that a quiet week raises none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from analysis.alerting import words
from analysis.alerting.baseline import LOOK_BACK_DAYS
from analysis.alerting.candidate import Candidate, Kind
from analysis.alerting.cells import Cells, plain, reach, read_cells
from analysis.alerting.folding import fold
from analysis.alerting.novelty import find_new_causes
from analysis.alerting.silence import find_silent
from analysis.alerting.surges import find_surges
from analysis.alerting.timing import Span, span_of_failures, span_of_silence

_MANY = 100
_CROWD = 5
"""How many times the refused callers an endpoint must usually serve, for these to be a few of them."""
_LEAST_PROBABILITY = 1e-300


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong.

    `kind`: `surge` (many more failures than normal), `new_cause` (a cause that the client never failed for
    before) or `silent` (a client that is served no more). `client_id` and `cause` are None where the alert
    is of no single client, or of silence; `route` is the part of an API that it is about.
    `start`, `end`: UTC without a zone; `ongoing`: it had not ended when the logs did.
    `observed`, `expected`: failures and how many are normal; for silence, none and how many were missed.
    `probability`: of its most improbable hour, were all as always. `severity`: `high` where nothing of the
    client or most of the endpoint works or where it is much, else `medium`.
    """

    kind: Kind
    client_id: str | None
    endpoint: str | None
    cause: str | None
    start: datetime
    end: datetime
    observed: int
    expected: float
    probability: float
    severity: Literal["high", "medium"]
    sentence: str
    remedy: str
    client_name: str | None = None
    route: str | None = None
    sources: tuple[str, ...] = ()
    ongoing: bool = False


def find_alerts(
    connection: duckdb.DuckDBPyConnection, since: datetime | None = None, until: datetime | None = None
) -> list[Alert]:
    """The alerts of the view `events` from `since` to before `until`, the worst first.

    What came before `since` is what they are measured by, up to four weeks of it. Times without a zone
    are UTC. Raises duckdb.Error where there is no view `events`.
    """
    history = since and plain(since) - timedelta(days=LOOK_BACK_DAYS)
    cells = read_cells(connection, history, until)
    if cells is None:
        return []
    candidates = find_surges(cells) + find_new_causes(cells) + find_silent(cells)
    names = cells.table.dropna(subset=["client_name"]).groupby("client_id")["client_name"].first().to_dict()
    wanted = [
        candidate for candidate in candidates if since is None or cells.moment(candidate.end) > plain(since)
    ]
    alerts = [_alert(connection, cells, story, names.get(story.client)) for story in fold(wanted)]
    return [alert for alert in alerts if alert and (since is None or alert.end >= plain(since))]


def _alert(
    connection: duckdb.DuckDBPyConnection, cells: Cells, story: Candidate, name: str | None
) -> Alert | None:
    """What a story says; None where it is only that a caller or two of an endpoint retry."""
    if story.kind == "silent":
        span = span_of_silence(cells, story)
        return Alert(
            kind="silent", client_id=story.client, endpoint=story.endpoint, cause=None,
            start=span.start, end=span.end, observed=0, expected=round(story.expected, 1),
            probability=max(story.probability, _LEAST_PROBABILITY),
            severity="high" if span.ongoing else "medium",
            sentence=words.silent(story, span, name), remedy=words.remedy_for_silence(),
            client_name=name, sources=tuple(sorted(story.sources)), ongoing=span.ongoing,
        )  # fmt: skip
    span = span_of_failures(connection, cells, story)
    facts = _facts(connection, story, span)
    failed, served = int(str(facts["failed"] or 0)), int(str(facts["served"] or 0))
    if story.client is None and failed < _MANY and _of_few(facts):
        return None
    return Alert(
        kind=story.kind, client_id=story.client,
        endpoint=story.endpoint or (str(facts["endpoint"]) if facts["endpoint"] else None),
        cause=story.cause, start=span.start, end=span.end,
        observed=failed, expected=round(story.expected, 1),
        probability=max(story.probability, _LEAST_PROBABILITY),
        severity="high" if failed >= _MANY or failed > served else "medium",
        sentence=words.failing(story, span, name, facts),
        remedy=words.remedy_for_failures(story, facts),
        client_name=name, route=story.area, sources=tuple(sorted(story.sources)), ongoing=span.ongoing,
    )  # fmt: skip


def _of_few(facts: dict[str, object]) -> bool:
    refused, usual = (int(str(facts[name] or 0)) for name in ("addresses", "usual_addresses"))
    return 0 < refused * _CROWD <= usual


def _facts(connection: duckdb.DuckDBPyConnection, story: Candidate, span: Span) -> dict[str, object]:
    subject = {
        "source": story.source, "client": story.client, "endpoint": story.endpoint, "area": story.area,
        "cause": story.cause, "since": span.start, "until": span.end,
    }  # fmt: skip
    return reach(connection, subject)
