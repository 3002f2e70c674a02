"""Secrets go, and lengths are bounded, for each distinct value of a column once.

Logs repeat themselves: a chunk of 150,000 lines holds some forty user agents. So each text column is
dictionary-encoded, and only its dictionary goes through the expressions of macros/redact.sql.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.statements import Statements
from lake.schema import EVENTS

_LIMITS = {"error_description": 1000, "user_agent": 400, "scope": 400, "redirect_uri": 400, "method": 20}
_LIMIT = 256
_PUBLIC = ("client_id", "kid", "token_audience")
"""Columns of public identifiers (RFC 6749 2.2, RFC 7515 4.1.4), of which many are as long as a secret."""
_IDS = (*_PUBLIC, "event_id", "request_id", "trace_id", "session_id")
"""Columns that join or tell apart: an id that looks like a secret becomes a keyed fingerprint of itself."""
_SHORT = 40
"""Text of fewer bytes holds a secret only where names_secret finds a sign of one (macros/redact.sql)."""
_SAFE = ("credential_id", "endpoint", "outcome", "answered_by")
"""Columns that the engine makes itself, and so hold no secret."""


def redacted(statements: Statements, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the columns that are of EVENTS, in its types; text as dictionaries without secrets."""
    found: dict[str, Any] = {}
    for field in EVENTS:
        if field.name not in columns:
            continue
        column = columns[field.name]
        if not pa.types.is_string(field.type):
            found[field.name] = column.cast(field.type)
        elif column.null_count == len(column):
            found[field.name] = constant(None, len(column))
        else:
            found[field.name] = encoded_text(column)
    texts = {
        name: column.dictionary
        for name, column in found.items()
        if pa.types.is_dictionary(column.type) and name not in _SAFE and len(column.dictionary)
    }
    for name, values in _cleaned(statements, texts).items():
        column = pa.DictionaryArray.from_arrays(found[name].indices, values)
        # Arrow joins no dictionaries that hold a NULL
        found[name] = column.cast(pa.string()).dictionary_encode() if values.null_count else column
    return found


def keyed(statements: Statements, prefix: str, column: pa.Array) -> pa.Array:
    """Keyed pseudonyms or fingerprints of the values: equal for equal values, under this key only."""
    if column.null_count == len(column):
        return column
    encoded = encoded_text(column)
    question = f"SELECT keyed_id('{prefix}', value) AS id FROM plain_values"
    ids = statements.run(question, plain_values=pa.table({"value": encoded.dictionary}))
    return ids["id"].combine_chunks().take(encoded.indices)


def encoded_text(column: pa.Array) -> pa.DictionaryArray:
    """A column of text as a dictionary, which it may be already."""
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def constant(value: str | None, length: int) -> pa.DictionaryArray:
    """A text column of one value, or of none."""
    if value is None:
        indices: pa.Array = pa.nulls(length, pa.int32())
        return pa.DictionaryArray.from_arrays(indices, pa.array([], pa.string()))
    zeros = pa.repeat(pa.scalar(0, pa.int32()), length)
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value], pa.string()))


def _cleaned(statements: Statements, texts: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Every dictionary cleaned, those that may need it in one query over all of them."""
    harmless = _harmless(statements, texts)
    texts = {name: values for name, values in texts.items() if name not in harmless}
    if not texts:
        return {}
    values = pa.concat_arrays(list(texts.values()))
    limits = [pa.repeat(_LIMITS.get(name, _LIMIT), len(values)) for name, values in texts.items()]
    ids = [pa.repeat(name in _IDS, len(values)) for name, values in texts.items()]
    public = [pa.repeat(name in _PUBLIC, len(values)) for name, values in texts.items()]
    dictionaries = pa.table(
        {
            "value": values,
            "size": pa.concat_arrays(limits),
            "names_one": pa.concat_arrays(ids),
            "is_public": pa.concat_arrays(public),
        }
    )
    question = """
        SELECT CASE WHEN is_public AND is_identifier(value) THEN left(value, size)
                    WHEN names_one AND contains(cleaned, '[redacted]') THEN keyed_id('i_', value)
                    ELSE nullif(left(cleaned, size), '') END AS value
        FROM (SELECT *, clean(value) AS cleaned FROM dictionaries)
    """
    answers = statements.look_up(
        question, dictionaries, lambda rows: statements.run(question, dictionaries=rows)
    )
    cleaned = answers["value"].combine_chunks()
    found, start = {}, 0
    for name, dictionary in texts.items():
        found[name] = cleaned.slice(start, len(dictionary))
        start += len(dictionary)
    return found


def _harmless(statements: Statements, texts: Mapping[str, pa.Array]) -> set[str]:
    """Columns of short values in all of whose text nothing stands that names a secret: ids, mostly.

    The text of a column is looked at as one, which is many times as fast as value by value.
    """
    whole = {name: _as_one(values) for name, values in texts.items() if _all_short(name, values)}
    if not whole:
        return set()
    question = "SELECT name FROM whole_columns WHERE NOT names_secret(value)"
    columns = pa.table({"name": list(whole), "value": pa.concat_arrays(list(whole.values()))})
    return set(statements.run(question, whole_columns=columns)["name"].to_pylist())


def _all_short(name: str, values: pa.Array) -> bool:
    """Whether no value is empty or NULL, too long for the column, or a secret by its length alone."""
    sizes = pc.min_max(pc.binary_length(values)).as_py()
    return (
        not values.null_count and sizes["min"] > 0 and sizes["max"] < min(_LIMITS.get(name, _LIMIT), _SHORT)
    )


def _as_one(values: pa.Array) -> pa.Array:
    """One value that is all of these, one after the other."""
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[[values.offset, values.offset + len(values)]]
    return pa.StringArray.from_buffers(1, pa.py_buffer(ends), data)
