"""Published lists of codes keep their causes: what no rule knows any more, or knows as something else, makes this red."""

from __future__ import annotations

import pytest

from benchmarks.coverage import LEAF_GOAL, Coverage, coverage

_TELLS_NOTHING = {
    "entra": ("AADSTS165004",),
    "traefik": ("Remote error http://auth.example.com/verify. StatusCode: 401",),
}
"""Codes without a cause: that of Entra "depends on the case", Traefik hands on the status of another server."""


@pytest.mark.parametrize("one", coverage(), ids=lambda one: str(one.name))
def test_a_published_list_is_known(one: Coverage) -> None:
    assert one.without_family == _TELLS_NOTHING.get(one.name, ())
    assert one.leaf >= LEAF_GOAL, one.without_leaf


@pytest.mark.parametrize("one", coverage(), ids=lambda one: str(one.name))
def test_published_codes_keep_their_causes(one: Coverage) -> None:
    assert one.moved == ()


def test_the_lists_are_there() -> None:
    assert sum(one.codes for one in coverage()) > 2_400
