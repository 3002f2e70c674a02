"""A failure in words for the tests: `verdict("keycloak", error_code=...)` is its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from analysis.classify import classify

SIGNATURES = pa.schema(
    [
        ("signature", pa.int64()),
        ("source", pa.string()),
        ("endpoint", pa.string()),
        ("grant_type", pa.string()),
        ("status", pa.int16()),
        ("error", pa.string()),
        ("error_code", pa.string()),
        ("error_description", pa.string()),
    ]
)


@dataclass(frozen=True)
class Verdict:
    """A row of the table that classify makes."""

    signature: int
    cause: str
    confidence: str
    rule: str | None
    considered: list[str]
    conflict: str | None


def failure(source: str = "nginx", **columns: Any) -> dict[str, Any]:
    """The columns of one distinct failure; what is not given is NULL."""
    return {"source": source, **columns}


def verdicts(failures: list[dict[str, Any]]) -> list[Verdict]:
    """The verdicts on failures, in their order."""
    rows = [{"signature": at, **columns} for at, columns in enumerate(failures)]
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rows", pa.Table.from_pylist(rows, schema=SIGNATURES))
        connection.execute("CREATE TABLE failures AS SELECT * FROM rows")
        classify(connection, "failures", "verdicts")
        found = connection.execute("SELECT * FROM verdicts ORDER BY signature").fetchall()
    return [Verdict(*row) for row in found]


def verdict(source: str = "nginx", **columns: Any) -> Verdict:
    """The verdict on one failure."""
    return verdicts([failure(source, **columns)])[0]
