"""Verdicts: the distinct failures joined to the rules, in one query.

Events never store a cause, so a rule that is fixed today corrects all of history.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.rulebook import Rulebook, load_rulebook
from analysis.rules import PORTABLE_CODE
from analysis.tables import place
from analysis.taxonomy import UNCLASSIFIED, load_causes, load_families
from ingest.needles import needles

_QUERY = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_RULES = "why401_rules"
_NUMBER = re.compile("[0-9]+")
_LITTLE = 200_000
"""Bytes of text up to which to look for what a regular expression needs is quicker than to plan it."""


@cache
def causes_table() -> pa.Table:
    """The causes, one row for each, with the title and the mission of their family."""
    families = load_families()
    rows = [
        {
            "cause": cause.id,
            "family": cause.family,
            "family_title": families[cause.family].title,
            "mission": families[cause.family].mission,
            "title": cause.title,
            "responsible": cause.responsible,
            "retry": cause.retry,
            "security": cause.security,
            "normal": cause.normal,
            "remedy": cause.remedy,
            "reference": cause.reference,
            "evidence": cause.evidence,
        }
        for cause in load_causes().values()
    ]
    return pa.Table.from_pylist(rows)


def classify(
    connection: duckdb.DuckDBPyConnection, signatures: str, into: str, rulebook: Rulebook | None = None
) -> None:
    """Creates (or replaces) the table `into` with a verdict for each row of the table `signatures`.

    `signatures` has `signature` (unique), `source`, `endpoint`, `grant_type`, `status`, `error`,
    `error_code` and `error_description` (one example of the message). `into` gets `signature`,
    `cause`, `confidence` (high, medium, low), `rule` (the row that decided, NULL for none) and
    `considered` (up to five other rules that fit, best first) and `conflict` (the cause of another family
    that code or message tells as surely, NULL for none). Without a `rulebook` the rules that come with
    why401 decide. Raises duckdb.Error when a column is missing.
    """
    asked = f"SELECT DISTINCT source FROM {_identifier(signatures)} WHERE source IS NOT NULL"
    sources = frozenset(source for (source,) in connection.execute(asked).fetchall())
    book = rulebook or load_rulebook()
    text = _all_text(connection, signatures)
    place(connection, _RULES, book.table, temporary=True)
    try:
        connection.execute(
            _QUERY.format(
                into=_identifier(into),
                signatures=_identifier(signatures),
                rules=_RULES,
                regexes=_regexes(book, sources) if text is None else _regexes_for(book, sources, text),
                portable=PORTABLE_CODE,
                unclassified=UNCLASSIFIED,
            )
        )
    finally:
        connection.execute(f"DROP TABLE {_RULES}")


def _all_text(connection: duckdb.DuckDBPyConnection, signatures: str) -> str | None:
    """All that the failures say, in small letters and every number as 0; None where that is too much to look
    through. Most messages differ by a number only."""
    question = f"""
        SELECT sum(strlen(said)), string_agg(said, chr(10))
        FROM (
            SELECT DISTINCT regexp_replace(line, '[0-9]+', '0', 'g') AS said
            FROM (
                SELECT lower(regexp_replace(concat_ws(
                    chr(10), status, error, error_code, error_description), '\\s+', ' ', 'g')) AS line
                FROM {_identifier(signatures)}
            )
        )
    """
    size, text = connection.execute(question).fetchall()[0]
    return None if size is not None and size >= _LITTLE else text or ""


@lru_cache(maxsize=8)
def _regexes(book: Rulebook, sources: frozenset[str]) -> str:
    """A list of the positions of the regular expressions that match `value`, of rules for these sources."""
    return _regexes_for(book, sources, None)


def _regexes_for(book: Rulebook, sources: frozenset[str], text: str | None) -> str:
    """The same, without those that nothing in `text` can match.

    The expressions stand in the query as constants: DuckDB compiles those once, and any others once
    for every row. The same expression under several conditions is tried once. To plan some thousand takes
    more than a second.
    """
    tests = [
        f"CASE WHEN {_guard(source, field)} AND regexp_matches(value, {_literal(pattern)}, 'i') "
        f"THEN {positions} END"
        for (source, field, pattern), positions in book.expressions.items()
        if (source is None or source in sources)
        and (text is None or any(_without_numbers(needle) in text for needle in needles(pattern)))
    ]
    return f"flatten(list_filter([{', '.join(tests)}]::INTEGER[][], lambda found: found IS NOT NULL))"


@cache
def _without_numbers(needle: str) -> str:
    return _NUMBER.sub("0", needle)


def _guard(source: str | None, field: str) -> str:
    guard = f"field = {_literal(field)}"
    return guard if source is None else f"{guard} AND source = {_literal(source)}"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
