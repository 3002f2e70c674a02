"""Access log formats of Amazon API Gateway: what each gives, and what is no line of it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from ingest.errors import FormatError
from ingest.formats.aws_api_gateway import compile_format
from ingest.sources import load_sources

FORMATS = load_sources()["aws_api_gateway"].formats
ID = "c5a56ba0-fd42-4425-b7d2-5e8836563270"
TIME = "02/Mar/2026:02:15:04 +0000"


def read(text: str, line: str) -> dict[str, Any]:
    """The one row that the format `text` reads from `line`, with the columns that have a value."""
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO nullify(value) AS nullif(nullif(value, ''), '-')")
        connection.execute('CREATE TABLE records AS SELECT $1 AS line, 0 AS "offset"', [line])
        (row,) = connection.sql(compile_format(text)).to_arrow_table().to_pylist()
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        (
            "rest_clf",
            f'203.0.113.7 - - [{TIME}] "GET /pets HTTP/1.1" 401 26 {ID} Mc7UVioPPHcEKPA=',
            {"status": "401", "request_id": ID, "extended_request_id": "Mc7UVioPPHcEKPA="},
        ),
        (
            "http_clf",
            f'2001:db8::7 - - [{TIME}] "GET GET /pets HTTP/1.1" 401 26 Mc7UVioPPHcEKPA=',
            {"source_ip": "2001:db8::7", "route_key": "GET /pets"},
        ),
        (
            "http_clf",
            f'203.0.113.7 - - [{TIME}] "GET $default HTTP/1.1" 401 26 Mc7UVioPPHcEKPA=',
            {"http_method": "GET", "route_key": "$default"},
        ),
        (
            "http_csv",
            f"203.0.113.7,{TIME},GET,GET /pets,HTTP/1.1,401,26,Mc7UVioPPHcEKPA=",
            {"request_time": TIME, "route_key": "GET /pets", "status": "401"},
        ),
        (
            "websocket_clf",
            f'203.0.113.7 - - [{TIME}] "CONNECT $connect L0SM9cOFvHcCIhw=" 401 Rgz_eFYhIAMFwmg=',
            {"event_type": "CONNECT", "route_key": "$connect", "status": "401"},
        ),
        (
            "rest_xml_before_2023",
            f'<request id="{ID}"><ip>203.0.113.7</ip><caller>-</caller><user>-</user><requestTime>{TIME}</requestTime>'
            "<httpMethod>GET</httpMethod><resourcePath>/pets</resourcePath><status>401</status>"
            "<protocol>HTTP/1.1</protocol><responseLength>26</responseLength></request>",
            {"resource_path": "/pets", "status": "401"},
        ),
        ("execution", f"({ID}) Method completed with status: 401", {"run_id": ID}),
        (
            "json",
            f'{{"request_id":"{ID}","status":401,"route_key":"GET /pets","error.responseType":"UNAUTHORIZED"}}',
            {"request_id": ID, "status": "401", "response_type": "UNAUTHORIZED"},
        ),
        (
            "json",
            f'{{"requestID":"{ID}","status":-,"routeKey":"GET /pets","requestTime":"{TIME}","errorMessage":""No""}}',
            {"request_id": ID, "request_time": TIME, "error_message": "No"},
        ),
    ],
)
def test_a_format_gives_its_variables(name: str, line: str, told: dict[str, str]) -> None:
    row = read(FORMATS[name], line)
    assert row["matched"]
    assert told.items() <= row.items()


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize(
    "line",
    [
        f'203.0.113.7 - - [{TIME}] "GET /pets HTTP/1.1" 401 26',
        f'203.0.113.7 - - [{TIME}] "GET /pets HTTP/1.1" 401 26 "-" "okhttp/4.12.0"',
        f'{{"requestId":"{ID}","level":"INFO","message":"done","status":"ok"}}',
        f"{ID} Method completed with status: 401",
        "(main) started",
        "",
    ],
)
def test_what_others_write_is_no_line_of_it(name: str, line: str) -> None:
    assert not read(FORMATS[name], line)["matched"]


def test_a_format_of_ones_own_is_read_by_its_variables() -> None:
    own = '{"id":"$context.requestId","code":$context.status,"why":{"text":"$context.authorizer.error"}}'
    row = read(own, f'{{"id":"{ID}","code":401,"why":{{"text":"invalid_token: the token has expired"}}}}')
    assert row["matched"]
    assert (row["status"], row["authorizer_error"]) == ("401", "invalid_token: the token has expired")
    assert not read(own, '{"code":401}')["matched"]


@pytest.mark.parametrize("text", ["", "no variable", '{"a":"b"}', '{"a":"$context.status"'])
def test_what_is_no_format_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        compile_format(text)
