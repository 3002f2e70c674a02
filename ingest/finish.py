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

from ingest.redaction import constant, encoded_text, keyed, redacted
from ingest.settings import Settings
from ingest.shapes import shapes
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
_ADDRESS = r"^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})$"
_CALLERS = "SELECT caller(value) AS caller FROM callers"
_OWN = """
    SELECT getvariable('own_endpoints')[rtrim(bare_path(path), '/')] AS endpoint FROM paths ORDER BY place
"""


def finish(statements: Statements, table: pa.Table, source: str, kind: str, settings: Settings) -> pa.Table:
    """Events: the columns of EVENTS without `file`, text as dictionaries, nothing secret in them.

    `table` has the columns of read.sql, and only rows that are events.
    """
    columns: Columns = {name: _whole(table[name]) for name in table.column_names}
    oauth = _place(statements, columns, bool(settings.own_endpoints))
    _judge(columns, oauth)
    _tell_who(columns, oauth)
    columns["user_id"] = _first_of(
        columns["user_id"],
        columns["user_name"] if settings.plain_users else keyed(statements, "u_", columns["user_name"]),
    )
    columns["client_ip"] = _addresses(statements, columns["client_ip"])
    columns["credential_id"] = keyed(statements, "c_", columns["credential"])
    columns = redacted(statements, columns)
    columns["source"] = constant(source, table.num_rows)
    columns["kind"] = encoded_text(_first_of(columns["kind"], constant(kind, table.num_rows)))
    columns["signature"] = signatures(statements, columns)
    return pa.table({name: columns[name] for name in EVENTS.names if name != "file"})


def _place(statements: Statements, columns: Columns, some_are_own: bool) -> npt.NDArray[np.bool_]:
    """Fills `endpoint` and `route` from the path; which rows are of an OAuth endpoint."""
    encoded = encoded_text(columns["bare"])
    alike = shapes(encoded.dictionary).dictionary_encode()
    routes = statements.look_up(
        _ROUTES, pa.table({"path": alike.dictionary}),
        lambda paths: statements.run(_ROUTES, paths=_numbered(paths["path"])),
    )  # fmt: skip
    route, standard = (routes[name].combine_chunks().take(alike.indices) for name in ("route", "endpoint"))
    endpoint = standard
    if some_are_own:
        own = statements.run(_OWN, paths=_numbered(encoded.dictionary))["endpoint"].combine_chunks()
        endpoint = pc.coalesce(own, standard)
    endpoint = _spread(endpoint, encoded.indices)
    if columns["asks_authorization"].true_count:
        asked = pc.if_else(columns["asks_authorization"], "authorization", None)
        endpoint = pc.coalesce(asked, _plain(endpoint))
    columns["endpoint"] = _first_of(columns["endpoint"], endpoint)
    columns["route"] = _first_of(columns["route"], _spread(route, encoded.indices))
    return _true(_is_not(columns["endpoint"], "api"))


def _numbered(paths: pa.Array) -> pa.Table:
    return pa.table({"path": paths, "place": np.arange(len(paths))})


def _judge(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """Decides the outcome; what did not fail keeps no error.

    At an OAuth endpoint a status from 400 on, or an error, is a failure; elsewhere 401, 403, 429 and a
    challenge are, any other status from 400 on is not OAuth's. A source that knows better has said so.
    """
    for name in ("error", "error_description"):
        if not _empty(columns[f"query_{name}"]):
            told = pc.if_else(pa.array(oauth), _plain(columns[f"query_{name}"]), None)
            columns[name] = _first_of(columns[name], told)
    status = pc.fill_null(columns["status"], 0).to_numpy(zero_copy_only=False)
    has_error = _true(pc.is_valid(columns["error"]))
    bad = status >= 400
    denied = np.isin(status, (401, 403, 429)) | (_true(columns["has_challenge"]) & bad)
    failed = (oauth & (bad | has_error)) | denied | ((status == 0) & has_error)
    codes = np.where(failed, 2, bad).astype(np.int32)
    outcome = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(["success", "other", "failure"]))
    columns["outcome"] = _first_of(columns["outcome"], outcome)
    fault = _token_fault(columns)
    if fault is not None:
        by_token = _true(pc.equal(_plain(columns["outcome"]), "failure")) & np.isin(status, (401, 403))
        columns["error_code"] = _first_of(columns["error_code"], pc.if_else(pa.array(by_token), fault, None))
    if not _empty(columns["bare_challenge"]):
        bare = pc.and_(columns["bare_challenge"], pc.is_null(columns["error"]))
        unsaid = pc.if_else(pc.and_(bare, pa.array(status == 401)), "why401.bare_challenge", None)
        columns["error_code"] = _first_of(columns["error_code"], unsaid)
    succeeded = pc.invert(_is_not(columns["outcome"], "success"))
    for name in ("error", "error_code", "error_description"):
        if not _empty(columns[name]):
            columns[name] = pc.if_else(succeeded, None, _plain(columns[name]))


def _token_fault(columns: Columns) -> pa.Array | None:
    """What is wrong with the token that stood in the line, at the time of the line; None where none stood."""
    algorithm, expires, begins = (columns[f"token_{name}"] for name in ("algorithm", "expires", "begins"))
    if _empty(algorithm) and _empty(expires) and _empty(begins):
        return None
    seconds = pc.divide(columns["time"].cast(pa.int64()).cast(pa.float64()), 1e6)
    faults = {
        "why401.jwt_alg_none": pc.equal(_plain(algorithm), "none"),
        "why401.jwt_expired": pc.less_equal(expires, seconds),
        "why401.jwt_not_yet_valid": pc.greater(begins, seconds),
    }
    found = pc.make_struct(*(pc.fill_null(fault, False) for fault in faults.values()))
    return pc.case_when(found, *(pa.scalar(fault) for fault in faults))


def _tell_who(columns: Columns, oauth: npt.NDArray[np.bool_]) -> None:
    """HTTP authentication names the client at an OAuth endpoint (RFC 6749 2.3.1), a user elsewhere."""
    if _empty(columns["login"]):
        return
    at_oauth, login = pa.array(oauth), _plain(columns["login"])
    columns["client_id"] = _first_of(columns["client_id"], pc.if_else(at_oauth, login, None))
    columns["user_name"] = _first_of(columns["user_name"], pc.if_else(at_oauth, None, login))


def _addresses(statements: Statements, column: pa.Array) -> pa.Array:
    """Callers as IP addresses or host names: no ports, no brackets, and nothing that is neither."""
    if _empty(column):
        return column
    encoded = encoded_text(column)
    if pc.all(pc.match_substring_regex(encoded.dictionary, _ADDRESS)).as_py():
        return column
    callers = statements.look_up(
        _CALLERS,
        pa.table({"value": encoded.dictionary}),
        lambda rows: statements.run(_CALLERS, callers=rows),
    )
    return _spread(callers["caller"].combine_chunks(), encoded.indices)


def _first_of(first: pa.Array, second: pa.Array) -> pa.Array:
    """The first of two columns of text that is not NULL, row by row; without a look where one is enough."""
    if second.null_count == len(second) or first.null_count == 0:
        return first
    return second if _empty(first) else pc.coalesce(_plain(first), _plain(second))


def _plain(column: pa.Array) -> pa.Array:
    """A column of text as strings."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _spread(values: pa.Array, indices: pa.Array) -> pa.DictionaryArray:
    """The values at these indices, as a dictionary."""
    encoded = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(indices), encoded.dictionary, safe=False)


def _is_not(column: pa.Array, value: str) -> pa.Array:
    """Where a column of text holds another value; NULL where it is NULL."""
    if not pa.types.is_dictionary(column.type):
        return pc.not_equal(column, value)
    return pc.not_equal(column.dictionary, value).take(column.indices)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; no copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _empty(column: pa.Array) -> bool:
    return bool(column.null_count == len(column))


def _true(column: pa.Array) -> npt.NDArray[np.bool_]:
    """A boolean column as numpy, NULL as false."""
    values: npt.NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values
