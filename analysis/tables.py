"""Facts as tables of DuckDB: its planner knows how many rows these have, and not of what stays in Arrow."""

from __future__ import annotations

import duckdb
import pyarrow as pa


def place(
    connection: duckdb.DuckDBPyConnection, name: str, facts: pa.Table, *, temporary: bool = False
) -> None:
    """Creates (or replaces) the table `name`, for all cursors or, if it is temporary, for this one alone."""
    connection.register("facts", facts)
    kind = "TEMP TABLE" if temporary else "TABLE"
    connection.execute(f"CREATE OR REPLACE {kind} {name} AS SELECT * FROM facts")
    connection.unregister("facts")
