"""Columns: bytes to text, where only what is wrong is made anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.columns import Records, as_text, holds, is_utf8, padded, without_escapes


def _records(texts: list[bytes]) -> Records:
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64) - 1
    starts = ends - np.array([len(text) for text in texts], dtype=np.int64)
    return Records(padded(b"\n".join(texts)), starts, ends, starts * 10)


@given(st.lists(st.binary(max_size=20) | st.text(max_size=9).map(str.encode), min_size=1, max_size=300))
def test_what_is_not_utf8_is_replaced_where_it_stands(texts: list[bytes]) -> None:
    records = _records(texts)
    found = as_text(records)
    assert found.lines.to_pylist() == [text.decode("utf-8", "replace") for text in texts]
    assert found.offsets.tolist() == records.offsets.tolist()


def test_one_wrong_line_leaves_the_others_where_they_are() -> None:
    records = _records([b"fine %d" % number for number in range(5000)] + [b"w\xffrong"])
    found = as_text(records)
    assert found.starts[:5000].tolist() == records.starts[:5000].tolist()
    assert found.lines[5000].as_py() == "w\ufffdrong"
    fine = records.take(np.arange(5000))
    assert as_text(fine) is fine


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;145mgrey\x1b[39m \x1b[2K\x1b[?25l.", "grey ."),
        ("\x1b]8;;https://example.com\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1b[mé\x1b", "é\x1b"),
        ("no escape [31m", "no escape [31m"),
    ],
)  # fmt: skip
def test_escape_sequences_go(text: str, plain: str) -> None:
    records = _records([b"before", text.encode(), b"after"])
    assert without_escapes(records).lines.to_pylist() == ["before", plain, "after"]


@given(st.binary(max_size=50))
def test_holds_and_is_utf8_tell_of_the_bytes(data: bytes) -> None:
    column = np.frombuffer(data, dtype=np.uint8)
    assert holds(column, 0, 0x1B) == [0 in data, 0x1B in data]
    assert is_utf8(column) == (data.decode("utf-8", "replace").encode() == data)
