"""Framing: whatever the bytes and however they are cut, every record comes out once, in its place."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.framing import LINES, Framing, chunks, detect_framing

_SIZES = st.integers(1, 64)
_LINE = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b""))


def _records(data: bytes, framing: Framing, size: int, start: int = 0) -> list[tuple[int, str]]:
    stream = io.BytesIO(data)
    stream.seek(start)
    return [
        (int(offset), text)
        for chunk in chunks(stream, framing, start, data[max(0, start - 1024) : start], size=size)
        for offset, text in zip(chunk.records.offsets, chunk.records.lines.to_pylist(), strict=True)
    ]


@given(st.lists(_LINE), _LINE, _SIZES)
@example([], b"\xef\xbb\xbf", 1)
@example([b"\xef\xbb\xbfa"], b"", 64)
def test_lines_are_those_of_the_bytes(lines: list[bytes], last: bytes, size: int) -> None:
    data = b"".join(line + b"\n" for line in lines) + last
    expected, offset = [], 0
    for line in [*lines, last] if last else lines:
        text = line.removesuffix(b"\r").decode("utf-8", "replace")
        expected.append((offset, text.removeprefix("\ufeff") if offset == 0 else text))
        offset += len(line) + 1
    assert _records(data, LINES, size) == expected


@given(st.lists(_LINE, min_size=1), _SIZES, st.data())
def test_reading_on_from_any_chunk_gives_the_rest(lines: list[bytes], size: int, data: st.DataObject) -> None:
    content = b"".join(line + b"\n" for line in lines)
    whole = list(chunks(io.BytesIO(content), LINES, 0, size=size))
    chunk = data.draw(st.sampled_from(whole))
    first = [record for record in _records(content, LINES, size) if record[0] < chunk.end]
    assert first + _records(content, LINES, 7, chunk.end) == _records(content, LINES, size)
    assert chunk.tail == content[max(0, chunk.end - 1024) : chunk.end]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), _JSON, min_size=1, max_size=3), min_size=1, max_size=5
)


@given(_OBJECTS, _SIZES, st.sampled_from([None, 2]), st.booleans())
def test_objects_of_an_array(
    objects: list[dict[str, object]], size: int, indent: int | None, plain: bool
) -> None:
    data = json.dumps(objects, indent=indent, ensure_ascii=plain).encode("utf-8", "replace")
    found = _records(data, detect_framing(data), size)
    assert [json.loads(text) for _, text in found] == json.loads(data.decode())
    assert all(data[offset : offset + 1] == b"{" for offset, _ in found)


@pytest.mark.parametrize("wrapper", ["value", "records", "Records", "events"])
@given(objects=_OBJECTS, size=_SIZES, indent=st.sampled_from([None, 2]))
def test_objects_of_a_wrapper(
    wrapper: str, objects: list[dict[str, object]], size: int, indent: int | None
) -> None:
    document = {"@odata.context": "https://graph.example.com/$metadata", wrapper: objects}
    data = json.dumps(document, indent=indent).encode()
    assert [json.loads(text) for _, text in _records(data, detect_framing(data), size)] == objects


@given(_OBJECTS, _SIZES)
def test_objects_one_after_another_pretty_printed(objects: list[dict[str, object]], size: int) -> None:
    data = "\n".join(json.dumps(entry, indent=2) for entry in objects).encode()
    assert [json.loads(text) for _, text in _records(data, Framing("json", 0), size)] == objects


def test_one_object_per_line_is_lines() -> None:
    assert detect_framing(b'{"a": {"b": [1]}}\n{"a": 2}\n') == LINES


def test_a_list_inside_of_an_event_is_no_wrapper() -> None:
    event = {"eventType": "user.session.start", "events": [{"a": 1}], "published": "2026-03-02T00:00:00Z"}
    data = json.dumps(event, indent=2).encode()
    assert len(_records(data, detect_framing(data), 1024)) == 1
