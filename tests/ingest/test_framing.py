"""Framing: whatever the bytes and however they are cut, every record comes out once, in its place."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.framing import LINES, Framing, Overlong, chunks, detect_framing
from tests.samples import SAMPLES

_SIZES = st.integers(1, 64)
_LINE = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b""))
_ODD_LINE = st.lists(
    st.sampled_from([b"\0", b"\0\0\0", b"\r", b"\xef\xbb\xbf", b"\xff", b"a", b"\xc3\xa9", b'"', b"bc"]),
    max_size=6,
).map(b"".join)


_TABLES = {
    "adfs": ("export_csv.log",),
    "apigee": ("analytics_csv.log",),
    "azure_apim": ("export.log",),
    "entra": ("log_analytics_csv.log", "portal_applications_csv.log", "portal_csv.log"),
    "logto": ("table_csv.log",),
    "salesforce": (
        "api_total_usage.log", "history_export.log", "history_export_locales.log", "history_soql.log", "login.log",
        "login_as.log", "login_short.log", "logout.log", "report.log", "rest_api.log", "soap_api.log",
    ),
    "tyk": ("pump_csv.log",),
}  # fmt: skip


def _records(data: bytes, framing: Framing, size: int, start: int = 0) -> list[tuple[int, str]]:
    stream = io.BytesIO(data)
    stream.seek(start)
    return [
        (int(offset), text)
        for chunk in chunks(stream, framing, start, data[max(0, start - 1024) : start], size=size)
        for offset, text in zip(chunk.records.offsets, chunk.records.lines.to_pylist(), strict=True)
    ]


def _expected_line(line: bytes, at: int) -> tuple[int, str]:
    """Where a line begins and how it reads, told without numpy."""
    body = line.lstrip(b"\0")
    at += len(line) - len(body)
    body = body.removesuffix(b"\r").rstrip(b"\0").removeprefix(b"\xef\xbb\xbf")
    return at, body.replace(b"\0", b" ").decode("utf-8", "replace")


def _check_resumption(data: bytes, framing: Framing, size: int, other: int) -> None:
    """Reading on from the end of any chunk gives the rest, and its tail is what stands before it."""
    whole = _records(data, framing, size)
    found = list(chunks(io.BytesIO(data), framing, 0, size=size))
    counts = list(itertools.accumulate(len(chunk.records) for chunk in found))
    for chunk in found:
        assert chunk.tail == data[max(0, chunk.end - 1024) : chunk.end]
    assert all(not chunk.closing or later.open_end for chunk, later in itertools.pairwise(found))
    some = max(1, len(found) // 4)  # to read on from every chunk takes the square of the time
    for chunk, seen in list(zip(found, counts, strict=True))[size % some :: some]:
        if not chunk.open_end:
            assert whole[:seen] + _records(data, framing, other, chunk.end) == whole


def test_the_last_chunk_says_that_nothing_follows() -> None:
    found = list(chunks(io.BytesIO(b"a\n" * 40 + b"b"), LINES, 0, size=64))
    assert [(chunk.closing, chunk.open_end) for chunk in found] == [
        (False, False),
        (True, False),
        (True, True),
    ]


@settings(max_examples=60)
@given(st.lists(_LINE | _ODD_LINE), _LINE | _ODD_LINE, _SIZES)
@example([], b"\xef\xbb\xbf", 1)
@example([b"\xef\xbb\xbfa"], b"", 64)
@example([b"\0" * 90, b"\0a\0b\0\r"], b"\0\0c", 8)
def test_lines_are_those_of_the_bytes(lines: list[bytes], last: bytes, size: int) -> None:
    data = b"".join(line + b"\n" for line in lines) + last
    expected, offset = [], 0
    for line in [*lines, last] if last.strip(b"\0") else lines:
        expected.append(_expected_line(line, offset))
        offset += len(line) + 1
    plain = [(at, re.sub(r"\x1b[()][0-9A-Za-z]", "", text)) for at, text in expected]
    assert _records(data, LINES, size) == plain


@settings(max_examples=60)
@given(st.lists(_LINE | _ODD_LINE, min_size=1), _SIZES, _SIZES)
def test_reading_on_from_any_chunk_gives_the_rest(lines: list[bytes], size: int, other: int) -> None:
    _check_resumption(b"".join(line + b"\n" for line in lines), LINES, size, other)


def test_many_lines_that_begin_and_end_with_nuls() -> None:
    lines = [b"\0" * (number % 7) + b"x%d" % number + b"\0" * (number % 3) for number in range(2000)]
    lines[1000] = b"\0" * 600_000 + b"x1000"
    found = _records(b"\n".join(lines) + b"\n", LINES, 100_000)
    assert [text for _, text in found] == [f"x{number}" for number in range(2000)]


@pytest.mark.parametrize("size", [7, 4096])
def test_a_file_of_nothing_but_nuls_has_no_record(size: int) -> None:
    assert list(chunks(io.BytesIO(bytes(3000)), LINES, 0, size=size)) == []


def test_escape_sequences_are_no_content() -> None:
    data = b"\x1b[38;5;145mred\x1b[0m and \x1b]8;;https://example.com\x1b\\link\x1b]0;t\x07\x1b(B\x1b[m.\nplain \xff\n"
    assert [text for _, text in _records(data, LINES, 1024)] == ["red and link.", "plain \ufffd"]
    assert [text for _, text in _records(b"a\x1b]0;never ended\n", LINES, 99)] == ["a\x1b]0;never ended"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), _JSON, min_size=1, max_size=3), min_size=1, max_size=5
)
_INDENT = st.sampled_from([None, 2])


@settings(max_examples=60)
@given(_OBJECTS, _SIZES, _INDENT, st.booleans())
def test_objects_of_an_array(
    objects: list[dict[str, object]], size: int, indent: int | None, plain: bool
) -> None:
    data = json.dumps(objects, indent=indent, ensure_ascii=plain).encode("utf-8", "replace")
    found = _records(data, detect_framing(data), size)
    assert [json.loads(text) for _, text in found] == json.loads(data.decode().replace("\x1b", ""))
    assert all(data[offset : offset + 1] == b"{" for offset, _ in found)


def _wrapped(wrapper: str, objects: list[dict[str, object]]) -> dict[str, object]:
    others = [{"no": "record"}]
    return {
        "Records": {"Records": objects},
        "records": {"records": objects},
        "value": {"@odata.context": "https://graph.example.com/$metadata", "value": objects},
        "events": {"events": objects, "searchedLogStreams": others, "nextToken": "n"},
        "events last": {"nextForwardToken": "f/1", "nextBackwardToken": "b/1", "events": objects},
        "logs": {"logs": objects},
        "items": {"total": 3, "items": objects},
        "entries": {"entries": objects, "nextPageToken": "t"},
        "data": {"data": objects, "links": {"next": "u"}, "meta": {"warnings": others}},
        "data.events": {"eventType": "hook", "data": {"events": objects}},
        "results": {"preview": False, "init_offset": 0, "messages": others, "fields": others, "results": objects},
        "hits": {"took": 3, "_shards": {"failures": others}, "hits": {"total": {"value": 1}, "hits": objects}},
        "loki": {
            "status": "success",
            "data": {"resultType": "streams", "result": objects, "stats": {"summary": {"a": 1}, "b": others}},
        },
        "resourceLogs": {"resourceLogs": objects},
    }[wrapper]  # fmt: skip


_WRAPPERS = (
    "Records", "records", "value", "events", "events last", "logs", "items", "entries", "data", "data.events",
    "results", "hits", "loki", "resourceLogs",
)  # fmt: skip


@pytest.mark.parametrize("wrapper", _WRAPPERS)
@settings(max_examples=15)
@given(
    pages=st.lists(_OBJECTS, min_size=1, max_size=3),
    size=_SIZES,
    indent=_INDENT,
    gap=st.sampled_from(["\n", "", "\r\n"]),
)
def test_objects_of_wrappers_page_by_page(
    wrapper: str, pages: list[list[dict[str, object]]], size: int, indent: int | None, gap: str
) -> None:
    data = gap.join(json.dumps(_wrapped(wrapper, page), indent=indent) for page in pages).encode()
    framing = detect_framing(data)
    found = [json.loads(text) for _, text in _records(data, framing, size)]
    assert found == [entry for page in pages for entry in page]
    _check_resumption(data, framing, size, 64)


@settings(max_examples=60)
@given(pages=st.lists(_OBJECTS, min_size=1, max_size=3), size=_SIZES)
def test_a_page_without_the_array_is_a_record(pages: list[list[dict[str, object]]], size: int) -> None:
    error = {"error": {"code": "Throttled", "details": [{"a": 1}]}}
    texts = [json.dumps(part) for page in pages for part in ({"value": page}, error)]
    data = "\n".join(texts).encode()
    found = [json.loads(text) for _, text in _records(data, Framing("json", 2, path=("value",)), size)]
    assert found == [part for page in pages for part in [*page, error]]
    _check_resumption(data, Framing("json", 2, path=("value",)), size, 9)


@settings(max_examples=60)
@given(_OBJECTS, _SIZES, _INDENT, st.sampled_from(["\n", "", ",\n", "\r\n\r\n", "\0\0", "\x1e"]))
def test_objects_one_after_another(
    objects: list[dict[str, object]], size: int, indent: int | None, gap: str
) -> None:
    data = gap.join(json.dumps(entry, indent=indent) for entry in objects).encode()
    assert [json.loads(text) for _, text in _records(data, Framing("json", 0), size)] == objects
    _check_resumption(data, Framing("json", 0), size, 9)


@settings(max_examples=60)
@given(_SIZES)
def test_text_between_documents_and_half_a_document_are_records(size: int) -> None:
    data = b'\xef\xbb\xbf{"a": 1}\n} now some text\n{"b": [{}]} more {"c": {"d": 2'
    texts = [
        (3, '{"a": 1}'),
        (12, "} now some text"),
        (28, '{"b": [{}]}'),
        (40, "more"),
        (45, '{"c": {"d": 2'),
    ]
    assert _records(data, Framing("json", 0), size) == texts
    *_, last = chunks(io.BytesIO(data), Framing("json", 0), 0, size=size)
    assert (last.open_end, last.end, len(last.records)) == (True, len(data), 1)


_CELL = st.text(st.sampled_from('ab,;\t"\n\r\\é\x01'), max_size=6)


@settings(max_examples=60)
@given(
    st.lists(st.lists(_CELL, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from(",;\t"),
    _SIZES,
    _SIZES,
)
def test_rows_of_csv(rows: list[list[str]], delimiter: str, size: int, other: int) -> None:
    text = io.StringIO(newline="")
    header = ("Date (UTC)", "User", "Message")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    data = b"\xef\xbb\xbf" + text.getvalue().encode() + b"\r\n"
    framing = Framing("csv", header=header, delimiter=delimiter)
    found = [json.loads(text) if text else {} for _, text in _records(data, framing, size)]
    assert found == [
        *({name: cell for name, cell in zip(header, row, strict=True) if cell} for row in rows), {}
    ]  # fmt: skip
    _check_resumption(data, framing, size, other)


def test_cells_without_quotes_and_rows_that_do_not_fit() -> None:
    data = b'time,user,message\n1,,12" disk\n2,"a ""b"",\nc",d\n\n,,\nx,"y"\n1,2,3,"4\\"\n3,\x1b[1mbold\x1b[0m,"\xff"\n'
    found = _records(data, Framing("csv", header=("time", "user", "message")), 1024)
    assert [json.loads(text or "null") for _, text in found] == [
        {"time": "1", "message": '12" disk'},
        {"time": "2", "user": 'a "b",\nc', "message": "d"},
        None,
        None,
        {"_csv": 'x,"y"'},
        {"_csv": '1,2,3,"4\\"'},
        {"time": "3", "user": "bold", "message": "\ufffd"},
    ]
    assert [data[offset:].split(b",")[0] for offset, _ in found[-3:]] == [b"x", b"1", b"3"]


@settings(max_examples=60)
@given(
    st.lists(
        st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"").replace(b"\0", b"")), min_size=1
    ),
    _SIZES,
)
def test_lines_that_are_too_long_are_told_and_passed_over(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    found = list(chunks(io.BytesIO(data), LINES, 0, size=size, longest=12))
    offsets = [sum(len(line) + 1 for line in lines[:place]) for place in range(len(lines))]
    told = [Overlong(at, len(line)) for at, line in zip(offsets, lines, strict=True) if len(line) > 12]
    assert [entry for chunk in found for entry in chunk.overlong] == told
    kept = [at for at, line in zip(offsets, lines, strict=True) if len(line) <= 12]
    assert [int(offset) for chunk in found for offset in chunk.records.offsets] == kept
    assert all(chunk.tail == data[max(0, chunk.end - 1024) : chunk.end] for chunk in found)


@pytest.mark.parametrize("size", [5, 1000])
@pytest.mark.parametrize(
    ("framing", "data", "overlong"),
    [
        (Framing("json", 1), b'[{"a":1},{"long":"%s"},{"b":2}]' % (b"x" * 50), Overlong(9, 61)),
        (Framing("json", 0), b'{"a":1}{"long":"%s"}{"b":2}' % (b"\\]}" * 30), Overlong(7, 101)),
        (Framing("csv", header=("a",)), b'a\n{a}\n"%s"\n{b}\n' % (b"x\n" * 20), Overlong(6, 42)),
    ],
)
def test_other_records_that_are_too_long(
    framing: Framing, data: bytes, overlong: Overlong, size: int
) -> None:
    found = list(chunks(io.BytesIO(data), framing, 0, size=size, longest=30))
    assert [entry for chunk in found for entry in chunk.overlong] == [overlong]
    assert sum(len(chunk.records) for chunk in found) == 2


def test_a_line_that_is_too_long_and_has_not_ended_waits() -> None:
    whole, last = chunks(io.BytesIO(b"a\n" + b"b" * 100), LINES, 0, size=8, longest=10)
    assert (whole.end, whole.open_end, whole.overlong) == (2, False, ())
    assert (last.open_end, last.overlong, len(last.records)) == (True, (Overlong(2, 100),), 0)


def _partial(lines: list[bytes]) -> int:
    """How many of the last lines go on: those that end with a plus sign."""
    whole = [place for place, line in enumerate(lines) if not line.endswith(b"+")]
    return len(lines) - (whole[-1] + 1 if whole else 0)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b"a", b"b+", b"cc+", b""]), max_size=20), st.sampled_from([b"", b"d"]), _SIZES
)
def test_lines_that_go_on_wait_for_the_next_chunk(lines: list[bytes], rest: bytes, size: int) -> None:
    data = b"".join(line + b"\n" for line in lines) + rest
    found = list(chunks(io.BytesIO(data), LINES, 0, size=size, unfinished=_partial))
    texts = [text for chunk in found for text in chunk.records.lines.to_pylist()]
    assert texts == [line.decode() for line in [*lines, *([rest] if rest else [])]]
    waiting = _partial(lines) if lines else 0
    open_end = [len(chunk.records) for chunk in found if chunk.open_end]
    assert open_end == ([waiting + len(rest)] if waiting or rest else [])
    for chunk in found:
        assert chunk.open_end or _partial([text.encode() for text in chunk.records.lines.to_pylist()]) == 0
        assert chunk.tail == data[: chunk.end]


def test_what_waits_is_bounded() -> None:
    found = list(chunks(io.BytesIO(b"x+\n" * 1000), LINES, 0, size=40, unfinished=_partial, longest=100))
    assert sum(len(chunk.records) for chunk in found) == 1000
    assert max(len(chunk.records) for chunk in found) < 100


@pytest.mark.parametrize(
    ("text", "kind", "depth"),
    [
        ('{"a": {"b": [1]}}\n{"a": 2}\n', "lines", 0),
        ('{"index":{}}\n{"a":1}\n{"index":{}}\n{"a":2}\n', "lines", 0),
        ('{"cut off": {"a\n{"a": 2}\n{"a": 3}\n', "lines", 0),
        ('{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]}' * 3, "json", 0),
        ('{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1"}]}\n', "lines", 0),
        ('{"id":"1","time":"t","items":[{"a":1}]}\n' * 3, "lines", 0),
        ('{"order":"1","items":[{"a":1}]}\n' * 3, "lines", 0),
        ('{"records":[{"a":1},{"b":2}]}\n' * 3, "json", 2),
        ('{"resourceLogs":[{"a":1}]}\n' * 3, "json", 2),
        ('{"a":1},\n{"a":2},\n{"a":3}\n', "json", 0),
        ('\x1e{"a":1}\n\x1e{"a":2}\n', "json", 0),
        ("[2026-03-02T02:15:04.120Z] GET\n", "lines", 0),
        ("\0" * 5000 + "\ufeff[{}]", "json", 1),
        ('type="LOGIN", realmId="r", clientId="c"\n' * 3, "lines", 0),
        ("203.0.113.7,2026-03-02T02:15:04Z,401\n" * 3, "lines", 0),
        ("some prose, with a comma\nand more\nof it\n", "lines", 0),
        ("", "lines", 0),
    ],
)  # fmt: skip
def test_what_is_detected(text: str, kind: str, depth: int) -> None:
    found = detect_framing(text.encode())
    assert (found.kind, found.depth) == (kind, depth)


def test_a_name_that_comes_twice_in_a_header_gets_the_number_of_its_column() -> None:
    names = ["Date", *(f"n{number}" for number in range(10)), "Date"]
    rows = [names, [str(number) for number in range(12)], names]
    data = "".join(",".join(row) + "\n" for row in rows).encode()
    ((_, text),) = [record for record in _records(data, detect_framing(data), 1024) if record[1]]
    found = json.loads(text)
    assert (found["Date"], found["n9"], found["Date 12"]) == ("0", "10", "11")
    assert detect_framing(b"a,a,b\n1,2,3\n").kind == "lines"


def test_a_list_inside_of_an_event_is_no_wrapper() -> None:
    event = {"eventType": "user.session.start", "events": [{"a": 1}], "published": "2026-03-02T00:00:00Z"}
    data = json.dumps(event, indent=2).encode()
    assert len(_records(data, detect_framing(data), 1024)) == 1


@pytest.mark.parametrize(
    ("text", "header", "delimiter"),
    [
        ('"Date (UTC)","Request ID","IP address"\r\n"2026-03-02","r","192.0.2.1"\r\n', ("Date (UTC)", "Request ID", "IP address"), ","),
        ("\ufeff@timestamp;@message\n2026;a,b\n2027;c\n", ("@timestamp", "@message"), ";"),
        ("TimeGenerated [UTC]\tResultType\n2026\t50126\n", ("TimeGenerated [UTC]", "ResultType"), "\t"),
        ('_time,_raw\n2026,"a\nb, c"\n2027,"d"\n', ("_time", "_raw"), ","),
        ('"_raw"\n"a, ""b"""\nc\n', ("_raw",), ","),
    ],
)  # fmt: skip
def test_csv_is_detected(text: str, header: tuple[str, ...], delimiter: str) -> None:
    found = detect_framing(text.encode())
    assert (found.kind, found.header, found.delimiter) == ("csv", header, delimiter)


@pytest.mark.parametrize(
    "path", sorted([*SAMPLES.glob("*/*.log"), *SAMPLES.glob("*/*.json")]), ids=lambda path: path.name
)
def test_a_sample_is_csv_only_where_it_says_so(path: Path) -> None:
    """What is a table by its documentation: exports of Apigee, Azure, Entra, AD FS and Tyk, and Salesforce's files."""
    assert (detect_framing(path.read_bytes()[: 256 * 1024]).kind == "csv") == (
        path.name in _TABLES.get(path.parent.name, ())
    )


def test_objects_between_other_lines_are_lines() -> None:
    """A container writes JSON and text into one stream, and an object may be broken."""
    other = b"[GIN] 2026/03/02 - 02:15:02 | 401\n2026/03/02 02:15:09 ERROR: no token\n"
    objects = b'{"level": "info", "message": "a"}\n{"level": "info", "message": "b "c""}\n'
    assert detect_framing(objects + other * 3).kind == "lines"


def test_a_document_over_several_lines_behind_one_on_a_line_is_a_document() -> None:
    spread_out = b'{\n  "level": "info",\n  "tags": [\n    "a"\n  ]\n}\n'
    assert detect_framing(b'{"level": "info"}\n' + spread_out * 3).kind == "json"
