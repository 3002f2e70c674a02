"""Bad input gets a sentence that names the file; the rest goes on; nothing is lost in silence."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from ingest import SourceError
from tests.helpers import Workshop, nginx_line


def _only_problem(workshop: Workshop, *paths: Path) -> str:
    good = workshop.write("good.log", nginx_line(1))
    summary = workshop.ingest(*paths, good)
    assert summary.total.events >= 1
    assert len(summary.problems) == 1
    return summary.problems[0]


def test_a_missing_path(workshop: Workshop) -> None:
    problem = _only_problem(workshop, workshop.root / "nowhere.log")
    assert "nowhere.log" in problem
    assert "no such file" in problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file(workshop: Workshop) -> None:
    path = workshop.write("closed.log", nginx_line(2))
    path.chmod(0)
    problem = _only_problem(workshop, path)
    assert "closed.log" in problem
    assert "permissions" in problem


def test_a_binary_file(workshop: Workshop) -> None:
    problem = _only_problem(workshop, workshop.write("image.bin", bytes(range(256)) * 20))
    assert "image.bin" in problem
    assert "binary" in problem


def test_an_empty_file(workshop: Workshop) -> None:
    problem = _only_problem(workshop, workshop.write("empty.log", b""))
    assert "empty.log" in problem
    assert "empty" in problem


def test_broken_gzip_gives_what_came_before(workshop: Workshop) -> None:
    text = "".join(nginx_line(number, path=f"/orders/{number}/items") for number in range(20_000))
    packed = gzip.compress(text.encode())
    problem = _only_problem(workshop, workshop.write("cut.gz", packed[: len(packed) // 2]))
    assert "cut.gz" in problem
    assert "broken or cut off" in problem
    assert 1_000 < workshop.event_count() < 20_001


def test_an_unknown_format_that_was_named(workshop: Workshop) -> None:
    problem = _only_problem(workshop, workshop.write("notes.txt", "some prose\nand more\n"))
    assert "notes.txt" in problem
    assert "no log format" in problem


def test_an_unknown_format_in_a_folder_is_passed_over(workshop: Workshop) -> None:
    workshop.write("notes.txt", "some prose\nand more\n")
    workshop.write("good.log", nginx_line(1))
    summary = workshop.ingest()
    assert summary.problems == []
    assert [Path(name).name for name in summary.unrecognised] == ["notes.txt"]


def test_a_table_of_expectations_is_no_log(workshop: Workshop) -> None:
    samples = Path(__file__).parents[2] / "sample_logs"
    for name in ("why401.toml", "expected.csv"):
        workshop.write(name, (samples / "nginx" / name).read_bytes())
    summary = workshop.ingest()
    assert (summary.total.records, len(summary.unrecognised)) == (0, 1)


def test_a_folder_for_a_device(workshop: Workshop) -> None:
    assert "not a file" in _only_problem(workshop, Path("/dev/null"))


def test_malformed_lines_are_quarantined_with_reason_place_and_excerpt(workshop: Workshop) -> None:
    secret = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    workshop.write("access.log", nginx_line(1) + f"junk with {secret}\n" + nginx_line(2) + "\n \r\n")
    summary = workshop.ingest()
    assert (summary.total.events, summary.total.quarantined, summary.total.ignored) == (2, 1, 2)
    assert summary.ignored_because == {"blank": 2}
    [refused] = workshop.quarantine()
    assert refused["input"] == "access.log"
    assert refused["offset"] == len(nginx_line(1))
    assert refused["excerpt"] == "junk with [redacted]"
    assert refused["reason"]


def test_a_source_that_does_not_exist(workshop: Workshop) -> None:
    workshop.write("good.log", nginx_line(1))
    with pytest.raises(SourceError, match="no source 'nginks'"):
        workshop.ingest(source="nginks")


def test_a_forced_source_is_used_where_nothing_would_be_recognised(workshop: Workshop) -> None:
    path = workshop.write("mostly.log", "junk\n" * 50 + nginx_line(1))
    summary = workshop.ingest(path, source="nginx")
    assert (summary.total.events, summary.total.quarantined) == (1, 50)


def test_names_that_are_no_hint_mislead_nobody(workshop: Workshop) -> None:
    workshop.write("keycloak.json.gz", nginx_line(1))
    assert workshop.ingest().by_source.keys() == {"nginx"}


@pytest.mark.parametrize("hole", ["{}", '{\\"\\"}', "{ }", "{:l}"])
def test_a_hole_without_a_name_in_a_template_fails_no_query(workshop: Workshop, hole: str) -> None:
    line = (
        f'{{"@t":"2026-03-02T11:00:00Z","@mt":"{hole}Client secret validation failed for client: {{clientId}}.",'
        '"@l":"Error","clientId":"billing",'
        '"SourceContext":"Duende.IdentityServer.Validation.ClientSecretValidator"}\n'
    )
    workshop.write("duende.json", line)
    workshop.ingest()
    assert [row["client_id"] for row in workshop.events()] == ["billing"]
