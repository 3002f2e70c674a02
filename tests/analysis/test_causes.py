"""The taxonomy: complete, consistent, and strict about what a file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.classify import causes_table
from analysis.errors import TaxonomyError
from analysis.rules import load_rules
from analysis.taxonomy import CAUSES, MISSIONS, load_causes, load_families, read_causes

FAMILY = '[family]\ntitle = "Unknown"\n'
CAUSE = """
[cause."unknown.unclassified"]
title = "No rule explains this message"
responsible = "gateway operator"
retry = "never"
security = false
normal = false
remedy = "Add a rule."
reference = "RFC 6749 5.2"
evidence = "There is no rule."
"""


def _folder(tmp_path: Path, **files: str) -> Path:
    for name, text in {"unknown": FAMILY + CAUSE, **files}.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_every_file_is_a_family_with_causes() -> None:
    causes = load_causes()
    families = load_families()
    assert set(families) == {path.stem for path in CAUSES.glob("*.toml")}
    assert {cause.family for cause in causes.values()} == set(families)
    assert len(causes) > 100


def test_the_missions_are_visible() -> None:
    missions = {family.name: family.mission for family in load_families().values()}
    assert set(MISSIONS) <= set(missions.values())
    assert missions["client_credentials"] == "client credentials"
    assert missions["token"] == "expired or revoked tokens"
    assert missions["grant"] == "expired or revoked tokens"
    assert missions["request"] == "malformed request"
    assert missions["server"] == "server errors"
    assert missions["protocol"] is None


@pytest.mark.parametrize("cause", load_causes().values(), ids=lambda cause: str(cause.id))
def test_a_cause_speaks_to_a_person(cause: object) -> None:
    cause = load_causes()[cause.id]  # type: ignore[attr-defined]
    assert not cause.title.endswith(".")
    assert len(cause.title) <= 80
    for text in (cause.remedy, cause.evidence):
        assert text.endswith(".")
    assert 10 < len(cause.remedy) < 400
    assert any(mark in cause.reference for mark in ("RFC ", "OIDC ", "Fetch "))


def test_every_cause_is_given_by_a_rule_or_found_by_counting() -> None:
    given = {rule.cause for rule in load_rules()}
    for cause in load_causes().values():
        assert (cause.id in given) != cause.derived or cause.id == "unknown.unclassified", cause.id


def test_what_is_normal_is_no_security_matter() -> None:
    normal = {cause.id for cause in load_causes().values() if cause.normal}
    assert "protocol.authorization_pending" in normal
    assert "consent.required" in normal
    assert not [cause for cause in normal if load_causes()[cause].security]


@pytest.mark.parametrize(
    ("cause", "field"),
    [
        ("unknown.status_only_401", "$sent_http_www_authenticate"),
        ("unknown.status_only_401", "%RESPONSE_CODE_DETAILS%"),
        ("unknown.status_only_401", "$auth_status"),
        ("unknown.status_only_403", "%RESPONSE_CODE_DETAILS%"),
        ("unknown.status_only_token_endpoint", "$request_id"),
    ],
)
def test_a_bare_status_names_the_field_to_log(cause: str, field: str) -> None:
    assert field in load_causes()[cause].remedy


def test_the_table_has_a_row_for_each_cause() -> None:
    rows = {row["cause"]: row for row in causes_table().to_pylist()}
    assert set(rows) == set(load_causes())
    assert rows["client_auth.secret_expired"]["mission"] == "client credentials"
    assert rows["client_auth.secret_expired"]["family_title"] == "Client credentials"
    assert rows["client_auth.secret_expired"]["responsible"] == "client operator"


def test_a_small_taxonomy_is_read(tmp_path: Path) -> None:
    families, causes = read_causes(_folder(tmp_path))
    assert families["unknown"].title == "Unknown"
    assert causes["unknown.unclassified"].family == "unknown"
    assert causes["unknown.unclassified"].derived is False


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[family", "not TOML"),
        (CAUSE.replace("unknown.", "x."), r"needs a \[family\] table"),
        (FAMILY + 'mission = "world peace"\n', "mission must be one of"),
        (FAMILY + 'colour = "red"\n', "unknown keys: colour"),
        (FAMILY + CAUSE.replace("unknown.unclassified", "Unknown"), "an id looks like"),
        (FAMILY + CAUSE.replace('remedy = "Add a rule."', ""), "needs a remedy"),
        (FAMILY + CAUSE.replace("security = false", 'security = "no"'), "must be true or false"),
        (FAMILY + CAUSE.replace("gateway operator", "somebody"), "responsible must be one of"),
        (FAMILY + CAUSE.replace('"never"', '"maybe"'), "retry must be one of"),
        (FAMILY + CAUSE.replace("retry =", "again = 1\nretry ="), "unknown keys: again"),
        (FAMILY + CAUSE.replace("unknown.unclassified", "unknown.other"), "has the prefix of"),
        (FAMILY + CAUSE, "stands in"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(TaxonomyError, match=complaint) as caught:
        read_causes(_folder(tmp_path, zebra=text))
    assert "zebra.toml" in str(caught.value)


def test_a_taxonomy_must_know_the_unclassified(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(FAMILY + CAUSE.replace("unclassified", "b"), encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"unknown\.unclassified is missing"):
        read_causes(tmp_path)
