"""The samples and what their expected.csv says, for the tests that walk sample_logs."""

from __future__ import annotations

import csv
from pathlib import Path

from ingest import load_sources

SAMPLES = Path(__file__).parents[1] / "sample_logs"
SOURCES = sorted(load_sources())


def expected_rows(source: str) -> list[dict[str, str]]:
    """The rows of a source's expected.csv; none where there is no such file."""
    path = SAMPLES / source / "expected.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def samples() -> list[tuple[str, str]]:
    """Every (source, sample file)."""
    return [
        (source, sample)
        for source in SOURCES
        for sample in sorted({row["sample"] for row in expected_rows(source)})
    ]
