"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.helpers import Workshop

# a busy machine is no fault of the code
settings.register_profile("untimed", deadline=None)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty folder of logs and an empty lake."""
    return Workshop(tmp_path)
