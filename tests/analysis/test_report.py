"""The report: the same numbers in every form, one file that loads nothing, text that stays text."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis import questions, stacked, wording
from analysis.report import report
from analysis.scope import Scope, main_period
from analysis.session import Session
from analysis.untrusted import code, plain, readable, visible
from tests.analysis.hour import HOSTILE, HOUR, authorize, fill, line
from tests.helpers import Workshop, nginx_line

FORMATS = ("html", "md", "json")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    workshop = Workshop(tmp_path_factory.mktemp("hour"))
    fill(workshop)
    return Session(workshop.lake)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A lake in which a client_id was chosen to hurt."""
    workshop = Workshop(tmp_path_factory.mktemp("attacked"))
    escaped = "".join(f"%{byte:02x}" for byte in HOSTILE.encode())
    workshop.write(
        "access.log", authorize("10:20:00", escaped, "invalid_scope") + line("10:21:00", "/v1/orders", 401)
    )
    workshop.ingest()
    return Session(workshop.lake)


class _Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("form", FORMATS)
def test_a_single_failure_has_a_report(tmp_path: Path, form: str) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("access.log", nginx_line(1))
    workshop.ingest()
    session = Session(workshop.lake)
    scope = main_period(session)
    assert scope is not None
    assert "401" in report(session, scope, form)


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_has_the_headline_of_the_questions(session: Session, form: str) -> None:
    totals, worst = questions.totals(session, HOUR), questions.worst(session, HOUR)
    text = report(session, HOUR, form)
    said = _Elements(text).text if form == "html" else text
    headline = wording.headline(totals, worst, HOUR)
    assert (readable(headline) if form == "md" else headline) in said


def test_the_json_gives_what_the_questions_give(session: Session) -> None:
    found = json.loads(report(session, HOUR, "json"))
    totals = questions.totals(session, HOUR)
    assert found["totals"] == {**asdict(totals), "failure_rate": totals.failure_rate}
    assert found["before"]["failures"] == 2
    assert found["since"] == "2026-03-02T10:00:00.000000Z"
    assert [row["failures"] for row in found["worst"]] == [
        row.failures for row in questions.worst(session, HOUR)
    ]
    assert sum(point["failures"] for point in found["trend"]["points"]) == totals.failures
    assert sum(row["records"] for row in found["quarantine"]) == 2
    assert set(found) == {
        "format", "headline", "since", "until", "events_outside", "filters", "totals", "before", "alerts", "diagnoses", "trend", "worst",
        "worst_clients", "worst_endpoints", "clients_by_cause", "unclassified", "logs", "quarantine",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_forms_for_people_say_what_to_do_and_what_is_not_told(session: Session, form: str) -> None:
    text = report(session, HOUR, form)
    said = visible(_Elements(text).text if form == "html" else text).replace("\\", "")
    for row in questions.worst(session, HOUR):
        assert visible(row.remedy) in said
    for log in questions.logs(session, HOUR):
        assert log.cannot_tell
        assert visible(log.cannot_tell) in said
    assert "In quarantine" in said
    assert wording.period(HOUR) in said


def test_the_html_loads_nothing(session: Session) -> None:
    page = report(session, HOUR, "html")
    elements = _Elements(page).elements
    loading = {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "source",
        "base",
        "form",
    }
    assert not loading & {tag for tag, _ in elements}
    attributes = {name for _, given in elements for name in given}
    assert not {"src", "href", "srcset", "action", "data", "background"} & attributes
    assert not [name for name in attributes if name.startswith("on")]
    assert not re.findall(r"(?:url\((?!#)|@import)", page)
    policies = [given["content"] for tag, given in elements if given.get("http-equiv") and tag == "meta"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_hostile_client_stays_text_in_html(attacked: Session) -> None:
    elements = _Elements(report(attacked, HOUR, "html"))
    assert not [tag for tag, _ in elements.elements if tag == "img"]
    assert HOSTILE in elements.text


def test_a_hostile_client_stays_text_in_markdown(attacked: Session) -> None:
    text = report(attacked, HOUR, "md")
    rows = [row for row in text.splitlines() if row.startswith("| `x")]
    assert rows
    # A bar that is not escaped would begin a cell of its own.
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    outside_code = re.sub(r"`[^`]*`", "", text)
    assert "<img" not in outside_code.replace("\\<", "")
    assert "](" not in outside_code.replace("\\]", "")


def test_a_hostile_client_stays_one_string_in_json(attacked: Session) -> None:
    found = json.loads(report(attacked, HOUR, "json"))
    assert HOSTILE in {row["client"] for row in found["worst"]}


@pytest.mark.parametrize("form", FORMATS)
def test_a_scope_without_failures_is_a_report_too(session: Session, form: str) -> None:
    text = report(session, replace(HOUR, endpoints=("userinfo",)), form)
    assert "No OAuth failure in 0 requests" in text


def test_an_unknown_form_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="html, md, json"):
        report(session, HOUR, "pdf")


def test_the_chart_stacks_all_failures_inside_its_plot(session: Session) -> None:
    points = questions.trend(session, HOUR)
    chart = stacked.stack(points, HOUR)
    assert sum(entry.failures for entry in chart.legend) == questions.totals(session, HOUR).failures
    assert len(chart.bars) == len(points)
    for bar in chart.bars:
        assert chart.left <= bar.x <= bar.x + bar.width <= chart.right + 0.01
        assert chart.top - 0.01 <= bar.y <= bar.y + bar.height <= chart.bottom + 0.01
    assert chart.times
    assert all(chart.left <= tick.at <= chart.right for tick in chart.times)


def test_bars_of_one_stretch_stand_on_each_other() -> None:
    start = HOUR.since
    points = [questions.TrendPoint(start, "token", 3), questions.TrendPoint(start, "server", 1)]
    lower, upper = stacked.stack(points, HOUR).bars
    assert upper.y + upper.height == pytest.approx(lower.y, abs=0.02)
    assert lower.height == pytest.approx(3 * upper.height, abs=0.05)


@pytest.mark.parametrize("days", [0.01, 1, 9, 400])
def test_a_chart_has_few_ticks_whatever_its_period(days: float) -> None:
    scope = Scope(HOUR.since, HOUR.since + (HOUR.until - HOUR.since) * 24 * days)
    points = [questions.TrendPoint(HOUR.since, "token", 7)]
    assert 0 <= len(stacked.stack(points, scope).times) <= 16


def test_hidden_characters_do_not_get_through() -> None:
    assert visible("a\u202eb\nc\x1b[31m\u200bd") == "a b c [31m d"
    assert visible("Übergröße") == "Übergröße"


def test_markdown_marks_lose_their_meaning() -> None:
    assert plain("![x](y) $z$ :red[w]") == r"\!\[x\]\(y\) \$z\$ \:red\[w\]"
    assert readable("a_b *c* | <d> `e` _f_") == r"a_b \*c\* \| \<d\> \`e\` \_f\_"
    assert readable("@everyone https://x") == "@\u200beveryone https:\u200b//x"
    assert code("a`b|c\\") == r"`a'b\|c`"
    assert code(None) == "-"
