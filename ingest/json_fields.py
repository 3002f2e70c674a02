"""The relation `fields` of a source of JSON records: a column for each field that its front matter names.

All fields of a record are taken from one parse, as one list, in less time than DuckDB's `from_json` takes for
a nested structure. Text that is no JSON is an error to DuckDB, and to catch it for each record takes a
quarter more; so records are trusted until some are not JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import duckdb
import pyarrow as pa

from ingest.quoting import literal
from ingest.sparse import SparseQuery

_PLAIN_TOKEN = re.compile(r"[0-9]+|[A-Za-z_][A-Za-z0-9_]*")


class JsonQuery:
    """A query over the fields of JSON records, asked chunk by chunk. Not safe to share between threads."""

    def __init__(
        self, made: Callable[[str], SparseQuery], fields: Mapping[str, str], held_in: Sequence[str]
    ) -> None:
        """`made` makes the query of a relation `fields`; see `json_fields` for the others."""
        self._query: Callable[[bool], SparseQuery] = lambda trusted: made(
            json_fields(fields, held_in, trusted=trusted)
        )
        self._trusting: SparseQuery | None = self._query(True)

    @cached_property
    def _wary(self) -> SparseQuery:
        return self._query(False)

    def run(self, table: pa.Table) -> pa.Table:
        """What the query gives over `table` (line, offset), row by row in its order. Raises duckdb.Error."""
        if self._trusting is not None:
            try:
                return self._trusting.run(table)
            except duckdb.InvalidInputException:
                self._trusting = None
        return self._wary.run(table)


def json_fields(fields: Mapping[str, str], held_in: Sequence[str], *, trusted: bool = False) -> str:
    """A SELECT from `records` with `line`, "offset", `matched` (it is JSON) and the fields, as VARCHAR.

    `fields` are JSON Pointers (RFC 6901). The first one is of a field that every record has: where it is
    NULL, the record is taken out of the first of the pointers `held_in` under which there is one. With
    `trusted` a record that is not JSON is an error.
    """
    paths = ", ".join(literal(json_path(pointer)) for pointer in fields.values())
    columns = ", ".join(f'held[{place}] AS "{name}"' for place, name in enumerate(fields, 1))
    inner = ", ".join(f"TRY(json_extract(line, {literal(json_path(pointer))}))" for pointer in held_in)
    elsewhere = f"coalesce(TRY(json_extract_string(coalesce({inner}), [{paths}])), plain)"
    held = f"CASE WHEN plain[1] IS NULL THEN {elsewhere} ELSE plain END" if held_in else "plain"
    plain = f"json_extract_string(line, [{paths}])"
    return f"""
        SELECT line, "offset", held IS NOT NULL AS matched, {columns}
        FROM (SELECT line, "offset", {held} AS held
              FROM (SELECT line, "offset", {plain if trusted else f"TRY({plain})"} AS plain FROM records))
    """


def json_path(pointer: str) -> str:
    """A JSON Pointer (RFC 6901) as a path of DuckDB, which finds a field in a tenth less of the time.

    A token of digits alone is a place in an array. A pointer of other than plain keys stays what it is.
    """
    tokens = pointer.split("/")[1:]
    if not all(_PLAIN_TOKEN.fullmatch(token) for token in tokens):
        return pointer
    return "$" + "".join(f"[{token}]" if token.isdecimal() else f".{token}" for token in tokens)
