"""A source of JSON records that names its fields by JSON Pointers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ingest import Engine, Settings, SourceError
from ingest.columns import records_of
from ingest.engine import Read, Reading
from ingest.sources import Source, load_source

_FRONT = """/*
title = "A server of one's own"
kind = "auth_server"
provenance = "composed"
framing = "json"
recognise = '"at"'
documentation = ["https://example.com/logs"]
cannot_tell = "nothing"
held_in = ["/detail"]

[fields]
happened = "/at"
who = "/app/id"
address = "/ips/0"
*/
SELECT "offset", iso_time(happened) AS time, who AS client_id, address AS client_ip,
    CASE WHEN NOT matched THEN 'broken JSON' END AS quarantined
FROM fields
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    path = tmp_path / "own.sql"
    path.write_text(_FRONT)
    return load_source(path)


def _read(engine: Engine, source: Source, lines: list[str]) -> Read:
    offsets = np.arange(len(lines), dtype=np.int64) * 1000
    return engine.read(Reading(source), records_of(pa.array(lines, pa.string()), offsets))


def _record(number: int) -> dict[str, object]:
    return {
        "at": f"2026-03-02T10:00:{number % 60:02}Z",
        "app": {"id": f"app-{number}"},
        "ips": [f"192.0.2.{number}"],
    }


def test_fields_of_records_and_of_what_holds_them(source: Source) -> None:
    engine = Engine(Settings("key"))
    lines = [json.dumps(_record(1)), json.dumps({"detail": _record(2)}), json.dumps({"at": None, "app": 3})]
    read = _read(engine, source, lines)
    assert read.events["client_id"].to_pylist() == ["app-1", "app-2"]
    assert read.events["client_ip"].to_pylist() == ["192.0.2.1", "192.0.2.2"]
    assert read.refused.quarantined.to_pylist() == ["no time"]


def test_what_is_no_json_is_refused_alone_and_again(source: Source) -> None:
    engine = Engine(Settings("key"))
    good, broken = json.dumps(_record(1)), '{"at": "2026-03-02T10:00:00Z", "app": '
    for lines in ([good, good], [good, broken, good], [broken, good, "no JSON"], [good, good]):
        read = _read(engine, source, lines)
        assert read.events.num_rows == lines.count(good)
        assert read.refused.quarantined.to_pylist() == ["broken JSON"] * (len(lines) - lines.count(good))


def test_a_field_that_is_no_pointer_is_told(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "wrong.sql"
    path.write_text(_FRONT.replace('"/at"', '"$.at"'))
    with pytest.raises(SourceError, match=r"wrong.sql.*JSON Pointer"):
        load_source(path)


def test_fields_under_keys_of_any_kind(tmp_path: Path) -> None:
    keys = {"a-b": "a-b", "a.b": "a.b", "a/b": "a~1b", "a~b": "a~0b", 'a"b': 'a\\"b', "é": "é", "*": "*"}
    front = _FRONT.replace(
        'who = "/app/id"', "\n".join(f'w{i} = "/app/{k}"' for i, k in enumerate(keys.values()))
    )
    texts = ", ".join(f"w{place}" for place in range(len(keys)))
    path = tmp_path / "own.sql"
    path.write_text(front.replace("who AS client_id", f"concat_ws(' ', {texts}) AS client_id"))
    record = _record(1) | {"app": {key: f"value-{place}" for place, key in enumerate(keys)}}
    read = _read(Engine(Settings("key")), load_source(path), [json.dumps(record)])
    assert read.events["client_id"].to_pylist() == [" ".join(f"value-{place}" for place in range(len(keys)))]
