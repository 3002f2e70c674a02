"""Events by the hour, for tests of alerts: so many of one kind in each hour, evenly or by chance."""

from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pandas as pd

MONDAY = datetime(2026, 5, 4)
_TEXTS = ("source", "client_id", "client_name", "endpoint", "route", "cause", "client_ip", "user_id")
_USUAL = {"source": "keycloak", "client_id": "billing-batch", "endpoint": "token", "client_ip": "192.0.2.7"}


def events(start: float, hours: float, per_hour: float, **columns: str | None) -> pd.DataFrame:
    """Events from so many hours after MONDAY on, for so many hours, so many in each, at even distances.

    They succeed unless `cause` is given. By default they are token requests of billing-batch at Keycloak.
    """
    count = round(hours * per_hour)
    after = start + (np.arange(count) + 0.5) / per_hour
    return _table(after, columns)


def chance_events(
    seed: int, start: float, hours: float, per_hour: float, **columns: str | None
) -> pd.DataFrame:
    """The same, at random times."""
    rng = np.random.default_rng(seed)
    after = np.sort(rng.uniform(start, start + hours, rng.poisson(hours * per_hour)))
    return _table(after, columns)


def connect(*parts: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """A connection with a view `events` of all of them."""
    connection = duckdb.connect()
    connection.register("given", pd.concat(parts, ignore_index=True))
    connection.execute(
        "CREATE TABLE stored AS SELECT *, CASE WHEN cause IS NULL THEN 'success' ELSE 'failure' END AS outcome "
        "FROM given"
    )
    connection.unregister("given")
    connection.execute("CREATE VIEW events AS FROM stored")
    return connection


def _table(
    after: np.ndarray[tuple[int, ...], np.dtype[np.float64]], columns: dict[str, str | None]
) -> pd.DataFrame:
    times = pd.Timestamp(MONDAY) + pd.to_timedelta(np.round(after * 3_600_000_000), unit="us")
    given = {**dict.fromkeys(_TEXTS), **_USUAL, **columns}
    table = pd.DataFrame({"time": times.astype("datetime64[us]"), "status": 0})
    for name in _TEXTS:
        table[name] = pd.Series([given[name]] * len(table), dtype="string")
    return table
