"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """An empty folder of logs and an empty lake."""
    return Workshop(tmp_path)
