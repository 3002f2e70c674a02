"""A rule on trial: what it would change in all that is in the lake, before anybody keeps it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analysis.classify import classify
from analysis.errors import AnalysisError, RulesError
from analysis.rulebook import Rulebook
from analysis.rules import COLUMNS, Rule, lint, read_rules, rules_of
from analysis.session import Session
from analysis.taxonomy import UNCLASSIFIED

_CHANGES = """
    SELECT
        failures.signature, source, endpoint, status, error, error_code, error_description AS example,
        events, first_seen, last_seen,
        verdicts.cause AS cause_before, verdicts.rule AS rule_before,
        tried.cause AS cause_after, tried.rule AS rule_after
    FROM failures
    JOIN verdicts USING (signature)
    JOIN tried USING (signature)
    WHERE verdicts.rule IS DISTINCT FROM tried.rule
    ORDER BY verdicts.cause = tried.cause, events DESC, signature
"""
_TELLING = ("error_code", "error_description", "error")
_FAILURE = "SELECT source, error_code, error_description, error FROM failures WHERE signature = $1"


@dataclass(frozen=True)
class Change:
    """A distinct failure that another rule would decide: how it was told, how it would be, and of how many
    events. `rule_before` is None where no rule explains it."""

    signature: int
    source: str
    endpoint: str | None
    status: int | None
    error: str | None
    error_code: str | None
    example: str | None
    events: int
    first_seen: datetime
    last_seen: datetime
    cause_before: str
    rule_before: str | None
    cause_after: str
    rule_after: str | None


def made_rules(stem: str, row: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules that a row of `<stem>.csv` in a folder of one's own makes, alternatives one by one.

    Raises RulesError for a row that is not allowed and for an expression that is none or matches everything.
    """
    rules = tuple(rules_of(stem, {name: row.get(name, "") for name in COLUMNS}, 0, own=True))
    findings = lint(rules)
    if findings:
        raise RulesError(findings[0])
    return rules


def row_for(session: Session, signature: int) -> tuple[str, dict[str, str]]:
    """The source of a failure, and the cells of a row for its code, else its message, else its error.

    Raises AnalysisError where there is no such failure or it says nothing.
    """
    found = session.connection.execute(_FAILURE, [signature]).fetchone()
    if found is None:
        raise AnalysisError(f"no failure in the lake has the signature {signature}")
    for field, value in zip(_TELLING, found[1:], strict=True):
        if value and value.strip():
            return str(found[0]), {"field": field, "match": "exact", "pattern": str(value)}
    raise AnalysisError(f"{signature} tells a status alone: no rule can know more, the log has to tell more")


def changes(session: Session, rulebook: Rulebook) -> list[Change]:
    """What another rule would tell if this rulebook decided, what changes its cause first, then by events."""
    connection = session.connection
    classify(connection, "failures", "tried", rulebook)
    answer = connection.execute(_CHANGES)
    names = [column[0] for column in answer.description or ()]
    return [Change(**dict(zip(names, values, strict=True))) for values in answer.fetchall()]


def newly_told(found: list[Change]) -> int:
    """How many events of these no rule explained before."""
    return sum(change.events for change in found if change.cause_before == UNCLASSIFIED)


def keep_rule(folder: Path, stem: str, row: Mapping[str, str]) -> Path:
    """Writes the row at the end of `<stem>.csv` in the folder, in one step, and gives that file.

    Raises RulesError where the row cannot stand there (it says the same as another one) or cannot be written;
    then the file is as it was.
    """
    path = folder / f"{stem}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ",".join(COLUMNS) + "\n"
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as place:
            draft = Path(place) / path.name
            draft.write_text(before.rstrip("\n") + "\n" + _line(row), encoding="utf-8")
            read_rules(Path(place), own=True)
            draft.replace(path)
    except OSError as problem:
        raise RulesError(f"{path}: cannot be written: {problem.strerror}") from problem
    return path


def _line(row: Mapping[str, str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([row.get(name, "") for name in COLUMNS])
    return buffer.getvalue()
