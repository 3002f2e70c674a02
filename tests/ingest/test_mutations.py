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

from ingest.formats_beside import formats_beside
from ingest.framing import detect_framing
from ingest.recognise import readings, recognise
from ingest.sources import load_sources
from ingest.text import parse_records
from tests.samples import SAMPLES, as_text, engine, lines_of, samples

_PLAIN = (
    "time", "instance", "tenant", "event_id", "request_id", "trace_id", "client_id", "client_ip", "user_agent",
    "method", "status", "duration_ms", "redirect_uri", "token_issuer", "token_audience",
)  # fmt: skip
"""Columns that one part of a line tells as it stands there."""

_PART = re.compile(r'[^\s"=,:;{}()\[\]|<>\\/?&\']+')
_KEY = re.compile(r"""\\?["']?\s*[=:]""")
"""What follows the name of a field, which stays as it is."""
_PLACEHOLDERS = ("-", "_", "null", "0")
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


def _parse(source: str, lines: list[str]) -> list[dict[str, Any] | None]:
    """The event of each line, None where it is none; each line becomes one thing."""
    text = "".join(line + "\n" for line in lines).encode()
    parts = parse_records(text, source, formats_beside(SAMPLES / source), engine())
    assert sum(parsed.records for parsed in parts) == len(lines)
    events = {row["offset"]: row for parsed in parts for row in parsed.events.to_pylist()}
    found, offset = [], 0
    for line in lines:
        found.append(events.get(offset))
        offset += len(line.encode()) + 1
    return found


@cache
def _events(source: str, sample: str) -> list[tuple[str, dict[str, Any] | None]]:
    """The lines of a sample, each with its event, if it is one: events may lean on the lines around them."""
    lines = lines_of(source, sample)
    return list(zip(lines, _parse(source, lines), strict=True))


def _changed(line: str, event: dict[str, Any], chance: random.Random) -> tuple[str, str, int, int]:
    """The line with one of the parts that are a value changed; how, and where that part was."""
    values = " ".join(as_text(name, value) for name, value in event.items() if value is not None)
    told = (part for part in _PART.finditer(line) if part[0] not in _PLACEHOLDERS)
    fields = [part for part in told if not _KEY.match(line, part.end())]
    part = chance.choice([part for part in fields if part[0] in values or part[0].isdecimal()] or fields)
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


@pytest.mark.slow
@pytest.mark.parametrize(("source", "sample"), samples())
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_changed_part_changes_no_other_value(source: str, sample: str, seed: int) -> None:
    chance = random.Random(seed)
    pairs = _events(source, sample)
    changes = [_changed(line, event, chance) if event else (line, "as it was", 0, 0) for line, event in pairs]
    found = _parse(source, [change[0] for change in changes])
    for (line, before), change, after in zip(pairs, changes, found, strict=True):
        if before is None or after is None:
            continue
        text, name, start, end = change
        wrong = {
            column: (before[column], after[column])
            for column in _PLAIN
            if after[column] not in (before[column], None)
            and before[column] is not None
            and _stands_elsewhere(as_text(column, before[column]), line, start, end)
            and not (column == "request_id" and f"id={after[column]}" in line)  # one of several
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


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize(("source", "sample"), samples())
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_and_strange_fields_do_not_matter_in_json(source: str, sample: str, seed: int) -> None:
    chance = random.Random(seed)
    raw = (SAMPLES / source / sample).read_bytes()
    lines = lines_of(source, sample)
    head = "".join(line + "\n" for line in lines).encode()
    layout = recognise(engine(), head, readings(load_sources(), formats_beside(SAMPLES / source)))
    # the members of an envelope are its own, and a row of CSV is no object
    if layout is None or layout.envelopes or detect_framing(raw).kind == "csv":
        return
    mutated = [_mutated_object(line, chance) if _is_object(line) else line for line in lines]
    for text, (_, before), after in zip(
        mutated, _events(source, sample), _parse(source, mutated), strict=True
    ):
        known, found = (
            {name: value for name, value in (event or {}).items() if name != "offset"}
            for event in (before, after)
        )
        assert found == known, text


def _mutated_object(line: str, chance: random.Random) -> str:
    return json.dumps(_with_strangers(_shuffled(json.loads(line), chance), chance), ensure_ascii=False)
