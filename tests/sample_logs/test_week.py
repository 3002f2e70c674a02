"""The sample week: the generator gives the committed bytes, and reading them gives the truth and its alerts."""

from __future__ import annotations

import gzip
import tomllib
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis.alerts import Alert, find_alerts
from analysis.diagnoses import diagnose
from analysis.scope import whole_period
from analysis.session import Session
from tests.helpers import Workshop
from tests.sample_logs.week_events import WEEK, generate

LOGS = ("nginx.log.gz", "keycloak.log.gz", "okta.json.gz")
INCIDENTS: list[dict[str, Any]] = tomllib.loads((WEEK / "incidents.toml").read_text(encoding="utf-8"))[
    "incident"
]


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The week written anew, with its truth."""
    folder = tmp_path_factory.mktemp("week")
    requests = generate.make(generate.SEED)
    generate.write(folder, requests)
    generate.write_truth(folder / "truth.csv", requests)
    return folder


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session over the committed logs, read by the engine."""
    workshop = Workshop(tmp_path_factory.mktemp("lake"))
    summary = workshop.ingest(*(WEEK / name for name in LOGS))
    assert summary.total.quarantined == 0
    assert summary.total.ignored == 0
    assert summary.total.duplicates == 0
    return Session(workshop.lake)


@pytest.fixture(scope="module")
def alerts(session: Session) -> list[Alert]:
    return find_alerts(session.connection)


@pytest.mark.parametrize("name", LOGS)
def test_the_generator_writes_the_committed_lines(again: Path, name: str) -> None:
    # the lines, not the bytes: another zlib may pack the same lines otherwise
    assert gzip.decompress((again / name).read_bytes()) == gzip.decompress((WEEK / name).read_bytes())


def test_the_committed_logs_are_small() -> None:
    assert sum((WEEK / name).stat().st_size for name in LOGS) < 5_000_000


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        generate.write(tmp_path / folder, generate.make(7, scale=0.02))
    for name in LOGS:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_is_read_is_the_truth(again: Path, session: Session) -> None:
    truth = Counter(
        tuple(line.split(",")) for line in (again / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]
    )
    session.connection.execute("SET TimeZone = 'UTC'")
    read = Counter(
        session.connection.execute(
            """
            SELECT CASE WHEN source = 'nginx' THEN strftime(time, '%Y-%m-%dT%H:%M:%SZ')
                        ELSE strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ') END,
                source, coalesce(client_id, ''), endpoint, cause
            FROM events WHERE outcome = 'failure'
            """
        ).fetchall()
    )
    assert truth
    assert list((truth - read).items())[:5] == []
    assert list((read - truth).items())[:5] == []


def test_no_secret_is_read(session: Session) -> None:
    columns = session.connection.execute("SELECT * FROM events LIMIT 0").description or ()
    texts = [column[0] for column in columns if str(column[1]) == "VARCHAR"]
    found = session.connection.execute(
        "SELECT count(*) FROM events WHERE "
        + " OR ".join(f"contains({name}, 'eyJ') OR contains({name}, 'session_code=')" for name in texts)
    ).fetchone()
    assert found == (0,)


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident["id"])
def test_each_incident_is_found(incident: dict[str, Any], alerts: list[Alert]) -> None:
    (found,) = [
        alert
        for alert in alerts
        if alert.kind == incident["alert"] and alert.client_id == (incident.get("client") or None)
    ]
    assert found.cause == (incident["cause"] or None)
    assert found.route == incident.get("route")
    assert set(found.sources) <= set(incident["sources"])
    start, end = (_plain(incident[name]) for name in ("start", "end"))
    assert timedelta(minutes=-1) < found.start - start < timedelta(minutes=31)
    assert abs(found.end - end) < timedelta(minutes=10)
    assert found.ongoing == (incident["alert"] == "silent")
    assert (incident.get("client_name", "") if incident["sources"] == ["okta"] else "") in found.sentence


def test_nothing_else_is_found(alerts: list[Alert]) -> None:
    assert [alert.sentence for alert in alerts][len(INCIDENTS) :] == []
    assert len(alerts) == len(INCIDENTS)


def test_the_rotated_secret_is_diagnosed_and_no_storm_is(session: Session) -> None:
    (rotated,) = [incident for incident in INCIDENTS if incident["id"] == "secret-rotated"]
    scope = whole_period(session)
    assert scope is not None
    found = diagnose(session, scope)
    assert {one.name for one in found} <= {
        "client_credentials_stopped",
        "code_replayed",
        "refresh_token_replayed",
    }
    (stopped,) = [one for one in found if one.name == "client_credentials_stopped"]
    assert stopped.client_id == rotated["client"]
    for moment, name in ((stopped.start, "start"), (stopped.end, "end")):
        assert abs(moment - _plain(rotated[name])) < timedelta(minutes=1)


def test_an_alert_reads_as_a_person_would_tell_it(alerts: list[Alert]) -> None:
    (rotated,) = [alert for alert in alerts if alert.client_id == "inventory-sync"]
    assert rotated.sentence.startswith("inventory-sync cannot get tokens from 03-04 09:12 to 12:4")
    assert "100% of them all" in rotated.sentence
    assert rotated.remedy.startswith("All of its requests fail from one instant on")
    (silent,) = [alert for alert in alerts if alert.kind == "silent"]
    assert "has gone silent" in silent.sentence
    assert "due at 03-06 02:00" in silent.sentence


def test_incidents_reach_the_logs_only_where_they_are_wanted() -> None:
    ordinary, quiet = generate.make(3), generate.make(3, quiet=True)
    last_night = int(timedelta(days=6, hours=2).total_seconds()) * 1_000_000
    batch = [client.id for client in generate.nginx.CLIENTS].index("ledger-export")
    assert ((quiet.client == batch) & (quiet.time > last_night)).any()
    assert not ((ordinary.client == batch) & (ordinary.time > last_night)).any()


def _plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
