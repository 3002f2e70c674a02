"""How numbers and times are said to people, the same on the page, in a report and on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from analysis.diagnoses import Diagnosis
from analysis.questions import NOT_LOGGED, Totals, Worst
from analysis.scope import Scope

_MOST = 0.8
"""The share of failures that must lie in one run for it to be the story."""

_NAMED = 3
"""So many clients of a pattern are named in its title."""
_LISTED = 10
"""So many times that a pattern was found are listed."""

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def headline(totals: Totals, worst: Sequence[Worst], scope: Scope) -> str:
    """The answer in one sentence: how much fails, and what is worst since when."""
    if not totals.failures:
        return f"No OAuth failure in {plural(totals.requests, 'request')}"
    said = f"{plural(totals.failures, 'failure')}, {percent(totals.failure_rate)} of requests"
    told = worst_told(worst)
    if told is None:
        return f"{said}; the logs do not tell why"
    when = stretch(told, scope)
    return f"{said}; worst: {client(told)} \N{EN DASH} {_lower(told.title)}{', ' + when if when else ''}"


def worst_told(worst: Sequence[Worst]) -> Worst | None:
    """The first whose cause the log tells; a bare status is no answer to 'why'."""
    return next((row for row in worst if row.family != "unknown"), None)


def stretch(row: Worst, scope: Scope) -> str:
    """When it failed, if not all along: `since 03-04 09:12`, `from ... to ...`, `until ...`; else empty.

    `mostly` where a few failures lie outside. A beginning or end is told only where the silence around it
    is long for how often the failure comes and for how long it lasted; else it is chance, or night.
    """
    bulk = row.bulk_failures >= _MOST * row.failures
    start, end = (row.bulk_start, row.bulk_end) if bulk else (row.first_seen, row.last_seen)
    count = row.bulk_failures if bulk else row.failures
    lasted = end - start
    silence = max(timedelta(minutes=15), 30 * lasted / max(count - 1, 1), lasted / 20)
    begun, ended = start - scope.since > silence, scope.until - end > silence
    mostly = "mostly " if (begun or ended) and count < row.failures else ""
    if begun and ended:
        until = f"{end:%H:%M}" if end.date() == start.date() else moment(end)
        return f"{mostly}from {moment(start)} to {until}"
    if begun:
        return f"{mostly}since {moment(start)}"
    return f"{mostly}until {moment(end)}" if ended else ""


def diagnosis(alike: Sequence[Diagnosis]) -> str:
    """A pattern across events: whose, when and by what it is seen; only whose, where it was found several
    times."""
    first = alike[0]
    if len(alike) == 1:
        return f"{first.title}: {_occurrence(first)}"
    whose = [*dict.fromkeys(one.client_id or one.source for one in alike)]
    return f"{first.title}: {some(whose, _NAMED)}"


def occurrences(alike: Sequence[Diagnosis], most: int = _LISTED) -> list[str]:
    """Each time that a pattern was found, the first `most` of them; none where its title says it already."""
    if len(alike) == 1:
        return []
    more = [f"{len(alike) - most} more: why401 diagnose"] if len(alike) > most else []
    return [*map(_occurrence, alike[:most]), *more]


def _occurrence(found: Diagnosis) -> str:
    whose = f"{found.source}, {found.client_id}" if found.client_id else found.source
    start, end = moment(found.start), moment(found.end)
    when = f"at {start}" if start == end else f"from {start} to {end}"
    return f"{whose}, {when}; {found.evidence}"


def client(row: Worst) -> str:
    """A client as a person would name it: its name and id, or that the log names none."""
    return client_label(row.client, row.client_name)


def client_label(client_id: str, name: str | None) -> str:
    """`Billing (billing-batch)`, or the id alone where there is no other name."""
    if client_id == NOT_LOGGED:
        return f"client {NOT_LOGGED}"
    return f"{name} ({client_id})" if name and name != client_id else client_id


def some(names: Sequence[str], most: int) -> str:
    """Names in a row, the first of them where there are more than `most`: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def percent(share: float) -> str:
    """A share of 0 to 1 as `3.2 %`; what is more than nothing never reads as nothing."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{share:.1%}".replace("%", " %")


def plural(count: int, noun: str) -> str:
    """`1 failure`, `1,234 failures`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def moment(time: datetime) -> str:
    """`03-04 09:12`, UTC."""
    return f"{time:%m-%d %H:%M}"


def period(scope: Scope) -> str:
    """`2026-03-02 00:00 to 2026-03-08 23:58 UTC`."""
    return f"{scope.since:%Y-%m-%d %H:%M} to {scope.until:%Y-%m-%d %H:%M} UTC"


def duration(length: timedelta) -> str:
    """The largest unit that fits: `7 days`, `5 minutes`."""
    seconds = round(length.total_seconds())
    for name, size in _UNITS:
        if seconds >= size:
            return plural(round(seconds / size), name)
    return "0 seconds"


def _lower(title: str) -> str:
    """A title within a sentence; an acronym stays as it is."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
