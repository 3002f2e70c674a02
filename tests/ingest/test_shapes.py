"""Paths with their numbers made alike have the routes that they had."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.engine import _MACROS
from ingest.shapes import shapes
from ingest.words import words_as_macros

_ROUTES = "SELECT route_of(rtrim(bare_path(path), '/')) AS route FROM (SELECT unnest($1) AS path)"
_PIECES = st.sampled_from(
    ["/", "//", "0", "7", "12", "123", "1234", "98765", "a", "v1", "v12", "users", "é", "-", ";", "%40", "%3d", "#",
     "http://", ".js", "deadbeef", "=", "@", "", " "]
)  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for macros in (words_as_macros(), *_MACROS):
        connection.execute(macros)
    return connection


def _routes(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> list[str]:
    return [row[0] for row in connection.execute(_ROUTES, [paths]).fetchall()]


@settings(max_examples=150)
@given(paths=st.lists(st.lists(_PIECES, max_size=9).map("".join), min_size=1, max_size=12))
def test_routes_are_the_same(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    alike = shapes(pa.array(paths, pa.string()))
    alike.validate(full=True)
    assert _routes(connection, alike.to_pylist()) == _routes(connection, paths)


def test_numbers_are_alike() -> None:
    paths = [
        "/users/5/orders/77",
        "/users/8/orders/1",
        "/static/12345.js",
        "/static/54321.js",
        "/v1/me",
        "12/3",
        "",
    ]
    assert shapes(pa.array(paths)).to_pylist() == [
        "/users/0/orders/0", "/users/0/orders/0", "/static/0000.js", "/static/0000.js", "/v1/me", "12/0", "",
    ]  # fmt: skip


def test_part_of_a_column() -> None:
    column = pa.array(["/a/1", "/b/22", "/c/333"]).slice(1, 2)
    assert shapes(column).to_pylist() == ["/b/0", "/c/0"]
