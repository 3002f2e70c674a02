"""Sources of one's own, from the skeleton to the lake; formats from a server's configuration; advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import nginx_line
from tests.why401.test_cli import Shell

_LINES = "2026-03-02T02:15:04.120Z 192.0.2.7 GET /orders?page=2 401 12.5\nbroken\n\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell beside a log of no known format."""
    (tmp_path / "gateway.log").write_text(_LINES)
    return Shell(tmp_path)


def test_the_skeleton_is_a_source_that_works(shell: Shell) -> None:
    made = shell("new-source", "my_gateway")
    assert made.returncode == 0, made.stderr
    assert 'source_folders = ["sources"]' in made.stdout
    again = shell("new-source", "my_gateway")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    tried = shell("try-source", "sources/my_gateway.sql", "gateway.log")
    assert tried.returncode == 0, tried.stderr
    assert not (shell.folder / "data").exists()
    for text in (
        "duration_ms = 12.5",
        "quarantined: not a line of this format",
        "ignored: blank",
        "3 records",
    ):
        assert text in tried.stdout
    (shell.folder / "why401.toml").write_text('source_folders = ["sources"]\n')
    told = shell.json("ingest", "gateway.log", "--json")
    assert isinstance(told, dict)
    assert (told["events"], told["quarantined"], told["ignored"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("new-source", "Bad-name"), "cannot be the name of a source"),
        (("try-source", "nowhere.sql", "gateway.log"), "nowhere.sql: cannot be read"),
        (("try-source", "bad.sql", "gateway.log"), "its SQL does not run"),
        (("ingest", "gateway.log", "--nginx-conf", "nowhere.conf"), "nowhere.conf: cannot be read"),
    ],
)
def test_what_is_wrong_is_told(shell: Shell, words: tuple[str, ...], fault: str) -> None:
    shell("new-source", "bad", "--folder", ".")
    bad = shell.folder / "bad.sql"
    bad.write_text(bad.read_text().replace("http_status(", "no_such_word("))
    answer = shell(*words)
    assert answer.returncode == 2
    assert fault in answer.stderr.replace("\n", " ")
    assert "Traceback" not in answer.stderr


def test_a_log_is_read_by_the_format_of_its_nginx_conf(shell: Shell) -> None:
    (shell.folder / "nginx.conf").write_text(
        "http { log_format api '$status $remote_addr $time_iso8601 $uri'; }"
    )
    (shell.folder / "api.log").write_text("401 192.0.2.7 2026-03-02T02:15:04+00:00 /orders\n" * 3)
    assert shell("ingest", "api.log").returncode == 1
    told = shell.json("ingest", "api.log", "--nginx-conf", "nginx.conf", "--json")
    assert isinstance(told, dict)
    assert told["events"] == 3


def test_advice_names_what_to_log_and_what_it_would_explain(shell: Shell) -> None:
    lines = [nginx_line(number, status=401 if number % 2 else 200) for number in range(40)]
    (shell.folder / "access.log").write_text("".join(lines))
    advice = shell.json("advise", "access.log", "--json")
    assert isinstance(advice, list)
    (nginx,) = advice
    assert (nginx["source"], nginx["failures"], nginx["unexplained"]) == ("nginx", 20, 20)
    assert "$sent_http_www_authenticate" in nginx["items"][0]["add"]
    assert nginx["items"][0]["unexplained"] == 20
    assert not (shell.folder / "data").exists()
    told = shell("ingest", "access.log")
    assert "why401 advise" in told.stdout
    assert "$sent_http_www_authenticate" in shell("advise").stdout
    assert "No failure" in Shell(shell.folder)("advise", "--lake", "other").stdout
