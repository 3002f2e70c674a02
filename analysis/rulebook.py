"""The rules that a classification goes by: those that come with why401 and a user's own, in their order.

A folder of one's own is laid out like analysis/rules. Its rows stand before those of why401 where the
evidence is of the same kind, and in the place of one that asks for the very same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pyarrow as pa

from analysis.errors import RulesError
from analysis.rules import MATCHES, STANDARD, Rule, lint, load_rules, read_rules

_COLUMNS = (
    *("source", "field", "match", "pattern", "endpoint", "status", "grant_type", "error"),
    *("cause", "confidence", "reference"),
)


@dataclass(frozen=True, eq=False)
class Rulebook:
    """Rules that go together. Two rulebooks are the same only where they are one object."""

    rules: tuple[Rule, ...]

    @cached_property
    def table(self) -> pa.Table:
        """One row for each rule: what it asks for, what it says, its name, and its `rank` (0 goes first)."""
        ranks = {rule: rank for rank, rule in enumerate(sorted(self.rules, key=_order))}
        columns = {
            "position": pa.array(range(len(self.rules)), pa.int32()),
            "rule": pa.array([rule.name for rule in self.rules], pa.string()),
            "rank": pa.array([ranks[rule] for rule in self.rules], pa.int32()),
            "tier": pa.array([rule.tier for rule in self.rules], pa.int32()),
            "standing": pa.array([rule.standing for rule in self.rules], pa.int32()),
            "portable": pa.array([rule.portable for rule in self.rules], pa.bool_()),
            "own": pa.array([rule.own for rule in self.rules], pa.bool_()),
        }
        for name in _COLUMNS:
            columns[name] = pa.array([getattr(rule, name) for rule in self.rules], pa.string())
        return pa.table(columns)

    @cached_property
    def expressions(self) -> dict[tuple[str | None, str, str], list[int]]:
        """Where the rules with each regular expression stand, by source (None for everybody's) and field."""
        places: dict[tuple[str | None, str, str], list[int]] = {}
        for position, rule in enumerate(self.rules):
            if rule.match == "regex":
                source = None if rule.portable else rule.source
                places.setdefault((source, rule.field, rule.pattern), []).append(position)
        return places

    @cached_property
    def products(self) -> list[str]:
        """The sources that have rules of their own."""
        return sorted({rule.source for rule in self.rules if rule.source})

    @cached_property
    def causes(self) -> dict[str, str]:
        """The cause that each rule tells, by its name."""
        return {rule.name: rule.cause for rule in self.rules}

    def with_own(self, own: tuple[Rule, ...]) -> Rulebook:
        """This one with further rules, which take the place of those that ask for the same."""
        asked = {rule.asks for rule in own}
        return Rulebook((*own, *(rule for rule in self.rules if rule.asks not in asked)))


def load_rulebook(own: Path | None = None) -> Rulebook:
    """The rules of why401 with those of a folder of one's own, where there is one; read anew when it changes.

    Raises RulesError, which names the row, for one that is not allowed or whose expression is none.
    """
    return _shipped() if own is None or not own.is_dir() else _with_folder(own, rules_version(own))


def rules_version(own: Path | None) -> str:
    """What stands for the present content of a folder of rules; the empty text where there is none."""
    if own is None or not own.is_dir():
        return ""
    digest = hashlib.sha256()
    try:
        for path in sorted(own.glob("*.csv")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    except OSError as problem:
        raise RulesError(f"{problem.filename}: cannot be read: {problem.strerror}") from problem
    return digest.hexdigest()


@cache
def _shipped() -> Rulebook:
    return Rulebook(load_rules())


@cache
def _with_folder(own: Path, version: str) -> Rulebook:
    rules = read_rules(own, own=True)
    findings = lint(rules)
    if findings:
        raise RulesError(f"{own}: {findings[0]}")
    return _shipped().with_own(rules)


def _order(rule: Rule) -> tuple[object, ...]:
    """The order of evidence of docs/architecture.md; then a user's own rules, and a product's own words."""
    return (
        rule.tier,
        not rule.own,
        0 if rule.source else 2 if rule.file == STANDARD else 1,
        MATCHES.index(rule.match),
        -len(rule.pattern),
        -rule.conditions,
        rule.file,
        rule.line,
    )
