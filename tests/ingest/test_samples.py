"""Every record of every sample becomes what its expected.csv says. Walks sample_logs."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ingest.formats_beside import formats_beside
from ingest.framing import chunks, detect_framing
from ingest.text import parse_records
from tests.samples import SAMPLES, SOURCES, expected_rows, samples


def _records(data: bytes) -> list[int]:
    """Offsets of the records, in order."""
    framing = detect_framing(data)
    parts = chunks(io.BytesIO(data), framing, 0, size=len(data) + 1)
    return [int(offset) for chunk in parts for offset in chunk.records.offsets]


def _results(source: str, sample: str) -> list[dict[str, Any]]:
    data = (SAMPLES / source / sample).read_bytes()
    parsed = parse_records(data, formats=formats_beside(SAMPLES / source))
    events = {row["offset"]: row for part in parsed for row in part.events.to_pylist()}
    refused = {row["offset"] for part in parsed for row in part.quarantined.to_pylist()}
    return [
        {"result": "event", **events[offset]}
        if offset in events
        else {"result": "quarantined" if offset in refused else "ignored"}
        for offset in _records(data)
    ]


def _as_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "time":
        return str(value.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    if name in ("user_id", "credential_id"):
        return "*"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


def _claimed(name: str, text: str) -> str:
    return _as_text(name, float(text)) if name == "duration_ms" and text else text


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_sample_and_says_what_becomes_of_it(source: str) -> None:
    listed = {row["sample"] for row in expected_rows(source)}
    there = {path.name for path in (SAMPLES / source).glob("*") if path.suffix in (".log", ".json")}
    assert listed
    assert listed == there
    assert (SAMPLES / source / "README.md").exists()


@pytest.mark.parametrize(("source", "sample"), samples())
def test_every_record_becomes_what_is_expected(source: str, sample: str) -> None:
    rows = [row for row in expected_rows(source) if row["sample"] == sample]
    results = _results(source, sample)
    assert len(results) == len(rows)
    seen: set[str] = set()
    for row, result in zip(rows, results, strict=True):
        where = f"{source}/{sample} record {row['record']}"
        if row["result"] == "duplicate":
            assert result["event_id"] in seen, where
            continue
        assert result["result"] == row["result"], where
        seen.add(result.get("event_id") or "")
        if result["result"] == "event":
            assert result["source"] == source, where
            claims = {name: text for name, text in row.items() if name in result and name != "result"}
            told = {name: _as_text(name, result[name]) for name in claims}
            assert told == {name: _claimed(name, text) for name, text in claims.items()}, where
