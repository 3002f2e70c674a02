"""Silence: clients that are served no more at a time when they always are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.alerting.baseline import LOOK_BACK_DAYS, Expected, dispersion
from analysis.alerting.candidate import Candidate
from analysis.alerting.cells import LONG_HOLE, Cells, Counts, covered, endpoints_of_failures, series
from analysis.alerting.surges import FALSE_ALARMS

_DAYS = 3
"""A daily rhythm shows after so many days."""
_EVENTS = 5.0
_LONGER_THAN_EVER = 2.5
_STEADY = 0.5
_PRIOR_DISPERSION = 0.1
"""Work is spread more evenly than failures are."""


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
    for key, counts in served.rows():
        source, client = (str(part) for part in key)
        # a silence could have begun in any hour in which the client works
        tests = len(served) * max(1, int((counts > 0).sum()))
        runs = _runs(cells, counts[:whole], there[source][:whole], FALSE_ALARMS / tests)
        for begin, end, missed, chance in runs:
            until = cells.hours if end == whole else end
            causes = {
                str(other[2]): float(failed.row(other)[begin:until].sum())
                for other in failed
                if other[:2] == key
            }
            cause = max(causes, key=lambda name: causes[name]) if any(causes.values()) else None
            if cause is not None and causes[cause] >= 3:
                before = failed.row((source, client, cause))[: begin - 1].mean() * (until - begin)
                found.append(Candidate(
                    "surge", source, client, where[source, client, cause], None, cause,
                    begin, until, causes[cause], float(before), chance,
                ))  # fmt: skip
            else:
                found.append(Candidate(
                    "silent", source, client, None, None, None, begin, until, 0.0, missed, chance
                ))  # fmt: skip
    return found


def _runs(
    cells: Cells, counts: Counts, there: NDArray[np.bool_], threshold: float
) -> list[tuple[int, int, float, float]]:
    """The silences of a client that are too long: first hour, after the last, missed events, probability."""
    heard = np.flatnonzero(counts)
    if not heard.size:
        return []
    ends = [_known_until(there, *gap) for gap in pairwise([*heard.tolist(), counts.size])]
    found: list[tuple[int, int, float, float]] = []
    longest = 0.0
    for last, end in zip(heard.tolist(), ends, strict=True):
        if end - last < 2:
            continue
        expected = [_normal(cells, counts, there, hour, last + 1) for hour in range(last + 1, end)]
        missed = sum(events for events, _ in expected)
        chance = float(np.prod([none for _, none in expected]))
        if missed >= max(_EVENTS, _LONGER_THAN_EVER * longest) and chance < threshold:
            begin = last + 1 + next(place for place, (events, _) in enumerate(expected) if events >= 0.5)
            found.append((begin, end, missed, chance))
        else:
            longest = max(longest, missed)
    return found


def _known_until(there: NDArray[np.bool_], last: int, end: int) -> int:
    """The hour in which a long hole of the log begins after `last`, or `end` where there is none.

    What was usual before it tells nothing of what comes after.
    """
    if end - last <= LONG_HOLE:
        return end
    absent = np.convolve(~there[last + 1 : end], np.ones(LONG_HOLE), "valid") == LONG_HOLE
    return last + 1 + int(np.argmax(absent)) if absent.any() else end


_NOTHING = (0.0, 1.0)


def _normal(
    cells: Cells, counts: Counts, there: NDArray[np.bool_], hour: int, known: int
) -> tuple[float, float]:
    """What the hours before `known` lead one to expect of an hour: events, and the probability of none.

    Nothing where those hours tell too little.
    """
    if not there[hour]:
        return _NOTHING
    begun = int(np.flatnonzero(counts)[0])
    same = hour - 24 * np.arange(1, LOOK_BACK_DAYS + 1)
    same = same[(same >= begun - begun % 24) & (same >= 0) & (same < known)]
    same = same[there[same]]
    if _is_steady(counts, there, begun, known):
        recent = np.arange(max(begun, known - 24), known)
        learned = recent[there[recent]]
        if same.size >= _DAYS and counts[same].mean() < counts[learned].mean():
            learned = same
    else:
        weekend = _weekday(cells, hour) >= 5
        same = same[np.array([(_weekday(cells, int(day)) >= 5) == weekend for day in same], dtype=bool)]
        # until it was seen on a weekend, nobody knows whether this client works on weekends
        if same.size < (1 if weekend else _DAYS):
            return _NOTHING
        learned = same
    mean = float(counts[learned].mean())
    if counts[learned].min() == 0:
        # at some such hour it did not come either
        missing = int((counts[learned] == 0).sum())
        return mean, (missing + 0.5) / (learned.size + 1) if mean >= _EVENTS else 1.0
    # the spread of the past may be that of the work, or that of the few groups that the work comes in;
    # a mean that was learned from few groups may well be wrong
    uneven = Expected(mean, dispersion(counts, there, known, _PRIOR_DISPERSION))
    groups = mean / _together(counts, there, known)
    grouped = Expected(groups, 1 / (groups * learned.size + 0.5))
    return mean, max(uneven.chance_of_none(), grouped.chance_of_none())


def _together(counts: Counts, there: NDArray[np.bool_], known: int) -> float:
    """How many events come together, as those of one session do: variance by mean, at least 1."""
    start = max(0, known - 24 * LOOK_BACK_DAYS)
    hours = np.arange(start, known)[there[start:known]]
    often = np.bincount(hours % 24, minlength=24)
    means = np.bincount(hours % 24, weights=counts[hours], minlength=24) / np.maximum(often, 1)
    hours = hours[often[hours % 24] > 1]
    if not counts[hours].any():
        return 1.0
    lost = often[hours % 24] / (often[hours % 24] - 1)
    return max(1.0, float((lost * (counts[hours] - means[hours % 24]) ** 2).sum() / counts[hours].sum()))


def _is_steady(counts: Counts, there: NDArray[np.bool_], begun: int, known: int) -> bool:
    """Whether a client comes at every hour of the day about equally often, as machines do."""
    hours = np.arange(begun + 1, known)
    hours = hours[there[hours]]
    if hours.size < 24:
        return False
    recent = counts[hours[-48:]]
    rolled = np.convolve(recent, np.ones(4) / 4, "valid")
    return bool(rolled.min() >= max(_STEADY * recent.mean(), 1.0))


def _weekday(cells: Cells, hour: int) -> int:
    return cells.moment(hour).weekday()
