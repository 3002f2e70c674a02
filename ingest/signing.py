"""Signatures: what makes two failures the same failure, as one number.

Causes are decided for distinct signatures and not for events (docs/architecture.md). A signature is
the first 63 bits of an MD5 over the text columns below and the template of the message, so it is the
same on every machine and in every version.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.statements import Statements

_SIGNED = ("source", "endpoint", "grant_type", "status", "error", "error_code", "error_description")

_QUESTION = """
    SELECT CAST(md5_number_lower(concat_ws(chr(31),
        source, coalesce(endpoint, ''), coalesce(grant_type, ''), coalesce(status, ''),
        coalesce(error, ''), coalesce(error_code, ''),
        coalesce(message_template(error_description), ''))) >> 1 AS BIGINT) AS signature
    FROM unsigned_failures
"""


def signatures(statements: Statements, columns: Mapping[str, pa.Array]) -> pa.Array:
    """The signature (int64) of each event of these columns; NULL for a success."""
    outcome = columns["outcome"]
    differs = pc.not_equal(outcome.dictionary.cast(pa.string()), "success")
    failed = pc.fill_null(differs.take(outcome.indices), False)
    places = np.flatnonzero(failed.to_numpy(zero_copy_only=False))
    count = len(columns["outcome"])
    if not len(places):
        return pa.nulls(count, pa.int64())
    parts = [_encoded(columns[name].take(pa.array(places))) for name in _SIGNED]
    codes = np.zeros(len(places), dtype=np.int64)
    for indices, dictionary in parts:
        codes = codes * (len(dictionary) + 1) + indices
        _, codes = np.unique(codes, return_inverse=True)
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    distinct = {
        name: dictionary.take(pa.array(indices[first] - 1, mask=indices[first] == 0))
        for name, (indices, dictionary) in zip(_SIGNED, parts, strict=True)
    }
    told = statements.look_up(
        _QUESTION, pa.table(distinct), lambda rows: statements.run(_QUESTION, unsigned_failures=rows)
    )
    found = told["signature"].to_numpy()
    signed = np.zeros(count, dtype=np.int64)
    signed[places] = found[which]
    missing = np.ones(count, dtype=bool)
    missing[places] = False
    return pa.array(signed, mask=missing)


def _encoded(column: pa.Array) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pa.Array]:
    """Indices from 1 into a dictionary of text; 0 is NULL."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    indices = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return indices, column.dictionary.cast(pa.string())
