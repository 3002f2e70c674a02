"""From what was read (read.sql) to events: endpoint and route, outcome, who, redaction, signature.

Works on whole columns, and on distinct values where it can: logs repeat themselves, so a chunk of
150,000 lines holds some hundred routes and some forty user agents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.redaction import constant, keyed, redacted
from ingest.settings import Settings
from ingest.signing import signatures
from ingest.statements import Statements
from lake.schema import EVENTS

Columns = dict[str, Any]
"""Arrow arrays of one length, by name."""

_ROUTES = """
    WITH routes AS MATERIALIZED (
        SELECT place, route_of(rtrim(bare_path(path), '/')) AS route FROM paths
    ),
    endpoints AS (
        SELECT route, endpoint_of_lower(lower(route)) AS endpoint FROM (SELECT DISTINCT route FROM routes)
    )
    SELECT route, endpoint FROM routes JOIN endpoints USING (route) ORDER BY place
"""
_OWN = """
    SELECT getvariable('own_endpoints')[rtrim(bare_path(path), '/')] AS endpoint FROM paths ORDER BY place
"""
_NUMBER = r"/[0-9]+(/|$)"
"""Most ids are numbers; without them, a tenth of the paths is left to find the routes of."""


def finish(statements: Statements, table: pa.Table, source: str, kind: str, settings: Settings) -> pa.Table:
    """Events: the columns of EVENTS without `file`, text as dictionaries, nothing secret in them.

    `table` has the columns of read.sql, and only rows that are events.
    """
    columns: Columns = {name: _whole(table[name]) for name in table.column_names}
    oauth = _place(statements, columns, bool(settings.own_endpoints))
    _judge(columns, oauth)
    _tell_who(columns, oauth)
    columns["user_id"] = pc.coalesce(
        columns["user_id"],
        columns["user_name"] if settings.plain_users else keyed(statements, "u_", columns["user_name"]),
    )
    columns["credential_id"] = keyed(statements, "c_", columns["credential"])
    columns = redacted(statements, columns)
    columns["source"] = constant(source, table.num_rows)
    columns["kind"] = constant(kind, table.num_rows)
    columns["signature"] = signatures(statements, columns)
    return pa.table({name: columns[name] for name in EVENTS.names if name != "file"})


def _place(statements: Statements, columns: Columns, some_are_own: bool) -> npt.NDArray[np.bool_]:
    """Fills `endpoint` and `route` from the path; which rows are of an OAuth endpoint."""
    encoded = columns["bare"].dictionary_encode()
    shapes = pc.replace_substring_regex(encoded.dictionary, _NUMBER, r"/{id}\1").dictionary_encode()
    routes = statements.run(_ROUTES, paths=_numbered(shapes.dictionary))
    route, standard = (routes[name].combine_chunks().take(shapes.indices) for name in ("route", "endpoint"))
    endpoint = standard
    if some_are_own:
        own = statements.run(_OWN, paths=_numbered(encoded.dictionary))["endpoint"].combine_chunks()
        endpoint = pc.coalesce(own, standard)
    endpoint = endpoint.take(encoded.indices)
    if columns["asks_authorization"].true_count:
        asked = pc.if_else(columns["asks_authorization"], "authorization", None)
        endpoint = pc.coalesce(asked, endpoint)
    columns["endpoint"] = pc.coalesce(columns["endpoint"], endpoint)
    columns["route"] = pc.coalesce(columns["route"], route.take(encoded.indices))
    return _true(pc.not_equal(columns["endpoint"], "api"))


def _numbered(paths: pa.Array) -> pa.Table:
    return pa.table({"path": paths, "place": np.arange(len(paths))})


def _judge(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """Decides the outcome; what did not fail keeps no error.

    At an OAuth endpoint a status from 400 on, or an error, is a failure; elsewhere 401, 403, 429 and a
    challenge are, any other status from 400 on is not OAuth's. A source that knows better has said so.
    """
    for name in ("error", "error_description"):
        if not _empty(columns[f"query_{name}"]):
            told = pc.if_else(pa.array(oauth), columns[f"query_{name}"], None)
            columns[name] = pc.coalesce(columns[name], told)
    status = pc.fill_null(columns["status"], 0).to_numpy(zero_copy_only=False)
    has_error = _true(pc.is_valid(columns["error"]))
    bad = status >= 400
    denied = np.isin(status, (401, 403, 429)) | (_true(columns["has_challenge"]) & bad)
    failed = (oauth & (bad | has_error)) | denied | ((status == 0) & has_error)
    outcome = pa.array(["success", "other", "failure"]).take(pa.array(np.where(failed, 2, bad)))
    columns["outcome"] = pc.coalesce(columns["outcome"], outcome)
    if not _empty(columns["token_fault"]):
        by_token = _true(pc.equal(columns["outcome"], "failure")) & np.isin(status, (401, 403))
        fault = pc.if_else(pa.array(by_token), columns["token_fault"], None)
        columns["error_code"] = pc.coalesce(columns["error_code"], fault)
    succeeded = pc.equal(columns["outcome"], "success")
    for name in ("error", "error_code", "error_description"):
        if not _empty(columns[name]):
            columns[name] = pc.if_else(succeeded, None, columns[name])


def _tell_who(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """HTTP authentication names the client at an OAuth endpoint (RFC 6749 2.3.1), a user elsewhere."""
    if _empty(columns["login"]):
        return
    at_oauth = pa.array(oauth)
    columns["client_id"] = pc.coalesce(columns["client_id"], pc.if_else(at_oauth, columns["login"], None))
    columns["user_name"] = pc.coalesce(columns["user_name"], pc.if_else(at_oauth, None, columns["login"]))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; no copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _empty(column: pa.Array) -> bool:
    return bool(column.null_count == len(column))


def _true(column: pa.Array) -> npt.NDArray[np.bool_]:
    """A boolean column as numpy, NULL as false."""
    values: npt.NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values
