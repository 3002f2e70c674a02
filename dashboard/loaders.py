"""Answers to the questions, kept in memory until the lake has a new version.

Every loader takes the lake's place and version, so a commit makes all answers anew and nothing is ever
stale. One session serves all visitors of one version, one question at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

import streamlit as st

from analysis import questions
from analysis.diagnoses import Diagnosis, diagnose
from analysis.rulebook import rules_version
from analysis.scope import Scope, events_outside, main_period, whole_period
from analysis.session import Session
from lake.table import Lake

if TYPE_CHECKING:
    from analysis.alerts import Alert

_KEPT = 200


@dataclass(frozen=True)
class LakeVersion:
    """A lake as it was after one commit, and the rules as they were."""

    folder: str
    version: int
    own_rules: str = ""
    rules_version: str = ""


def current_lake() -> LakeVersion:
    """The lake that WHY401_LAKE names (default data/lake), as it is now, and the rules in the folder that
    WHY401_RULES names. Raises LakeError and RulesError."""
    folder = os.environ.get("WHY401_LAKE") or "data/lake"
    rules = os.environ.get("WHY401_RULES") or "why401-rules"
    return LakeVersion(folder, Lake(Path(folder)).version(), rules, rules_version(Path(rules)))


@st.cache_resource(max_entries=2, show_spinner="Reading the lake")
def _session(lake: LakeVersion) -> tuple[Session, Lock]:
    return Session(Lake(Path(lake.folder)), Path(lake.own_rules)), Lock()


@contextmanager
def _asking(lake: LakeVersion) -> Iterator[Session]:
    session, lock = _session(lake)
    with lock:
        yield session


@st.cache_data(max_entries=2, show_spinner=False)
def whole(lake: LakeVersion) -> Scope | None:
    """The data's own period; None for an empty lake."""
    with _asking(lake) as session:
        return whole_period(session)


@st.cache_data(max_entries=2, show_spinner=False)
def main(lake: LakeVersion) -> Scope | None:
    """Where nearly all of the data lies; None for an empty lake."""
    with _asking(lake) as session:
        return main_period(session)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def strays(lake: LakeVersion, scope: Scope) -> int:
    """How many events lie outside of a period that holds nearly all."""
    with _asking(lake) as session:
        return events_outside(session, scope)


@st.cache_data(max_entries=2, show_spinner=False)
def filter_values(lake: LakeVersion, scope: Scope) -> list[questions.FilterValue]:
    """What the filters can take."""
    with _asking(lake) as session:
        return questions.filter_values(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def totals(lake: LakeVersion, scope: Scope) -> questions.Totals:
    """The scope in numbers."""
    with _asking(lake) as session:
        return questions.totals(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def totals_before(lake: LakeVersion, scope: Scope) -> questions.Totals | None:
    """The period before in numbers, where the data reaches it."""
    with _asking(lake) as session:
        return questions.totals_before(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def worst(lake: LakeVersion, scope: Scope) -> list[questions.Worst]:
    """What is to be fixed, worst first."""
    with _asking(lake) as session:
        return questions.worst(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner="Looking for surges")
def alerts(lake: LakeVersion, scope: Scope) -> list[Alert]:
    """What is unusual in the scope."""
    with _asking(lake) as session:
        return questions.alerts(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner="Looking for patterns")
def diagnoses(lake: LakeVersion, scope: Scope) -> list[Diagnosis]:
    """What no single line shows."""
    with _asking(lake) as session:
        return diagnose(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def trend(lake: LakeVersion, scope: Scope, by: Literal["family", "cause"]) -> list[questions.TrendPoint]:
    """Failures over time."""
    with _asking(lake) as session:
        return questions.trend(session, scope, by)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def last_events(
    lake: LakeVersion, scope: Scope, client: str, endpoint: str, cause: str
) -> list[questions.LastEvent]:
    """The last failures of one row of `worst`."""
    with _asking(lake) as session:
        return questions.last_events(session, scope, client, endpoint, cause)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def clients_by_cause(lake: LakeVersion, scope: Scope) -> list[questions.ClientCause]:
    """Who has what."""
    with _asking(lake) as session:
        return questions.clients_by_cause(session, scope, limit=12)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def worst_clients(lake: LakeVersion, scope: Scope) -> list[questions.WorstClient]:
    """The clients that fail most."""
    with _asking(lake) as session:
        return questions.worst_clients(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def worst_endpoints(lake: LakeVersion, scope: Scope) -> list[questions.WorstEndpoint]:
    """The endpoints that fail most."""
    with _asking(lake) as session:
        return questions.worst_endpoints(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def unclassified(lake: LakeVersion, scope: Scope) -> list[questions.Unclassified]:
    """Failures without a told cause."""
    with _asking(lake) as session:
        return questions.unclassified(session, scope)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def logs(lake: LakeVersion, scope: Scope) -> list[questions.Log]:
    """The sources that the numbers come from."""
    with _asking(lake) as session:
        return questions.logs(session, scope)


@st.cache_data(max_entries=2, show_spinner=False)
def refused(lake: LakeVersion) -> list[questions.Refused]:
    """What lies in quarantine."""
    with _asking(lake) as session:
        return questions.refused(session)
