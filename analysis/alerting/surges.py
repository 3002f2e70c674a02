"""Surges: hours with far more failures of one cause than is normal for a client or an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.alerting.baseline import expected_at
from analysis.alerting.candidate import Candidate
from analysis.alerting.cells import Cells, Counts, covered, endpoints_of_failures, series
from analysis.taxonomy import load_causes

FALSE_ALARMS = 0.01
"""How many false alarms a whole look may raise, all its tests together."""

_WIDTHS = (1, 6)
"""Hours that are counted together: one finds what is sudden, six what is slow."""


@dataclass(frozen=True)
class _Bar:
    """What an hour must exceed, whatever the statistics say: events, and times the expected."""

    events: float
    times: float


_CLIENT, _ENDPOINT, _NORMAL = _Bar(10, 3.0), _Bar(20, 3.0), _Bar(200, 10.0)


def find_surges(cells: Cells) -> list[Candidate]:
    """Surges per (client, cause) and per (endpoint, cause), and per area of an API.

    Areas of an API on which nobody is ever served are left out: strangers try such paths.
    """
    failed = cells.table[cells.table["cause"].notna()]
    served = cells.table[cells.table["cause"].isna()]
    known = failed["area"].isna() | pd.Series(_pairs(failed).isin(_pairs(served)), failed.index)
    there = covered(cells)
    where = endpoints_of_failures(cells)
    found: list[Candidate] = []
    views = (
        (["source", "client_id"], failed["client_id"].notna(), _CLIENT),
        (["source", "endpoint"], known, _ENDPOINT),
        (["source", "endpoint", "area"], known & failed["area"].notna(), _ENDPOINT),
    )
    for by, mask, bar in views:
        counted = series(cells, failed[mask], [*by, "cause"])
        successes = series(cells, served, by)
        everything = series(cells, cells.table, by)
        tests = max(1, len(counted) * cells.hours * len(_WIDTHS))
        for key, counts in counted.rows(least=bar.events):
            group = key[:-1]
            others = successes.row(group)
            if not others.any():
                # a log that holds only failures is measured by its other failures
                others = everything.row(group) - counts
            named = dict(zip([*by, "cause"], key, strict=True))
            for begin, end, expected, chance in _runs(
                counts, others, there[str(key[0])], _bar(bar, str(key[-1])), FALSE_ALARMS / tests
            ):
                found.append(Candidate(
                    "surge", str(named["source"]), named.get("client_id"),
                    named.get("endpoint") or where[str(key[0]), str(named.get("client_id")), str(key[-1])],
                    named.get("area"), named["cause"], begin, end,
                    float(counts[begin:end].sum()), expected, chance,
                ))  # fmt: skip
    return found


def _pairs(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[["source", "area"]])


def _bar(bar: _Bar, cause: str) -> _Bar:
    known = load_causes().get(cause)
    return _NORMAL if known is not None and known.normal else bar


def _runs(
    counts: Counts, others: Counts, usable: NDArray[np.bool_], bar: _Bar, threshold: float
) -> list[tuple[int, int, float, float]]:
    """The stretches of alarmed hours: first, after the last, expected events in them, least probability.

    Alarmed hours are not learned from, so what goes on for days stays an alarm.
    """
    usable = usable.copy()
    alarmed = np.zeros(counts.size, dtype=bool)
    normal = np.zeros(counts.size)
    chances = np.ones(counts.size)
    wide = {width: (_rolled(counts, width), _rolled(others, width)) for width in _WIDTHS}
    for hour in np.flatnonzero(wide[_WIDTHS[-1]][0] >= bar.events):
        for width, (sums, other_sums) in wide.items():
            fresh = alarmed[hour + 1 - width : hour + 1]
            if sums[hour] < bar.events or hour + 1 < width or fresh.any():
                continue
            learnable = usable if width == 1 else _all_within(usable, width)
            expected = expected_at(sums, other_sums, learnable, int(hour))
            if expected is None or sums[hour] < bar.times * expected.mean + 3:
                continue
            chance = expected.chance(float(sums[hour]))
            if chance > threshold:
                continue
            # of a wide stretch, the hours count that stand out themselves
            span = np.arange(hour + 1 - width, hour + 1)
            span = span[counts[span] > max(2 * expected.mean / width, 0.5)]
            alarmed[span] = True
            usable[span] = False
            normal[span] = np.maximum(normal[span], expected.mean / width)
            chances[span] = np.minimum(chances[span], chance)
    return [
        (begin, end, float(normal[begin:end].sum()), float(chances[begin:end].min()))
        for begin, end in _stretches(alarmed)
    ]


def _stretches(alarmed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs of alarmed hours; one quiet hour does not part two of them."""
    hours = np.flatnonzero(alarmed)
    if not hours.size:
        return []
    parts = np.split(hours, np.flatnonzero(np.diff(hours) > 2) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]


def _rolled(counts: Counts, width: int) -> Counts:
    """For each hour the sum of the `width` hours that end with it."""
    sums = np.cumsum(counts, axis=-1)
    rolled = sums.copy()
    rolled[..., width:] -= sums[..., :-width]
    return rolled


def _all_within(usable: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    whole: NDArray[np.bool_] = _rolled(usable.astype(np.float64), width) == width
    return whole
