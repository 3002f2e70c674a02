"""What went badly wrong: incidents.toml, and what each incident does to the requests of a week."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traffic.clients import API_NAMES, place
from traffic.faults import NUMBER, Action
from traffic.requests import SECOND, Requests, together
from traffic.rhythm import START


@dataclass(frozen=True)
class Incident:
    """One incident, as incidents.toml tells it; `start` and `end` are UTC."""

    id: str
    title: str
    effect: str
    start: datetime
    end: datetime
    sources: tuple[str, ...]
    endpoint: str
    cause: str
    alert: str
    story: str
    client: str = ""
    client_name: str = ""
    route: str = ""


def read_incidents(path: Path) -> list[Incident]:
    """The incidents of a file, in its order. Raises KeyError or TypeError where one is incomplete."""
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Incident(**{**entry, "sources": tuple(entry["sources"])}) for entry in content["incident"]]


def happen(rng: np.random.Generator, week: Requests, incidents: list[Incident]) -> Requests:
    """The week as it was with the incidents. Raises KeyError for an effect that is not known."""
    for incident in incidents:
        week = _EFFECTS[incident.effect](rng, week, incident)
    return week


def _span(incident: Incident) -> tuple[int, int]:
    begin, end = (
        int((np.datetime64(moment.replace(tzinfo=None), "us") - START).astype(np.int64))
        for moment in (incident.start, incident.end)
    )
    return begin, end


def _during(week: Requests, incident: Incident) -> NDArray[np.bool_]:
    begin, end = _span(incident)
    return (week.time >= begin) & (week.time < end)


def _secret_refused(rng: np.random.Generator, week: Requests, incident: Incident) -> Requests:
    """Every token request of the client fails; it tries again every half minute and calls no API."""
    mine = _during(week, incident) & (week.client == place(incident.client))
    asks = mine & (week.action == Action.CREDENTIALS)
    week.fault[asks] = NUMBER["bad_secret"]
    begin, end = _span(incident)
    time = np.arange(begin, end, 30 * SECOND)
    time = time + rng.integers(0, 4 * SECOND, time.size)
    retries = week.where(np.resize(np.flatnonzero(asks), time.size))
    retries.time[:] = time
    retries.session[:] = week.session.max() + 1 + np.arange(time.size)
    return together([week.where(~(mine & (week.action == Action.API))), retries])


def _api_refuses(rng: np.random.Generator, week: Requests, incident: Incident) -> Requests:
    """One API answers most calls with 401, whoever calls; callers with a user get a new token and try again."""
    api = API_NAMES.index(incident.route.removeprefix("/v1/"))
    hit = _during(week, incident) & (week.action == Action.API) & (week.api == api)
    hit &= rng.random(len(week)) < 0.85
    week.fault[hit] = NUMBER["unauthorized"]
    again = week.where(hit & (rng.random(len(week)) < 0.6))
    again.time[:] += rng.integers(400_000, 1_400_000, len(again))
    return together([week, again])


def _codes_refused(rng: np.random.Generator, week: Requests, incident: Incident) -> Requests:
    """No code of the client is redeemed, so nobody gets in; most people try a second time."""
    mine = _during(week, incident) & (week.client == place(incident.client))
    codes = mine & (week.action == Action.CODE)
    week.fault[codes] = NUMBER["pkce_failed"]
    stranded = np.isin(week.session, week.session[codes]) & mine
    lost = stranded & ((week.action == Action.API) | (week.action == Action.REFRESH))
    tried = codes & (rng.random(len(week)) < 0.7)
    again = np.isin(week.session, week.session[tried]) & mine & ~lost
    second = week.where(again)
    second.time[:] += rng.integers(30, 90) * SECOND
    second.session[:] += int(week.session.max()) + 1
    return together([week.where(~lost), second])


def _falls_silent(rng: np.random.Generator, week: Requests, incident: Incident) -> Requests:
    """The client asks for nothing any more."""
    return week.where(~(_during(week, incident) & (week.client == place(incident.client))))


_EFFECTS = {
    "secret_refused": _secret_refused,
    "api_refuses": _api_refuses,
    "codes_refused": _codes_refused,
    "falls_silent": _falls_silent,
}
