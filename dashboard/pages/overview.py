"""What fails, for whom, since when, and what to do: load, filter, show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.diagnoses import by_pattern
from analysis.errors import AnalysisError
from analysis.questions import LastEvent, Log, Totals, Worst, bucket
from analysis.scope import Scope
from analysis.taxonomy import load_causes
from analysis.untrusted import plain
from dashboard import charts, filters, loaders
from dashboard.loaders import LakeVersion
from dashboard.safe import for_tables
from lake.errors import LakeError

if TYPE_CHECKING:
    from analysis.alerts import Alert

_ALERTS_SHOWN = 3
_DRAWN_SECONDS = 0.35
_LOGS_SHOWN = 3
_SOURCES_NAMED = 6
_RETRY = {
    "never": "a retry does not help",
    "new_token": "a retry helps with a new token, grant or sign-in",
    "backoff": "a retry helps after a while",
    "yes": "a retry helps at once",
}


def main() -> None:
    """The page from top to bottom."""
    # Load
    try:
        lake = loaders.current_lake()
        whole, main = (loaders.whole(lake), loaders.main(lake)) if lake.version >= 0 else (None, None)
    except (LakeError, AnalysisError) as problem:
        st.title(f"The {'lake' if isinstance(problem, LakeError) else 'rules'} cannot be read")
        st.error(plain(str(problem)))
        return
    if whole is None or main is None:
        _show_empty(lake)
        return

    # Filter
    scope = filters.choose(whole, main, loaders.filter_values(lake, whole))

    # Show
    totals = loaders.totals(lake, scope)
    worst = loaders.worst(lake, scope)
    st.header(plain(wording.headline(totals, worst, scope)), anchor=False)
    st.caption(plain(_about(lake, scope, totals)))
    _show_numbers(totals, loaders.totals_before(lake, scope))
    _let_the_numbers_be_drawn()
    _show_alerts(lake, scope)
    if not totals.failures:
        st.success("Nothing fails in this scope.")
    else:
        _show_trend(lake, scope)
        _show_worst(lake, scope, worst)
        _show_diagnoses(lake, scope)
        _show_who(lake, scope)
        _show_unclassified(lake, scope, totals)
    _show_logs(lake, scope)


def _show_empty(lake: LakeVersion) -> None:
    st.title("No log has been read yet", anchor=False)
    option = "" if lake.folder == "data/lake" else f" --lake {lake.folder}"
    st.write("Read logs into the lake, then look again:")
    st.code(f"why401 ingest{option} /var/log/nginx\nwhy401 dashboard{option}", language="shell")
    st.caption("Files and folders, plain or gzip; the format is recognised.")
    st.button("Look again")


def _about(lake: LakeVersion, scope: Scope, totals: Totals) -> str:
    sources = wording.some([log.source for log in loaders.logs(lake, scope)], _SOURCES_NAMED)
    strays = loaders.strays(lake, scope)
    outside = f"; {strays:,} more lie before or after" if strays else ""
    return f"{wording.period(scope)}, {totals.events:,} events{' of ' + sources if sources else ''}{outside}"


def _show_numbers(totals: Totals, before: Totals | None) -> None:
    """The headline numbers, each against the period before where the data has one."""
    failures, rate, clients = (
        (
            f"{totals.failures - before.failures:+,}",
            f"{(totals.failure_rate - before.failure_rate) * 100:+z.1f} points",
            f"{totals.clients_hit - before.clients_hit:+,}",
        )
        if before
        else (None, None, None)
    )
    with st.container(horizontal=True, gap="large"):
        _number(
            "Failures",
            f"{totals.failures:,}",
            "OAuth failures that someone felt; steps of the protocol that look like errors are not in it.",
            failures,
        )
        _number(
            "Failure rate",
            wording.percent(totals.failure_rate),
            "Failures over all OAuth requests, those that succeeded and those that failed.",
            rate,
        )
        _number(
            "Clients hit",
            f"{totals.clients_hit:,}",
            "Clients with a failure, as far as the logs give a client_id.",
            clients,
        )
        _number(
            "Cause not told",
            wording.percent(totals.unexplained / totals.failures if totals.failures else 0),
            "Share of the failures of which the log gives no more than a status, or a message that no "
            "rule explains.",
        )
        _number(
            "Protocol-normal",
            f"{totals.normal:,}",
            "Answers that look like errors and are none, such as authorization_pending. Not in the failures.",
        )
    if before:
        st.caption("Differences are to the period of the same length before.")


def _let_the_numbers_be_drawn() -> None:
    """Holds the rest of a visitor's first page back until the browser has drawn the numbers. It draws what
    needs a new script some 0.3 s later, and what came by then with the scripts of tables and charts is
    mostly drawn together, a second later."""
    if "drawn" not in st.session_state:
        time.sleep(_DRAWN_SECONDS)
        st.session_state["drawn"] = True


def _number(title: str, value: str, meaning: str, difference: str | None = None) -> None:
    changed = difference is not None and any(digit in "123456789" for digit in difference)
    st.metric(
        title,
        value,
        difference,
        delta_color="inverse" if changed else "off",
        delta_arrow="auto" if changed else "off",
        help=meaning,
        width="content",
    )


def _show_alerts(lake: LakeVersion, scope: Scope) -> None:
    """What is unusual: red where nothing works any more or much fails, else yellow."""
    found = loaders.alerts(lake, scope)
    if not found:
        st.caption("No alerts: nothing surges, no client has a new cause, none has gone silent.")
        return
    for alert in found[:_ALERTS_SHOWN]:
        show = st.error if alert.severity == "high" else st.warning
        show(_said(alert), icon=":material/warning:")
    if len(found) > _ALERTS_SHOWN:
        with st.expander(wording.plural(len(found) - _ALERTS_SHOWN, "more alert")):
            for alert in found[_ALERTS_SHOWN:]:
                st.markdown(_said(alert))


def _show_diagnoses(lake: LakeVersion, scope: Scope) -> None:
    """What no single line shows, and what to do about it."""
    found = loaders.diagnoses(lake, scope)
    if not found:
        return
    st.subheader("Seen across events", anchor=False, help="What no single line of a log shows.")
    for alike in by_pattern(found):
        with st.expander(plain(wording.diagnosis(alike))):
            st.markdown(f"{plain(alike[0].responsible.capitalize())}: {plain(alike[0].remedy)}")
            if times := wording.occurrences(alike):
                st.markdown("\n".join(f"- {plain(one)}" for one in times))


def _said(alert: Alert) -> str:
    return f"**{plain(alert.sentence)}**  \n{plain(alert.remedy)}"


def _show_trend(lake: LakeVersion, scope: Scope) -> None:
    step = bucket(scope)
    title, choice = st.columns([3, 1], vertical_alignment="bottom")
    title.subheader("When", anchor=False, help=f"Each bar is {wording.duration(step)}; UTC.")
    by = choice.segmented_control(
        "Stacked by",
        ["family", "cause"],
        default="family",
        required=True,
        key="by",
        bind="query-params",
    )
    if by == "cause":
        figure = charts.trend_by_cause(loaders.trend(lake, scope, "cause"), scope, step)
    else:
        figure = charts.trend_by_family(loaders.trend(lake, scope, "family"), scope, step)
    st.plotly_chart(figure, key="trend", config={"displayModeBar": False}, alt="Failures over time")


def _show_worst(lake: LakeVersion, scope: Scope, worst: list[Worst]) -> None:
    st.subheader("What to fix first", anchor=False, help="Choose a row to see more of it.")
    told = wording.worst_told(worst)
    first = worst.index(told) if told else 0
    frame = for_tables(
        pd.DataFrame(
            {
                "Failures": [row.failures for row in worst],
                "Share": [100 * row.share for row in worst],
                "Client": [wording.client(row) for row in worst],
                "Endpoint": [row.endpoint for row in worst],
                "Cause": [row.title for row in worst],
                "What to do": [row.remedy for row in worst],
                "Who acts": [row.responsible for row in worst],
                "First seen": [row.first_seen for row in worst],
                "Last seen": [row.last_seen for row in worst],
            }
        )
    )
    chosen = st.dataframe(
        frame,
        # A new scope has other rows, so it begins with its own choice.
        key=f"worst {scope}",
        hide_index=True,
        height=min(38 + 35 * len(frame), 390),
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [first], "columns": [], "cells": []}},
        column_config={
            "Failures": st.column_config.NumberColumn(format="localized", width="small"),
            "Share": st.column_config.NumberColumn(format="%.1f %%", width="small"),
            "What to do": st.column_config.TextColumn(width="large"),
            "First seen": st.column_config.DatetimeColumn(format="MM-DD HH:mm"),
            "Last seen": st.column_config.DatetimeColumn(format="MM-DD HH:mm"),
        },
        alt="What to fix first",
    )
    st.download_button(
        "Download as CSV",
        frame.to_csv(index=False),
        "why401-worst.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    rows = chosen["selection"]["rows"]
    _show_one(lake, scope, worst[rows[0] if rows else first])


def _show_one(lake: LakeVersion, scope: Scope, row: Worst) -> None:
    cause = load_causes()[row.cause]
    when = f", {wording.stretch(row, scope)}" if wording.stretch(row, scope) else ""
    with st.container(border=True):
        st.markdown(f"**{plain(wording.client(row))}** at {plain(row.endpoint)}: {plain(row.title)}{when}")
        st.info(f"**{plain(row.responsible.capitalize())}:** {plain(row.remedy)}")
        security = ", a matter for security people" if row.security else ""
        st.markdown(
            f"How it is told: {plain(cause.evidence)}  \n"
            f"Reference: {plain(row.reference)}; {_RETRY[row.retry]}{security}; told with "
            f"{plain(row.confidence)} confidence, from {plain(', '.join(row.sources))} "
            f"({plain(row.cause)})"
        )
        events = loaders.last_events(lake, scope, row.client, row.endpoint, row.cause)
        st.caption(f"The last {len(events)} of {wording.plural(row.failures, 'failure')}")
        _show_events(events)


def _show_events(events: list[LastEvent]) -> None:
    frame = pd.DataFrame([asdict(event) for event in events]).dropna(axis="columns", how="all")
    st.dataframe(
        for_tables(frame),
        hide_index=True,
        height=min(38 + 35 * len(frame), 250),
        column_config={"time": st.column_config.DatetimeColumn(format="MM-DD HH:mm:ss.SSS")},
        alt="Last events",
    )


def _show_who(lake: LakeVersion, scope: Scope) -> None:
    st.subheader("Who has what", anchor=False)
    cells, clients, endpoints = st.tabs(["Clients by causes", "Clients", "Endpoints"])
    with cells:
        figure = charts.heat_map(loaders.clients_by_cause(lake, scope))
        st.plotly_chart(figure, key="who", config={"displayModeBar": False}, alt="Clients by causes")
    with clients:
        _show_ranking(
            {
                "Client": wording.client_label(row.client, row.client_name),
                "Failures": row.failures,
                "Of its requests": row.failures / row.requests,
                "Mainly": row.main_title,
            }
            for row in loaders.worst_clients(lake, scope)
        )
    with endpoints:
        _show_ranking(
            {
                "Endpoint": row.endpoint,
                "Failures": row.failures,
                "Of its requests": row.failures / row.requests,
                "Mainly": row.main_title,
            }
            for row in loaders.worst_endpoints(lake, scope)
        )


def _show_ranking(rows: Iterable[dict[str, object]]) -> None:
    percent = st.column_config.ProgressColumn(format="percent", max_value=1, width="small")
    number = st.column_config.NumberColumn(format="localized", width="small")
    config = {"Of its requests": percent, "Failures": number}
    st.dataframe(for_tables(pd.DataFrame(rows)), hide_index=True, column_config=config)


def _show_unclassified(lake: LakeVersion, scope: Scope, totals: Totals) -> None:
    rows = loaders.unclassified(lake, scope)
    if not rows:
        return
    st.subheader("What the logs do not tell", anchor=False)
    silent = [log for log in loaders.logs(lake, scope) if log.unexplained and log.cannot_tell]
    silent.sort(key=lambda log: -log.unexplained)
    _show_silent(silent[:_LOGS_SHOWN], totals)
    if silent[_LOGS_SHOWN:]:
        with st.expander(wording.plural(len(silent) - _LOGS_SHOWN, "more log")):
            _show_silent(silent[_LOGS_SHOWN:], totals)
    frame = pd.DataFrame(
        {
            "Failures": [row.failures for row in rows],
            "Log": [row.source for row in rows],
            "Endpoint": [row.endpoint for row in rows],
            "Status": [row.status for row in rows],
            "Code": [row.error_code or row.error for row in rows],
            "Message": [row.example for row in rows],
            "What is missing": [row.title for row in rows],
            "What to do": [row.remedy for row in rows],
            "Nearest cause": [row.nearest[0]["cause"] if row.nearest else None for row in rows],
            "First seen": [row.first_seen for row in rows],
        }
    ).dropna(axis="columns", how="all")
    st.dataframe(
        for_tables(frame),
        hide_index=True,
        column_config={
            "Failures": st.column_config.NumberColumn(format="localized", width="small"),
            "Message": st.column_config.TextColumn(width="large"),
            "First seen": st.column_config.DatetimeColumn(format="MM-DD HH:mm"),
        },
        alt="What the logs do not tell",
    )


def _show_silent(logs: Iterable[Log], totals: Totals) -> None:
    for log in logs:
        share = wording.percent(log.unexplained / totals.failures)
        st.markdown(f"**{plain(log.source)}** ({share} of the failures): {plain(log.cannot_tell or '')}")


def _show_logs(lake: LakeVersion, scope: Scope) -> None:
    logs = loaders.logs(lake, scope)
    refused = sum(row.records for row in loaders.refused(lake))
    notes = []
    nameless = sum(log.without_client for log in logs)
    if nameless:
        named = wording.some([log.source for log in logs if log.without_client], _SOURCES_NAMED)
        notes.append(f"{wording.plural(nameless, 'failure')} without a client_id, which {named} did not log.")
    if len({log.kind for log in logs}) > 1:
        notes.append("A request that a gateway and an auth server both log counts in both.")
    if refused:
        notes.append(f"{wording.plural(refused, 'record')} of the lake in quarantine.")
    st.divider()
    st.caption(plain(" ".join(notes) or "Every record was read."))


main()
