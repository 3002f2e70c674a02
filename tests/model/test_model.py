"""After any sequence of writing, rotating, truncating, compressing, deleting, reading and killing: exactly once.

WHY401_MODEL_SEQUENCES is the number of sequences (10), WHY401_MODEL_SEED the seed of the first block (401).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Logs, Nurseries

_SEQUENCES = int(os.environ.get("WHY401_MODEL_SEQUENCES", "10"))
_SEED = int(os.environ.get("WHY401_MODEL_SEED", "401"))
_BLOCK = 100
_STEPS = 18


@pytest.fixture(scope="module")
def nurseries() -> Iterator[None]:
    """Ends the processes that the machine started."""
    yield
    Nurseries.close()


def _blocks() -> list[tuple[int, int]]:
    """The seed and the number of sequences of each block; the blocks run side by side."""
    starts = range(0, _SEQUENCES, _BLOCK)
    return [(_SEED + start // _BLOCK, min(_BLOCK, _SEQUENCES - start)) for start in starts]


@pytest.mark.usefixtures("nurseries")
@pytest.mark.parametrize(("number", "sequences"), _blocks())
def test_the_lake_equals_the_model(number: int, sequences: int) -> None:
    print(f"seed {number}, {sequences} sequences")
    machine = seed(number)(Logs)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
