"""What is normal for an hour: the same hours of earlier days, and how far chance strays from them.

Counts of failures are more uneven than Poisson: people come in groups and retry. So an hour is compared
with a negative binomial distribution, whose dispersion is learned from the series itself and drawn
towards a prior while there is little to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.alerting.cells import Counts

LOOK_BACK_DAYS = 28
_NEIGHBOURS = (-1, 0, 1)
_ENOUGH_HOURS = 2
_MOST_GROWTH = 20.0
_OVERALL_WEIGHT = 2.0
"""How many days of this hour count as much as what the series does at all hours."""
_PRIOR_DISPERSION = 1.0
_PRIOR_WEIGHT = 24.0
"""How many hours of a series count as much as the prior."""
_LEAST_DISPERSION, _FIRST_DAY_DISPERSION = 0.15, 2.0


@dataclass(frozen=True)
class Expected:
    """What is normal for one hour: the mean, and the dispersion (variance = mean + dispersion * mean^2)."""

    mean: float
    dispersion: float

    def chance(self, count: float) -> float:
        """The probability of that many or more."""
        size = 1 / self.dispersion
        return float(stats.nbinom.sf(count - 1, size, size / (size + self.mean)))

    def chance_of_none(self) -> float:
        """The probability of none at all."""
        return float((1 + self.dispersion * self.mean) ** (-1 / self.dispersion))


def expected_at(counts: Counts, others: Counts, usable: NDArray[np.bool_], hour: int) -> Expected | None:
    """What is normal for an hour of a series, from what came before; None where too little did.

    `others`: what else the same client or endpoint was asked, hour by hour: where that has grown, as many
    more failures are normal. `usable`: the hours that may be learned from.
    """
    days = np.arange(1, min(LOOK_BACK_DAYS, hour // 24 + 1) + 1)
    same = (hour - 24 * days[:, None] + np.array(_NEIGHBOURS)).ravel()
    same = same[(same >= 0) & (same < hour - 1)]
    same = same[usable[same]]
    first_day = same.size < _ENOUGH_HOURS
    if first_day:
        same = np.flatnonzero(usable[:hour])
        if same.size < _ENOUGH_HOURS:
            return None
    ever = np.flatnonzero(usable[:hour])
    rate = (counts[ever].sum() + 0.5) / (others[ever].sum() + 0.5)
    overall = float(rate * others[hour] if others[hour] > 0 else counts[ever].mean())
    if first_day:
        return Expected(max(overall, 0.5 / ever.size), _FIRST_DAY_DISPERSION)
    usual = float(others[same].mean())
    grown = float(np.clip(others[hour] / usual, 1.0, _MOST_GROWTH)) if usual > 0 else 1.0
    # neighbouring hours share their fate: together they count as one day
    days_known = same.size / len(_NEIGHBOURS)
    there = float(counts[same].sum()) / len(_NEIGHBOURS) * grown
    mean = (there + _OVERALL_WEIGHT * overall) / (days_known + _OVERALL_WEIGHT)
    unsure = 1 / (there + _OVERALL_WEIGHT * overall + 0.5)
    return Expected(mean, dispersion(counts, usable, hour) + unsure)


def dispersion(
    counts: Counts, usable: NDArray[np.bool_], hour: int, prior: float = _PRIOR_DISPERSION
) -> float:
    """How unevenly a series comes beyond Poisson, from its hours before `hour`, by the method of moments.

    `prior` is what is taken for it while there is little to learn from.
    """
    start = max(0, hour - 24 * LOOK_BACK_DAYS)
    mask = usable[start:hour]
    seen = counts[start:hour][mask]
    clock = np.arange(start, hour)[mask] % 24
    often = np.bincount(clock, minlength=24)
    means = np.bincount(clock, weights=seen, minlength=24) / np.maximum(often, 1)
    # a mean of n hours has taken its part of their spread; one hour alone shows none
    repeated = often[clock] > 1
    seen, clock = seen[repeated], clock[repeated]
    if not seen.any():
        return prior
    normal = means[clock]
    lost = often[clock] / (often[clock] - 1)
    spread = float((lost * (seen - normal) ** 2).sum() - seen.sum())
    weight = float((normal**2).sum())
    trust = _PRIOR_WEIGHT * weight / seen.size
    return max((spread + prior * trust) / (weight + trust), min(prior / 2, _LEAST_DISPERSION))
