"""Diagnoses that people report, told from their symptoms and from their neighbours (tests/analysis/diagnoses.toml)."""

from __future__ import annotations

import tomllib
from itertools import groupby
from pathlib import Path

import pytest

from analysis.explain import explain

DIAGNOSES = tomllib.loads(Path(__file__).with_name("diagnoses.toml").read_text(encoding="utf-8"))["diagnosis"]


@pytest.mark.parametrize("case", DIAGNOSES, ids=lambda case: str(case["name"]))
def test_a_symptom_tells_the_diagnosis(case: dict[str, str]) -> None:
    first = explain(case["symptom"], case.get("source"))[0]
    assert first.cause == case["cause"], first.rule


def test_the_neighbours_of_a_group_have_causes_of_their_own() -> None:
    groups = {
        name: {case["cause"] for case in cases}
        for name, cases in groupby(
            sorted(DIAGNOSES, key=lambda case: case["group"]), key=lambda case: case["group"]
        )
    }
    assert sum(len(causes) for causes in groups.values()) >= 55
    assert len({cause for causes in groups.values() for cause in causes}) >= 55
    assert min(len(causes) for causes in groups.values()) >= 2
