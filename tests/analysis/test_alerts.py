"""Alerts: what raises one, what raises none, and what is told as one story."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone

import pytest

from analysis.alerting.baseline import Expected
from analysis.alerts import Alert, find_alerts
from tests.analysis.alert_events import MONDAY, chance_events, connect, events
from tests.sample_logs.week_events import connect as connect_week
from tests.sample_logs.week_events import generate

EXPIRED, PKCE, PASSWORD, VAGUE = (
    "client_auth.secret_expired",
    "grant.pkce_failed",
    "user.bad_credentials",
    "unknown.status_only_401",
)


def hours(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def near(moment: datetime, expected: datetime, minutes: float = 3) -> bool:
    return abs(moment - expected) <= timedelta(minutes=minutes)


def only(found: list[Alert]) -> Alert:
    assert len(found) == 1, [alert.sentence for alert in found]
    return found[0]


# --- surges ---


def test_a_surge_of_a_known_cause_is_told_with_its_start_and_end() -> None:
    found = only(find_alerts(connect(
        events(0, 120, 60),
        events(0, 120, 1, cause=EXPIRED),
        events(100.5, 4, 60, cause=EXPIRED),
    )))  # fmt: skip
    assert found.kind == "surge"
    assert (found.client_id, found.endpoint, found.cause) == ("billing-batch", "token", EXPIRED)
    assert near(found.start, hours(100.5))
    assert near(found.end, hours(104.5))
    assert 230 <= found.observed <= 250
    assert found.expected < 15
    assert not found.ongoing
    assert found.severity == "high"
    assert found.probability < 1e-6


def test_a_surge_that_goes_on_says_since_when() -> None:
    found = only(find_alerts(connect(
        events(0, 100, 60), events(0, 100, 1, cause=EXPIRED), events(100, 5, 60, cause=EXPIRED)
    )))  # fmt: skip
    assert found.ongoing
    assert "since 05-08 04:00" in found.sentence
    assert "100% of them all" in found.sentence


def test_an_incident_of_days_stays_one_alert() -> None:
    found = only(find_alerts(connect(
        events(0, 72, 40), events(0, 72, 1, cause=EXPIRED), events(72, 80, 40, cause=EXPIRED),
        events(0, 152, 100, client_id="mobile-app"),
    )))  # fmt: skip
    assert near(found.start, hours(72))
    assert near(found.end, hours(152))


def test_the_first_day_is_judged_by_its_own_earlier_hours() -> None:
    found = only(find_alerts(connect(events(0, 5, 60), events(5, 3, 60, cause=EXPIRED))))
    assert near(found.start, hours(5))


def test_a_few_failures_more_are_no_surge() -> None:
    assert not find_alerts(connect(
        events(0, 120, 60), events(0, 120, 1, cause=EXPIRED), events(100, 2, 4, cause=EXPIRED)
    ))  # fmt: skip


def test_more_requests_with_as_many_failures_among_them_are_no_surge() -> None:
    quiet, busy = (0, 100, 20), (100, 6, 200)
    assert not find_alerts(connect(
        events(*quiet), events(*busy),
        events(0, 100, 2, cause=PASSWORD), events(100, 6, 20, cause=PASSWORD),
    ))  # fmt: skip


def test_as_many_failures_among_no_more_requests_are_one() -> None:
    found = only(find_alerts(connect(
        events(0, 106, 20), events(0, 100, 2, cause=PASSWORD), events(100, 6, 20, cause=PASSWORD)
    )))  # fmt: skip
    assert found.cause == PASSWORD


def test_a_log_that_holds_only_failures_is_judged_too() -> None:
    steady = chance_events(1, 0, 100, 5, cause=PASSWORD)
    assert not find_alerts(connect(steady))
    found = only(find_alerts(connect(steady, chance_events(2, 60, 3, 150, cause=PASSWORD))))
    assert near(found.start, hours(60))


def test_the_first_monday_after_a_weekend_is_no_surge() -> None:
    days = [
        part
        for day in range(7)
        for part in (
            chance_events(day, 24 * day + 8, 10, 60 if day >= 2 else 5),
            chance_events(day + 50, 24 * day + 8, 10, 6 if day >= 2 else 0.5, cause=PASSWORD),
        )
    ]
    assert not find_alerts(connect(*days))


def test_a_step_of_the_protocol_alerts_only_when_it_surges_wildly() -> None:
    usual = events(0, 120, 200), events(0, 120, 20, cause="protocol.authorization_pending")
    assert not find_alerts(connect(*usual, events(100, 3, 150, cause="protocol.authorization_pending")))
    found = only(find_alerts(connect(*usual, events(100, 3, 3000, cause="protocol.authorization_pending"))))
    assert found.kind == "surge"


def test_paths_on_which_nobody_is_served_are_strangers_business() -> None:
    api = {"source": "nginx", "client_id": None, "endpoint": "api"}
    assert not find_alerts(connect(
        events(0, 100, 200, route="/v1/orders", **api),
        events(80, 0.2, 1000, route="/v1/admin/users", cause=VAGUE, **api),
    ))  # fmt: skip


def test_one_caller_of_many_who_retries_is_no_trouble_of_the_endpoint() -> None:
    api = {"source": "nginx", "client_id": None, "endpoint": "api", "route": "/v1/orders"}
    crowd = [events(0, 100, 10, client_ip=f"192.0.2.{number}", **api) for number in range(10)]
    one = {**api, "client_ip": "192.0.2.200", "cause": VAGUE}
    assert not find_alerts(connect(*crowd, events(80, 1, 60, **one)))
    assert only(find_alerts(connect(*crowd, events(80, 1, 600, **one)))).observed > 500
    many = [events(80, 1, 6, **{**one, "client_ip": f"192.0.2.{number}"}) for number in range(10)]
    assert only(find_alerts(connect(*crowd, *many))).route == "/v1/orders"


# --- the endpoint, or its parts ---


def test_an_api_that_refuses_is_named_by_its_route() -> None:
    api = {"source": "nginx", "client_id": None, "endpoint": "api"}
    found = only(find_alerts(connect(
        events(0, 100, 100, route="/v1/orders/{id}", **api), events(0, 100, 100, route="/v1/stock", **api),
        events(0, 100, 1, route="/v1/stock", cause=VAGUE, **api),
        events(80, 2, 100, route="/v1/orders", cause=VAGUE, **api),
        events(80, 2, 100, route="/v1/orders/{id}/items", cause=VAGUE, **api),
    )))  # fmt: skip
    assert (found.client_id, found.endpoint, found.route) == (None, "api", "/v1/orders")
    assert found.observed == pytest.approx(400, abs=3)
    assert "/v1/orders refuses its callers" in found.sentence


def test_a_gateway_that_refuses_on_all_apis_is_told_once() -> None:
    api = {"source": "nginx", "client_id": None, "endpoint": "api"}
    routes = [f"/v1/{name}" for name in ("orders", "stock", "prices", "invoices")]
    found = only(find_alerts(connect(
        *(events(0, 100, 60, route=route, **api) for route in routes),
        *(events(80, 2, 60, route=route, cause=VAGUE, **api) for route in routes),
    )))  # fmt: skip
    assert found.route is None
    assert found.sentence.startswith("The APIs refuse their callers")


def test_a_server_that_fails_for_all_clients_is_told_once() -> None:
    clients = [f"client-{number}" for number in range(6)]
    down = "server.internal_error"
    found = only(find_alerts(connect(
        *(events(0, 60, 40, client_id=client) for client in clients),
        *(events(60, 3, 40, client_id=client, cause=down) for client in clients),
        *(events(63, 20, 40, client_id=client) for client in clients),
    )))  # fmt: skip
    assert (found.client_id, found.endpoint, found.cause) == (None, "token", down)
    assert "6 clients" in found.sentence


def test_two_clients_of_many_are_told_each() -> None:
    clients = [f"client-{number}" for number in range(8)]
    found = find_alerts(connect(
        *(events(0, 126 if number > 1 else 120, 40, client_id=client) for number, client in enumerate(clients)),
        *(events(120, 6, 40, client_id=client, cause=EXPIRED) for client in clients[:2]),
    ))  # fmt: skip
    assert sorted(alert.client_id or "" for alert in found) == clients[:2]


def test_what_the_gateway_saw_of_it_is_not_told_again() -> None:
    gateway = {"source": "nginx", "client_id": None, "route": "/realms/shop/protocol/openid-connect/token"}
    found = only(find_alerts(connect(
        events(0, 100, 60), events(0, 100, 1, cause=EXPIRED), events(80, 3, 100, cause=EXPIRED),
        events(0, 100, 60, **gateway),
        events(0, 100, 1, cause="unknown.status_only_token_endpoint", **gateway),
        events(80, 3, 100, cause="unknown.status_only_token_endpoint", **gateway),
    )))  # fmt: skip
    assert found.cause == EXPIRED
    assert found.sources == ("keycloak", "nginx")


# --- new causes ---


def test_a_cause_that_a_client_never_had_is_new() -> None:
    found = only(find_alerts(connect(events(0, 100, 20), events(72, 20, 4, cause=PKCE))))
    assert found.kind == "new_cause"
    assert found.cause == PKCE
    assert near(found.start, hours(72), 15)
    assert "never failed in this way before" in found.sentence


def test_a_client_that_is_new_itself_has_no_new_cause() -> None:
    usual = events(0, 100, 100, client_id="mobile-app")
    assert not [
        alert
        for alert in find_alerts(connect(usual, events(80, 20, 20), events(80, 20, 4, cause=PKCE)))
        if alert.kind == "new_cause"
    ]


def test_a_few_failures_of_a_new_cause_are_chance() -> None:
    assert not find_alerts(connect(events(0, 100, 20), events(72, 20, 0.4, cause=PKCE)))


def test_a_step_of_the_protocol_is_never_a_new_cause() -> None:
    assert not find_alerts(connect(events(0, 100, 20), events(72, 20, 4, cause="protocol.login_required")))


def test_a_small_client_whose_secret_ran_out_is_found() -> None:
    found = only(find_alerts(connect(
        events(0, 96, 0.5), events(96, 48, 0.5, cause=EXPIRED), events(0, 144, 100, client_id="mobile-app")
    )))  # fmt: skip
    assert found.client_id == "billing-batch"


# --- silence ---


def test_a_steady_client_that_stops_is_missed() -> None:
    found = only(find_alerts(connect(events(0, 100, 12), events(0, 110, 100, client_id="mobile-app"))))
    assert (found.kind, found.client_id, found.cause) == ("silent", "billing-batch", None)
    assert found.start == hours(100)
    assert found.ongoing
    assert found.expected == pytest.approx(108, rel=0.1)


def test_a_steady_client_is_missed_on_a_weekend_too() -> None:
    found = only(find_alerts(connect(events(0, 121, 12), events(0, 160, 100, client_id="mobile-app"))))
    assert found.start == hours(121)


def test_a_silence_that_ended_is_told_with_its_end() -> None:
    found = only(find_alerts(connect(
        events(0, 100, 12), events(106, 40, 12), events(0, 146, 100, client_id="mobile-app")
    )))  # fmt: skip
    assert (found.start, found.end, found.ongoing) == (hours(100), hours(106), False)


def test_a_nightly_batch_that_does_not_come_is_missed() -> None:
    nights = [events(24 * day + 2, 0.5, 80) for day in range(4)]
    found = only(find_alerts(connect(*nights, events(0, 110, 100, client_id="mobile-app"))))
    assert found.kind == "silent"
    assert found.start == hours(4 * 24 + 2)


def test_a_batch_that_is_not_due_yet_is_not_missed() -> None:
    nights = [events(24 * day + 2, 0.5, 80) for day in range(4)]
    assert not find_alerts(connect(*nights, events(0, 97.5, 100, client_id="mobile-app")))


def test_people_who_go_home_for_the_weekend_are_not_missed() -> None:
    work = [chance_events(day, 24 * day + 8, 9, 20) for day in range(5)]
    assert not find_alerts(connect(*work, events(0, 168, 100, client_id="mobile-app")))


def test_a_small_client_is_not_missed_for_a_day() -> None:
    assert not find_alerts(
        connect(chance_events(3, 0, 100, 0.2), events(0, 124, 100, client_id="mobile-app"))
    )


def test_a_log_that_ends_before_the_others_makes_no_client_silent() -> None:
    assert not find_alerts(
        connect(events(0, 96, 40), events(0, 144, 100, source="okta", client_id="hr-portal"))
    )


def test_a_hole_in_a_log_makes_no_client_silent() -> None:
    clients = ("billing-batch", "mobile-app")
    assert not find_alerts(connect(
        *(events(0, 60, 50, client_id=client) for client in clients),
        *(events(63, 40, 50, client_id=client) for client in clients),
    ))  # fmt: skip


def test_logs_of_another_year_make_no_client_silent() -> None:
    assert not find_alerts(connect(events(0, 100, 12), events(5000, 100, 12, client_id="mobile-app")))


def test_a_client_that_a_long_weekend_does_not_bring_back_is_missed() -> None:
    days = [0, 24, 48, 72, 96]
    both = [
        events(start + 168 * week + 8, 9, 30, client_id=client)
        for start in days
        for week in range(3)
        for client in ("billing-batch", "mobile-app")
        if client == "mobile-app" or week < 2
    ]
    assert only(find_alerts(connect(*both))).client_id == "billing-batch"


def test_a_client_that_fails_and_gives_up_is_told_once() -> None:
    found = only(find_alerts(connect(
        events(0, 100, 40), events(100, 2, 40, cause=EXPIRED), events(0, 120, 100, client_id="mobile-app")
    )))  # fmt: skip
    assert found.cause == EXPIRED


# --- period, shape ---


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [(None, None, 1), (90, None, 0), (70, 80, 1), (None, 60, 0), (10, 60, 0)],
)
def test_only_the_asked_period_is_told_of(since: float | None, until: float | None, found: int) -> None:
    connection = connect(events(0, 72, 40), events(72, 10, 40, cause=EXPIRED), events(82, 40, 40))
    period = [None if number is None else hours(number) for number in (since, until)]
    assert len(find_alerts(connection, *period)) == found


def test_a_period_may_have_a_zone() -> None:
    connection = connect(events(0, 72, 40), events(72, 10, 40, cause=EXPIRED), events(82, 40, 40))
    zone = timezone(timedelta(hours=5))
    since = hours(90).replace(tzinfo=UTC).astimezone(zone)
    assert find_alerts(connection, since) == []
    assert find_alerts(connection, since - timedelta(hours=20)) != []


def test_no_event_and_one_event_raise_nothing() -> None:
    assert find_alerts(connect(events(0, 0, 1))) == []
    assert find_alerts(connect(events(0, 1, 1, cause=EXPIRED))) == []


def test_an_alert_is_plain_data() -> None:
    (found,) = find_alerts(connect(events(0, 72, 40), events(72, 10, 40, cause=EXPIRED)))
    told = asdict(found)
    assert {type(told["observed"]), type(told["expected"]), type(told["probability"])} == {int, float}
    assert isinstance(told["start"], datetime)
    assert told["remedy"]


def test_expected_is_a_negative_binomial() -> None:
    even, uneven = Expected(4.0, 1e-9), Expected(4.0, 1.0)
    assert even.chance(0) == uneven.chance(0) == 1.0
    assert even.chance_of_none() == pytest.approx(0.0183, rel=1e-3)
    assert uneven.chance_of_none() == pytest.approx(0.2)
    # with dispersion 1 it is geometric: (4 / 5) ** n
    assert uneven.chance(10) == pytest.approx(0.8**10)
    assert even.chance(20) < 1e-7 < uneven.chance(20)


# --- quiet weeks ---


@pytest.mark.parametrize("seed", range(5000, 5005))
def test_a_quiet_week_raises_nothing(seed: int) -> None:
    found = find_alerts(connect_week(generate.make(seed, quiet=True)))
    assert [alert.sentence for alert in found] == []


@pytest.mark.slow
def test_thirty_quiet_weeks_raise_next_to_nothing() -> None:
    raised = [
        alert.sentence
        for seed in range(6000, 6030)
        for alert in find_alerts(connect_week(generate.make(seed, quiet=True)))
    ]
    assert len(raised) <= 1, raised


@pytest.mark.parametrize("seed", [401, 21, 22])
def test_the_incidents_of_other_weeks_are_found_too(seed: int) -> None:
    found = {(alert.client_id, alert.cause) for alert in find_alerts(connect_week(generate.make(seed)))}
    assert found == {
        ("inventory-sync", "client_auth.failed_unspecified"),
        (None, VAGUE),
        ("0oa4xmp1eNRDPRT003d7", PKCE),
        ("ledger-export", None),
    }
