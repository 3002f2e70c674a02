"""Teaching why401 a cause on the command line: the working list, a rule tried, a rule kept."""

from __future__ import annotations

import pytest

from tests.why401.test_cli import Shell

_LINE = (
    "2026-03-02 02:15:04,120 WARN  [org.keycloak.events] (executor-thread-1) "
    'type="CODE_TO_TOKEN_ERROR", realmId="shop", clientId="web", userId="null", ipAddress="192.0.2.7", '
    'error="vault_sealed", grant_type="authorization_code"\n'
)


@pytest.fixture(scope="module")
def why401(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell beside a lake with a failure that no rule explains."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "keycloak.log").write_text(_LINE)
    shell = Shell(folder)
    shell("ingest", "keycloak.log")
    return shell


def test_a_failure_gets_a_rule_and_leaves_the_list(why401: Shell) -> None:
    listed = why401.json("unclassified", "--json")
    assert isinstance(listed, list)
    (failure,) = listed
    assert failure["error_code"] == "vault_sealed"
    rule = ("rule", "add", "--signature", str(failure["signature"]), "--cause", "server.internal_error")
    rule += ("--reference", "runbook 7")
    unasked = why401(*rule)
    assert unasked.returncode == 2
    assert "--yes keeps the rule" in unasked.stderr.replace("\n", " ")
    assert "1 events; 1 of them no rule explains now" in unasked.stdout
    assert not (why401.folder / "why401-rules").exists()
    kept = why401.json(*rule, "--yes", "--json")
    assert isinstance(kept, dict)
    assert kept["kept"] == "why401-rules/keycloak.csv"
    assert [change["cause_after"] for change in kept["changes"]] == ["server.internal_error"]
    assert why401.json("unclassified", "--json") == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--cause", "server.internal_error"), "needs --field and --pattern"),
        (("--cause", "no.such", "--field", "error", "--pattern", "x"), "there is no cause 'no.such'"),
        (
            ("--cause", "token.expired", "--source", "../x", "--field", "error", "--pattern", "x"),
            "there is no source",
        ),
        (("--cause", "token.expired", "--signature", "1"), "no failure in the lake has the signature 1"),
    ],
)
def test_what_is_no_rule_is_refused(why401: Shell, words: tuple[str, ...], complaint: str) -> None:
    refused = why401("rule", "add", "--reference", "runbook 7", *words)
    assert refused.returncode == 2
    assert complaint in refused.stderr.replace("\n", " ")
    assert "Traceback" not in refused.stderr
