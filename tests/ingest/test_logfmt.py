"""logfmt as a JSON object, and Go's durations: the macros of ingest/macros/text.sql."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest

_CONNECTION = duckdb.connect()
_CONNECTION.execute((Path(ingest.__file__).parent / "macros" / "text.sql").read_text(encoding="utf-8"))

_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def _quoted(value: str) -> str:
    """What Go's strconv.Quote makes of a value."""
    whole = ""
    for char in value:
        if char in '"\\':
            whole += "\\" + char
        elif char in _SHORT:
            whole += _SHORT[char]
        elif char < " " or char == "\x7f":
            whole += f"\\x{ord(char):02x}"
        else:
            whole += char
    return f'"{whole}"'


def _bare(value: str) -> str:
    """A value as slog writes it: in quotes only where it must be."""
    return value if re.fullmatch(r"[^\s\"=\x00-\x20\x7f-\xa0]+", value) else _quoted(value)


def _read(line: str) -> object:
    found = _CONNECTION.execute(
        "SELECT logfmt_json(line) FROM (SELECT $1::VARCHAR AS line)", [line]
    ).fetchone()
    assert found is not None
    return json.loads(found[0])


_values = st.text(st.characters(codec="utf-8"), max_size=12)
_pairs = st.dictionaries(st.from_regex(r"[a-z][a-z_.#/]{0,8}", fullmatch=True), _values, min_size=1)


@given(_pairs, st.booleans())
def test_pairs_come_back(pairs: dict[str, str], quotes: bool) -> None:
    written = _quoted if quotes else _bare
    assert _read(" ".join(f"{key}={written(value)}" for key, value in pairs.items())) == pairs


@given(st.text())
def test_no_text_is_an_error(line: str) -> None:
    found = _CONNECTION.execute(
        'SELECT TRY(from_json(logfmt_json(line), \'{"a":"VARCHAR"}\')), typeof(logfmt_json(line)) '
        "FROM (SELECT $1::VARCHAR AS line)",
        [line],
    ).fetchone()
    assert found is not None
    assert found[1] == "VARCHAR"


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("a= b=1", {"a": "", "b": "1"}),
        (" a=1   b=2 ", {"a": "1", "b": "2"}),
        (r"user=CORP\bob share=\\srv\x", {"user": r"CORP\bob", "share": r"\\srv\x"}),
        (r'msg="said \"a=b c\" \\" n=1', {"msg": r'said "a=b c" \\'[:-1], "n": "1"}),
        (r'msg="\U000e0001\x1b[0m"', {"msg": "\ufffd\x1b[0m"}),
    ],
)
def test_lines_come_back(line: str, pairs: dict[str, str]) -> None:
    assert _read(line) == pairs


@pytest.mark.parametrize("line", ['a=1 msg="cut', r'a=1 msg="cut \"', "no pairs at all"])
def test_what_is_no_logfmt_is_no_json(line: str) -> None:
    with pytest.raises((json.JSONDecodeError, TypeError)):
        _read(line)


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("1.5ms", 1.5),
        ("45.6µs", 0.0456),
        ("45us", 0.045),
        ("350ns", 0.00035),
        ("0s", 0.0),
        ("2.25s", 2250.0),
        ("1m0.5s", 60500.0),
        ("1h0m2s", 3602000.0),
        ("", None),
        ("soon", None),
        ("1.2.3s", None),
    ],
)
def test_durations_are_read(value: str, milliseconds: float | None) -> None:
    found = _CONNECTION.execute("SELECT go_duration_ms($1)", [value]).fetchone()
    assert found is not None
    assert found[0] == (None if milliseconds is None else pytest.approx(milliseconds))
