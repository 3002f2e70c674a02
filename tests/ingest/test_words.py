"""The words that sources share: each is an expression, each message of a library stands in a sample."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from ingest.errors import SourceError
from ingest.sources import load_source, load_sources
from ingest.words import WORDS, load_words, with_words
from tests.samples import engine, lines_of, samples

_FRONT = """/*
title = "t"
kind = "gateway"
provenance = "composed"
documentation = []
cannot_tell = "t"
recognise = '{recognise}'
*/
SELECT "offset", NULL AS time FROM records
"""


def _lines(name: str) -> list[str]:
    text = (WORDS / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("name", load_words())
def test_words_are_expressions_without_names_in_them(name: str) -> None:
    assert "{{" not in load_words()[name]
    assert not any(flags.any() for flags in engine().matches([load_words()[name]], pa.array(["nothing"])))


@pytest.mark.parametrize("name", ["library_messages", "product_messages"])
def test_each_message_stands_in_a_sample(name: str) -> None:
    told = [line for owner, sample in samples() if owner == "application" for line in lines_of(owner, sample)]
    messages = _lines(name)
    found = engine().matches(messages, pa.array(told, pa.string_view()))
    assert [text for text, flags in zip(messages, found, strict=True) if not flags.any()] == []


def test_no_message_comes_twice() -> None:
    messages = _lines("library_messages") + _lines("product_messages")
    assert len(messages) == len(set(messages))


def test_no_expression_is_too_long_for_an_automaton() -> None:
    """From some 17,000 characters on, RE2 searches without one, fifty times as slow."""
    asked = [pattern for source in load_sources().values() for pattern in source.recognise.split("\n")]
    assert max(map(len, [*asked, *load_words().values()])) < 17_000


def test_recognise_names_words(tmp_path: Path) -> None:
    path = tmp_path / "own.sql"
    path.write_text(_FRONT.format(recognise="^{{http_methods}} /"), encoding="utf-8")
    assert load_source(path).recognise == with_words("^{{http_methods}} /")
    assert "GET|POST" in load_source(path).recognise


def test_words_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.sql"
    path.write_text(_FRONT.format(recognise="{{nonsense}}"), encoding="utf-8")
    with pytest.raises(SourceError, match="nonsense"):
        load_source(path)
