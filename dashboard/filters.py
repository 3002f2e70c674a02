"""The filters in the sidebar. Each is bound to the URL, so a reload or a shared link keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from analysis.questions import FilterValue
from analysis.scope import Scope
from analysis.taxonomy import load_causes

_MAIN, _ALL, _BETWEEN = "main", "all", "between"
PERIODS: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""Periods to choose from, which end with the data."""

_PERIOD_TITLES = {
    _MAIN: "Nearly all of the data",
    _ALL: "All of the data",
    "1h": "Last hour",
    "6h": "Last 6 hours",
    "1d": "Last day",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    _BETWEEN: "From ... to ...",
}


def choose(whole: Scope, main: Scope, values: Sequence[FilterValue]) -> Scope:
    """Shows the filters and returns what they ask for.

    `whole` is the data's own period, `main` where nearly all of it lies: what is shown first.
    """
    with st.sidebar:
        st.header("why401", divider="gray")
        scope = _period(whole, main)
        return replace(
            scope,
            sources=_several("Log source", "source", values, "sources"),
            clients=_several("Client", "client", values, "clients", others=True),
            endpoints=_several("Endpoint", "endpoint", values, "endpoints"),
            causes=_several("Cause", "cause", values, "causes"),
        )


def _period(whole: Scope, main: Scope) -> Scope:
    length = whole.until - whole.since
    fitting = [name for name, size in PERIODS.items() if size < length]
    names = [*([_MAIN] if main != whole else []), _ALL, *fitting, _BETWEEN]
    chosen = st.selectbox(
        "Period",
        names,
        format_func=lambda name: _PERIOD_TITLES[name],
        key="period",
        bind="query-params",
        help="The last hours and days are counted back from the last event. Nearly all of the data leaves "
        "strays out: a few events of other months, as a wrong clock or an old file gives. Times are UTC.",
    )
    if chosen == _MAIN:
        return main
    if chosen == _BETWEEN:
        return _between(whole)
    return Scope(max(whole.since, whole.until - PERIODS[chosen]), whole.until) if chosen in PERIODS else whole


def _between(whole: Scope) -> Scope:
    first = whole.since.replace(second=0, microsecond=0)
    last = whole.until.replace(second=0, microsecond=0) + timedelta(minutes=1)
    since = _moment("From (UTC)", "since", first, first, last)
    until = _moment("To (UTC)", "until", last, first, last)
    if since >= until:
        st.warning("'From' must come before 'To'; all of the data is shown.")
        return whole
    return Scope(since, until)


def _moment(title: str, key: str, value: datetime, first: datetime, last: datetime) -> datetime:
    chosen = st.datetime_input(
        title, value, first, last, key=key, step=timedelta(minutes=5), bind="query-params"
    )
    return chosen or value


def _several(
    title: str, key: str, values: Sequence[FilterValue], kind: str, others: bool = False
) -> tuple[str, ...]:
    """A filter that takes any number of values. With `others`, also such as are not in the list."""
    causes = load_causes()
    found = [value.value for value in values if value.kind == kind]
    chosen = st.multiselect(
        title,
        found,
        format_func=lambda value: causes[value].title if value in causes else value,
        key=key,
        placeholder="All",
        accept_new_options=others,
        bind="query-params",
    )
    return tuple(chosen)
