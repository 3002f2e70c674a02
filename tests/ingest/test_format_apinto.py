"""The Apinto formatter: what the gateway writes by a formatter is what is read back by it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FormatError
from ingest.formats.apinto import compile_format
from ingest.text import parse_records

ID = "5f0c8e1e-8f0b-4c55-9a52-0d3c1f6a7b11"
Formatter = Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def read(connection: duckdb.DuckDBPyConnection, formatter: Any, *lines: str) -> list[dict[str, Any]]:
    text = formatter if isinstance(formatter, str) else json.dumps(formatter)
    records = {"line": pa.array(lines, pa.string_view()), "offset": list(range(len(lines)))}
    connection.register("records", pa.table(records))
    rows: list[dict[str, Any]] = connection.sql(compile_format(text)).to_arrow_table().to_pylist()
    return rows


# A model of the gateway ------------------------------------------------------------------------


def line_of(formatter: Formatter, values: Mapping[str, str], tries: list[dict[str, str]]) -> str:
    """What formatter/line writes."""
    return "\t".join(_line_items(formatter, "fields", values, tries, 0))


def _line_items(
    formatter: Formatter, group: str, values: Mapping[str, str], tries: list[dict[str, str]], level: int
) -> list[str]:
    separators, brackets = "\t ,|", ('""', "[]", "<>")
    written = []
    for item in formatter[group]:
        word = item.split(" ")[0]
        if word.startswith("$"):
            written.append(values.get(word[1:], "") or "-")
        elif not word.startswith("@"):
            written.append(word)
        elif word[1:].split("#")[0] not in formatter or level + 1 >= len(separators):
            written.append("-")
        elif "#" not in word:
            inner = _line_items(formatter, word[1:], values, tries, level + 1)
            written.append(brackets[level][0] + separators[level + 1].join(inner) + brackets[level][1])
        else:
            entries = []
            for one in tries:
                if level + 2 >= len(separators):
                    entries.append("-")
                    continue
                inner = _line_items(formatter, word[1:].split("#")[0], {**values, **one}, tries, level + 2)
                around = brackets[level + 1]
                entries.append(around[0] + separators[level + 2].join(inner) + around[1])
            written.append(brackets[level][0] + separators[level + 1].join(entries) + brackets[level][1])
    return written


def json_of(formatter: Formatter, values: Mapping[str, str], tries: list[dict[str, str]]) -> str:
    """What formatter/json writes: keys in order, and < > & as escapes."""
    text = json.dumps(
        _json_group(formatter, "fields", values, tries),
        sort_keys=True, separators=(",", ":"), ensure_ascii=False,
    )  # fmt: skip
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _json_group(
    formatter: Formatter, group: str, values: Mapping[str, str], tries: list[dict[str, str]]
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for item in formatter[group]:
        head, *attributes = item.split(";")
        word, *alias = head.split(" ")
        name = word.lstrip("$@").split("#")[0]
        value: Any = name
        if word.startswith("$"):
            value = values.get(name, "")
        elif word.startswith("@"):
            value = (
                [_json_group(formatter, name, {**values, **one}, tries) for one in tries]
                if "#" in word
                else _json_group(formatter, name, values, tries)
            )
        if value or "omitempty" not in attributes:
            document[alias[1] if alias else name] = value
    return document


# What is written is what is read ---------------------------------------------------------------

VARIABLES = ("host", "scheme", "api", "application", "proxy_addr", "proxy_status", "remote_addr")
NUMBERS = st.integers(100, 599).map(str)
ADDRESSES = st.sampled_from(["192.0.2.7", "2001:db8::7"])
WORDS = st.text("abcXYZ019.:/-_é", min_size=1, max_size=12).filter(lambda text: text != "-")
VALUES = st.fixed_dictionaries(
    {
        "time_iso8601": st.just("2026-03-02T10:15:04.120+08:00"),
        "request_id": st.just(ID),
        "status": NUMBERS,
        "host": WORDS,
        "scheme": st.sampled_from(["http", "https", ""]),
        "api": st.one_of(WORDS, st.just("")),
        "application": st.one_of(WORDS, st.just("")),
        "remote_addr": ADDRESSES,
    }
)
TRIES = st.lists(st.fixed_dictionaries({"proxy_addr": WORDS, "proxy_status": NUMBERS}), max_size=3)


@st.composite
def formatters(draw: st.DrawFn) -> dict[str, list[str]]:
    """Formatters of up to four groups, each of which may hold those after it."""
    names = [f"group{place}" for place in range(draw(st.integers(0, 4)))]
    formatter: dict[str, list[str]] = {}
    for place, name in enumerate(["fields", *names]):
        inner = names[place:]
        choices = [st.sampled_from(VARIABLES).map(lambda variable: f"${variable}")]
        choices.append(st.sampled_from(["gateway", "v1"]))
        if inner:
            choices.append(st.sampled_from(inner).map(lambda group: f"@{group}"))
            choices.append(st.sampled_from(inner).map(lambda group: f"@{group}#"))
        items = draw(st.lists(st.one_of(choices), min_size=1, max_size=4, unique=True))
        # a group and its list would otherwise stand under one key, and one of them be lost
        formatter[name] = [f"{item} as key{n}" for n, item in enumerate(items)]
    first = ["$time_iso8601", "$request_id", "$status"]
    formatter["fields"] = [*first, *formatter["fields"]]
    return formatter


def visible(formatter: Formatter, *, tried: bool, line: bool) -> set[str]:
    """The variables whose values stand in the record."""

    def walk(group: str, level: int) -> Iterator[str]:
        for item in formatter[group]:
            word = item.split(" ")[0]
            if word.startswith("$"):
                yield word[1:]
            elif word.startswith("@"):
                inner = level + (2 if "#" in word else 1)
                if (not line or inner < 4) and (tried or "#" not in word):
                    yield from walk(word[1:].split("#")[0], inner)

    return set(walk("fields", 0))


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(formatter=formatters(), values=VALUES, tries=TRIES, kind=st.sampled_from(["line", "json", ""]))
def test_what_the_gateway_writes_is_read_back(
    connection: duckdb.DuckDBPyConnection,
    formatter: dict[str, list[str]],
    values: dict[str, str],
    tries: list[dict[str, str]],
    kind: str,
) -> None:
    last = tries[-1] if tries else {}
    values = {**values, **last}
    described = {"type": kind, "formatter": formatter} if kind else formatter
    for write, as_line in ((line_of, True), (json_of, False)):
        if kind not in ("", "line" if as_line else "json"):
            continue
        record = write(formatter, values, tries)
        (row,) = read(connection, described, record)
        assert row["matched"], record
        told = visible(formatter, tried=bool(tries), line=as_line)
        for variable in visible(formatter, tried=True, line=as_line):
            expected = values.get(variable, "") if variable in told else ""
            found = row[variable]
            assert ("" if found in ("-", None) else found) == expected, (variable, record)


# Lines that the gateway's own formatter wrote --------------------------------------------------

DEEP = {
    "fields": ["$time_iso8601", "@g", "@h#", "const", "$status", "$request_body", "$missing"],
    "g": ["$time_local", "@gg", "$header", "$request"],
    "gg": ["$proxy_uri", "@ggg", "@h#"],
    "ggg": ["$host", "@h", "k"],
    "h": ["$query", "$proxy_status"],
}
DEEP_LINE = (
    "2026-03-02T10:15:04.120+08:00\t"
    '"2026-03-02 10:15:04 [/p,q,<h|-|k>,<-|->] A=b&C=d GET /a b HTTP/1.1"\t'
    '"[q=1,502] [q=1,0]"\tconst\t401\tYT1i\t-'
)


def test_groups_lists_and_values_with_separators_of_a_real_line(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    (row,) = read(connection, DEEP, DEEP_LINE)
    assert row["matched"]
    assert row["time_local"] == "2026-03-02 10:15:04"
    assert row["proxy_uri"] == "/p,q"
    assert row["host"] == "h"
    assert row["header"] == "A=b&C=d"
    assert row["request"] == "GET /a b HTTP/1.1"
    assert (row["query"], row["proxy_status"]) == ("q=1", "0")
    assert (row["status"], row["request_body"], row["missing"]) == ("401", "a=b", "-")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-",
        "[2026-03-02 15:04:05] [ERRO] auth error: missing or invalid token",
        DEEP_LINE.replace("\tconst\t", "\tother\t"),
        DEEP_LINE.replace("\t401\t", "\tGET\t"),
        DEEP_LINE.replace('"[q', "[q"),
        DEEP_LINE.rsplit("\t", 1)[0],
        DEEP_LINE + "\tmore",
        DEEP_LINE.replace("2026-03-02T10", "02/Mar/2026:10"),
        '{"time_iso8601":"2026-03-02T10:15:04.120+08:00"',
        "\x00\ufffd\t\t\t",
    ],
)
def test_another_line_does_not_match(connection: duckdb.DuckDBPyConnection, line: str) -> None:
    (row,) = read(connection, DEEP, line)
    assert row["matched"] is False


def test_a_value_with_blanks_is_told_from_its_neighbours_by_their_shape(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    formatter = {"fields": ["$msec", "@who"], "who": ["$remote_addr", "$http_user_agent", "$status"]}
    line = '1772417704120\t"203.0.113.7 Mozilla/5.0 (X11; Linux) Gecko 401"'
    (row,) = read(connection, formatter, line)
    assert row["http_user_agent"] == "Mozilla/5.0 (X11; Linux) Gecko"
    assert (row["remote_addr"], row["status"]) == ("203.0.113.7", "401")


def test_a_tab_in_what_a_client_sent_moves_no_value(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    formatter = {"fields": ["$msec", "$uri", "$status", "$http_user_agent", "$request_time"]}
    (row,) = read(connection, formatter, "1772417704120\t/a\t200\tb\t401\tx\ty\t12")
    assert row["matched"]
    assert (row["msec"], row["request_time"]) == ("1772417704120", "12")


def test_names_of_variables(connection: duckdb.DuckDBPyConnection) -> None:
    formatter = {"fields": ["$ctx_api_id", "$header_X-Tenant as t", "$http_x_other", "$proxy_header_via"]}
    (row,) = read(connection, formatter, "a\tb\tc\td")
    names = ("api_id", "http_x_tenant", "http_x_other", "proxy_header_via")
    assert [row[name] for name in names] == ["a", "b", "c", "d"]


def test_bodies_of_a_line_are_decoded_and_those_of_successes_left_out(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    body = base64.b64encode(b'{"error":"invalid_grant"}').decode()
    formatter = {"fields": ["$status", "$request_body", "$response_body"]}
    failed, succeeded, binary = read(
        connection, formatter,
        f"400\tZ3JhbnRfdHlwZT14\t{body}", f"200\t-\t{body}", "400\t/w==\t/////w==",
    )  # fmt: skip
    assert failed["request_body"] == "grant_type=x"
    assert failed["response_body"] == '{"error":"invalid_grant"}'
    assert succeeded["response_body"] is None
    assert (binary["matched"], binary["response_body"]) == (True, "")


def test_the_later_of_two_equal_keys_is_the_one_that_json_holds(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    formatter = {"type": "json", "formatter": {"fields": ["$host as x", "$api as x", "$status"]}}
    (row,) = read(connection, formatter, '{"status":401,"x":"the api"}')
    assert row["api"] == "the api"
    assert "host" not in row


def test_an_alias_needs_exactly_one_blank_on_each_side(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    formatter = {"type": "json", "formatter": {"fields": ["$host  as  x", "$api as y ;omitempty"]}}
    (row,) = read(connection, formatter, '{"host":"h","api":"a"}')
    assert (row["host"], row["api"]) == ("h", "a")


def test_what_is_left_out_when_empty_is_empty_and_not_unknown(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    formatter = {
        "type": "json",
        "formatter": {"fields": ["$status", "$proxy_status;omitempty", "@p#"], "p": ["$proxy_addr"]},
    }
    (row,) = read(connection, formatter, '{"p":[],"status":401}')
    assert (row["matched"], row["proxy_status"], row["proxy_addr"]) == (True, "", "")


def test_json_lacking_a_key_is_of_another_formatter(connection: duckdb.DuckDBPyConnection) -> None:
    formatter = {"type": "json", "formatter": {"fields": ["$status", "$api"]}}
    rows = read(connection, formatter, '{"status":401}', '{"status":401,"api":""}', '{"status":4')
    assert [row["matched"] for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("written", "milliseconds"), [("25190416", "25.190416"), ('"1389"', "1389"), ('""', "")]
)
def test_response_time_in_json_is_nanoseconds_as_a_number_and_milliseconds_as_text(
    connection: duckdb.DuckDBPyConnection, written: str, milliseconds: str
) -> None:
    formatter = {"type": "json", "formatter": {"fields": ["$status", "$response_time"]}}
    (row,) = read(connection, formatter, f'{{"response_time":{written},"status":200}}')
    assert row["response_time"] == milliseconds


def test_a_syslog_prefix_is_taken_off_and_read(connection: duckdb.DuckDBPyConnection) -> None:
    formatter = {"fields": ["$request_id", "$status"]}
    rows = read(
        connection, formatter,
        f"<14>2026-03-02T10:15:04+08:00 gw-1 apinto[911]: {ID}\t401",
        f"Mar  2 10:15:04 gw-2 apinto[911]: {ID}\t403",
    )  # fmt: skip
    assert [row["status"] for row in rows] == ["401", "403"]
    assert [row["syslog_host"] for row in rows] == ["gw-1", "gw-2"]
    assert [row["syslog_time"] for row in rows] == ["2026-03-02T10:15:04+08:00", None]


def test_json_of_an_unknown_formatter_is_read_by_the_documented_names(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = read(
        connection, "json",
        '{"request":{"method":"GET","request_uri":"/x"},"proxy":{"proxy_status":""},'
        '"time":{"time_local":"2026-03-02 10:15:04","request_time":"7"},"status_code":{"status":401}}',
        '{"request":"GET /y HTTP/1.1","msec":"1772417704","proxy_status":"502","response_time":2500000}',
    )  # fmt: skip
    assert [row["matched"] for row in rows] == [True, True]
    assert (rows[0]["request_method"], rows[0]["request_uri"]) == ("GET", "/x")
    assert (rows[0]["status"], rows[0]["proxy_status"], rows[0]["request_time"]) == ("401", "", "7")
    assert (rows[1]["request"], rows[1]["response_time"]) == ("GET /y HTTP/1.1", "2.5")


def test_json_of_another_gateway_is_left_alone(connection: duckdb.DuckDBPyConnection) -> None:
    line = '{"time_iso8601":"2026-03-02T10:15:04+08:00","request_id":"0123456789","status":401}'
    (row,) = read(connection, "json", line)
    assert row["matched"] is False


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("$status", "which is JSON"),
        ("[]", "object"),
        ("{}", "fields"),
        ('{"fields":[]}', "fields"),
        ('{"fields":"$status"}', "not a list"),
        ('{"fields":[1]}', "not a list"),
        ('{"type":"xml","formatter":{"fields":["$status"]}}', "'xml'"),
        ('{"type":"json","formatter":{"fields":["@gone"]}}', "does not exist"),
        ('{"type":"json","formatter":{"fields":["@a"],"a":["@a"]}}', "inside of itself"),
    ],
)
def test_what_is_no_formatter_says_why(text: str, fault: str) -> None:
    with pytest.raises(FormatError, match=fault):
        compile_format(text)


# Secrets ----------------------------------------------------------------------------------------


def test_nothing_of_the_headers_that_is_a_secret_is_stored() -> None:
    header = (
        "Authorization=Bearer+opaque-Secret-0123456789abcdef&Cookie=SESSION%3Dc00kie-Secret-9876543210"
        "&X-Api-Key=key-Secret-5555555555"
    )
    record = {
        "time_iso8601": "2026-03-02T10:15:04.120+08:00", "request_id": ID, "status": 401,
        "request_method": "POST", "request_uri": "/oauth2/token", "proxy_status": "", "header": header,
        "request_body": "grant_type=client_credentials&client_id=billing-batch&client_secret=form-Secret-1",
        "response_body": "missing or invalid token",
    }  # fmt: skip
    formatter = {"type": "json", "formatter": {"fields": [f"${name}" for name in record]}}
    text = json.dumps(record, sort_keys=True)
    for formats in ({"apinto": [json.dumps(formatter)]}, {}):
        (parsed,) = parse_records(f"{text}\n".encode(), formats=formats)
        (event,) = parsed.events.to_pylist()
        assert event["client_id"] == "billing-batch"
        assert "Secret" not in str(event)
