"""Bytes that no log should hold and many do: read or quarantined, counted, and harmless wherever they are shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import Workshop, nginx_line

_BIDI = "\u202egnp.exe\u202c\u2066x\u2069"
_ESCAPE = "\x1b[31mred\x1b[0m\x1b]0;title\x07"


def _line(agent: str) -> str:
    return nginx_line(1).replace("okhttp/4.12.0", agent)


def _agents(workshop: Workshop, content: bytes) -> list[str]:
    workshop.write("access.log", content)
    assert workshop.ingest().total.quarantined == 0
    return [event["user_agent"] for event in workshop.events()]


def test_invalid_utf8_becomes_a_replacement_character(workshop: Workshop) -> None:
    agents = _agents(workshop, _line("caf\xe9").encode("latin-1") + _line("plain").encode())
    assert agents == ["caf\ufffd", "plain"]


def test_carriage_returns_and_a_byte_order_mark(workshop: Workshop) -> None:
    content = b"\xef\xbb\xbf" + (_line("a") + _line("b")).replace("\n", "\r\n").encode()
    assert _agents(workshop, content) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_exports_of_windows(workshop: Workshop, encoding: str) -> None:
    content = (_line("a") + _line("Zoë") + _line("b")).replace("\n", "\r\n").encode(encoding)
    assert _agents(workshop, content) == ["a", "Zoë", "b"]


def test_a_hole_of_nuls_at_the_head(workshop: Workshop) -> None:
    assert _agents(workshop, bytes(1_000_000) + (_line("a") + _line("b")).encode()) == ["a", "b"]


def test_a_single_nul_in_a_line(workshop: Workshop) -> None:
    agents = _agents(workshop, (_line("a") * 3 + _line("x\x00y") + _line("b")).encode())
    assert agents[0] == "a"
    assert agents[-1] == "b"
    assert len(agents) == 5


def test_colours_of_a_terminal(workshop: Workshop) -> None:
    [agent] = _agents(workshop, ("\x1b[0;39m" + _line(_ESCAPE)).encode())
    assert agent == "red"


_STRANGE = (_BIDI, "\x9b31m", "\u200b\u2028", "=cmd()", "a\x07b")
_HARMFUL = set("\u202e\u202c\u2066\u2069\x1b\x9b\u200b\u2028\x07")


def test_what_is_shown_is_harmless(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    log = workshop.write("access.log", "".join(_line(text) + f"junk {text}\n" for text in _STRANGE))
    workshop.ingest()
    lake = ["--lake", str(workshop.root / "lake")]
    for arguments in (
        ["sql", "SELECT user_agent FROM events", *lake],
        ["sql", "SELECT user_agent FROM events", "--format", "csv", *lake],
        ["recognise", str(log)],
        ["report", "--format", "md", *lake],
    ):
        shown = _run(*arguments)
        assert not set(shown) & _HARMFUL, arguments
        assert "csv" not in arguments or "\n=cmd" not in shown


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "why401", *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def test_json_is_whole_whatever_it_holds(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    workshop.write("access.log", _line(_BIDI))
    workshop.ingest()
    lake = str(workshop.root / "lake")
    [row] = json.loads(_run("sql", "SELECT user_agent FROM events", "--format", "json", "--lake", lake))
    assert row["user_agent"] == _BIDI


def test_a_line_above_the_bound_is_quarantined_with_its_size(workshop: Workshop) -> None:
    size = 17 * 1024 * 1024
    workshop.write("access.log", _line("a").encode() + b"x" * size + b"\n" + _line("b").encode())
    summary = workshop.ingest()
    assert (summary.total.records, summary.total.events, summary.total.quarantined) == (3, 2, 1)
    [refused] = workshop.quarantine()
    assert refused["bytes"] == size
    assert f"{size:,}" in refused["reason"]


def test_a_line_above_the_bound_that_ends_the_file(workshop: Workshop) -> None:
    workshop.write("access.log", _line("a").encode() + b"x" * (17 * 1024 * 1024))
    assert workshop.ingest().total.quarantined == 1
    assert workshop.ingest().total.records == 0
