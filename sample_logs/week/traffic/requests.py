"""The requests of a week, as columns: what each client asks for, and the ordinary failures on the way."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traffic.clients import API_NAMES, APIS, BATCH, CLIENTS, MACHINE, NOBODY, PASSWORD, Client
from traffic.faults import NUMBER, Action
from traffic.rhythm import HOUR_US, HOURS, WEEK_US, hourly, within

SECOND = 1_000_000
TOKEN_LIFE = 300 * SECOND
"""How long an access token lives; a client refreshes when it has run out."""


@dataclass(frozen=True)
class Requests:
    """Requests as columns of one length.

    `time`: µs from the start of the week. `client`: number in CLIENTS or NOBODY. `action`: an Action.
    `fault`: number in FAULTS. `user`: number within the client. `session`: unique in the week.
    `api`, `route`: which API and which of its routes, for Action.API; for Action.SCAN `route` is the path.
    """

    time: NDArray[np.int64]
    client: NDArray[np.int64]
    action: NDArray[np.int64]
    fault: NDArray[np.int64]
    user: NDArray[np.int64]
    session: NDArray[np.int64]
    api: NDArray[np.int64]
    route: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.time.size)

    def where(self, mask: NDArray[Any]) -> Requests:
        """The requests that a mask, or an order, picks."""
        return Requests(*(getattr(self, field.name)[mask] for field in fields(self)))


def requests(time: NDArray[np.int64], **columns: Any) -> Requests:
    """Requests at these times; a column that is not given is 0, a number is repeated."""
    given = {"time": time.astype(np.int64)}
    for field in fields(Requests)[1:]:
        given[field.name] = np.broadcast_to(
            np.asarray(columns.get(field.name, 0), dtype=np.int64), time.shape
        ).copy()
    return Requests(**given)


def together(parts: list[Requests]) -> Requests:
    """All of them, in the order of their times; what lies outside of the week is dropped."""
    columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Requests)]
    whole = Requests(*columns)
    whole = whole.where((whole.time >= 0) & (whole.time < WEEK_US))
    return whole.where(np.lexsort((whole.session, whole.action, whole.time)))


def week(rng: np.random.Generator, scale: float) -> Requests:
    """An ordinary week. `scale` multiplies how much is asked."""
    parts = [_scanners(rng, scale)]
    first_session = 1
    for number, client in enumerate(CLIENTS):
        if client.kind in (MACHINE, BATCH):
            part = _machine(rng, number, client, scale)
        elif client.kind == PASSWORD:
            part = _passwords(rng, number, client, scale)
        else:
            part = _people(rng, number, client, scale)
        part.session[:] += first_session
        first_session = int(part.session.max(initial=first_session)) + 1
        parts.append(part)
    return together(parts)


def _machine(rng: np.random.Generator, number: int, client: Client, scale: float) -> Requests:
    per_day = client.per_day * scale
    if client.kind == BATCH:
        nightly = rng.poisson(per_day, HOURS // 24)
        begins = (np.arange(HOURS // 24) * 24 + 2) * HOUR_US + rng.integers(0, 180 * SECOND, HOURS // 24)
        time = np.repeat(begins, nightly) + rng.integers(0, 2000 * SECOND, nightly.sum())
    elif client.rhythm == "steady":
        period = int(24 * HOUR_US / per_day)
        time = np.arange(rng.integers(0, period), WEEK_US, period)
        time = time + rng.integers(0, max(period // 20, 1), time.size)
    else:
        time = within(rng, hourly(rng, client.rhythm, per_day))
    session = np.arange(time.size)
    fault = _odds(rng, time.size, {"server_down": 0.0006})
    if client.id == "inventory-sync":
        fault = np.where(rng.random(time.size) < 0.008, NUMBER["bad_secret"], fault)
    asks = requests(time, client=number, action=Action.CREDENTIALS, fault=fault, session=session)
    working = fault == 0
    apart = 2000 * SECOND // 40 if client.kind == BATCH else int(24 * HOUR_US / max(per_day, 1))
    calls = _calls(rng, number, client, time[working], session[working], 0, client.calls, min(apart, HOUR_US))
    return together([asks, calls])


def _passwords(rng: np.random.Generator, number: int, client: Client, scale: float) -> Requests:
    time = within(rng, hourly(rng, client.rhythm, client.per_day * scale))
    user = rng.integers(0, client.users, time.size)
    session = np.arange(time.size)
    wrong, who = _repeated(rng, time.size, 0.08)
    asks = requests(time, client=number, action=Action.PASSWORD, user=user, session=session)
    failed = requests(
        time[who] - wrong * rng.integers(6, 20) * SECOND,
        client=number, action=Action.PASSWORD, user=user[who], session=session[who],
        fault=NUMBER["wrong_password_grant"],
    )  # fmt: skip
    return together(
        [failed, asks, _calls(rng, number, client, time, session, user, client.calls, TOKEN_LIFE)]
    )


def _people(rng: np.random.Generator, number: int, client: Client, scale: float) -> Requests:
    start = within(rng, hourly(rng, client.rhythm, client.per_day * scale))
    count = start.size
    user = rng.integers(0, client.users, count)
    session = np.arange(count)
    length = (rng.lognormal(np.log(420), 0.8, count) * SECOND).astype(np.int64)
    signs_in = rng.random(count) < client.login
    same = {"client": number}
    parts: list[Requests] = []

    # a session that goes on begins with a refresh; where that is refused, people sign in, and all is well
    refused = _odds(rng, count, {"refresh_expired": 0.015, "session_ended": 0.009, "refresh_reused": 0.002})
    refused[signs_in] = 0
    goes_on = ~signs_in
    parts.append(requests(
        start[goes_on], action=Action.REFRESH, fault=refused[goes_on], user=user[goes_on], session=session[goes_on], **same
    ))  # fmt: skip
    signs_in = signs_in | (refused > 0)

    begun, enters = start[signs_in], session[signs_in]
    people = user[signs_in]
    signed, stays = _sign_in(rng, client, begun, people, enters, same)
    parts += signed
    lives = np.ones(count, dtype=bool)
    lives[enters[~stays]] = False

    # from here on only the sessions that came to a token
    begin = start + np.where(signs_in, 25 * SECOND, SECOND)
    refreshes, who = _each(np.where(lives, length // TOKEN_LIFE, 0))
    parts.append(requests(
        begin[who] + (refreshes + 1) * TOKEN_LIFE + rng.integers(0, 20 * SECOND, who.size),
        action=Action.REFRESH, user=user[who], session=session[who], **same
    ))  # fmt: skip
    calls = rng.poisson(client.calls * length / (600 * SECOND))
    _, who = _each(np.where(lives, calls, 0))
    when = begin[who] + (rng.random(who.size) * length[who]).astype(np.int64)
    parts.append(_healing(rng, _api(rng, number, client, when, session[who], user[who])))
    if client.server == "okta" and "portal" in client.name:
        silent = rng.random(count) < 0.12
        parts.append(requests(
            start[silent] - SECOND, action=Action.AUTHORIZE, fault=NUMBER["silent_login"],
            user=user[silent], session=session[silent], **same
        ))  # fmt: skip
    return together(parts)


def _sign_in(
    rng: np.random.Generator,
    client: Client,
    begun: NDArray[np.int64],
    people: NDArray[np.int64],
    session: NDArray[np.int64],
    same: dict[str, Any],
) -> tuple[list[Requests], NDArray[np.bool_]]:
    """The requests of sign-ins, and which of them came to a token."""
    count = begun.size
    keycloak = client.server == "keycloak"
    ends = _odds(
        rng, count,
        {"cookie_lost": 0.01, "locked_user": 0.002, **({"consent_denied": 0.012} if client.consent else {})}
        if keycloak else {"not_assigned": 0.006},
    )  # fmt: skip
    stays = ends == 0
    typed = begun + rng.integers(8, 20, count) * SECOND
    columns = {"user": people, "session": session, **same}
    asked = requests(begun, action=Action.AUTHORIZE, **columns)
    if not keycloak:
        asked.fault[:] = ends
    parts = [asked]
    if keycloak:
        wrong, who = _repeated(rng, count, 0.08)
        fault = np.where(rng.random(who.size) < 0.1, NUMBER["unknown_user"], NUMBER["wrong_password"])
        parts.append(requests(
            typed[who] - (wrong + 1) * SECOND, action=Action.LOGIN, fault=fault,
            user=people[who], session=session[who], **same,
        ))  # fmt: skip
        parts.append(requests(typed + SECOND, action=Action.LOGIN, fault=ends, **columns))
    redeemed = typed + rng.integers(1_300_000, 2_600_000, count)
    parts.append(requests(redeemed, action=Action.CODE, **columns).where(stays))
    if client.consent:
        parts.append(requests(redeemed - 200_000, action=Action.CALLBACK, **columns).where(stays))
    back = stays & (rng.random(count) < 0.012)
    parts.append(
        requests(
            redeemed + rng.integers(5, 60, count) * SECOND,
            action=Action.CODE, fault=NUMBER["code_reused"], **columns,
        ).where(back)
    )  # fmt: skip
    return parts, stays


def _calls(
    rng: np.random.Generator,
    number: int,
    client: Client,
    time: NDArray[np.int64],
    session: NDArray[np.int64],
    user: NDArray[np.int64] | int,
    mean: float,
    spread: int,
) -> Requests:
    _, who = _each(rng.poisson(mean, time.size))
    users = np.broadcast_to(np.asarray(user, dtype=np.int64), time.shape)
    when = time[who] + rng.integers(SECOND, spread, who.size)
    return _healing(rng, _api(rng, number, client, when, session[who], users[who]))


def _api(
    rng: np.random.Generator,
    number: int,
    client: Client,
    time: NDArray[np.int64],
    session: NDArray[np.int64],
    user: NDArray[np.int64],
) -> Requests:
    mine = np.array([API_NAMES.index(name) for name in client.apis])
    api = mine[np.minimum(rng.geometric(0.55, time.size) - 1, mine.size - 1)]
    routes = np.array([len(entry.routes) for entry in APIS.values()])
    route = np.minimum(rng.geometric(0.5, time.size) - 1, routes[api] - 1)
    fault = _odds(
        rng, time.size,
        {"forbidden": 0.002, "limited": 0.0012, "missing": 0.004, "broken": 0.0006, "gateway_error": 0.0003},
    )  # fmt: skip
    if client.id == "kiosk":
        by_url = rng.random(time.size) < 0.08
        old = rng.random(time.size) < 0.06
        fault = np.where(by_url, np.where(old, NUMBER["token_in_url_expired"], NUMBER["token_in_url"]), fault)
    return requests(
        time, client=number, action=Action.API, fault=fault, user=user, session=session, api=api, route=route
    )


def _healing(rng: np.random.Generator, calls: Requests) -> Requests:
    """Some calls come with a token that has just run out: 401, a new token, the same call again."""
    late = (rng.random(len(calls)) < 0.012) & (calls.fault == 0)
    calls.fault[late] = NUMBER["unauthorized"]
    again = calls.where(late)
    again.fault[:] = 0
    again.time[:] += rng.integers(500_000, 1_500_000, len(again))
    renewed = calls.where(late)
    renewed.fault[:] = 0
    renewed.time[:] = again.time - 200_000
    kinds = np.array([
        Action.CREDENTIALS if client.kind in (MACHINE, BATCH)
        else Action.PASSWORD if client.kind == PASSWORD
        else Action.REFRESH
        for client in CLIENTS
    ])  # fmt: skip
    renewed.action[:] = kinds[renewed.client]
    renewed.api[:] = 0
    renewed.route[:] = 0
    return together([calls, renewed, again])


SCAN_PATHS = (
    ("/wp-login.php", "missing"), ("/.env", "missing"), ("/admin/login.jsp", "missing"),
    ("/v1/admin/users", "unauthorized"), ("/actuator/env", "forbidden"), ("/.git/config", "forbidden"),
    ("/v1/orders", "unauthorized"), ("/phpmyadmin/index.php", "missing"), ("/v1/customers", "unauthorized"),
    ("/server-status", "forbidden"), ("/owa/auth/logon.aspx", "missing"), ("/v2/api-docs", "missing"),
)  # fmt: skip
"""What strangers try, and what they get."""


def _scanners(rng: np.random.Generator, scale: float) -> Requests:
    lone = within(rng, rng.poisson(np.full(HOURS, 3.0 * scale)))
    bursts = rng.poisson(24)
    sizes = rng.geometric(1 / 25, bursts)
    begins = rng.integers(0, WEEK_US, bursts)
    _, who = _each(sizes)
    time = np.concatenate([lone, begins[who] + rng.integers(0, 400 * SECOND, who.size)])
    user = np.concatenate([rng.integers(0, 90, lone.size), 100 + who])
    path = rng.integers(0, len(SCAN_PATHS), time.size)
    fault = np.array([NUMBER[fault] for _, fault in SCAN_PATHS])[path]
    return requests(time, client=NOBODY, action=Action.SCAN, fault=fault, user=user, route=path)


def _odds(rng: np.random.Generator, count: int, faults: dict[str, float]) -> NDArray[np.int64]:
    """For each of `count` requests the fault that struck it, by the odds of each; mostly none."""
    drawn = rng.random(count)
    found = np.zeros(count, dtype=np.int64)
    upto = 0.0
    for name, odds in faults.items():
        if odds:
            found[(drawn >= upto) & (drawn < upto + odds)] = NUMBER[name]
            upto += odds
    return found


def _repeated(
    rng: np.random.Generator, count: int, odds: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each of `count` people fails first: at most three times."""
    return _each(np.where(rng.random(count) < odds, np.minimum(rng.geometric(0.7, count), 3), 0))


def _each(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For [2, 0, 1]: the numbers 0, 1, 0 and whose they are: 0, 0, 2."""
    who = np.repeat(np.arange(counts.size), counts)
    first = np.cumsum(counts) - counts
    return np.arange(who.size) - first[who], who
