"""The rules: what codes, messages and statuses mean. One CSV for each source, analysis/rules/<source>.csv.

Files whose name begins with `_` hold for every source: `_standard.csv` (codes of the specifications,
statuses, messages that anybody may write), `_vendors.csv` (what well-known servers, gateways and
libraries write, wherever it turns up) and `_services.csv` (what the services behind gateways answer).
A folder of one's own holds such files too: see analysis/rulebook.py.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import duckdb

from analysis.errors import RulesError
from analysis.taxonomy import is_leaf, load_causes
from ingest.sources import load_sources
from lake.schema import ENDPOINTS

RULES = Path(__file__).parent / "rules"
STANDARD = "_standard.csv"

COLUMNS = (
    "field",
    "match",
    "pattern",
    "endpoint",
    "status",
    "grant_type",
    "error",
    "cause",
    "confidence",
    "reference",
)
FIELDS = ("error_code", "error_description", "error", "status")
MATCHES = ("exact", "prefix", "regex")
CONFIDENCES = ("high", "medium", "low")

OWN_CODES = "why401."
"""Begins the codes that why401 gives itself, from what it saw in a token or challenge."""

PORTABLE_CODE = r"(?:aadsts|aadb2c|e0000|idx)[0-9]{3,}"
"""Codes that carry their vendor's mark: whoever passes them on, they mean the same. In lower case."""

_MARK = re.compile(r"(aadsts|aadb2c|e0000|idx)[0-9]", re.IGNORECASE)

_COUNTED = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_COUNTED = 500
"""RE2 writes out a counted repetition, and its time grows with what it has written."""

_SIGNS = {"exact": "=", "prefix": "^=", "regex": "~="}
_CONDITIONS = ("endpoint", "status", "grant_type", "error")


@dataclass(frozen=True)
class Rule:
    """One row of a rules file, for one value of each condition (a cell may list several, `a|b`).

    `source` is None for a rule of all sources. `pattern` is `written` in normal form (see `normal`); a
    regular expression stays as written: it is RE2, searched anywhere, ignoring case.
    `own`: it stands in a user's folder.
    """

    source: str | None
    field: str
    match: str
    written: str
    pattern: str
    endpoint: str | None
    status: str | None
    grant_type: str | None
    error: str | None
    cause: str
    confidence: str
    reference: str
    file: str
    line: int
    own: bool = False

    @property
    def name(self) -> str:
        """The row as a person finds it again: file, field, pattern, conditions, whether it is their own."""
        conditions = "".join(
            f" {name}={value}" for name in _CONDITIONS if (value := getattr(self, name)) is not None
        )
        own = " (own rule)" if self.own else ""
        return f"{self.file}:{self.field}{_SIGNS[self.match]}{self.written}{conditions}{own}"

    @property
    def asks(self) -> tuple[object, ...]:
        """What the rule asks for; two rules that ask for the same cannot both be right."""
        conditions = (getattr(self, name) for name in _CONDITIONS)
        return (self.source, self.field, self.match, self.pattern, *conditions)

    @property
    def conditions(self) -> int:
        """How many further conditions the rule has."""
        return sum(getattr(self, name) is not None for name in _CONDITIONS)

    @property
    def portable(self) -> bool:
        """Whether the pattern begins with a vendor's mark, so that the rule holds for every source."""
        return bool(_MARK.match(self.pattern))

    @property
    def tier(self) -> int:
        """The place of this kind of evidence, 0 first.

        A vendor's code, then a message, the standard error, the status. A code of medium confidence
        gives way to the same source's message of high confidence; a rule of low confidence to
        everything else that says more. What why401 saw in a token stands behind what the server said.
        """
        if self.field == "error_code":
            place = 5 if self.pattern.startswith(OWN_CODES) else 0 if self.confidence == "high" else 2
        elif self.field == "error_description":
            place = 1 if self.source is not None and self.confidence == "high" else 3
        else:
            place = 6 if self.field == "error" else 7
        return place + (10 if self.confidence == "low" else 0)

    @property
    def standing(self) -> int:
        """The place of the best rule of each piece of evidence among the others: its tier, but what names no
        more than a family stands behind the message that says more."""
        return self.tier + 2 if self.tier in (2, 3) and not is_leaf(self.cause) else self.tier


def normal(field: str, text: str) -> str:
    """A value or pattern in the form in which both are compared: one line, no case, no final stop."""
    joined = " ".join(text.split()).lower()
    return joined.rstrip(".") if field == "error_description" else joined


def read_rules(folder: Path, own: bool = False) -> tuple[Rule, ...]:
    """All rules of a folder of CSV files, in file and line order; `own`: it is a user's.

    Raises RulesError, naming file and line, for a row that is not allowed and for two rows that say
    something about the very same evidence.
    """
    rules: list[Rule] = []
    first: dict[tuple[object, ...], Rule] = {}
    for path in sorted(folder.glob("*.csv")):
        for rule in _read(path, own):
            twin = first.setdefault(rule.asks, rule)
            if twin is not rule:
                raise RulesError(
                    f"{rule.file} line {rule.line}: says the same as {twin.file} line {twin.line}: "
                    f"{rule.name}"
                )
            rules.append(rule)
    return tuple(rules)


@cache
def load_rules() -> tuple[Rule, ...]:
    """The rules that come with why401, read once; a source has those of its `rules_of` as well. Raises
    RulesError."""
    rules = read_rules(RULES)
    lent = (
        replace(rule, source=source.name)
        for source in load_sources().values()
        for rule in rules
        if source.rules_of is not None and rule.source == source.rules_of and not rule.portable
    )
    return (*rules, *lent)


def lint(rules: tuple[Rule, ...]) -> list[str]:
    """What is wrong with rules that can be read: patterns that do not compile, match everything or are slow.

    One line for each finding; empty when all is well.
    """
    findings: list[str] = []
    connection = duckdb.connect()
    for rule in rules:
        where = f"{rule.file} line {rule.line}"
        if rule.match != "regex":
            continue
        try:
            found = connection.execute("SELECT regexp_matches('', $1, 'i')", [rule.pattern]).fetchone()
        except duckdb.Error as problem:
            findings.append(f"{where}: {rule.pattern!r} is no RE2 expression: {problem}")
            continue
        if found is not None and found[0]:
            findings.append(f"{where}: {rule.pattern!r} matches everything")
        counted = sum(int(most or least) for least, most in _COUNTED.findall(rule.pattern))
        if counted > _MOST_COUNTED:
            findings.append(f"{where}: {rule.pattern!r} is slow: its counted repetitions come to {counted}")
    return findings


def _read(path: Path, own: bool) -> Iterator[Rule]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restkey="rest", restval=None)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise RulesError(f"{path.name}: the header must be {','.join(COLUMNS)}")
            for row in reader:
                yield from rules_of(path.stem, row, reader.line_num, own)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise RulesError(f"{path}: cannot be read: {problem}") from problem


def rules_of(stem: str, row: Mapping[str, str | None], line: int, own: bool = False) -> Iterator[Rule]:
    """The rules that one row of the file `<stem>.csv` makes; line 0 is one that is not written yet.

    Raises RulesError.
    """
    where = f"{stem}.csv line {line}" if line else f"a row of {stem}.csv"
    if "rest" in row or None in row.values():
        raise RulesError(f"{where}: needs {len(COLUMNS)} cells; quote a cell that holds a comma")
    cell = {name: (row[name] or "").strip() for name in COLUMNS}
    for name, allowed in (("field", FIELDS), ("match", MATCHES), ("confidence", CONFIDENCES)):
        if cell[name] not in allowed:
            raise RulesError(f"{where}: {name} must be one of: {', '.join(allowed)}")
    for name in ("pattern", "reference"):
        if not cell[name]:
            raise RulesError(f"{where}: {name} is empty")
    if cell["cause"] not in load_causes():
        raise RulesError(f"{where}: there is no cause {cell['cause']!r} in analysis/causes")
    alternatives = {name: [part.strip() for part in cell[name].split("|")] for name in _CONDITIONS}
    for endpoint in alternatives["endpoint"]:
        if endpoint and endpoint not in ENDPOINTS:
            raise RulesError(f"{where}: endpoint must be one of: {', '.join(ENDPOINTS)}")
    for status in alternatives["status"]:
        if status and not re.fullmatch(r"[1-9][0-9]{2}", status):
            raise RulesError(f"{where}: status {status!r} is no HTTP status")
    if cell["field"] == "status" and not re.fullmatch(r"[1-9][0-9]{0,2}", cell["pattern"]):
        raise RulesError(f"{where}: the pattern of a status rule is a status or its first digits")
    pattern = cell["pattern"]
    if cell["match"] != "regex":
        pattern = normal(cell["field"], pattern)
    for endpoint, status, grant_type, error in itertools.product(*alternatives.values()):
        yield Rule(
            source=None if stem.startswith("_") else stem,
            field=cell["field"],
            match=cell["match"],
            written=cell["pattern"],
            pattern=pattern,
            endpoint=endpoint or None,
            status=status or None,
            grant_type=grant_type or None,
            error=error.lower() or None,
            cause=cell["cause"],
            confidence=cell["confidence"],
            reference=cell["reference"],
            file=f"{stem}.csv",
            line=line,
            own=own,
        )
