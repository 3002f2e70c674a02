"""Progress is what Delta says it is, before and after checkpoints, and for a lake that others write to."""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.table import Lake

_STEPS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2**60), min_size=1, max_size=3),
        st.sampled_from(["checkpoint", "cleanup", "look"]),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_progress_is_that_of_the_log(tmp_path_factory: object, steps: list[object]) -> None:
    folder = tmp_path_factory.mktemp("lake")  # type: ignore[attr-defined]
    writer, reader = Lake(folder), Lake(folder)
    writer.create()
    expected: dict[str, int] = {}
    for step in steps:
        if isinstance(step, dict):
            writer.commit_events([], step, {})
            expected |= step
        elif step == "look":
            reader.catch_up()
            _same(reader, folder, expected)
        else:
            table = DeltaTable(str(folder / "events"))
            table.create_checkpoint() if step == "checkpoint" else table.cleanup_metadata()
    reader.catch_up()
    _same(reader, folder, expected)
    _same(Lake(folder), folder, expected)


def _same(lake: Lake, folder: Path, expected: dict[str, int]) -> None:
    table = DeltaTable(str(folder / "events"))
    for name in "abcdef":
        assert lake.progress(name) == table.transaction_version(name) == expected.get(name)
