"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings

from ingest.batch import of_input
from lake.schema import EVENTS
from lake.table import Lake
from tests.helpers import Workshop
from tests.samples import parsed, samples

# a busy machine is no fault of the code
settings.register_profile("untimed", deadline=None)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty folder of logs and an empty lake."""
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def lake_of_samples(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of what the records of all samples become; the file of each is its `source/sample`."""
    lake = Lake(tmp_path_factory.mktemp("samples") / "lake")
    lake.create()
    parts = [(f"{source}/{sample}", part) for source, sample in samples() for part in parsed(source, sample)]
    events = pa.concat_tables(of_input(part.events, file).cast(EVENTS) for file, part in parts)
    lake.commit_events(lake.write_events(events), {}, {})
    refused = pa.concat_tables(part.quarantined for _, part in parts)
    lake.commit_quarantine(lake.write_quarantine(refused), {}, {})
    return lake
