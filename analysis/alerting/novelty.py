"""New causes: failures of a cause that a client never had before, though it has been known for long."""

from __future__ import annotations

import numpy as np
from scipy import stats

from analysis.alerting.candidate import Candidate
from analysis.alerting.cells import Cells, Counts, endpoints_of_failures, series
from analysis.alerting.surges import FALSE_ALARMS
from analysis.taxonomy import UNCLASSIFIED, load_causes

_KNOWN_HOURS, _KNOWN_EVENTS = 36, 30
_EVENTS = 10
_RETRIES = 3.0
"""One person who fails tries again: so many failures count as one piece of evidence."""
_PAUSE_HOURS = 16
"""Longer than a night: what pauses for so long has ended."""


def find_new_causes(cells: Cells) -> list[Candidate]:
    """Causes that a client had not failed for before, often enough not to be chance."""
    named = cells.table[cells.table["client_id"].notna()]
    failed = series(cells, named[named["cause"].notna()], ["source", "client_id", "cause"])
    asked = series(cells, named, ["source", "client_id"])
    causes = load_causes()
    where = endpoints_of_failures(cells)
    found: list[Candidate] = []
    for key, counts in failed.rows(least=_EVENTS):
        source, client, cause = (str(part) for part in key)
        if cause == UNCLASSIFIED or (cause in causes and causes[cause].normal):
            continue
        everything = asked.row((source, client))
        first = int(np.flatnonzero(counts)[0])
        known = int(np.flatnonzero(everything)[0])
        before = float(everything[:first].sum())
        if first - known < _KNOWN_HOURS or before < _KNOWN_EVENTS:
            continue
        end = _end(counts)
        many = float(counts[first:end].sum())
        if many < _EVENTS:
            continue
        asked_then = float(everything[first:end].sum())
        pieces, tries = np.floor(many / _RETRIES), max(round(asked_then / _RETRIES), 1)
        chance = float(stats.betabinom.sf(pieces - 1, tries, 0.5, before / _RETRIES + 0.5))
        if chance < FALSE_ALARMS / len(failed):
            found.append(Candidate(
                "new_cause", source, client, where[source, client, cause], None, cause,
                first, end, many, asked_then * 0.5 / (before + 1), chance,
            ))  # fmt: skip
    return found


def _end(counts: Counts) -> int:
    """The hour after the last before the new cause pauses for a while."""
    hours = np.flatnonzero(counts)
    gaps = np.flatnonzero(np.diff(hours) > _PAUSE_HOURS)
    return int(hours[gaps[0]] if gaps.size else hours[-1]) + 1
