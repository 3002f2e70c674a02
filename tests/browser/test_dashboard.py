"""The page in a real Chromium, served by a real Streamlit."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from analysis import questions
from analysis.scope import Scope, whole_period
from analysis.session import Session
from tests.analysis.hour import HOSTILE, HOUR, authorize, fill, line
from tests.helpers import Workshop

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FIRST_NUMBERS_SECONDS = 2.0
"""What an engineer waits for the first numbers, once the server has read the lake."""

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_MANY = 200_000
_PATIENCE = 60_000
"""Milliseconds for what is only to happen at all; how quickly it must is measured in a test of its own."""

expect.set_options(timeout=_PATIENCE)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_up(server: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(300):
        assert server.poll() is None, "Streamlit has ended"
        try:
            with urlopen(f"{address}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("Streamlit did not come up within a minute")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The hour of known numbers, a client with an evil name, and a day of much traffic before."""
    workshop = Workshop(tmp_path_factory.mktemp("browser"))
    fill(workshop)
    escaped = "".join(f"%{byte:02x}" for byte in HOSTILE.encode())
    workshop.write("evil.log", authorize("10:54:00", escaped, "invalid_scope"))
    clients = ("web-shop", "mobile-app", "partner-portal", "crm-sync")
    traffic = (
        line(
            f"{number % 24:02}:{number // 24 % 60:02}:{number // 1440 % 60:02}",
            f"/oauth2/token?n={number}",
            401 if number % 29 == 0 else 200,
            clients[number % 4],
            day=1,
        )
        for number in range(_MANY)
    )
    workshop.write("day.log", "".join(traffic))
    workshop.ingest()
    return workshop


@pytest.fixture(scope="module")
def address(lake: Workshop) -> Iterator[str]:
    """Where a Streamlit of our own serves the page. It is ended by its id."""
    port = _free_port()
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "WHY401_LAKE": str(lake.lake.folder), "PYTHONPATH": paths}
    command = [
        sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"),
        "--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true",
        "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none",
    ]  # fmt: skip
    server = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_up(server, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed; Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def requests() -> list[str]:
    """Addresses that the page asked for."""
    return []


@pytest.fixture
def page(browser: Browser, requests: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 1600})
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    yield page
    context.close()


def _metric(page: Page, label: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has_text=label)
    return metric.get_by_test_id("stMetricValue").inner_text().strip()


def _settle(page: Page) -> None:
    """Waits until the script has run to its end."""
    expect(page.get_by_text("of the lake in quarantine")).to_be_visible()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def _between(scope: Scope) -> str:
    return f"?period=From+...+to+...&since={scope.since:%Y-%m-%dT%H:%M}&until={scope.until:%Y-%m-%dT%H:%M}"


def test_the_page_is_whole_and_asks_nobody_else(
    page: Page, address: str, lake: Workshop, requests: list[str]
) -> None:
    page.goto(address)
    _settle(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    session = Session(lake.lake)
    whole = whole_period(session)
    assert whole is not None
    assert _metric(page, "Failures") == f"{questions.totals(session, whole).failures:,}"
    expect(page.locator(".js-plotly-plot .bars path").first).to_be_attached()
    expect(page.locator("img[src*='203.0.113.9']")).to_have_count(0)
    assert {url for url in requests if not url.startswith((address, "data:", "blob:"))} == set()


def test_the_url_holds_the_filters_across_a_reload(page: Page, address: str) -> None:
    page.goto(address + _between(HOUR))
    _settle(page)
    assert _metric(page, "Failures") == "12"
    page.get_by_test_id("stMultiSelect").filter(has_text="Endpoint").locator("input").click()
    page.get_by_role("option", name="authorization").click()
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("3")
    expect(page).to_have_url(re.compile(r"endpoint=authorization"))
    page.reload()
    _settle(page)
    assert _metric(page, "Failures") == "3"
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_first_numbers_are_there_within_two_seconds(page: Page, address: str) -> None:
    """Of a second visitor with a scope that nobody asked for: the answers are computed, while the
    server has read the lake and the browser has the page's scripts."""
    page.goto(address)
    _settle(page)
    quickest = min(
        _first_numbers(page, f"{address}?period=Last+{period}") for period in ("hour", "6+hours", "day")
    )
    assert quickest < FIRST_NUMBERS_SECONDS


def _first_numbers(page: Page, address: str) -> float:
    page.goto("about:blank")
    begun = time.monotonic()
    page.goto(address, wait_until="commit")
    page.get_by_test_id("stMetricValue").first.wait_for()
    return time.monotonic() - begun


def test_the_page_fits_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    _settle(page)
    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390
    assert _metric(page, "Failure rate").endswith("%")
    context.close()
