"""The page, run as Streamlit runs it but without a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis import questions, wording
from analysis.report import report
from analysis.scope import Scope, whole_period
from analysis.session import Session
from analysis.untrusted import plain
from dashboard.safe import for_plotly, for_tables
from tests.analysis.hour import HOSTILE, authorize, fill
from tests.helpers import Workshop

APP = str(Path(__file__).parents[2] / "dashboard" / "app.py")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    workshop = Workshop(tmp_path_factory.mktemp("hour"))
    fill(workshop)
    return workshop


@pytest.fixture
def page() -> AppTest:
    """The page before its first run, with nothing in its caches."""
    st.cache_data.clear()
    st.cache_resource.clear()
    return AppTest.from_file(APP, default_timeout=60)


def _open(page: AppTest, lake: Workshop, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("WHY401_LAKE", str(lake.lake.folder))
    page.run()
    assert not page.exception
    return page


def _numbers(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def _whole(lake: Workshop) -> tuple[Session, Scope]:
    session = Session(lake.lake)
    scope = whole_period(session)
    assert scope is not None
    return session, scope


def test_an_empty_lake_says_how_to_fill_it(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHY401_LAKE", str(tmp_path / "none"))
    page.run()
    assert not page.exception
    assert "No log has been read yet" in page.title[0].value
    assert f"why401 ingest --lake {tmp_path / 'none'} " in page.code[0].value
    assert not page.metric


def test_a_lake_without_events_is_empty_too(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(tmp_path)
    workshop.lake.create()
    _open(page, workshop, monkeypatch)
    assert "No log has been read yet" in page.title[0].value


@pytest.mark.parametrize("clients", [(HOSTILE,), (HOSTILE, "mobile-app"), (HOSTILE, *map(str, range(11)))])
def test_the_page_and_the_reports_show_what_is_seen_across_events(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clients: tuple[str, ...]
) -> None:
    workshop = Workshop(tmp_path)
    loop = [
        authorize(f"10:00:{2 * number:02}", client, "login_required")
        for client in clients
        for number in range(14 if client == HOSTILE else 12)
    ]
    workshop.write("access.log", "".join([*loop, authorize("10:30:00", "web-shop", "invalid_scope")]))
    workshop.ingest()
    _open(page, workshop, monkeypatch)
    (shown,) = [one for one in page.expander if plain("A sign-in goes in circles") in one.label]
    assert plain(HOSTILE) in shown.label
    assert "Client developer: " in shown.markdown[0].value
    times = "\n".join(one.value for one in shown.markdown[1:])
    assert times.count("authorization requests in thirty seconds") == (min(len(clients), 10) if times else 0)
    assert bool(times) == (len(clients) > 1)
    assert (plain("2 more: why401 diagnose") in times) == (len(clients) == 12)
    session, scope = _whole(workshop)
    for form in ("html", "md"):
        text = report(session, scope, form)
        assert text.count("A sign-in goes in circles") == 1
        assert text.count("authorization requests in thirty seconds") == min(len(clients), 10)
        assert HOSTILE not in text


def test_the_page_shows_the_numbers_of_the_questions_and_of_the_report(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(page, filled, monkeypatch)
    session, scope = _whole(filled)
    totals, worst = questions.totals(session, scope), questions.worst(session, scope)
    reported = json.loads(report(session, scope, "json"))
    assert page.main.header[0].value == plain(reported["headline"])
    assert page.main.header[0].value == plain(wording.headline(totals, worst, scope))
    assert _numbers(page) == {
        "Failures": f"{reported['totals']['failures']:,}",
        "Failure rate": wording.percent(reported["totals"]["failure_rate"]),
        "Clients hit": f"{reported['totals']['clients_hit']:,}",
        "Cause not told": wording.percent(totals.unexplained / totals.failures),
        "Protocol-normal": "1",
    }
    table = page.dataframe[0].value
    assert list(table["Failures"]) == [row.failures for row in worst]
    assert list(table["What to do"]) == [row.remedy for row in worst]


def test_the_row_of_the_headline_is_open_with_its_remedy_and_last_events(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(page, filled, monkeypatch)
    session, scope = _whole(filled)
    told = wording.worst_told(questions.worst(session, scope))
    assert told is not None
    assert plain(told.remedy) in page.info[0].value
    assert list(page.dataframe[1].value["error"]) == ["invalid_scope"]


def test_filters_come_from_the_url(page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    page.query_params["client"] = ["web-shop", "partner-portal"]
    page.query_params["period"] = "Last hour"
    _open(page, filled, monkeypatch)
    session, scope = _whole(filled)
    hour = replace(scope, since=scope.until - (scope.until - scope.until.replace(hour=9)))
    asked = replace(hour, clients=("web-shop", "partner-portal"))
    assert page.multiselect(key="client").value == ["web-shop", "partner-portal"]
    assert page.selectbox(key="period").value == "1h"
    assert _numbers(page)["Failures"] == f"{questions.totals(session, asked).failures:,}" == "2"


def test_a_client_that_the_data_does_not_know_has_no_failures(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.query_params["client"] = "nobody"
    _open(page, filled, monkeypatch)
    assert _numbers(page)["Failures"] == "0"
    assert page.success


def test_a_filter_that_is_chosen_narrows_the_numbers(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(page, filled, monkeypatch)
    page.multiselect(key="endpoint").select("api").run()
    assert not page.exception
    assert _numbers(page)["Failures"] == "3"


def test_the_trend_by_cause_is_in_the_url_too(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.query_params["by"] = "cause"
    _open(page, filled, monkeypatch)
    assert page.segmented_control(key="by").value == "cause"


def test_a_client_without_an_id_is_told_and_not_dropped(
    page: AppTest, filled: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(page, filled, monkeypatch)
    assert any("without a client\\_id" in caption.value for caption in page.caption)
    assert f"client {questions.NOT_LOGGED}" in set(page.dataframe[0].value["Client"])


def test_new_events_are_shown_without_a_restart(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(tmp_path)
    fill(workshop)
    _open(page, workshop, monkeypatch)
    before = int(_numbers(page)["Failures"])
    workshop.write("later.log", authorize("10:58:00", "web-shop", "invalid_scope"))
    workshop.ingest()
    page.run()
    assert int(_numbers(page)["Failures"]) == before + 1


def test_a_hostile_client_is_shown_as_text(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = Workshop(tmp_path)
    escaped = "".join(f"%{byte:02x}" for byte in HOSTILE.encode())
    workshop.write("access.log", authorize("10:20:00", escaped, "invalid_scope"))
    workshop.ingest()
    _open(page, workshop, monkeypatch)
    assert plain(HOSTILE) in page.main.header[0].value
    shown = [*page.markdown, *page.header, *page.caption, *page.info, *page.warning]
    assert not [element for element in shown if re.search(r"(?<!\\)[<\[]", element.value)]
    assert not [element for element in (*page.markdown, *page.caption) if element.allow_html]


def test_a_spreadsheet_takes_no_text_for_a_formula() -> None:
    frame = pd.DataFrame(
        {"Client": ["=1+1", " +2", "-3", "@SUM(A1)", "web-shop"], "Failures": [-1, 2, 3, 4, 5]}
    )
    safe = for_tables(frame)
    assert list(safe["Client"]) == ["'=1+1", "' +2", "'-3", "'@SUM(A1)", "web-shop"]
    assert list(safe["Failures"]) == [-1, 2, 3, 4, 5]


def test_a_label_of_a_chart_is_no_markup() -> None:
    assert for_plotly("<b>x</b>&") == "&lt;b&gt;x&lt;/b&gt;&amp;"
    assert len(for_plotly("x" * 100, 30)) <= 30
