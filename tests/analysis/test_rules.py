"""The rules: readable, free of dead rows and of ties, and strict about what a file may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import characters, from_regex

from analysis.errors import RulesError
from analysis.rulebook import load_rulebook
from analysis.rules import COLUMNS, RULES, Rule, lint, load_rules, read_rules
from analysis.taxonomy import load_causes
from ingest import load_sources
from tests.analysis.verdicts import verdicts

HEADER = ",".join(COLUMNS)
ROW = "error_code,exact,X1,,,,,token.expired,high,RFC 6750 3.1"


def _folder(tmp_path: Path, text: str, name: str = "acme") -> Path:
    (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def _asks_for(rule: Rule) -> dict[str, Any]:
    """A failure that the rule is made for."""
    value = rule.written
    if rule.match == "prefix":
        value += {"error_code": "77", "error_description": " with something behind it"}.get(rule.field, "00")
    asked = {
        "source": rule.source or "another",
        "endpoint": rule.endpoint,
        "grant_type": rule.grant_type,
        "error": rule.error,
        "status": int(rule.status) if rule.status else None,
    }
    return {**asked, rule.field: int(value[:3]) if rule.field == "status" else value}


def test_files_are_named_after_sources() -> None:
    names = {path.stem for path in RULES.glob("*.csv")}
    assert {"_standard", "_vendors", "nginx", "apinto", "envoy"} <= names
    assert {"keycloak", "okta", "entra"} <= names
    unknown = {name for name in names if not name.startswith("_")} - set(load_sources())
    assert unknown <= {"keycloak", "okta", "entra", "apinto"}, unknown


def test_the_rules_are_clean() -> None:
    assert lint(load_rules()) == []


def test_every_rule_decides_what_it_is_made_for() -> None:
    rules = [rule for rule in load_rules() if rule.match != "regex"]
    found = verdicts([_asks_for(rule) for rule in rules])
    wrong = [
        f"{rule.name}: {rule.cause}, but {got.rule} says {got.cause}"
        for rule, got in zip(rules, found, strict=True)
        if got.cause != rule.cause
    ]
    assert wrong == []


@pytest.mark.slow
def test_every_expression_can_decide() -> None:
    rules = [rule for rule in load_rules() if rule.match == "regex" and _as_python(rule) is not None]
    texts = [(rule, text) for rule in rules for text in _examples(rule)]
    found = verdicts([_asks_for(rule) | {rule.field: text} for rule, text in texts])
    reached = {id(rule) for (rule, _), got in zip(texts, found, strict=True) if got.cause == rule.cause}
    assert [rule.name for rule in rules if id(rule) not in reached] == []


def _as_python(rule: Rule) -> re.Pattern[str] | None:
    try:
        return re.compile(rule.pattern, re.ASCII)
    except re.error:
        return None


def _examples(rule: Rule, count: int = 8) -> list[str]:
    """Texts that the rule's expression matches."""
    pattern = _as_python(rule)
    assert pattern is not None
    texts: list[str] = []

    @seed(7)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(from_regex(pattern, alphabet=characters(codec="ascii", exclude_categories=["Cc"])))
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts


def test_the_order_has_no_ties() -> None:
    table = load_rulebook().table
    assert sorted(table["rank"].to_pylist()) == list(range(table.num_rows))
    assert set(table["cause"].to_pylist()) <= set(load_causes())


def test_alternatives_become_rules_of_their_own(tmp_path: Path) -> None:
    text = f"{HEADER}\nerror,exact,e,token|api,400|401,,,token.expired,low,here\n"
    rules = read_rules(_folder(tmp_path, text))
    assert {(rule.endpoint, rule.status) for rule in rules} == {
        ("token", "400"),
        ("token", "401"),
        ("api", "400"),
        ("api", "401"),
    }
    assert {rule.source for rule in rules} == {"acme"}
    assert {rule.conditions for rule in rules} == {2}


def test_a_rule_is_named_so_that_a_person_finds_it() -> None:
    names = {rule.name for rule in load_rules()}
    assert "entra.csv:error_code=AADSTS7000222" in names
    assert "_standard.csv:error=invalid_grant grant_type=refresh_token" in names


def test_files_with_an_underscore_hold_for_every_source(tmp_path: Path) -> None:
    rules = read_rules(_folder(tmp_path, f"{HEADER}\n{ROW}\n", "_all"))
    assert [rule.source for rule in rules] == [None]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("error_code,exact,X1,,,,,token.expired,high", "needs 10 cells"),
        (f"{ROW},more", "needs 10 cells"),
        (ROW.replace("error_code", "errorcode"), "field must be one of"),
        (ROW.replace("exact", "glob"), "match must be one of"),
        (ROW.replace("high", "sure"), "confidence must be one of"),
        (ROW.replace("X1", " "), "pattern is empty"),
        (ROW.replace("RFC 6750 3.1", ""), "reference is empty"),
        (ROW.replace("token.expired", "token.tired"), "there is no cause 'token.tired'"),
        (ROW.replace("X1,,", "X1,tokens,"), "endpoint must be one of"),
        (ROW.replace("X1,,,", "X1,,4xx,"), "status '4xx' is no HTTP status"),
        (ROW.replace("error_code,exact,X1", "status,exact,many"), "status or its first digits"),
        (f"{ROW}\n{ROW}", "says the same as acme.csv line 2"),
        (f"{ROW}\n{ROW.replace('X1', 'x1').replace('expired', 'missing')}", "says the same"),
    ],
)
def test_a_faulty_row_is_named_with_its_fault(tmp_path: Path, rows: str, complaint: str) -> None:
    with pytest.raises(RulesError, match=complaint) as caught:
        read_rules(_folder(tmp_path, f"{HEADER}\n{rows}\n"))
    assert "acme.csv line" in str(caught.value)


def test_a_faulty_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="the header must be"):
        read_rules(_folder(tmp_path, "field,pattern\n"))


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("(open", "is no RE2 expression"),
        ("(?=ahead)", "is no RE2 expression"),
        (".*", "everything"),
        ("token.{300}has.{300}expired", "is slow"),
    ],
)
def test_a_faulty_pattern_is_found(tmp_path: Path, pattern: str, complaint: str) -> None:
    row = f"error_description,regex,{pattern},,,,,token.expired,high,RFC 6750"
    findings = lint(read_rules(_folder(tmp_path, f"{HEADER}\n{row}\n")))
    assert len(findings) == 1
    assert complaint in findings[0]


def test_lent_rules_are_those_of_a_source_that_has_some_and_ask_for_nothing_twice() -> None:
    lenders = {source.rules_of for source in load_sources().values() if source.rules_of is not None}
    assert lenders
    assert lenders <= {rule.source for rule in read_rules(RULES)}
    asked = [rule.asks for rule in load_rules()]
    assert len(asked) == len(set(asked))
