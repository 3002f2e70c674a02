"""Lines whose variables are read first give what the query of their format gives, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.cutting
import ingest.sparse
from ingest.columns import Records, padded
from ingest.cutting import CutQuery, SplitReader
from ingest.engine import Engine, Reading, split_plan
from ingest.settings import Settings
from ingest.sources import load_sources

_SAMPLES = Path(__file__).parents[2] / "sample_logs"
_SOURCES = load_sources()
_READINGS = [
    Reading(source, text)
    for source in _SOURCES.values()
    if source.format_language
    for text in source.formats.values()
]
_OWN = [
    Reading(_SOURCES["nginx"], text)
    for text in (
        '$remote_addr [$time_local] "$request" "$http_user_agent" rt=$request_time us=[$upstream_status] id=$request_id',
        "$msec $status $request_method $request_uri $request_id",
    )
]
_HOSTILE = st.sampled_from(
    ["-", "", " ", "  ", '"', '""', "\t", "\\x22", "\\xC3\\xA9", "é", "\r", "]", "[", "0", "200", "4O1", "a b", ",",
     "GET / HTTP/1.1", "POST /oauth2/token?client_id=app&error=access_denied HTTP/1.1", "x" * 13]
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Settings("key"))


@pytest.fixture(autouse=True)
def few_lines_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.cutting, "_MANY", 1)
    monkeypatch.setattr(ingest.sparse, "_MANY", 1)


def _cut_query(engine: Engine, reading: Reading) -> CutQuery:
    query = engine._query(reading)
    assert isinstance(query, CutQuery)
    return query


def _cut(readings: list[Reading]) -> list[Reading]:
    probe = Engine(Settings("key"))
    return [reading for reading in readings if isinstance(probe._query(reading), CutQuery)]


def _table(lines: list[str]) -> pa.Table:
    raw = [line.encode() for line in lines]
    ends = np.cumsum([len(line) + 1 for line in raw]) - 1
    starts = ends - [len(line) for line in raw]
    records = Records(padded(b"\n".join(raw)), starts, ends, starts.copy())
    return pa.table({"line": records.lines, "offset": records.offsets})


def _plain(table: pa.Table) -> list[dict[str, object]]:
    # a time may be one that Python has no date for
    times = [name for name in table.column_names if pa.types.is_temporal(table[name].type)]
    for name in times:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()))
    rows: list[dict[str, object]] = table.to_pylist()
    return rows


def _same(query: CutQuery, lines: list[str]) -> None:
    table = _table(lines)
    whole = query._whole
    if isinstance(whole, CutQuery):
        _same(whole, lines)
        whole = whole._whole
    expected, found = whole.run(table), query.run(table)
    assert set(found.column_names) == set(expected.column_names)
    assert _plain(found.select(expected.column_names)) == _plain(expected)


def _lines_of(reading: Reading) -> list[str]:
    folder = _SAMPLES / reading.source.name
    return [
        line
        for path in sorted([*folder.glob("*.log"), *folder.glob("*.json")])
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
        if line
    ]


_TESTED = _cut([*_READINGS, *_OWN])


def _name(reading: Reading) -> str:
    return f"{reading.source.name} {(reading.format or '')[:50]}"


def _one_of_each_kind() -> Iterator[Any]:
    """All; in every run one format of each language that is split in numpy and one that a query of its own reads."""
    seen: set[tuple[str | None, bool]] = set()
    for reading in _TESTED:
        split = reading.format is not None and split_plan(reading.source, reading.format) is not None
        kind = (reading.source.format_language, split)
        yield pytest.param(reading, marks=pytest.mark.slow if kind in seen else ())
        seen.add(kind)


def test_text_formats_are_cut() -> None:
    probe = Engine(Settings("key"))
    split = [reading for reading in _TESTED if isinstance(_cut_query(probe, reading)._reader, SplitReader)]
    assert {reading.source.format_language for reading in split} == {"apache", "envoy", "nginx"}
    assert [*_READINGS, *_OWN] == _TESTED


@pytest.mark.parametrize("reading", list(_one_of_each_kind()), ids=_name)
def test_samples(engine: Engine, reading: Reading) -> None:
    query = _cut_query(engine, reading)
    lines = _lines_of(reading)
    _same(query, lines)
    # in the majority, so that they are split and the others are not
    read = [line for line, fits in zip(lines, _fits(query, lines), strict=True) if fits]
    _same(query, [*read * 3, *lines])


def _fits(query: CutQuery, lines: list[str]) -> list[bool]:
    found = query._reader.read(_table(lines), query._wanted)
    assert found is not None
    return [bool(fits) for fits in found[0]]


@pytest.mark.parametrize("reading", list(_one_of_each_kind()), ids=_name)
@settings(max_examples=8)
@given(data=st.data())
def test_hostile_lines(engine: Engine, reading: Reading, data: st.DataObject) -> None:
    query = _cut_query(engine, reading)
    lines = _lines_of(reading)
    good = [line for line, fits in zip(lines, _fits(query, lines), strict=True) if fits]
    good = good or lines
    changed = []
    for _ in range(data.draw(st.integers(1, 6))):
        line = data.draw(st.sampled_from(good))
        start = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(start, min(start + 30, len(line))))
        changed.append(line[:start] + data.draw(_HOSTILE) + line[end:])
    changed = [line.replace("\n", " ") for line in changed]
    _same(query, [*good[:8], *changed, *good[8:16]])
