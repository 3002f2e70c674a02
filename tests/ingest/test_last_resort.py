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
