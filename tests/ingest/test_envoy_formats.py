"""Envoy's command operators: what each format gives, and that no value ever lands in a wrong column."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FormatError
from ingest.formats.envoy import compile_format
from ingest.sources import load_sources

FORMATS = load_sources()["envoy"].formats


def read(text: str, line: str) -> dict[str, Any]:
    """The one row that the format `text` reads from `line`, with the columns that have a value."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute('CREATE TABLE records AS SELECT $1 AS line, 0 AS "offset"', [line])
        (row,) = connection.sql(compile_format(text)).to_arrow_table().to_pylist()
    return {name: value for name, value in row.items() if value is not None}


def default_line(path: str = "/v1/me", agent: str = "okhttp/4.12.0") -> str:
    return (
        f'[2026-03-02T02:15:04.120Z] "GET {path} HTTP/2" 401 - 0 14 1 - "203.0.113.7" "{agent}" '
        '"0b9d6f0e-7a55-4c1e-8f0b-1a2b3c4d5e6f" "api.example.com" "192.0.2.21:8081"'
    )


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@settings(max_examples=60)
@given(agent=TEXT, path=TEXT.map(lambda text: "/" + text.replace(" ", "")))
def test_no_quote_or_blank_of_a_client_moves_a_value(agent: str, path: str) -> None:
    row = read(FORMATS["default"], default_line(path, agent))
    assert row["matched"]
    assert (row["req_path"], row["req_user_agent"]) == (path, agent)
    assert row["response_code"] == "401"
    assert row["req_x_forwarded_for"] == "203.0.113.7"
    assert row["req_x_request_id"] == "0b9d6f0e-7a55-4c1e-8f0b-1a2b3c4d5e6f"
    assert row["upstream_host"] == "192.0.2.21:8081"


@pytest.mark.parametrize("agent", ['a" "b', 'x HTTP/2" 200 - 0 0 0 - "1" "2', '" 1 2 "'])
def test_a_user_agent_that_plays_the_format_stays_a_user_agent(agent: str) -> None:
    row = read(FORMATS["default"], default_line(agent=agent))
    assert (row["req_user_agent"], row["response_code"]) == (agent, "401")


@pytest.mark.parametrize(
    ("name", "middle"),
    [
        ("istio", 'jwt_authn_access_denied{Jwt_is_expired} - "-"'),
        ("istio", 'jwt_authn_access_denied{Jwt is expired} - "-"'),
        ("istio", 'Failed_to_get_access_token:_{"error":_"invalid_grant"} - "TLS error: x"'),
        ("istio_to_1_8", '"-" "-"'),
    ],
)
def test_istio(name: str, middle: str) -> None:
    row = read(
        FORMATS[name],
        f'[2026-03-02T02:15:04.120Z] "GET /v1/me HTTP/1.1" 401 - {middle} 0 28 3 - "-" "a "b"" "7c2f" '
        '"api.example.com" "-" outbound|8080||me.shop.svc.cluster.local - 192.0.2.18:8443 '
        "203.0.113.7:51514 api.example.com -",
    )
    assert row["matched"]
    if name == "istio":
        assert row["response_code_details"] == middle.rsplit(" - ", 1)[0]
    assert (row["req_user_agent"], row["duration"]) == ('a "b"', "3")
    assert row["downstream_remote_address"] == "203.0.113.7:51514"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "not a line of Envoy",
        default_line()[:-20],
        default_line().replace(" 401 ", " teapot "),
        '{"level":"info","status":401,"time":"2026-03-02T02:15:04Z","path":"/v1/me"}',
        '{"response_flags":"-","response_code":401',
        "[]",
        '"response_flags":',
    ],
)
@pytest.mark.parametrize("name", ["default", "json"])
def test_other_lines_do_not_match(name: str, line: str) -> None:
    assert not read(FORMATS[name], line)["matched"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"start_time":"t","x-envoy-origin-path":"/a","response_code":401,"response_flags":"-",'
            '"user-agent":"u","upstream_host":null,":authority":"x"}',
            {"start_time": "t", "req_path": "/a", "response_code": "401", "req_user_agent": "u",
             "response_flags": "-", "upstream_host": "-"},
        ),
        (
            '{"START_TIME":"t","REQ_PATH":"/a","RESPONSE_CODE":"401","RESPONSE_FLAGS":"UAEX"}',
            {"start_time": "t", "req_path": "/a", "response_code": "401", "response_flags": "UAEX"},
        ),
        (
            '{"@timestamp":"t","path":"/a","status":401,"response_code_details":"via_upstream"}',
            {"start_time": "t", "req_path": "/a", "response_code": "401",
             "response_code_details": "via_upstream"},
        ),
    ],
)  # fmt: skip
def test_the_usual_keys_of_json(line: str, expected: dict[str, str]) -> None:
    row = read("json", line)
    assert row.pop("matched")
    assert {name: row[name] for name in row if name not in ("line", "offset")} == expected


def test_a_dictionary_of_ones_own_may_nest_and_compose() -> None:
    row = read(
        '{"ts": "%START_TIME(%s.%3f)%", "http": {"line": "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%",'
        ' "st": "%RESPONSE_CODE%"},'
        ' "app": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt_payload:azp)%"}',
        '{"app":"mobile-app","http":{"line":"GET /a HTTP/2","st":403},"ts":"1772417704.120"}',
    )
    assert row["matched"]
    assert (row["start_time"], row["claim_client_id"]) == ("1772417704.120", "mobile-app")
    assert (row["req_method"], row["req_path"], row["response_code"]) == ("GET", "/a", "403")


def test_json_without_what_a_dictionary_always_holds_is_another_programs() -> None:
    text = '{"ts": "%START_TIME%", "st": "%RESPONSE_CODE%", "path": "%REQ(:PATH)%", "to": "%UPSTREAM_HOST%"}'
    # omit_empty_values leaves out what has no value
    assert read(text, '{"st":401,"ts":"2026-03-02T02:15:04.120Z"}')["matched"]
    assert not read(text, '{"ts":1772417704.55,"path":"/a","to":"b","msg":"auth provider returned error"}')[
        "matched"
    ]


@pytest.mark.parametrize(
    ("argument", "written", "means"),
    [
        ("(%s)", "1772417704", "1772417704"),
        ("(%s.%6f)", "1772417704.120300", "1772417704.120300"),
        ("(%Y/%m/%dT%H:%M:%S%z %s)", "2026/03/02T02:15:04+0000 1772417704", "1772417704"),
        ("(%Y-%m-%dT%H:%M:%S.%3fZ)", "2026-03-02T02:15:04.120Z", "2026-03-02 02:15:04.12"),
        ("(%FT%T.%6fZ)", "2026-03-02T02:15:04.120345Z", "2026-03-02 02:15:04.120345"),
        ("(%d/%b/%Y:%T %z)", "02/Mar/2026:03:15:04 +0100", "2026-03-02 02:15:04+00"),
        ("", "2026-03-02T02:15:04.120Z", "2026-03-02T02:15:04.120Z"),
    ],
)
def test_times(argument: str, written: str, means: str) -> None:
    row = read(f"[%START_TIME{argument}%] %RESPONSE_CODE%", f"[{written}] 401")
    assert (row["matched"], row["start_time"], row["response_code"]) == (True, means, "401")


@pytest.mark.parametrize(
    ("operator", "column"),
    [
        ("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):80%", "req_path"),
        ("%PATH(NQ)%", "req_path"),
        ("%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%", "req_path"),
        ("%RESP(WWW-AUTHENTICATE)%", "resp_www_authenticate"),
        ("%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%", "response_code_details"),
        ("%RESPONSE_FLAGS_LONG%", "response_flags"),
        ("%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "downstream_remote_address"),
        ("%TRAILER(GRPC-STATUS)%", "grpc_status"),
        ("%GRPC_STATUS(NUMBER)%", "grpc_status"),
        ("%METADATA(DYNAMIC:envoy.filters.http.jwt_authn:jwt_payload:sub)%", "claim_sub"),
        ("%QUERY_PARAM(client_id)%", "query_param_client_id"),
    ],
)
def test_names_of_columns(operator: str, column: str) -> None:
    assert read(f"<{operator}> 100%%", "<value> 100%")[column] == "value"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no operator", "no command operator"),
        ('{"status": "%RESPONSE_CODE%"', "is none"),
        ('{"level": "info"}', "no command operator"),
        ("%START_TIME_LOCAL% %RESPONSE_CODE%", "time zone"),
        ("%START_TIME(%c)% %RESPONSE_CODE%", "%c"),
    ],
)
def test_what_cannot_be_understood_is_refused(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        compile_format(text)
