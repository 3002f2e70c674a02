"""Queries that one connection plans once and runs on table after table.

Planning the SELECT of a source takes some 100 ms, as long as running it on 10 MB of log: expressions are
bound and regular expressions compiled. So a query is prepared over a name whose table can be exchanged.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

_MOST = 2_000
"""Rows up to which it is quicker to look answers up than to ask."""
_KEPT = 20_000
"""Answers that are kept for one query at most."""


class Statements:
    """The prepared queries of one connection. Not safe to share between threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._tables: dict[str, _Exchangeable] = {}
        self._prepared: dict[tuple[object, ...], str] = {}
        self._answers: dict[str, dict[tuple[object, ...], dict[str, Any]]] = {}
        self._answer_schemas: dict[str, pa.Schema] = {}

    def run(self, query: str, **tables: pa.Table) -> pa.Table:
        """What `query` gives when its FROM names stand for these tables. Raises duckdb.Error."""
        for name, table in tables.items():
            self._place(name, table)
        key = (query, *((name, table.schema) for name, table in tables.items()))
        try:
            if key not in self._prepared:
                statement = f"statement_{len(self._prepared)}"
                self._connection.execute(f"PREPARE {statement} AS {query}")
                self._prepared[key] = statement
            return self._connection.sql(f"EXECUTE {self._prepared[key]}").to_arrow_table()
        finally:
            for name in tables:
                self._tables[name].table = None

    def look_up(self, question: str, rows: pa.Table, ask: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """What `ask` gives for these rows, one for each; those that `question` was asked
        about before are not asked again.

        Even a small query takes some milliseconds, and the same few routes and faults come in every chunk.
        """
        if rows.num_rows > _MOST:
            return ask(rows)
        known = self._answers.setdefault(question, {})
        if len(known) > _KEPT:
            known.clear()
        keys = list(zip(*(column.to_pylist() for column in rows.columns), strict=True))
        new = [place for place, key in enumerate(keys) if key not in known]
        if new or not keys:
            found = ask(rows.take(pa.array(new, pa.int64())))
            self._answer_schemas[question] = found.schema
            known |= zip((keys[place] for place in new), found.to_pylist(), strict=True)
        return pa.Table.from_pylist([known[key] for key in keys], schema=self._answer_schemas[question])

    def describe(self, query: str, **tables: pa.Table) -> dict[str, str]:
        """The columns that `query` gives over such tables, with their types. Raises duckdb.Error."""
        for name, table in tables.items():
            self._place(name, table)
        rows = self._connection.sql(f"DESCRIBE {query}").fetchall()
        return {str(row[0]): str(row[1]) for row in rows}

    def plan(self, query: str, table: str, shape: str) -> tuple[dict[str, Any], list[str]]:
        """DuckDB's plan of a query, not optimised, and the names of its columns.

        `shape` are the columns of `table`, as in CREATE TABLE; the table is there for the plan alone.
        Raises duckdb.Error.
        """
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({shape})")
        try:
            found = self._connection.execute("SELECT json_serialize_plan($1)", [query]).fetchall()
            names = list(self.describe(query))
        finally:
            self._connection.execute(f"DROP TABLE {table}")
        return json.loads(found[0][0]), names

    def _place(self, name: str, table: pa.Table) -> None:
        if name not in self._tables:
            self._tables[name] = _Exchangeable(table)
            self._connection.register(name, self._tables[name])
        self._tables[name].table = table


class _Exchangeable:
    """A table for DuckDB that may be another one at each execution, by the Arrow PyCapsule interface."""

    def __init__(self, table: pa.Table) -> None:
        self.table: pa.Table | None = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        if self.table is None:
            raise RuntimeError("no table stands for this name")
        return self.table.__arrow_c_stream__(requested_schema)
