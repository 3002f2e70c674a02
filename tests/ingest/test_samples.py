"""Every record of every sample becomes what its expected.csv says. Walks sample_logs."""

from __future__ import annotations

import pytest

from tests.samples import SAMPLES, SOURCES, as_text, expected_rows, results_of, samples

pytestmark = pytest.mark.xdist_group("samples")

_DERIVED = {"result", "date", "source", "kind", "signature", "offset"}


def _claimed(name: str, text: str) -> str:
    return as_text(name, float(text)) if name == "duration_ms" and text else text


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_sample_and_says_what_becomes_of_it(source: str) -> None:
    listed = {row["sample"] for row in expected_rows(source)}
    there = {path.name for path in (SAMPLES / source).glob("*") if path.suffix in (".log", ".json")}
    assert listed
    assert listed == there
    assert (SAMPLES / source / "README.md").exists()


@pytest.mark.parametrize("source", SOURCES)
def test_every_column_that_a_source_fills_is_in_its_expectations(source: str) -> None:
    """What docs/sources.md says of a source is what its samples show, so that nothing is left unsaid."""
    columns = set(expected_rows(source)[0]) | _DERIVED
    filled = {
        name
        for sample in (sample for owner, sample in samples() if owner == source)
        for result in results_of(source, sample)
        for name, value in result.items()
        if value is not None
    }
    assert filled <= columns


@pytest.mark.parametrize(("source", "sample"), samples())
def test_every_record_becomes_what_is_expected(source: str, sample: str) -> None:
    rows = [row for row in expected_rows(source) if row["sample"] == sample]
    results = results_of(source, sample)
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
            told = {name: as_text(name, result[name]) for name in claims}
            assert told == {name: _claimed(name, text) for name, text in claims.items()}, where
