"""The sample week's generator, and its requests as the events that a lake would hold, without the text."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

WEEK = Path(__file__).parents[2] / "sample_logs" / "week"
sys.path.insert(0, str(WEEK))

import generate  # noqa: E402
from traffic import truth  # noqa: E402
from traffic.clients import API_NAMES, APIS, CLIENTS  # noqa: E402
from traffic.faults import Action  # noqa: E402
from traffic.requests import SCAN_PATHS, Requests  # noqa: E402
from traffic.rhythm import START  # noqa: E402

_NAMES = {client.id: client.name for client in CLIENTS if client.server == "okta"}


def connect(requests: Requests) -> duckdb.DuckDBPyConnection:
    """A connection with the view `events`, as far as alerts look at it."""
    table = pd.concat([_events(requests, source) for source in ("nginx", "keycloak", "okta")])
    connection = duckdb.connect()
    connection.register("given", table)
    connection.execute("CREATE TABLE stored AS SELECT * FROM given")
    connection.unregister("given")
    connection.execute("CREATE VIEW events AS FROM stored")
    return connection


def _events(requests: Requests, source: str) -> pd.DataFrame:
    mine, client, endpoint, cause = truth.rows(requests, source)
    kinds, which = np.unique(np.stack([mine.action, mine.api, mine.route]), axis=1, return_inverse=True)
    routes = [_route(*kind) if source == "nginx" else None for kind in kinds.T.tolist()]
    users = pd.Series(mine.user, dtype="string").where(mine.user > 0, None)
    return pd.DataFrame({
        "time": (START + mine.time.astype("timedelta64[us]")).astype("datetime64[us]"),
        "source": source,
        "client_id": pd.Series(client, dtype="string").where(client != "", None),
        "client_name": pd.Series(client, dtype="string").map(_NAMES).astype("string"),
        "user_id": None if source == "nginx" else users,
        "client_ip": pd.Series(mine.client * 10_000 + mine.user, dtype="string"),
        "endpoint": pd.Series(endpoint, dtype="string"),
        "route": pd.Series(routes, dtype="string").to_numpy()[which.ravel()],
        "cause": pd.Series(cause, dtype="string").where(cause != "", None),
        "outcome": np.where(cause == "", "success", "failure"),
        "status": 0,
    }).astype({"user_id": "string", "route": "string"})  # fmt: skip


def _route(action: int, api: int, route: int) -> str:
    if action == Action.SCAN:
        return SCAN_PATHS[route][0]
    if action == Action.API:
        return APIS[API_NAMES[api]].routes[route][1].split("?")[0].replace("{n}", "{id}")
    return "/callback" if action == Action.CALLBACK else "/realms/shop/protocol/openid-connect/token"


__all__ = ["WEEK", "connect", "generate"]
