"""From what was read (read.sql) to events: endpoint and route, outcome, who, redaction, signature.

Works on whole columns, and on distinct values where it can: logs repeat themselves, so a chunk of
150,000 lines holds some hundred routes and some forty user agents.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.redaction import constant, keyed, redacted
from ingest.signing import signatures
from lake.schema import EVENTS

Columns = dict[str, Any]
"""Arrow arrays of one length, by name."""

_PLACES = """
    WITH routes AS MATERIALIZED (
        SELECT place, plain, route_of(plain) AS route
        FROM (SELECT place, rtrim(bare_path(path), '/') AS plain FROM paths)
    )
    SELECT route, coalesce(getvariable('own_endpoints')[plain], standard) AS endpoint
    FROM routes JOIN (
        SELECT route, endpoint_of_lower(lower(route)) AS standard FROM (SELECT DISTINCT route FROM routes)
    ) USING (route)
    ORDER BY place
"""


def finish(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, source: str, kind: str, plain_users: bool
) -> pa.Table:
    """Events: the columns of EVENTS without `file`, text as dictionaries, nothing secret in them.

    `table` has the columns of read.sql, and only rows that are events.
    """
    columns: Columns = {name: _whole(table[name]) for name in table.column_names}
    oauth = _place(connection, columns)
    _judge(columns, oauth)
    _tell_who(columns, oauth)
    columns["user_id"] = pc.coalesce(
        columns["user_id"],
        columns["user_name"] if plain_users else keyed(connection, "u_", columns["user_name"]),
    )
    columns["credential_id"] = keyed(connection, "c_", columns["credential"])
    columns = redacted(connection, columns)
    columns["source"] = constant(source, table.num_rows)
    columns["kind"] = constant(kind, table.num_rows)
    columns["signature"] = signatures(connection, columns)
    return pa.table({name: columns[name] for name in EVENTS.names if name != "file"})


def _place(connection: duckdb.DuckDBPyConnection, columns: Columns) -> npt.NDArray[np.bool_]:
    """Fills `endpoint` and `route` from the path; which rows are of an OAuth endpoint."""
    encoded = columns["bare"].dictionary_encode()
    paths = pa.table({"path": encoded.dictionary, "place": np.arange(len(encoded.dictionary))})
    connection.register("paths", paths)
    found = connection.sql(_PLACES).to_arrow_table()
    endpoint, route = (found[name].combine_chunks().take(encoded.indices) for name in ("endpoint", "route"))
    asked = pc.if_else(columns["asks_authorization"], "authorization", None)
    columns["endpoint"] = pc.coalesce(columns["endpoint"], asked, endpoint)
    columns["route"] = pc.coalesce(columns["route"], route)
    return _true(pc.not_equal(columns["endpoint"], "api"))


def _judge(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """Decides the outcome; what did not fail keeps no error.

    At an OAuth endpoint a status from 400 on, or an error, is a failure; elsewhere 401, 403, 429 and a
    challenge are, any other status from 400 on is not OAuth's. A source that knows better has said so.
    """
    at_oauth = pa.array(oauth)
    for name in ("error", "error_description"):
        told = pc.if_else(at_oauth, columns[f"query_{name}"], None)
        columns[name] = pc.coalesce(columns[name], told)
    status = pc.fill_null(columns["status"], 0).to_numpy(zero_copy_only=False)
    has_error = _true(pc.is_valid(columns["error"]))
    bad = status >= 400
    denied = np.isin(status, (401, 403, 429)) | (_true(columns["has_challenge"]) & bad)
    failed = (oauth & (bad | has_error)) | denied | ((status == 0) & has_error)
    outcome = np.where(failed, "failure", np.where(bad, "other", "success"))
    columns["outcome"] = pc.coalesce(columns["outcome"], pa.array(outcome, pa.string()))
    succeeded = pc.equal(columns["outcome"], "success")
    by_token = _true(pc.equal(columns["outcome"], "failure")) & np.isin(status, (401, 403))
    fault = pc.if_else(pa.array(by_token), columns["token_fault"], None)
    columns["error_code"] = pc.coalesce(columns["error_code"], fault)
    for name in ("error", "error_code", "error_description"):
        columns[name] = pc.if_else(succeeded, None, columns[name])


def _tell_who(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """HTTP authentication names the client at an OAuth endpoint (RFC 6749 2.3.1), a user elsewhere."""
    if columns["login"].null_count == len(columns["login"]):
        return
    at_oauth = pa.array(oauth)
    columns["client_id"] = pc.coalesce(columns["client_id"], pc.if_else(at_oauth, columns["login"], None))
    columns["user_name"] = pc.coalesce(columns["user_name"], pc.if_else(at_oauth, None, columns["login"]))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; no copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _true(column: pa.Array) -> npt.NDArray[np.bool_]:
    """A boolean column as numpy, NULL as false."""
    values: npt.NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values
