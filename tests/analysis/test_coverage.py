"""Published lists of codes keep their causes: what no rule knows any more makes this red."""

from __future__ import annotations

import pytest

from benchmarks.coverage import LEAF_GOAL, Coverage, coverage

_GENERAL = {"github", "krakend", "oauth2_proxy", "stripe", "traefik", "wso2_apim"}
"""Lists with more than a tenth of codes whose own documentation gives them no single meaning."""
_STATUS_ALONE = {"traefik"}
"""One of its three messages hands on the status of another server, and says no more."""


@pytest.mark.parametrize("one", coverage(), ids=lambda one: str(one.name))
def test_a_published_list_is_known(one: Coverage) -> None:
    assert one.family >= one.family_goal or one.name in _STATUS_ALONE, one.without_family
    assert one.leaf >= LEAF_GOAL or one.name in _GENERAL, one.without_leaf


def test_all_lists_together() -> None:
    lists = coverage()
    codes = sum(one.codes for one in lists)
    assert codes > 2_200
    assert sum(len(one.without_family) for one in lists) <= 2
    assert sum(len(one.without_leaf) for one in lists) / codes < 0.05
