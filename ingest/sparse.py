"""A query most of whose columns are NULL, run without the cost of these columns.

A log format fills a dozen of the columns of an event. To make columns of NULL takes a third of the time and
half of the memory of reading a chunk; so the columns that were NULL in all chunks before are only asked
whether they still are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.statements import Statements

_MANY = 4_000
"""Rows from which on a second plan, for the columns that are filled, is worth its making."""


class SparseQuery:
    """A query over one table, asked chunk by chunk. Not safe to share between threads."""

    def __init__(self, statements: Statements, query: str, name: str) -> None:
        """`query` selects from `name`. Nothing is run yet."""
        self._statements = statements
        self._query = query
        self._name = name
        self._schema: pa.Schema | None = None
        self._filled: frozenset[str] = frozenset()

    def run(self, table: pa.Table) -> pa.Table:
        """What the query gives over `table`, all of its columns in their order. Raises duckdb.Error."""
        if self._schema is not None and table.num_rows >= _MANY:
            found = self._statements.run(self._narrow(self._schema), **{self._name: table})
            if not pc.any(found["others"]).as_py():
                return _widened(found, self._schema)
        found = self._statements.run(self._query, **{self._name: table})
        self._schema = found.schema
        self._filled |= {
            name for name in found.column_names if found[name].null_count < max(found.num_rows, 1)
        }
        return found

    def _narrow(self, schema: pa.Schema) -> str:
        """The query for the columns that are filled, and `others`: whether any other one is."""
        filled = "".join(f'"{name}", ' for name in schema.names if name in self._filled)
        others = " OR ".join(
            ["false", *(f'"{name}" IS NOT NULL' for name in schema.names if name not in self._filled)]
        )
        return f"SELECT {filled}{others} AS others FROM ({self._query})"


def _widened(found: pa.Table, schema: pa.Schema) -> pa.Table:
    empty = {kind: pa.nulls(found.num_rows, kind) for kind in set(schema.types)}
    given = set(found.column_names)
    columns = [found[field.name] if field.name in given else empty[field.type] for field in schema]
    return pa.table(columns, schema=schema)
