"""Every failure in the samples gets the cause that its expected.csv says. Walks sample_logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.session import Session
from tests.helpers import Workshop
from tests.samples import SAMPLES, SOURCES, expected_rows, samples

_HONEST = "unknown.status_only"


def _causes(workshop: Workshop, path: Path) -> dict[int, str | None]:
    """The cause of each event of a sample, by the place of its record among the records."""
    workshop.ingest(path)
    session = Session(workshop.lake)
    found = session.connection.execute('SELECT "offset", cause FROM events').fetchall()
    return dict(found)


@pytest.mark.parametrize(("source", "sample"), samples())
def test_every_event_has_the_cause_that_is_expected(source: str, sample: str, workshop: Workshop) -> None:
    rows = [row for row in expected_rows(source) if row["sample"] == sample and row["result"] == "event"]
    causes = _causes(workshop, SAMPLES / source / sample)
    told = [cause or "" for _, cause in sorted(causes.items())]
    assert [(row["record"], cause) for row, cause in zip(rows, told, strict=True)] == [
        (row["record"], row["cause"]) for row in rows
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_no_failure_of_the_samples_is_unclassified(source: str) -> None:
    failures = [row for row in expected_rows(source) if row.get("outcome", "failure") == "failure"]
    assert not [row for row in failures if row["cause"] == "unknown.unclassified"]
    honest = [row for row in failures if row["cause"].startswith(_HONEST)]
    assert all(row.get("error", "") == "" and row.get("error_code", "") == "" for row in honest)
