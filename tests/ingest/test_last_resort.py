"""Sources of the last resort: every other source comes first, in whatever order the inputs come."""

from __future__ import annotations

import pytest

from tests.helpers import Workshop, nginx_line
from tests.samples import SAMPLES, expected_rows


def _events(source: str, sample: str) -> int:
    rows = expected_rows(source)
    return sum(row["sample"] == sample and row["result"] == "event" for row in rows)


@pytest.mark.parametrize(
    ("general", "source", "sample"),
    [
        ("generic_json/flat.json", "caddy", "lab_caddy.json"),
        ("generic_clf/rack.log", "traefik", "common.log"),
        ("generic_logfmt/programs.log", "tyk", "access.log"),
        ("application/go.log", "oidc_provider", "captured.log"),
    ],
)
def test_a_log_is_not_taken_for_one_of_any_program_that_was_read_before(
    workshop: Workshop, general: str, source: str, sample: str
) -> None:
    """All of its lines would be known to the source of the last resort as well."""
    workshop.write("1.log", (SAMPLES / general).read_bytes())
    workshop.write("2.log", (SAMPLES / source / sample).read_bytes())
    summary = workshop.ingest()
    assert summary.by_source[source].events == _events(source, sample)


def test_half_a_line_of_a_known_log_waits_for_its_rest(workshop: Workshop) -> None:
    """Without its end it looks like a line of any web server."""
    lines = "".join(nginx_line(number) for number in range(5))
    half = nginx_line(5)[: nginx_line(5).index(' "-"')]
    log = workshop.write("access.log", lines + half)
    assert workshop.ingest().total.events == 5
    log.write_text(lines + nginx_line(5), encoding="utf-8")
    assert workshop.ingest().by_source["nginx"].events == 1


_SPRING = "2026-03-02 02:15:03.120 DEBUG 1 --- [exec-1] o.s.security.web.FilterChainProxy : Securing GET /a\n"
_DOTNET = (
    "2026-03-02 02:15:03.120 +00:00 [INF] Microsoft.AspNetCore.Authentication.JwtBearer.JwtBearerHandler "
    "Bearer was not authenticated. Failure message: IDX10214: Audience validation failed.\n"
)


def _guests(workshop: Workshop, log: str) -> list[tuple[str, str]]:
    workshop.write("app.log", log)
    workshop.ingest()
    told = workshop.events("source, time, error_description")
    told = [event for event in told if event["source"] == "application"]
    return sorted((event["time"].strftime("%S"), event["error_description"]) for event in told)


@pytest.mark.parametrize(
    ("framework", "line"),
    [
        (_SPRING, "2026-03-02 02:15:04.120 ERROR 1 --- [exec-2] c.e.JwtFilter : refused: {}\n"),
        (_SPRING, "2026-03-02 02:15:04.120 [exec-2] ERROR c.e.JwtFilter - refused: {}\n"),
        (_DOTNET, "2026-03-02 02:15:04.120 +00:00 [ERR] refused: {}\n"),
    ],
)
def test_an_application_writes_into_the_log_of_its_framework(
    workshop: Workshop, framework: str, line: str
) -> None:
    said = "JWT signature does not match locally computed signature"
    assert _guests(workshop, framework + line.format(said)) == [("04", said)]


@pytest.mark.parametrize(
    "trace",
    [
        "io.jsonwebtoken.MalformedJwtException: {}\n\tat c.e.JwtFilter.read(JwtFilter.java:31)\n",
        "\nio.jsonwebtoken.MalformedJwtException: {}\n\tat c.e.JwtFilter.read(JwtFilter.java:31)\n",
        "java.lang.IllegalStateException: no\n\tat c.e.A.b(A.java:3)\nCaused by: c.e.JwtException: {}\n",
    ],
)
def test_a_stack_trace_in_the_log_of_another_source_is_one_event(workshop: Workshop, trace: str) -> None:
    said = "JWT strings must contain exactly 2 period characters. Found: 0"
    head = "2026-03-02 02:15:04.120 ERROR 1 --- [exec-2] c.e.Api : a request failed\n"
    assert _guests(workshop, _SPRING + head + trace.format(said) + _SPRING) == [("04", said)]


def test_a_stack_trace_below_a_line_of_the_source_itself_is_no_event(workshop: Workshop) -> None:
    trace = "io.jsonwebtoken.MalformedJwtException: Malformed JWT JSON\n"
    assert _guests(workshop, _SPRING + trace + _SPRING) == []
