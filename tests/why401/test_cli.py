"""The command line as a person and as a script use it: a real process, its output and its exit code."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import nginx_line


class Shell:
    """Runs why401 in an empty working directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, *words: str, text: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WHY401_")}
        return subprocess.run(
            [sys.executable, "-m", "why401", *words],
            cwd=self.folder, input=text, env={**kept, **environment}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        answer = self(*words)
        assert answer.returncode in (0, 1), answer.stderr
        return json.loads(answer.stdout)


@pytest.fixture
def why401(tmp_path: Path) -> Shell:
    """A shell beside a small log, with nothing read yet."""
    lines = [nginx_line(number, status=200 if number % 3 else 401) for number in range(300)]
    (tmp_path / "access.log").write_text("".join(lines) + "junk\n\n")
    return Shell(tmp_path)


def test_ingest_prints_one_object_that_balances(why401: Shell) -> None:
    told = why401.json("ingest", "access.log", "--json")
    assert isinstance(told, dict)
    assert {
        "inputs",
        "bytes",
        "records",
        "events",
        "quarantined",
        "ignored",
        "duplicates",
        "seconds",
        "by_source",
    } <= set(told)
    assert (told["inputs"], told["records"], told["events"]) == (1, 302, 300)
    assert told["records"] == told["events"] + told["quarantined"] + told["ignored"] + told["duplicates"]
    assert told["bytes"] == (why401.folder / "access.log").stat().st_size
    again = why401.json("ingest", "access.log", "--json")
    assert isinstance(again, dict)
    assert again["events"] == 0


def test_ingest_ends_with_the_worst_and_the_next_command(why401: Shell) -> None:
    answer = why401("ingest", "access.log")
    assert answer.returncode == 0
    assert "302 records = 300 events + 1 quarantined + 1 ignored + 0 duplicates" in answer.stdout
    assert "100 x" in answer.stdout
    assert "unknown.status_only_401" in answer.stdout
    assert "Next: why401 dashboard" in answer.stdout


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(why401: Shell) -> None:
    answer = why401("ingest", "nowhere.log", "access.log", "--json")
    assert answer.returncode == 1
    assert "nowhere.log: there is no such file" in answer.stderr
    assert json.loads(answer.stdout)["events"] == 300
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lake = [", "not valid TOML"),
        ("lak = 'x'", "lak"),
        ("[endpoints]\ntokens = ['/t']", "tokens"),
        ("formats = 3", "formats"),
    ],
)
def test_a_broken_configuration(why401: Shell, text: str, named: str) -> None:
    (why401.folder / "why401.toml").write_text(text)
    answer = why401("ingest", "access.log")
    assert answer.returncode == 2
    assert "why401.toml" in answer.stderr
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_environment_wins_over_the_file(why401: Shell) -> None:
    (why401.folder / "why401.toml").write_text("lake = 'of-the-file'")
    assert why401("ingest", "access.log", WHY401_LAKE="of-the-environment").returncode == 0
    assert (why401.folder / "of-the-environment").is_dir()
    assert not (why401.folder / "of-the-file").exists()


def test_paths_of_ones_own_are_endpoints(why401: Shell) -> None:
    (why401.folder / "why401.toml").write_text("[endpoints]\ntoken = ['/orders/v1/list']")
    why401("ingest", "access.log")
    assert why401.json("sql", "SELECT DISTINCT endpoint FROM events", "--format", "json") == [
        {"endpoint": "token"}
    ]


def test_sql_reads_and_does_not_write(why401: Shell) -> None:
    why401("ingest", "access.log")
    assert why401(
        "sql", "SELECT outcome, count(*) AS n FROM events GROUP BY ALL ORDER BY n", "--format", "csv"
    ).stdout == ("outcome,n\nfailure,100\nsuccess,200\n")
    for query in (
        "DROP VIEW events",
        "COPY (SELECT 1) TO 'out.csv'",
        "SELECT * FROM read_csv('access.log')",
        "nonsense",
    ):
        answer = why401("sql", query)
        assert answer.returncode == 2, query
        assert "Traceback" not in answer.stderr
    assert not (why401.folder / "out.csv").exists()


def test_users_are_pseudonyms_of_this_lake(why401: Shell) -> None:
    (why401.folder / "users.log").write_text(nginx_line(1, user="alice") + nginx_line(2, user="alice"))
    why401("ingest", "users.log", "--lake", "one")
    why401("ingest", "users.log", "--lake", "two")
    query = ("sql", "SELECT DISTINCT user_id FROM events", "--format", "json", "--lake")
    one, two = why401.json(*query, "one"), why401.json(*query, "two")
    assert isinstance(one, list)
    assert len(one) == 1
    assert "alice" not in json.dumps(one)
    assert one != two
    assert (why401.folder / "one.key").stat().st_mode & 0o077 == 0


def test_explain_says_who_must_act(why401: Shell) -> None:
    told = why401.json("explain", "AADSTS7000222", "--json")
    assert isinstance(told, dict)
    assert {
        "cause", "family", "title", "responsible", "retry", "security", "normal", "remedy", "reference", "confidence", "rule",
    } <= set(told)  # fmt: skip
    assert told["cause"] == "client_auth.secret_expired"
    piped = why401(
        "explain", "-", "--json", text='{"error":"invalid_grant","error_description":"Token is not active"}'
    )
    assert json.loads(piped.stdout)["family"] == "grant"


def test_sources_and_causes_are_listed(why401: Shell) -> None:
    sources = why401.json("sources", "--json")
    causes = why401.json("causes", "--json")
    assert isinstance(sources, list)
    assert isinstance(causes, list)
    assert {"nginx", "apinto", "envoy", "keycloak", "okta", "entra"} <= {source["name"] for source in sources}
    assert {"client_auth.secret_invalid", "unknown.unclassified"} <= {cause["cause"] for cause in causes}


def test_a_report_of_a_period(why401: Shell) -> None:
    why401("ingest", "access.log")
    answer = why401("report", "--since", "1d", "--format", "json", "-o", "out/report.json")
    assert answer.returncode == 0
    assert json.loads((why401.folder / "out/report.json").read_text())
    assert why401("report", "--since", "yesterday").returncode == 2


def test_a_pattern_across_events_is_told_with_what_to_do(why401: Shell) -> None:
    path = "/oauth2/authorize?response_type=code&client_id=shop"
    loop = "".join(nginx_line(2 * number, status=302, path=path) for number in range(12))
    (why401.folder / "loop.log").write_text(loop)
    why401("ingest", "loop.log")
    said = why401("diagnose").stdout
    assert "A sign-in goes in circles" in said
    assert "shop" in said
    assert "Who must act  client developer" in said
    (found,) = why401.json("diagnose", "--json")
    assert (found["name"], found["client_id"], found["failures"]) == ("redirect_loop", "shop", 12)
    assert why401("diagnose", "--until", "2026-03-02T02:00:10").stdout == "No pattern is found.\n"


def test_a_pattern_of_several_clients_is_told_once(why401: Shell) -> None:
    path = "/oauth2/authorize?response_type=code&client_id="
    clients = ("shop", "%5B/bold%5D%5Bred%5D")
    lines = (nginx_line(2 * number, status=302, path=path + one) for one in clients for number in range(12))
    (why401.folder / "loop.log").write_text("".join(lines))
    why401("ingest", "loop.log")
    said = why401("diagnose").stdout
    assert said.count("A sign-in goes in circles") == said.count("What to do") == 1
    assert "nginx, shop, at" in said
    assert "nginx, [/bold][red], at" in said


def test_an_alert_prints_what_a_log_calls_a_client_as_it_is(why401: Shell) -> None:
    path = "/oauth2/authorize?response_type=code&client_id=%5B/bold%5D%5Bred%5D"
    usual = [nginx_line(40 * number, status=302, path=path) for number in range(1500)]
    surge = [nginx_line(60_000 + number, status=400, path=path) for number in range(600)]
    (why401.folder / "surge.log").write_text("".join([*usual, *surge]))
    why401("ingest", "surge.log")
    assert "[/bold][red]" in why401("alerts").stdout


@pytest.mark.parametrize("command", ["report", "alerts", "diagnose", "sql"])
def test_an_empty_lake_is_no_traceback(why401: Shell, command: str) -> None:
    answer = why401(command, *(["SELECT count(*) FROM events"] if command == "sql" else []))
    assert "Traceback" not in answer.stderr
    assert answer.returncode in (0, 2)


def test_a_lake_that_cannot_be_written(why401: Shell) -> None:
    (why401.folder / "lake").write_text("a file, not a folder")
    answer = why401("ingest", "access.log", "--lake", "lake")
    assert answer.returncode == 2
    assert "lake" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_page_ends_with_the_command(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "why401",
        "dashboard",
        "--port",
        str(port),
        "--lake",
        str(tmp_path / "lake"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not _answers(port) and time.monotonic() < until:
            time.sleep(0.2)
        assert _answers(port)
    finally:
        process.terminate()
        process.wait(30)
    until = time.monotonic() + 10
    while _answers(port) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _answers(port)


def _answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
