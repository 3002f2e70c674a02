"""The questions, over an hour whose every number is known."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis import questions, wording
from analysis.alerts import Alert
from analysis.questions import NOT_LOGGED
from analysis.scope import Scope, events_outside, main_period, whole_period
from analysis.session import Session
from tests.analysis.hour import HOUR, fill, line
from tests.helpers import Workshop

UNKNOWN_TOKEN = "unknown.status_only_token_endpoint"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    workshop = Workshop(tmp_path_factory.mktemp("hour"))
    fill(workshop)
    return Session(workshop.lake)


def test_the_totals_of_a_period(session: Session) -> None:
    totals = questions.totals(session, HOUR)
    assert totals == questions.Totals(
        events=24,
        requests=23,
        failures=11,
        normal=1,
        unexplained=9,
        without_client=3,
        security=0,
        clients_hit=3,
    )
    assert totals.failure_rate == pytest.approx(11 / 23)


def test_the_period_before_is_told_only_where_the_data_reaches_it(session: Session) -> None:
    before = questions.totals_before(session, HOUR)
    assert before is not None
    assert (before.failures, before.requests) == (2, 4)
    whole = whole_period(session)
    assert whole is not None
    assert questions.totals_before(session, whole) is None


def test_a_period_takes_its_beginning_and_not_its_end(session: Session) -> None:
    minute = Scope(datetime(2026, 3, 2, 10, 10), datetime(2026, 3, 2, 10, 11))
    assert questions.totals(session, minute).failures == 1


@pytest.mark.parametrize(
    ("filters", "failures", "requests"),
    [
        ({"clients": ("billing-batch",)}, 6, 10),
        ({"clients": (NOT_LOGGED,)}, 3, 10),
        ({"clients": ("web-shop", "partner-portal")}, 2, 3),
        ({"endpoints": ("api",)}, 3, 10),
        ({"sources": ("nginx",)}, 11, 23),
        ({"sources": ("okta",)}, 0, 0),
        ({"causes": ("request.invalid_scope",)}, 2, 23),
        ({"causes": ("request.invalid_scope",), "clients": ("web-shop",)}, 1, 2),
    ],
)
def test_filters_narrow_failures_and_requests(
    session: Session, filters: dict[str, Any], failures: int, requests: int
) -> None:
    totals = questions.totals(session, replace(HOUR, **filters))
    assert (totals.failures, totals.requests) == (failures, requests)


def test_a_step_of_the_protocol_counts_where_it_is_asked_for(session: Session) -> None:
    totals = questions.totals(session, replace(HOUR, causes=("protocol.login_required",)))
    assert (totals.failures, totals.normal) == (1, 0)
    assert "protocol.login_required" not in {row.cause for row in questions.worst(session, HOUR)}


def test_every_question_counts_the_same_failures(session: Session) -> None:
    failures = questions.totals(session, HOUR).failures
    assert sum(point.failures for point in questions.trend(session, HOUR, "family")) == failures
    assert sum(point.failures for point in questions.trend(session, HOUR, "cause")) == failures
    assert sum(row.failures for row in questions.worst(session, HOUR)) == failures
    assert sum(row.share for row in questions.worst(session, HOUR)) == pytest.approx(1)
    assert sum(row.failures for row in questions.worst_clients(session, HOUR)) == failures
    assert sum(row.failures for row in questions.worst_endpoints(session, HOUR)) == failures
    assert sum(cell.failures for cell in questions.clients_by_cause(session, HOUR)) == failures
    assert sum(log.failures for log in questions.logs(session, HOUR)) == failures


def test_the_worst_come_first_with_who_must_act(session: Session) -> None:
    first, second = questions.worst(session, HOUR)[:2]
    assert (first.client, first.endpoint, first.cause, first.failures) == (
        "billing-batch",
        "token",
        UNKNOWN_TOKEN,
        6,
    )
    assert first.share == pytest.approx(6 / 11)
    assert (first.first_seen, first.last_seen) == (
        datetime(2026, 3, 2, 10, 10),
        datetime(2026, 3, 2, 10, 15),
    )
    assert (first.bulk_start, first.bulk_end) == (first.first_seen, first.last_seen)
    assert first.remedy
    assert (second.client, second.failures) == (NOT_LOGGED, 3)


def test_clients_and_endpoints_with_their_own_requests(session: Session) -> None:
    clients = {row.client: row for row in questions.worst_clients(session, HOUR)}
    assert (clients["billing-batch"].failures, clients["billing-batch"].requests) == (6, 10)
    assert (clients[NOT_LOGGED].failures, clients[NOT_LOGGED].requests) == (3, 10)
    endpoints = {row.endpoint: row.failures for row in questions.worst_endpoints(session, HOUR)}
    assert endpoints == {"token": 6, "api": 3, "authorization": 2}


def test_the_heat_map_keeps_the_worst_and_tells_all_of_their_failures(session: Session) -> None:
    cells = questions.clients_by_cause(session, HOUR, limit=1)
    assert [(cell.client, cell.cause, cell.failures) for cell in cells] == [
        ("billing-batch", UNKNOWN_TOKEN, 6)
    ]
    everything = questions.clients_by_cause(session, HOUR)
    scope_cells = [cell for cell in everything if cell.cause == "request.invalid_scope"]
    assert {cell.client for cell in scope_cells} == {"web-shop", "partner-portal"}
    assert {cell.cause_failures for cell in scope_cells} == {2}


def test_the_last_events_of_a_row(session: Session) -> None:
    events = questions.last_events(session, HOUR, "billing-batch", "token", UNKNOWN_TOKEN, limit=2)
    assert [event.time.minute for event in events] == [15, 14]
    assert {event.status for event in events} == {401}
    nameless = questions.last_events(session, HOUR, NOT_LOGGED, "api", "unknown.status_only_401")
    assert len(nameless) == 3


def test_what_is_not_told_is_grouped_by_signature(session: Session) -> None:
    rows = questions.unclassified(session, HOUR)
    assert [(row.endpoint, row.status, row.failures, row.clients) for row in rows] == [
        ("token", 401, 6, 1),
        ("api", 401, 3, 0),
    ]
    assert all(row.remedy for row in rows)


def test_filter_values_come_from_the_period_whatever_is_filtered(session: Session) -> None:
    values = questions.filter_values(session, replace(HOUR, clients=("web-shop",)))
    found: dict[str, set[str]] = {}
    for value in values:
        found.setdefault(value.kind, set()).add(value.value)
    assert found["sources"] == {"nginx"}
    assert found["clients"] == {"billing-batch", "web-shop", "partner-portal", NOT_LOGGED}
    assert found["endpoints"] == {"api", "token", "authorization"}
    assert "protocol.login_required" in found["causes"]
    limited = Counter(value.kind for value in questions.filter_values(session, HOUR, limit=2))
    assert limited == {"sources": 1, "clients": 2, "endpoints": 2, "causes": 2}
    assert set(found) <= {field.name for field in fields(Scope)}


def test_the_logs_say_what_they_do_not_tell(session: Session) -> None:
    (log,) = questions.logs(session, HOUR)
    assert (log.source, log.events, log.failures, log.without_client) == ("nginx", 24, 11, 3)
    assert log.cannot_tell


def test_what_was_refused(session: Session) -> None:
    assert sum(row.records for row in questions.refused(session)) == 2


def _alert(client: str | None, endpoint: str | None, cause: str | None) -> Alert:
    return Alert(
        "surge" if cause else "silent", client, endpoint, cause, HOUR.since, HOUR.until, 9, 1.0, 0.0, "high", "It fails.", "Mend it.",
        sources=("nginx",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, "abc"),
        ({"clients": ("web-shop",)}, "ac"),
        ({"clients": ("crm-sync",)}, "bc"),
        ({"endpoints": ("api",)}, "b"),
        ({"causes": ("token.expired",)}, "a"),
        ({"sources": ("nginx", "okta")}, "abc"),
        ({"sources": ("okta",)}, ""),
    ],
)
def test_alerts_are_those_that_concern_the_scope(
    session: Session, monkeypatch: pytest.MonkeyPatch, filters: dict[str, Any], kept: str
) -> None:
    everything = {
        "a": _alert("web-shop", "token", "token.expired"),
        "b": _alert("crm-sync", "api", None),
        "c": _alert(None, "token", "server.internal_error"),
    }
    monkeypatch.setattr("analysis.alerts.find_alerts", lambda *asked: list(everything.values()))
    found = questions.alerts(session, replace(HOUR, **filters))
    assert found == [everything[name] for name in kept]


def test_a_trend_has_stretches_that_fit_its_period(session: Session) -> None:
    assert questions.bucket(HOUR) == timedelta(minutes=5)
    day = replace(HOUR, until=HOUR.since + timedelta(days=1))
    assert questions.bucket(day) == timedelta(minutes=15)
    assert questions.bucket(replace(HOUR, until=HOUR.since + timedelta(days=90))) == timedelta(days=1)
    assert questions.bucket(replace(HOUR, until=HOUR.since + timedelta(days=400))) == timedelta(days=7)
    starts = {point.start for point in questions.trend(session, HOUR)}
    assert {start.minute % 5 for start in starts} == {0}
    assert min(starts) == datetime(2026, 3, 2, 10, 10)


def test_only_the_files_of_the_period_are_opened(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    fill(workshop)
    session = Session(workshop.lake)
    for file in (tmp_path / "lake" / "events").glob("date=2026-03-02/*.parquet"):
        file.write_bytes(b"no Parquet")
    assert questions.totals(session, Scope(datetime(2026, 3, 1), datetime(2026, 3, 2))).requests == 1
    with pytest.raises(duckdb.Error):
        questions.totals(session, HOUR)


def test_the_headline_answers(session: Session) -> None:
    totals, worst = questions.totals(session, HOUR), questions.worst(session, HOUR)
    text = wording.headline(totals, worst, HOUR)
    assert text.startswith("11 failures, 47.8 % of requests; worst: ")
    assert "scope" in text
    nothing = replace(HOUR, sources=("okta",))
    assert wording.headline(questions.totals(session, nothing), [], nothing) == (
        "No OAuth failure in 0 requests"
    )
    bare = [row for row in worst if row.family == "unknown"]
    assert wording.headline(totals, bare, HOUR).endswith("the logs do not tell why")


@pytest.mark.parametrize(
    ("first", "last", "failures", "said"),
    [
        (40, 59, 20, "since 03-02 10:40"),
        (20, 30, 100, "from 03-02 10:20 to 10:30"),
        (0, 20, 100, "until 03-02 10:20"),
        (2, 58, 100, ""),
        (20, 59, 2, ""),
    ],
)
def test_a_beginning_is_told_only_where_there_is_one(
    session: Session, first: int, last: int, failures: int, said: str
) -> None:
    row = replace(
        questions.worst(session, HOUR)[0],
        first_seen=HOUR.since + timedelta(minutes=first),
        last_seen=HOUR.since + timedelta(minutes=last),
        failures=failures,
        bulk_failures=0,
    )
    assert wording.stretch(row, HOUR) == said


def test_an_incident_stands_out_from_the_failures_of_other_days(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    few = [line(f"0{hour}:30:00", "/oauth2/token", 401, "crm-sync") for hour in range(5)]
    times = [f"10:{minute}:{second:02}" for minute in range(10, 20) for second in range(0, 60, 5)]
    many = [line(time, "/oauth2/token", 401, "crm-sync") for time in times]
    late = [line("23:30:00", "/oauth2/token", 401, "crm-sync")]
    workshop.write("access.log", "".join([*few, *many, *late]))
    workshop.ingest()
    session = Session(workshop.lake)
    whole = whole_period(session)
    assert whole is not None
    (row,) = questions.worst(session, whole)
    assert (row.failures, row.bulk_failures) == (126, 120)
    assert row.first_seen == datetime(2026, 3, 2, 0, 30)
    assert wording.stretch(row, whole) == "mostly from 03-02 10:10 to 10:19"


def test_a_stray_of_another_year_does_not_stretch_the_period(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    week = [
        line(f"{hour:02}:{minute:02}:00", "/oauth2/token", 401, "crm")
        for hour in range(9)
        for minute in (0, 30)
    ]
    stray = line("10:00:00", "/oauth2/token", 401, "crm").replace("2026", "2019")
    workshop.write("access.log", "".join([*week, stray]))
    workshop.ingest()
    session = Session(workshop.lake)
    whole, main = whole_period(session), main_period(session)
    assert whole is not None
    assert main is not None
    assert (whole.since.year, main.since) == (2019, datetime(2026, 3, 2, 0, 0))
    assert main.until == whole.until
    assert (events_outside(session, main), events_outside(session, whole)) == (1, 0)
    assert events_outside(session, replace(main, until=main.since + timedelta(hours=2))) == 0


def test_two_halves_a_year_apart_are_both_the_period(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    now = [line(f"{hour:02}:00:00", "/oauth2/token", 401, "crm") for hour in range(9)]
    workshop.write("access.log", "".join([*now, *(text.replace("2026", "2025") for text in now)]))
    workshop.ingest()
    session = Session(workshop.lake)
    assert main_period(session) == whole_period(session)
    assert main_period(Session(Workshop(tmp_path / "empty").lake)) is None


def test_shares_never_read_as_nothing() -> None:
    assert [wording.percent(share) for share in (0, 0.0001, 0.032, 1)] == [
        "0.0 %",
        "< 0.1 %",
        "3.2 %",
        "100.0 %",
    ]


def test_a_client_has_one_name_whatever_the_log_gave(workshop: Workshop) -> None:
    """Some logs name a client only now and then; it is one client all the same."""
    workshop.write(
        "okta.log",
        "".join(
            json.dumps(
                {
                    "uuid": f"00000000-0000-4000-8000-00000000000{number}",
                    "published": f"2026-03-02T10:1{number}:00.000Z",
                    "eventType": "app.oauth2.as.token.grant",
                    "actor": {"id": "0oashop", "type": "PublicClientApp", "displayName": name},
                    "outcome": {"result": "FAILURE", "reason": reason},
                }
            )
            + "\n"
            for number, (name, reason) in enumerate(
                ((None, "invalid_scope"), ("Shop", "invalid_client_secret"))
            )
        ),
    )
    workshop.ingest()
    session = Session(workshop.lake)
    scope = whole_period(session)
    assert scope is not None
    cells = questions.clients_by_cause(session, scope)
    assert len(cells) == 2
    assert {(cell.client, cell.client_name) for cell in cells} == {("0oashop", "Shop")}


def test_many_names_are_counted_and_not_listed() -> None:
    assert wording.some(["a", "b"], 2) == "a, b"
    assert wording.some(["a", "b", "c", "d"], 2) == "a, b and 2 more"
