"""What a query's columns depend on: never too little."""

from __future__ import annotations

import duckdb
import pytest

from ingest.lineage import NotByRowError, lineage
from ingest.statements import Statements


def _depends(query: str) -> dict[str, set[str]]:
    plan, names = Statements(duckdb.connect()).plan(query, "shape", "a VARCHAR, b VARCHAR, c BIGINT")
    return {name: set(columns) for name, columns in zip(names, lineage(plan), strict=True)}


def test_through_common_table_expressions() -> None:
    found = _depends("""
        WITH first AS (SELECT b AS x, a || 'z' AS y, c, 1 AS one FROM shape),
        second AS (SELECT *, coalesce(x, CAST(c AS VARCHAR)) AS z FROM first)
        SELECT y, z, x AS again, one, CASE WHEN c > 1 THEN y END AS chosen FROM second
    """)
    assert found == {"y": {"a"}, "z": {"b", "c"}, "again": {"b"}, "one": set(), "chosen": {"a", "c"}}


def test_what_is_never_asked_does_not_count() -> None:
    found = _depends("""
        SELECT CASE WHEN NOT good AND a = 'x' THEN b END AS never, CASE WHEN good THEN a ELSE b END AS always
        FROM (SELECT *, true AS good FROM shape)
    """)
    assert found["never"] == set()
    assert found["always"] >= {"a"}


def test_inside_functions_lists_and_lambdas() -> None:
    found = _depends("""
        SELECT list_transform(string_split(a, ','), lambda part: part || b) AS parts,
            array_to_string(string_split(b, ','), ' ') AS text, {'n': c}.n AS field FROM shape
    """)
    assert found["parts"] >= {"a", "b"}
    assert found["text"] == {"b"}
    assert found["field"] == {"c"}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT row_number() OVER (ORDER BY a) AS n FROM shape",
        "SELECT random() AS n FROM shape",
        "SELECT count(*) AS n FROM shape",
        "SELECT unnest(string_split(a, ',')) AS n FROM shape",
        "SELECT one.a FROM shape AS one JOIN shape AS two USING (c)",
        "SELECT (SELECT max(c) FROM shape) AS n FROM shape",
        "SELECT a FROM shape WHERE b = 'x'",
    ],
)
def test_rows_that_need_others_are_told(query: str) -> None:
    with pytest.raises(NotByRowError):
        _depends(query)
