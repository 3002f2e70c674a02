"""Envelopes: whatever is put around a line, the line comes out as it went in, with what the envelope tells."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import SourceError
from ingest.framing import chunks, detect_framing
from ingest.statements import Statements
from ingest.unwrap import LINES, load_envelope, load_envelopes, may_be_partial, unfinished, unwrap
from tests.envelopes import ENVELOPE_OF, WRAPPERS, framed
from tests.envelopes.loose import LOOSE
from tests.envelopes.writing import HOST, POD, SPLIT, moment
from tests.samples import SAMPLES, samples

MACROS = Path(__file__).parents[2] / "ingest" / "macros"
ENVELOPES = {name: one for name, one in load_envelopes().items() if name not in LOOSE}
"""Those that no bare line is like; tests/ingest/test_loose_envelopes.py has the others."""
NESTS = [
    ("docker", "journald"), ("cri", "docker_compose"), ("elasticdump", "docker"), ("cloudwatch", "docker"),
    ("loki", "cri"), ("syslog_rfc5424", "docker"), ("kubectl", "docker_timestamps"), ("gcp", "cri"),
    ("docker_compose", "docker_timestamps"), ("cloudwatch_subscription", "docker"), ("kafka", "docker", "syslog_rfc3164"),
    ("splunk", "fluent_bit", "docker_timestamps"), ("otlp", "cri", "rsyslog"), ("datadog_archive", "ecs", "docker"),
    ("cri", "fluentd", "logstash"), ("loki", "otlp", "cloudwatch_subscription"),
]  # fmt: skip
"""Wrappers, the outermost first."""


@cache
def _statements() -> Statements:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    for name in ("text", "envelope"):
        connection.execute((MACROS / f"{name}.sql").read_text(encoding="utf-8"))
    return Statements(connection)


def _table(records: Sequence[tuple[int, str]]) -> pa.Table:
    offsets, lines = [offset for offset, _ in records], [line for _, line in records]
    return pa.table({"line": pa.array(lines, pa.string_view()), "offset": pa.array(offsets, pa.int64())})


def _unwrapped(wrapper: str, table: pa.Table) -> pa.Table:
    found = unwrap(_statements(), ENVELOPES[ENVELOPE_OF[wrapper]], table)
    assert found.schema == LINES
    offsets = found["offset"].to_pylist()
    assert all(one < next_ for one, next_ in pairwise(offsets))
    return found


def _kept(found: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = found.to_pylist()
    return [row for row in rows if row["ignored"] is None]


def _lines_in(wrapper: str, dump: bytes) -> list[str]:
    found = _unwrapped(wrapper, _table(framed(wrapper, dump)))
    assert all(0 <= offset < len(dump) for offset in found["offset"].to_pylist())
    return [row["line"] for row in _kept(found)]


@cache
def _bare(source: str, sample: str) -> tuple[str, ...]:
    """The records of a sample as lines; a document that is spread over lines stands on one."""
    data = (SAMPLES / source / sample).read_bytes()
    parts = chunks(io.BytesIO(data), detect_framing(data), 0, size=len(data) + 1)
    texts = [text for part in parts for text in part.records.lines.to_pylist() if text.strip()]
    return tuple(json.dumps(json.loads(text), ensure_ascii=False) if "\n" in text else text for text in texts)


_SOURCES = ("apinto", "entra", "envoy", "keycloak", "nginx", "okta")
BARE = [(source, sample) for source, sample in samples() if source in _SOURCES]
"""Samples whose lines are in no envelope and like none. For all sources test_every_envelope.py compares events."""
_TRULY_WRAPPED = {"syslog.log": "syslog_rfc3164", "log_stream.log": "splunk"}
"""Samples that come in an envelope: a gateway's own syslog output; an event as Splunk's collector takes it."""


def _matching(lines: Sequence[str]) -> dict[str, int]:
    """How many of the lines each envelope recognises."""
    return _counts(tuple(ENVELOPES), lines)


def _counts(names: tuple[str, ...], lines: Sequence[str]) -> dict[str, int]:
    questions = ", ".join(
        f"count(*) FILTER (regexp_matches(line, $pattern${ENVELOPES[name].recognise}$pattern$))"
        for name in names
    )
    records = pa.table({"line": pa.array(lines, pa.string())})
    found = _statements().run(f"SELECT {questions} FROM lines", lines=records)
    return {name: found[place][0].as_py() for place, name in enumerate(names)}


def test_every_envelope_has_a_writer() -> None:
    assert set(ENVELOPE_OF.values()) == set(ENVELOPES)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_wrapper_around_every_sample_gives_the_bare_lines(wrapper: str) -> None:
    for source in _SOURCES:
        bare = [line for of, sample in BARE if of == source for line in _bare(of, sample)]
        expected = [line.strip(" ") for line in bare] if ENVELOPE_OF[wrapper] == "logcli" else bare
        assert _lines_in(wrapper, WRAPPERS[wrapper](expected)) == expected, source


@pytest.mark.parametrize("nest", NESTS, ids="-".join)
def test_nests_give_the_bare_lines(nest: tuple[str, ...]) -> None:
    for source, sample in BARE[::3]:
        bare = list(_bare(source, sample)[::5])
        lines, dump = bare, b""
        for wrapper in reversed(nest):
            dump = WRAPPERS[wrapper](lines)
            lines = [text for _, text in framed(wrapper, dump)]
        table = _table(framed(nest[0], dump))
        for wrapper in nest:
            table = _unwrapped(wrapper, table)
        assert [row["line"] for row in _kept(table)] == bare, (source, sample)
        assert all(0 <= offset < len(dump) for offset in table["offset"].to_pylist())


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_dump_is_recognised_by_its_own_envelope_and_no_other(wrapper: str) -> None:
    bare = [line for source, sample in BARE for line in _bare(source, sample)[::9]]
    records = [text for _, text in framed(wrapper, WRAPPERS[wrapper](bare))]
    matching = {name: count for name, count in _matching(records).items() if count}
    assert list(matching) == [ENVELOPE_OF[wrapper]]
    assert matching[ENVELOPE_OF[wrapper]] > 0.4 * len(records)


@pytest.mark.parametrize(("source", "sample"), BARE)
def test_a_bare_line_is_recognised_by_no_envelope(source: str, sample: str) -> None:
    matching = {name for name, count in _matching(_bare(source, sample)).items() if count}
    assert matching == ({_TRULY_WRAPPED[sample]} if sample in _TRULY_WRAPPED else set())


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_what_is_not_of_an_envelope_stays_as_it_is(envelope: str) -> None:
    for source, sample in BARE:
        if _TRULY_WRAPPED.get(sample) == envelope:
            continue
        bare = _bare(source, sample)[::4]
        records = [(7 * number, line) for number, line in enumerate(bare)]
        found = unwrap(_statements(), ENVELOPES[envelope], _table(records))
        assert found.select(["line", "offset"]).to_pylist() == [
            {"line": line, "offset": at} for at, line in records
        ]
        assert all(found[name].null_count == len(bare) for name in LINES.names[2:]), (source, sample)


_YEARLESS = {"syslog_rfc3164", "syslog_file", "syslog_local", "journalctl_short"}
_TIMELESS = {
    "docker_service",
    "fluent_bit_no_time",
    "cloudtrail_lookup",
    "docker_compose",
    "docker_compose_colour",
    "docker_compose_first",
    "kubectl",
    "stern",
    "stern_colour",
    "stern_json",
}
_WHOLE_SECONDS = {"fly", "logcli", "logcli_colour", "fluentd", *_YEARLESS}
_FIXED = {"fluentd_stdout", "fluent_bit_stdout"}
_HOSTLESS = {
    "docker", "docker_attrs", "docker_timestamps", "docker_compose", "docker_compose_colour", "docker_compose_first",
    "docker_service", "cri",
    "syslog_local", "cloudwatch", "cloudwatch_get", "cloudwatch_subscription", "cloudwatch_export", "logcli_colour",
    "fluent_bit_tail", "fluent_bit_stdout", "fluentd", "fluentd_stdout", "kafka", "heroku", "cf", "fly", "aws_tail",
    "cloudtrail_lookup",
}  # fmt: skip
_PODS = {
    "fluent_bit_no_time",
    "loki_push",
    "kubectl",
    "stern",
    "stern_colour",
    "stern_json",
    "loki",
    "logcli",
    "logcli_jsonl",
    "gcp",
    "gcp_sink",
    "fluent_bit",
    "fluent_bit_cri",
    "elasticdump",
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_time_and_host_are_those_of_the_envelope(wrapper: str) -> None:
    rows = _kept(
        _unwrapped(wrapper, _table(framed(wrapper, WRAPPERS[wrapper](["a", "b", "c", "d", "e", "f", "g"]))))
    )
    times = [moment(number).replace(tzinfo=None) for number in range(7)]
    if wrapper in _WHOLE_SECONDS:
        times = [time.replace(microsecond=0) for time in times]
    if wrapper == "fluentd_stdout":
        times = [times[0]] * 7
    yearless = [time.replace(year=2000) for time in times]
    assert [row["time"] for row in rows] == ([None] * 7 if wrapper in _TIMELESS | _YEARLESS else times)
    assert [row["yearless"] for row in rows] == (yearless if wrapper in _YEARLESS else [None] * 7)
    host = None if wrapper in _HOSTLESS else POD if wrapper in _PODS else HOST
    assert [row["host"] for row in rows] == [host] * 7


def test_the_inner_envelope_tells_before_the_outer_one() -> None:
    outer = _table([(0, f"<134>1 2026-03-02T02:15:04.120Z {HOST} gateway 911 - - plain"), (90, "")])
    outer = outer.append_column(
        "time", pa.array([datetime(2026, 1, 1), datetime(2026, 1, 2)], pa.timestamp("us"))
    )
    outer = outer.append_column("host", pa.array(["collector", "collector"]))
    rows = _unwrapped("syslog_rfc5424", outer).to_pylist()
    assert [row["host"] for row in rows] == [HOST, "collector"]
    assert [row["time"] for row in rows] == [datetime(2026, 3, 2, 2, 15, 4, 120000), datetime(2026, 1, 2)]


def test_a_time_without_a_year_stands_beside_the_time_of_the_outer_envelope() -> None:
    dump = WRAPPERS["docker"](["<190>Mar  2 02:15:00 gw-1 nginx: a"])
    [row] = _unwrapped("syslog_rfc3164", _unwrapped("docker", _table(framed("docker", dump)))).to_pylist()
    assert (row["time"], row["yearless"]) == (
        datetime(2026, 3, 2, 2, 15, 4, 120000),
        datetime(2000, 3, 2, 2, 15),
    )


# Parts of long lines


def _docker(text: str, stream: str) -> str:
    return json.dumps(
        {"log": text, "stream": stream, "time": "2026-03-02T02:15:04.120000000Z"}, separators=(",", ":")
    )


def _cri(text: str, stream: str) -> str:
    tag = "F" if text.endswith("\n") else "P"
    return f"2026-03-02T02:15:04.120000000Z {stream} {tag} {text.removesuffix(chr(10))}"


def _journal(text: str, stream: str) -> str:
    fields = {
        "__REALTIME_TIMESTAMP": "1772417704120000",
        "MESSAGE": text.removesuffix("\n"),
        "CONTAINER_NAME": stream,
    }
    return json.dumps(fields if text.endswith("\n") else {**fields, "CONTAINER_PARTIAL_MESSAGE": "true"})


_WRITE = {"docker": _docker, "cri": _cri, "journald": _journal}
_INTERLEAVED = [
    ("stdout", "a1 "),
    ("stderr", "e1 "),
    ("stdout", "a2 "),
    ("stderr", "e2\n"),
    ("stderr", "E\n"),
    ("stdout", "a3\n"),
    ("stdout", "A\n"),
]


@pytest.mark.parametrize("envelope", _WRITE)
def test_parts_of_interleaved_streams_are_joined(envelope: str) -> None:
    records = [
        (100 * number, _WRITE[envelope](text, stream)) for number, (stream, text) in enumerate(_INTERLEAVED)
    ]
    found = unwrap(_statements(), ENVELOPES[envelope], _table([*records, (9000, "of no envelope")]))
    told = [(row["offset"], row["line"]) for row in found.to_pylist()]
    assert told == [(0, "a1 a2 a3"), (100, "e1 e2"), (400, "E"), (600, "A"), (9000, "of no envelope")]


_STREAMS = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr"]), st.sampled_from(["x", "y\n", "z", "\n"])), max_size=20
)


@given(_STREAMS, st.sampled_from(sorted(_WRITE)))
@settings(max_examples=50)
def test_any_interleaving_is_joined_and_its_unfinished_rest_waits(
    parts: list[tuple[str, str]], envelope: str
) -> None:
    expected: dict[int, str] = {}
    open_at: dict[str, int] = {}
    for number, (stream, text) in enumerate(parts):
        at = open_at.setdefault(stream, number)
        expected[at] = expected.get(at, "") + text
        if text.endswith("\n"):
            del open_at[stream]
    records = [_WRITE[envelope](text, stream) for stream, text in parts]
    found = unwrap(_statements(), ENVELOPES[envelope], _table(list(enumerate(records))))
    told = dict(zip(found["offset"].to_pylist(), found["line"].to_pylist(), strict=True))
    assert told == {at: text.removesuffix("\n") for at, text in sorted(expected.items())}
    waiting = len(parts) - min(open_at.values(), default=len(parts))
    assert unfinished(ENVELOPES[envelope], [record.encode() for record in records]) == waiting


def test_nothing_waits_where_lines_are_whole() -> None:
    assert unfinished(ENVELOPES["docker"], []) == 0
    assert unfinished(ENVELOPES["docker"], [b"{", b"\xff", b""]) == 0
    assert unfinished(ENVELOPES["kubectl"], [b"[pod/a/b] c"]) == 0
    assert may_be_partial(ENVELOPES["cri"])
    assert not may_be_partial(ENVELOPES["kubectl"])


@pytest.mark.parametrize("wrapper", ["docker", "cri", "fluent_bit_cri"])
def test_a_line_of_many_parts_is_one_again(wrapper: str) -> None:
    lines = ["x" * (SPLIT - 1), "é" * SPLIT, "", "y" * (3 * SPLIT), "漢" * 20000 + "end"]
    assert _lines_in(wrapper, WRAPPERS[wrapper](lines)) == lines


def test_streams_of_two_containers_are_not_joined() -> None:
    table = _table(
        [
            (0, _docker("a", "stdout")),
            (100, _docker("b", "stdout")),
            (200, _docker("c\n", "stdout")),
            (300, _docker("d\n", "stdout")),
        ]
    )
    table = table.append_column("stream", pa.array(["one", "two", "one", "two"]))
    assert unwrap(_statements(), ENVELOPES["docker"], table)["line"].to_pylist() == ["ac", "bd"]


# Hostile lines

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), min_size=1, max_size=60)
_LOOKALIKES = st.sampled_from([
    '{"log":"x\\n","stream":"stdout","time":"2026-03-02T02:15:04Z"}', '{"message":"x","@version":"1","@timestamp":"2026-03-02T02:15:04Z"}',
    "2026-03-02T02:15:04.120000000Z stdout P x", "<134>1 2026-03-02T02:15:04Z h a - - - x", "Mar  2 02:15:04 h t[1]: x", "gateway-1  | x",
    '"},"stream":"stderr"}', '\\u0041\\"\\\\', "%s%d{}[]", '{"_source":{"message":"x"}}', "[pod/a/b] x", "\x1b[31mred\x1b[0m", "a\tb\t{\"c\":1}",
    '{"result":{"_raw":"x"}}', "end of 85 ", "401 7", "12 <134>1 - - - - - - y", "\ufeffx", "\x1e x", "\u202ex\u2028y\u0085z",
])  # fmt: skip
_LINES = st.lists(
    st.one_of(_TEXT, _LOOKALIKES, st.builds("{}{}".format, _LOOKALIKES, _TEXT)), min_size=1, max_size=6
)


def _holds(wrapper: str, line: str) -> bool:
    """Whether this envelope can hold the line without loss, as the product writes it."""
    envelope = ENVELOPE_OF[wrapper]
    if wrapper in ("syslog_file", "rsyslog"):  # only what rsyslog escapes most is undone
        return "#" not in line and not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f]", line)
    if envelope == "syslog_rfc3164":
        return "#0" not in line
    if envelope == "logcli":  # it trims
        return line == line.strip()
    if wrapper == "fluent_bit_stdout":  # it escapes nothing
        return "=>" not in line and not line.endswith('"}]')
    if wrapper == "syslog_rfc5424":  # a mark of UTF-8 of the line's own is lost with that of the message
        return not line.startswith("\ufeff")
    if wrapper == "syslog_rfc5424_plain" or envelope == "syslog_rfc5424":
        return not line.startswith("\ufeff") and not (
            wrapper == "syslog_octets_stream" and re.search(r"\d <\d+>1 ", line)
        )
    return True


@pytest.mark.parametrize("wrapper", WRAPPERS)
@given(lines=_LINES)
@settings(max_examples=8)
def test_hostile_lines_come_out_as_they_went_in(wrapper: str, lines: list[str]) -> None:
    lines = [line for line in lines if _holds(wrapper, line)] or ["x"]
    assert _lines_in(wrapper, WRAPPERS[wrapper](lines)) == lines


@given(line=st.one_of(_TEXT, _LOOKALIKES), cut=st.integers(0, 400), wrapper=st.sampled_from(sorted(WRAPPERS)))
@settings(max_examples=60)
def test_half_a_record_never_raises(line: str, cut: int, wrapper: str) -> None:
    records = [text for _, text in framed(wrapper, WRAPPERS[wrapper]([line, "whole"]))]
    table = _table([(0, records[0][:cut]), (10_000_000, records[-1])])
    found = unwrap(_statements(), ENVELOPES[ENVELOPE_OF[wrapper]], table)
    assert found.num_rows >= 1
    assert found["line"].null_count == 0


# What single envelopes have of their own


def _one(envelope: str, *records: str) -> list[tuple[str, str | None]]:
    found = unwrap(
        _statements(), ENVELOPES[envelope], _table([(1000 * at, text) for at, text in enumerate(records)])
    )
    return [(row["line"], row["ignored"]) for row in found.to_pylist()]


@pytest.mark.parametrize(
    ("envelope", "record", "line"),
    [
        ("journald", '{ "__REALTIME_TIMESTAMP" : "1772417704120345", "MESSAGE" : [104, 195, 169, 27] }', "hé\x1b"),
        ("journald", '{"__REALTIME_TIMESTAMP":"1772417704120345","MESSAGE":[104,233,105]}', "h\ufffdi"),
        ("gcp", '{"logName":"projects/p/logs/l","jsonPayload":{"loggerName":"org.keycloak.events","message":"m"}}', '{"loggerName":"org.keycloak.events","message":"m"}'),
        ("gcp", '{"logName":"projects/p/logs/l","protoPayload":{"status":{"code":16}}}', '{"status":{"code":16}}'),
        ("elasticsearch", '{"_index":"a","_id":"b","_source":{"response_code":401}}', '{"response_code":401}'),
        ("elasticsearch", '{"_index":"a","_id":"b","_source":{"message":"m","event":{"original":"o"}}}', "o"),
        ("splunk", '{"time":1772417704.1,"sourcetype":"_json","event":{"status":401}}', '{"status":401}'),
        ("splunk", '{"event":{"line":"l","source":"stdout","tag":"t"},"time":"1772417704.1","host":"h","source":"s"}', "l"),
        ("vector", '{"source_type":"file","message":{"status":401},"timestamp":"2026-03-02T02:15:04Z"}', '{"status":401}'),
        ("datadog", '{"_id":"a","date":"2026-03-02T02:15:04Z","status":"info","attributes":{"status":401}}', '{"status":401}'),
        ("kafka", '{"topic":"t","partition":0,"offset":1,"ts":1772417704120,"key":null,"payload":{"status":401}}', '{"status":401}'),
        ("syslog_rfc5424", '<165>1 2026-03-02T02:15:04Z h a - - [x@1 code="4\\"\\]01"][y@1 b="c"]', '[x@1 code="4\\"\\]01"][y@1 b="c"]'),
        ("syslog_rfc5424", "<165>1 - - - - - -", ""),
        ("syslog_rfc3164", "<14>2026-03-02T10:15:18+08:00 gw-1 apinto[911]: a\tb", "a\tb"),
        ("syslog_rfc3164", "Mar  2 02:15:04.123456 gw-1 gateway[911]: a: b", "a: b"),
        ("syslog_rfc3164", "<134>Mar  2 02:15:04 gw-1 203.0.113.7 - - x", "203.0.113.7 - - x"),
        ("rsyslog", "2026-03-02T02:15:04+0000 gw-1 gateway[911]: a", "a"),
        ("cri", "2026-03-02T02:15:04.120000000Z stdout F", ""),
        ("otlp", '{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"status","value":{"intValue":"401"}},{"key":"a","value":{"stringValue":"b\\"c"}}]}}}]}]}', '{"status":"401","a":"b\\"c"}'),
        ("logcli_jsonl", '{"line":"l","timestamp":"1772417704120000000","date":"2026-03-02T02:15:04.120Z","fields":{"pod":"p"}}', "l"),
        ("cloudwatch", '{"id":"37123456789012345678901234567890","timestamp":1772417704120,"message":"m"}', "m"),
    ],
)  # fmt: skip
def test_the_line_of_a_record(envelope: str, record: str, line: str) -> None:
    assert _one(envelope, record) == [(line, None)]
    assert _counts((envelope,), [record])[envelope] == 1


def test_a_request_beside_the_payload_stays_with_it() -> None:
    entry = '{"httpRequest":{"status":401},"jsonPayload":{"statusDetails":"x"},"logName":"projects/p/logs/requests"}'
    assert _one("gcp", entry) == [(entry, None)]


@pytest.mark.parametrize(
    ("envelope", "record", "reason"),
    [
        ("splunk", '{"preview":true,"offset":0,"result":{"_raw":"x"}}', "preview"),
        ("splunk", '{"preview":false,"lastrow":true}', "end of results"),
        ("kafka", '{"topic":"t","partition":0,"offset":1,"key":"k","payload":null}', "no payload"),
        ("loki", '{"stream":{"a":"b"},"values":[]}', "stream without a line"),
        ("otlp", '{"resourceLogs":[]}', "resource without a log record"),
        ("stern", "+ gateway-0 \u203a gateway", "stern event"),
        ("fluent_bit_stdout", '", "stream"=>"stdout"}]', "rest of a Fluent Bit record"),
        ("syslog_rfc3164", "-- Boot 0f1e2d3c4b5a69788796a5b4c3d2e1f0 --", "journalctl message"),
        ("cloudwatch_subscription", '{"messageType":"CONTROL_MESSAGE","logEvents":[]}', "CONTROL_MESSAGE"),
    ],
)
def test_what_holds_no_line_is_ignored_with_a_reason(envelope: str, record: str, reason: str) -> None:
    assert [ignored for _, ignored in _one(envelope, record)] == [reason]


# Files


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SELECT 1", "must begin with TOML"),
        ("/* title = */ SELECT 1", "not TOML"),
        ('/*\ntitle = "a"\nrecognise = "b"\n*/ SELECT 1', "lacks `documentation`"),
        (
            '/*\ntitle = "a"\nrecognise = "b"\ndocumentation = []\nframing = "csv"\n*/ SELECT 1',
            "`framing` is 'csv'",
        ),
        ('/*\ntitle = "a"\nrecognise = "b"\ndocumentation = []\nkind = "x"\n*/ SELECT 1', "unknown key"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(text)
    with pytest.raises(SourceError, match=re.escape(fault)) as problem:
        load_envelope(path)
    assert "bad.sql" in str(problem.value)


@pytest.mark.parametrize(
    "sql", ["SELECT nothing FROM records", 'SELECT line, "offset", 1 AS client_id FROM records']
)
def test_bad_sql_is_named_with_its_fault(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "bad.sql"
    path.write_text(f'/*\ntitle = "a"\nrecognise = "b"\ndocumentation = []\n*/ {sql}')
    with pytest.raises(SourceError, match="envelope bad"):
        unwrap(_statements(), load_envelope(path), _table([(0, "a")]))
