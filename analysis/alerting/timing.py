"""When exactly: from the hours of a candidate to the minute in which it began and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
from numpy.typing import NDArray

from analysis.alerting.candidate import Candidate
from analysis.alerting.cells import Cells, minutes, plain

_EPOCH = datetime(1970, 1, 1)
_LEAST = 1e-4


@dataclass(frozen=True)
class Span:
    """When it began and ended (`end` is the last event of its kind), and whether it goes on."""

    start: datetime
    end: datetime
    ongoing: bool


def span_of_failures(connection: duckdb.DuckDBPyConnection, cells: Cells, candidate: Candidate) -> Span:
    """The minutes between which the failures of a candidate come at their new rate."""
    around = minutes(connection, {
        "source": candidate.source, "client": candidate.client, "endpoint": candidate.endpoint,
        "area": candidate.area, "cause": candidate.cause,
        "since": cells.moment(candidate.begin - 1), "until": cells.moment(candidate.end + 1),
    })  # fmt: skip
    first = (cells.first + candidate.begin - 1) * 60
    failed = np.zeros((candidate.end - candidate.begin + 2) * 60)
    failed[around["minute"].to_numpy() - first] = around["failed"].to_numpy()
    hours = max(candidate.end - candidate.begin, 1)
    before = max(candidate.expected / hours / 60, _LEAST)
    begin = _change(failed[: failed.size // 2 + 1], before, failed)
    end = failed.size - _change(failed[::-1][: failed.size // 2 + 1], before, failed)
    hit = around[around["failed"] > 0]
    inside = hit[hit["minute"].between(first + begin, first + end - 1)]
    if inside.empty:
        inside = hit
    start = plain(inside["first_failed"].min().to_pydatetime())
    last = plain(inside["last_failed"].max().to_pydatetime())
    pause = max(timedelta(minutes=20), 3 * (last - start) / max(int(inside["failed"].sum()), 1))
    return Span(start, last, cells.last - last <= pause)


def span_of_silence(cells: Cells, candidate: Candidate) -> Span:
    """From the hour in which the client was missed first to when it came back, or now."""
    ongoing = candidate.end >= cells.hours
    return Span(
        cells.moment(candidate.begin), cells.last if ongoing else cells.moment(candidate.end), ongoing
    )


def _change(failed: NDArray[np.float64], before: float, everything: NDArray[np.float64]) -> int:
    """The minute from which on counts are likelier under the new rate than under the old one."""
    core = everything[60:-60]
    after = max(float(core.mean()), 2 * before)
    gain = failed * np.log(after / before) - (after - before)
    # what is gained by a change at a minute is the gain of all minutes from there on
    from_there = np.cumsum(gain[::-1])[::-1]
    return int(np.argmax(from_there))
