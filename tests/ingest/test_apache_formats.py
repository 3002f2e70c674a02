"""LogFormat strings of Apache: every directive, modifier and way of writing the time that mod_log_config has."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.errors import FormatError
from ingest.formats.apache import compile_format, split_plan
from ingest.text import parse_records

_TIME = "[02/Mar/2026:02:15:04 +0100]"
_COMBINED = f'203.0.113.7 - - {_TIME} "GET /v1/me HTTP/1.1" 401 381 "-" "git/2.47.0"\n'


def _read(text: str, *formats: str) -> list[dict[str, Any]]:
    parts = parse_records(text.encode(), formats={"apache": formats} if formats else {})
    return [row for part in parts for row in part.events.to_pylist()]


def _one(line: str, form: str) -> dict[str, Any]:
    (row,) = _read(f"{line}\n", form)
    assert row["source"] == "apache"
    return row


def test_a_plain_combined_line_is_of_nginx_unless_the_format_is_named() -> None:
    assert [row["source"] for row in _read(_COMBINED)] == ["nginx"]
    assert [row["source"] for row in _read(_COMBINED, "combined")] == ["apache"]


def test_a_combined_log_with_the_mark_of_apache_is_of_apache() -> None:
    text = _COMBINED * 9 + _COMBINED.replace("git", r"a \"git")
    assert {row["source"] for row in _read(text)} == {"apache"}


def test_a_virtual_host_is_no_caller() -> None:
    (row,) = _read(f"www.example.com:443 {_COMBINED}")
    assert (row["source"], row["instance"], row["client_ip"]) == ("apache", "www.example.com", "203.0.113.7")
    (other,) = _read(f"www.example.com {_COMBINED}")
    assert (other["source"], other["client_ip"]) == ("generic_clf", "203.0.113.7")


@pytest.mark.parametrize(
    ("form", "written", "time"),
    [
        ("%t", _TIME, "2026-03-02 01:15:04.000000"),
        ("%{begin}t", _TIME, "2026-03-02 01:15:04.000000"),
        ("%{end}t %{begin}t", f"{_TIME.replace('04', '09')} {_TIME}", "2026-03-02 01:15:04.000000"),
        ("%{sec}t", "1772414104", "2026-03-02 01:15:04.000000"),
        ("%{begin:msec}t", "1772414104250", "2026-03-02 01:15:04.250000"),
        ("%{end:usec}t", "1772414104250731", "2026-03-02 01:15:04.250731"),
        ("%t %{usec}t", f"{_TIME} 1772414104250731", "2026-03-02 01:15:04.250731"),
        ("%{sec}t.%{usec_frac}t", "1772414104.250731", "2026-03-02 01:15:04.250731"),
        ("%{%s}t", "1772414104", "2026-03-02 01:15:04.000000"),
        (
            "[%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t]",
            "[02/Mar/2026 02:15:04.025 +0100]",
            "2026-03-02 01:15:04.025000",
        ),
        ("%{%Y-%m-%d}tT%{%T}t.%{msec_frac}tZ", "2026-03-02T01:15:04.250Z", "2026-03-02 01:15:04.250000"),
        ("%{%FT%T}t+01:00", "2026-03-02T02:15:04+01:00", "2026-03-02 01:15:04.000000"),
        ("%{%F %T %Z}t", "2026-03-02 01:15:04 UTC", "2026-03-02 01:15:04.000000"),
        ("%{%c}t", "Mon Mar  2 01:15:04 2026", "2026-03-02 01:15:04.000000"),
        ("%{%b %e %k:%M:%S %Y}t", "Mar  2  1:15:04 2026", "2026-03-02 01:15:04.000000"),
        ("%{%F}t day=%{usec_frac}t %{%T}t", "2026-03-02 day=000042 01:15:04", "2026-03-02 01:15:04.000042"),
        ("%t frac=%{usec_frac}t", f"{_TIME} frac=000042", "2026-03-02 01:15:04.000042"),
    ],
)
def test_every_way_to_write_the_time(form: str, written: str, time: str) -> None:
    row = _one(f'{written} "GET /v1/me HTTP/1.1" 401', f'{form} "%r" %>s')
    assert row["time"].strftime("%Y-%m-%d %H:%M:%S.%f") == time
    as_json = f'{{"time":"{form}","request":"%r","status":%>s}}'
    row = _one(f'{{"time":"{written}","request":"GET /v1/me HTTP/1.1","status":401}}', as_json)
    assert row["time"].strftime("%Y-%m-%d %H:%M:%S.%f") == time


@pytest.mark.parametrize(
    ("form", "written", "column", "value"),
    [
        ("%a:%{remote}p", "2001:db8::7:51514", "client_ip", "2001:db8::7"),
        ("%{c}a", "203.0.113.7", "client_ip", "203.0.113.7"),
        ("%h", "client.example.net", "client_ip", None),
        ('"%{X-Forwarded-For}i" %a', '"203.0.113.7, 192.0.2.1" 192.0.2.10', "client_ip", "203.0.113.7"),
        ("%D", "1234", "duration_ms", 1.234),
        ("%{us}T", "1234", "duration_ms", 1.234),
        ("%{ms}T", "12", "duration_ms", 12.0),
        ("%T", "2", "duration_ms", 2000.0),
        ("%V", "api.example.com", "instance", "api.example.com"),
        ("%{UNIQUE_ID}e", "aTm2YX8AAQEAAB", "request_id", "aTm2YX8AAQEAAB"),
        ("%L", "aTm2YX8AAQEAAC", "request_id", "aTm2YX8AAQEAAC"),
        ("%{OIDC_CLAIM_azp}e", "shop-web", "client_id", "shop-web"),
        ("%{OAUTH2_CLAIM_client_id}i", "shop-web", "client_id", "shop-web"),
        ('"%!200,304{User-Agent}i"', r'"caf\xc3\xa9 \"x\" \\"', "user_agent", 'café "x" \\'),
        ('"%{User-Agent}i"', '"-"', "user_agent", None),
        (
            "%{X-Unknown}i|%%|%{sid}C|%{note}n|%{SSL_PROTOCOL}x|%X|%k|%^FB",
            "a b|%|-|-|TLSv1.3|+|0|81",
            "status",
            401,
        ),
    ],
)
def test_directives_and_their_modifiers(form: str, written: str, column: str, value: object) -> None:
    row = _one(f'{_TIME} "GET /v1/me HTTP/1.1" 401 {written}', f'%t "%r" %>s {form}')
    assert row[column] == value


def test_a_format_is_given_as_in_the_configuration() -> None:
    line = f'{_TIME} "GET /v1/me HTTP/1.1" 401 "x"'
    for text in (
        r'LogFormat "%t \"%r\" %>s \"%{User-Agent}i\"" mine',
        r'CustomLog "|/usr/bin/rotatelogs /var/log/a 86400" "%t \"%r\" %>s \"%{User-Agent}i\"" env=!quiet',
        r"%t \"%r\" %>s \"%{User-Agent}i\"",
        '%t "%r" %>s "%{User-Agent}i"',
    ):
        assert _one(line, text)["user_agent"] == "x"


def test_the_final_status_counts_and_the_path_that_was_asked_for() -> None:
    row = _one(f"{_TIME} GET /v1/me?client_id=shop-web 200/401 /error/401.html", "%t %m %U%q %s/%>s %>U")
    assert (row["status"], row["route"], row["client_id"]) == (401, "/v1/me", "shop-web")


def test_what_no_json_parser_reads_is_read_by_the_format() -> None:
    form = '{"time":"%t","user":"%u","request":"%m %U%q %H","status":%>s,"bytes":%b,"agent":"%{User-Agent}i"}'
    line = f'{{"time":"{_TIME}","user":"""","request":"GET /v1/me HTTP/1.1","status":401,"bytes":-,"agent":"a \\xe2\\x82\\xac"}}'
    row = _one(line, form)
    assert (row["status"], row["route"], row["user_agent"], row["user_id"]) == (401, "/v1/me", "a €", None)


def test_a_split_is_planned_where_a_line_can_be_split() -> None:
    for name in ("common", "combined", "combinedio", "vhost_combined"):
        assert split_plan(name) is not None
    assert split_plan("%t %>s/%s") is None
    assert split_plan('{"t":"%t"}') is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("main", "holds no directive"), ('{"a":1}', "holds no directive"), ('{"a":"%t"', "looks like JSON"),
     ("%{%U}t %{%Y}t %{%H}t", "cannot read times")],
)  # fmt: skip
def test_a_format_that_is_none_is_named(text: str, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        compile_format(text)
