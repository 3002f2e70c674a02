"""Hourly cells of the events, and the series over hours that alerts are looked for in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SQL = Path(__file__).parent
_EPOCH = datetime(1970, 1, 1)
LONG_HOLE = 7 * 24
"""Hours without any event of a source after which its log has begun anew."""
_QUIET_SOURCE = 5.0
"""A source that writes fewer events an hour may well write none in an hour."""

Counts = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Hourly counts of events.

    `table`: columns source, client_id, endpoint, area, cause, hour (from 0), events, client_name;
    `first`: the hour that 0 stands for, in hours since 1970 UTC; `hours`: how many there are;
    `last`: the time of the last event, UTC without a zone: now.
    """

    table: pd.DataFrame
    first: int
    hours: int
    last: datetime

    def moment(self, hour: float) -> datetime:
        """The time at which an hour begins, UTC without a zone."""
        return _EPOCH + timedelta(hours=self.first + hour)

    def hour(self, moment: datetime) -> float:
        """The hour, with its fraction, that a time lies in."""
        return (plain(moment) - _EPOCH) / timedelta(hours=1) - self.first


Key = tuple[str | None, ...]


class Series:
    """Counts over the hours, one row for each key.

    Most hours of most keys are empty: only the others are held, and a row is made when it is asked for.
    """

    def __init__(self, hours: int, filled: dict[Key, tuple[NDArray[np.int64], Counts]]) -> None:
        """`filled`: for each key hours and the events in them; an hour may stand there several times."""
        self._hours = hours
        self._filled = filled

    def __len__(self) -> int:
        return len(self._filled)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._filled)

    def row(self, key: Key) -> Counts:
        """The counts of a key (hours); zeros for one that is not there."""
        if key not in self._filled:
            return np.zeros(self._hours)
        at, events = self._filled[key]
        return np.bincount(at, weights=events, minlength=self._hours).astype(np.float64, copy=False)

    def rows(self, least: float = 0) -> Iterator[tuple[Key, Counts]]:
        """Each key with its counts (hours), of those that have so many events at `least`."""
        return ((key, self.row(key)) for key, (_, events) in self._filled.items() if events.sum() >= least)


def plain(moment: datetime) -> datetime:
    """A time as the views have it: UTC, without a zone."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def read_cells(
    connection: duckdb.DuckDBPyConnection, since: datetime | None, until: datetime | None
) -> Cells | None:
    """The cells of the view `events` from `since` to before `until`; None where there is no event."""
    period = {"since": since and plain(since), "until": until and plain(until)}
    table = connection.execute(_sql("cells"), period).df()
    if table.empty:
        return None
    newest = connection.execute(
        "SELECT max(time) FROM events WHERE $until IS NULL OR time < $until", {"until": period["until"]}
    ).fetchone()
    assert newest is not None
    first = int(table["hour"].min())
    table["hour"] = table["hour"].astype(np.int64) - first
    for column in ("source", "client_id", "endpoint", "area", "cause", "client_name"):
        table[column] = table[column].astype(object).where(table[column].notna(), None)
    return Cells(table, first, int(table["hour"].max()) + 1, plain(newest[0]))


def series(cells: Cells, table: pd.DataFrame, by: Sequence[str]) -> Series:
    """The counts of a part of the cells, by these columns and hour."""
    if table.empty:
        return Series(cells.hours, {})
    numbers, keys = pd.factorize(pd.MultiIndex.from_frame(table[list(by)].fillna("\0")))
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))[:-1]
    hours = np.split(table["hour"].to_numpy()[order], ends)
    events = np.split(table["events"].to_numpy()[order].astype(np.float64), ends)
    named = [tuple(None if part == "\0" else part for part in key) for key in keys]
    return Series(cells.hours, dict(zip(named, zip(hours, events, strict=True), strict=True)))


def covered(cells: Cells) -> dict[str, NDArray[np.bool_]]:
    """For each source the hours that its log covers: where a busy log says nothing at all, it is not there.

    Nor is it in any long hole, or after the last event of a source: that log ends before the others.
    """
    by_source = series(cells, cells.table, ["source"])
    there: dict[str, NDArray[np.bool_]] = {}
    for (source,), counts in by_source.rows():
        heard = np.flatnonzero(counts)
        span = np.zeros(cells.hours, dtype=bool)
        for before, after in pairwise([*heard.tolist(), heard[-1] + 1]):
            span[before : before + 1 if after - before > LONG_HOLE else after] = True
        if counts[span].mean() >= _QUIET_SOURCE:
            span &= counts > 0
        there[str(source)] = span
    return there


def endpoints_of_failures(cells: Cells) -> dict[tuple[str, str, str], str]:
    """For each (source, client, cause) the endpoint at which it failed most."""
    failed = cells.table[cells.table["cause"].notna() & cells.table["client_id"].notna()]
    sums = failed.groupby(["source", "client_id", "cause", "endpoint"])["events"].sum().sort_values()
    return {(key[0], key[1], key[2]): key[3] for key in sums.index.tolist()}


def minutes(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object]) -> pd.DataFrame:
    """Minutes around an alert; see minutes.sql."""
    return connection.execute(_sql("minutes"), dict(parameters)).df()


def reach(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object]) -> dict[str, object]:
    """How far an alert reaches; see reach.sql."""
    answer = connection.execute(_sql("reach"), dict(parameters))
    names = [column[0] for column in answer.description or ()]
    row = answer.fetchone()
    return dict(zip(names, row or (), strict=False))


def _sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text(encoding="utf-8")
