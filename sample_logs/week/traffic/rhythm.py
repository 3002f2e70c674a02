"""How much is asked in each hour of the week: day and night, weekdays and weekend, and chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DAYS = 7
HOURS = 24 * DAYS
START = np.datetime64("2026-03-02T00:00:00", "us")
"""A Monday, UTC."""
HOUR_US = 3_600_000_000
WEEK_US = HOURS * HOUR_US

_WEEKEND = 5


def shape(rhythm: str) -> NDArray[np.float64]:
    """The share of a weekday's requests that falls into each hour of the week; (168,), from Monday 00:00.

    `steady` never changes, `busy` never sleeps but works more by day, `office` and `shift` are people at
    work, `consumer` peaks in the evening and on Sunday.
    """
    hour = np.arange(24)
    if rhythm == "steady":
        day, weekend = np.ones(24), np.ones(24)
    elif rhythm == "busy":
        day = 1 + 1.2 * _bump(hour, 13, 5)
        weekend = 0.8 * day
    elif rhythm == "office":
        day = 0.02 + _bump(hour, 9.5, 2) + 0.9 * _bump(hour, 14, 2.4)
        weekend = 0.04 * day
    elif rhythm == "shift":
        day = np.where((hour >= 5) & (hour < 22), 1.0, 0.03)
        weekend = 0.5 * day
    elif rhythm == "consumer":
        day = 0.08 + 0.6 * _bump(hour, 11, 3.5) + 1.1 * _bump(hour, 19.5, 2.6)
        weekend = 0.1 + 1.0 * _bump(hour, 13, 4) + 1.1 * _bump(hour, 19.5, 3)
    else:
        raise ValueError(f"no rhythm of the name {rhythm}")
    week = np.concatenate([day if number < _WEEKEND else weekend for number in range(DAYS)])
    share: NDArray[np.float64] = week / day.sum()
    return share


def hourly(rng: np.random.Generator, rhythm: str, per_day: float) -> NDArray[np.int64]:
    """How many requests come in each hour of the week; (168,). More uneven than Poisson, as people are."""
    by_day = np.repeat(rng.lognormal(0.0, 0.06, DAYS), 24)
    by_hour = rng.gamma(40.0, 1 / 40.0, HOURS)
    return rng.poisson(per_day * shape(rhythm) * by_day * by_hour).astype(np.int64)


def within(rng: np.random.Generator, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """That many moments in each hour, in µs from the start of the week."""
    hours = np.repeat(np.arange(HOURS), counts)
    return (hours * HOUR_US + rng.integers(0, HOUR_US, hours.size)).astype(np.int64)


def _bump(hour: NDArray[np.int64], centre: float, width: float) -> NDArray[np.float64]:
    away = np.minimum(np.abs(hour - centre), 24 - np.abs(hour - centre))
    height: NDArray[np.float64] = np.exp(-0.5 * (away / width) ** 2)
    return height
