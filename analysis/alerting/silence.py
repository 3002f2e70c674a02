"""Silence: clients that are served no more at a time when they always are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.alerting.baseline import LOOK_BACK_DAYS, Expected, dispersion
from analysis.alerting.candidate import Candidate
from analysis.alerting.cells import Cells, Counts, covered, endpoints_of_failures, series
from analysis.alerting.surges import FALSE_ALARMS

_DAYS = 3
"""A daily rhythm shows after so many days."""
_EVENTS = 5.0
_LONGER_THAN_EVER = 2.5
_STEADY = 0.3


def find_silent(cells: Cells) -> list[Candidate]:
    """Clients without a success for longer than their own history lets one expect.

    Where such a client kept failing, it is no silence but an outage: a surge of the cause that it fails for.
    """
    named = cells.table[cells.table["client_id"].notna()]
    served = series(cells, named[named["cause"].isna()], ["source", "client_id"])
    failed = series(cells, named[named["cause"].notna()], ["source", "client_id", "cause"])
    there = covered(cells)
    where = endpoints_of_failures(cells)
    # the hour that is not over yet tells nothing
    whole = cells.hours if cells.moment(cells.hours) <= cells.last else cells.hours - 1
    found: list[Candidate] = []
    tests = max(1, int((served.counts > 0).any(axis=1).sum()) * max(whole // 24, 1))
    for key, counts in zip(served.keys, served.counts, strict=True):
        source, client = (str(part) for part in key)
        for begin, end, missed, chance in _runs(cells, counts[:whole], there[source][:whole], FALSE_ALARMS / tests):
            until = cells.hours if end == whole else end
            causes = {
                str(other[2]): float(row[begin:until].sum())
                for other, row in zip(failed.keys, failed.counts, strict=True)
                if other[:2] == key
            }
            cause = max(causes, key=lambda name: causes[name]) if any(causes.values()) else None
            if cause is not None and causes[cause] >= 3:
                before = failed.row((source, client, cause))[:begin].sum() / max(begin, 1) * (until - begin)
                found.append(Candidate(
                    "surge", source, client, where[source, client, cause], None, cause, begin, until, causes[cause], float(before), chance
                ))  # fmt: skip
            else:
                found.append(Candidate(
                    "silent", source, client, None, None, None, begin, until, 0.0, missed, chance
                ))  # fmt: skip
    return found


def _runs(
    cells: Cells, counts: Counts, there: NDArray[np.bool_], threshold: float
) -> list[tuple[int, int, float, float]]:
    """The silences of one client that are too long: first hour, after the last, missed events, probability."""
    heard = np.flatnonzero(counts)
    if not heard.size:
        return []
    ends = np.append(heard[1:], counts.size)
    found: list[tuple[int, int, float, float]] = []
    longest = 0.0
    for last, end in zip(heard.tolist(), ends.tolist(), strict=True):
        if end - last < 2:
            continue
        expected = [_normal(cells, counts, there, hour, last + 1) for hour in range(last + 1, end)]
        missed = sum(hour.mean for hour in expected)
        chance = float(np.prod([hour.chance_of_none() for hour in expected]))
        if missed >= max(_EVENTS, _LONGER_THAN_EVER * longest) and chance < threshold:
            begin = last + 1 + next(place for place, hour in enumerate(expected) if hour.mean >= 0.5)
            found.append((begin, end, missed, chance))
        else:
            longest = max(longest, missed)
    return found


_NOTHING = Expected(0.0, 1.0)


def _normal(cells: Cells, counts: Counts, there: NDArray[np.bool_], hour: int, known: int) -> Expected:
    """What the hours before `known` lead one to expect of an hour; nothing where they tell too little."""
    if not there[hour]:
        return _NOTHING
    days = np.arange(1, LOOK_BACK_DAYS + 1)
    same = hour - 24 * days
    same = same[(same >= 0) & (same < known)]
    same = same[there[same]]
    active = np.flatnonzero(counts[:known])
    begun = int(active[0]) if active.size else known
    same = same[same >= begun - begun % 24]
    steady = _is_steady(counts, there, begun, known)
    if steady:
        recent = np.arange(max(begun, known - 24), known)
        recent = recent[there[recent]]
        return Expected(float(counts[recent].mean()), max(dispersion(counts, there, known), 0.15))
    weekend = _weekday(cells, hour) >= 5
    kin = same[[(_weekday(cells, int(other)) >= 5) == weekend for other in same]] if same.size else same
    if weekend and not kin.size:
        # nobody knows yet whether this client works on weekends
        return _NOTHING
    if kin.size < (1 if weekend else _DAYS):
        return _NOTHING
    mean = float(counts[kin].mean())
    if counts[kin].min() == 0:
        # on some such day it did not come either
        return Expected(mean, 4.0)
    return Expected(mean, dispersion(counts, there, known))


def _is_steady(counts: Counts, there: NDArray[np.bool_], begun: int, known: int) -> bool:
    """Whether a client comes at every hour of the day about equally often, as machines do."""
    hours = np.arange(begun + 1, known)
    hours = hours[there[hours]]
    if hours.size < 24:
        return False
    recent = hours[-48:]
    rolled = np.convolve(counts[recent], np.ones(4) / 4, "valid")
    return bool(rolled.min() >= max(_STEADY * rolled.mean(), 1.0))


def _weekday(cells: Cells, hour: int) -> int:
    return cells.moment(hour).weekday()
