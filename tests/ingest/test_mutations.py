"""A line of which one part is changed is read, or refused; no other value than that part's becomes another one.

Walks the samples: in every line that is an event one part is emptied, doubled, made overlong or given strange
characters. Records of JSON also get fields that nobody knows, and their fields in another order.
"""

from __future__ import annotations

import json
import random
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.engine import Engine
from ingest.formats_beside import formats_beside
from ingest.settings import Settings
from ingest.text import parse_records
from tests.samples import SAMPLES, SOURCES, as_text, lines_of, samples

_PLAIN = (
    "time", "instance", "tenant", "event_id", "request_id", "trace_id", "client_id", "client_ip", "user_agent",
    "method", "status", "duration_ms", "redirect_uri", "token_issuer", "token_audience",
)  # fmt: skip
"""Columns that one part of a line tells as it stands there."""

_PART = re.compile(r'[^\s"=,:;{}()\[\]|<>\\/?&\']+')
_KEY = re.compile(r"""\\?["']?\s*[=:]""")
"""What follows the name of a field, which stays as it is."""
_MUTATIONS = {
    "emptied": lambda part: "",
    "dash": lambda part: "-",
    "doubled": lambda part: part + part,
    "overlong": lambda part: part + "x" * 5000,
    "escaped quote": lambda part: part + "\\x22" + part,
    "encoded": lambda part: part + "%22%2C%20" + part,
    "not ASCII": lambda part: "\N{GREEK SMALL LETTER PI}" + part,
    "number": lambda part: "99999999999999999999",
    "word": lambda part: "zzzz",
}


@cache
def _engine() -> Engine:
    return Engine(Settings("a key of tests"))


def _parse(source: str, lines: list[str]) -> list[dict[str, Any] | None]:
    """The event of each line, None where it is none; each line becomes one thing."""
    text = "".join(line + "\n" for line in lines).encode()
    parts = parse_records(text, source, formats_beside(SAMPLES / source), _engine())
    assert sum(parsed.records for parsed in parts) == len(lines)
    events = {row["offset"]: row for parsed in parts for row in parsed.events.to_pylist()}
    found, offset = [], 0
    for line in lines:
        found.append(events.get(offset))
        offset += len(line.encode()) + 1
    return found


@cache
def _events(source: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The lines of all samples that are events, and these."""
    lines = [line for owner, sample in samples() if owner == source for line in lines_of(source, sample)]
    pairs = [(line, event) for line, event in zip(lines, _parse(source, lines), strict=True) if event]
    return [line for line, _ in pairs], [event for _, event in pairs]


def _changed(line: str, chance: random.Random) -> tuple[str, str, int, int]:
    """The line with one of its parts changed; how, and where that part was."""
    told = (part for part in _PART.finditer(line) if part[0] not in ("-", "null"))
    parts = [part for part in told if not _KEY.match(line, part.end())]
    part = chance.choice(parts)
    name = chance.choice(list(_MUTATIONS))
    text = line[: part.start()] + _MUTATIONS[name](part[0]) + line[part.end() :]
    return text, name, part.start(), part.end()


def _stands_elsewhere(text: str, line: str, start: int, end: int) -> bool:
    """Whether the line tells the value in one place, as a whole word, which is not the one that was changed."""
    places = [found.start() for found in re.finditer(re.escape(text), line)]
    if len(text) < 3 or len(places) != 1 or (places[0] < end and start < places[0] + len(text)):
        return False
    around = line[places[0] - 1 : places[0]] + line[places[0] + len(text) : places[0] + len(text) + 1]
    return not re.search(r"[\w.-]", around)


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_changed_part_changes_no_other_value(source: str, seed: int) -> None:
    lines, events = _events(source)
    chance = random.Random(seed)
    changes = [_changed(line, chance) for line in lines]
    for line, before, change, after in zip(
        lines, events, changes, _parse(source, [change[0] for change in changes]), strict=True
    ):
        if after is None:
            continue
        text, name, start, end = change
        wrong = {
            column: (before[column], after[column])
            for column in _PLAIN
            if after[column] not in (before[column], None)
            and before[column] is not None
            and _stands_elsewhere(as_text(column, before[column]), line, start, end)
        }
        assert not wrong, f"{name} at {start}: {text[:1500]}"


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    return [_shuffled(one, chance) for one in value] if isinstance(value, list) else value


def _with_strangers(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        more = {
            f"zz_{chance.getrandbits(16)}": chance.choice(
                [None, 1, 'a "quoted" text', ["x"], {"status": 599}]
            )
        }
        known = {key: _with_strangers(one, chance) for key, one in value.items()}
        return more | known if chance.random() < 0.5 else known | more
    return value


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_and_strange_fields_do_not_matter_in_json(source: str, seed: int) -> None:
    chance = random.Random(seed)
    pairs = [
        (line, event)
        for line, event in zip(*_events(source), strict=True)
        if line.startswith("{") and json.dumps(json.loads(line), sort_keys=True)
    ]
    if not pairs:
        return
    mutated = [
        json.dumps(_with_strangers(_shuffled(json.loads(line), chance), chance), ensure_ascii=False)
        for line, _ in pairs
    ]
    for text, (_, before), after in zip(mutated, pairs, _parse(source, mutated), strict=True):
        assert after is not None, text
        known = {name: value for name, value in before.items() if name != "offset"}
        assert {name: value for name, value in after.items() if name != "offset"} == known, text
