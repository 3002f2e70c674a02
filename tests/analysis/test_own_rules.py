"""Rules of one's own: where they stand among the others, what they change, and that they come at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import AnalysisError, RulesError
from analysis.questions import unclassified
from analysis.rulebook import load_rulebook
from analysis.rules import COLUMNS
from analysis.scope import whole_period
from analysis.session import Session
from analysis.trial import changes, keep_rule, made_rules, newly_told, row_for
from tests.helpers import Workshop

HEADER = ",".join(COLUMNS) + "\n"
NEW, KNOWN = "client_secret_mismatch_in_vault", "invalid_code"


def _keycloak(error: str, second: int) -> str:
    return (
        f"2026-03-02 02:15:{second:02},120 WARN  [org.keycloak.events] (executor-thread-1) "
        f'type="CODE_TO_TOKEN_ERROR", realmId="shop", clientId="web", userId="null", ipAddress="192.0.2.7", '
        f'error="{error}", grant_type="authorization_code"\n'
    )


@pytest.fixture
def lake(workshop: Workshop) -> Workshop:
    """Three failures that no rule explains and two that one does."""
    lines = [_keycloak(NEW if second < 3 else KNOWN, second) for second in range(5)]
    workshop.write("keycloak.log", "".join(lines))
    workshop.ingest()
    return workshop


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Where rules of one's own would lie."""
    return tmp_path / "rules"


def _row(pattern: str, cause: str, field: str = "error_code", match: str = "exact") -> dict[str, str]:
    facts = {"confidence": "high", "reference": "our own"}
    return {"field": field, "match": match, "pattern": pattern, "cause": cause, **facts}


def _causes(session: Session) -> dict[str, str]:
    return dict(session.connection.execute("SELECT error_code, cause FROM signatures").fetchall())


def test_the_working_list_names_the_nearest_rules(lake: Workshop) -> None:
    session = Session(lake.lake)
    scope = whole_period(session)
    assert scope is not None
    (row,) = unclassified(session, scope)
    assert (row.error_code, row.failures) == (NEW, 3)
    assert 0 < len(row.nearest) <= 3
    assert any("secret" in near["rule"] for near in row.nearest)


def test_a_kept_rule_changes_all_of_history_at_once(lake: Workshop, own: Path) -> None:
    session = Session(lake.lake, own)
    assert _causes(session)[NEW] == "unknown.unclassified"
    (signature,) = session.connection.execute(
        "SELECT signature FROM signatures WHERE error_code = $1", [NEW]
    ).fetchone() or (0,)
    source, row = row_for(session, signature)
    row |= {"cause": "client_auth.secret_invalid", "confidence": "high", "reference": "our own"}
    found = changes(session, session.rulebook.with_own(made_rules(source, row)))
    assert [(one.events, one.cause_before, one.cause_after) for one in found] == [
        (3, "unknown.unclassified", "client_auth.secret_invalid")
    ]
    assert newly_told(found) == 3
    assert _causes(session)[NEW] == "unknown.unclassified"
    keep_rule(own, source, row)
    session.refresh()
    assert _causes(session)[NEW] == "client_auth.secret_invalid"
    (told,) = session.connection.execute(
        "SELECT DISTINCT rule FROM events WHERE error_code = $1", [NEW]
    ).fetchone()
    assert told == f"keycloak.csv:error_code={NEW} (own rule)"


def test_an_own_rule_takes_the_place_of_one_that_asks_for_the_same(lake: Workshop, own: Path) -> None:
    before = len(load_rulebook().rules)
    keep_rule(own, "keycloak", _row(KNOWN, "grant.code_expired"))
    assert len(load_rulebook(own).rules) == before
    assert _causes(Session(lake.lake, own))[KNOWN] == "grant.code_expired"
    assert _causes(Session(lake.lake))[KNOWN] == "grant.code_invalid"


def test_an_own_rule_for_all_sources_stands_behind_a_products_own_words(lake: Workshop, own: Path) -> None:
    keep_rule(own, "_all", _row("_secret_", "client_auth.secret_expired", match="regex"))
    keep_rule(own, "_all", _row("never", "token.expired", field="error_description"))
    causes = _causes(Session(lake.lake, own))
    assert causes == {NEW: "client_auth.secret_expired", KNOWN: "grant.code_invalid"}


def test_a_rule_that_changes_nothing_says_so(lake: Workshop) -> None:
    session = Session(lake.lake)
    rules = made_rules("keycloak", _row("an error of tomorrow", "token.expired"))
    assert changes(session, session.rulebook.with_own(rules)) == []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (_row("(open", "token.expired", match="regex"), "is no RE2 expression"),
        (_row(".*", "token.expired", match="regex"), "matches everything"),
        (_row("x", "token.tired"), "there is no cause"),
        (_row("", "token.expired"), "pattern is empty"),
    ],
)
def test_a_faulty_row_is_refused_before_it_is_tried(row: dict[str, str], complaint: str) -> None:
    with pytest.raises(RulesError, match=complaint):
        made_rules("keycloak", row)


def test_a_row_that_stands_there_already_leaves_the_file_as_it_was(own: Path) -> None:
    path = keep_rule(own, "keycloak", _row("x", "token.expired"))
    before = path.read_bytes()
    with pytest.raises(RulesError, match="says the same as"):
        keep_rule(own, "keycloak", _row("X", "token.missing"))
    assert path.read_bytes() == before
    assert sorted(own.iterdir()) == [path]


def test_a_broken_file_of_ones_own_is_named(lake: Workshop, own: Path) -> None:
    own.mkdir()
    (own / "keycloak.csv").write_text(HEADER + "error_code,regex,(,,,,,token.expired,high,our own\n")
    with pytest.raises(RulesError, match=r"keycloak\.csv line 2"):
        Session(lake.lake, own)


def test_a_failure_that_tells_a_status_alone_gives_no_rule(workshop: Workshop) -> None:
    workshop.write(
        "access.log",
        '192.0.2.7 - - [02/Mar/2026:02:15:04 +0000] "GET /v1/me HTTP/1.1" 401 179 "-" "curl/8.5.0"\n',
    )
    workshop.ingest()
    session = Session(workshop.lake)
    (signature,) = session.connection.execute("SELECT signature FROM signatures").fetchone() or (0,)
    with pytest.raises(AnalysisError, match="a status alone"):
        row_for(session, signature)
    with pytest.raises(AnalysisError, match="no failure"):
        row_for(session, signature + 1)
