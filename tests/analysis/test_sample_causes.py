"""Every failure in the samples gets the cause that its expected.csv says. Walks sample_logs."""

from __future__ import annotations

import pytest

from analysis.session import Session
from lake.table import Lake
from tests.samples import SOURCES, expected_rows

pytestmark = pytest.mark.xdist_group("samples")

_HONEST = "unknown.status_only"


@pytest.fixture(scope="module")
def causes(lake_of_samples: Lake) -> dict[str, list[str]]:
    """The cause that each event of each sample (`source/sample`) tells by itself, whatever the lines around it
    tell, in the order of its records; "" for none."""
    question = """
        SELECT file, verdicts.cause
        FROM stored LEFT JOIN verdicts ON stored.signature = verdicts.signature AND stored.outcome = 'failure'
        ORDER BY file, "offset"
    """
    causes: dict[str, list[str]] = {}
    for sample, cause in Session(lake_of_samples).connection.execute(question).fetchall():
        causes.setdefault(sample, []).append(cause or "")
    return causes


@pytest.mark.parametrize("source", SOURCES)
def test_every_event_has_the_cause_that_is_expected(source: str, causes: dict[str, list[str]]) -> None:
    expected: dict[str, list[tuple[str, str]]] = {}
    for row in expected_rows(source):
        # a duplicate is an event as well, as long as nobody compares it with others
        if row["result"] in ("event", "duplicate"):
            expected.setdefault(row["sample"], []).append((row["record"], row["cause"]))
    for sample, rows in expected.items():
        told = causes.get(f"{source}/{sample}", [])
        assert len(told) == len(rows), sample
        wrong = [
            (sample, record, cause, wanted)
            for (record, wanted), cause in zip(rows, told, strict=True)
            if cause != wanted and wanted
        ]
        assert not wrong


@pytest.mark.parametrize("source", SOURCES)
def test_no_failure_of_the_samples_is_unclassified(source: str) -> None:
    failures = [row for row in expected_rows(source) if row.get("outcome", "failure") == "failure"]
    assert not [row for row in failures if row["cause"] == "unknown.unclassified"]
    honest = [row for row in failures if row["cause"].startswith(_HONEST)]
    assert all(row.get("error", "") == "" and row.get("error_code", "") == "" for row in honest)
