"""Secrets go, and lengths are bounded, for each distinct value of a column once.

Logs repeat themselves: a chunk of 150,000 lines holds some forty user agents. So each text column is
dictionary-encoded, and only its dictionary goes through the expressions of macros/redact.sql.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from lake.schema import EVENTS

_LIMITS = {"error_description": 1000, "user_agent": 400, "scope": 400, "redirect_uri": 400, "method": 20}
_LIMIT = 256
_SAFE = ("user_id", "credential_id", "endpoint", "outcome", "answered_by")
"""Columns that the engine makes itself, and so hold no secret. (`user_id` may be plain: a name.)"""


def redacted(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> dict[str, pa.Array]:
    """The columns of `table` that are of EVENTS, text as dictionaries without secrets."""
    columns: dict[str, pa.Array] = {}
    for field in EVENTS:
        if field.name not in table.column_names:
            continue
        column = table[field.name].combine_chunks()
        if not pa.types.is_string(field.type):
            columns[field.name] = column.cast(field.type)
        elif column.null_count == len(column):
            columns[field.name] = constant(None, len(column))
        else:
            columns[field.name] = column.dictionary_encode()
    texts = {
        name: column.dictionary
        for name, column in columns.items()
        if pa.types.is_dictionary(column.type) and name not in _SAFE and len(column.dictionary)
    }
    for name, values in _cleaned(connection, texts).items():
        columns[name] = pa.DictionaryArray.from_arrays(columns[name].indices, values)
    return columns


def constant(value: str | None, length: int) -> pa.DictionaryArray:
    """A text column of one value, or of none."""
    if value is None:
        indices: pa.Array = pa.nulls(length, pa.int32())
        return pa.DictionaryArray.from_arrays(indices, pa.array([], pa.string()))
    zeros = pa.repeat(pa.scalar(0, pa.int32()), length)
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value], pa.string()))


def _cleaned(connection: duckdb.DuckDBPyConnection, texts: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Every dictionary cleaned, in one query over all of them."""
    if not texts:
        return {}
    values = pa.concat_arrays(list(texts.values()))
    limits = [pa.repeat(_LIMITS.get(name, _LIMIT), len(values)) for name, values in texts.items()]
    connection.register("dictionaries", pa.table({"value": values, "size": pa.concat_arrays(limits)}))
    question = "SELECT nullif(left(clean(value), size), '') AS value FROM dictionaries"
    cleaned = connection.sql(question).to_arrow_table()["value"].combine_chunks()
    found, start = {}, 0
    for name, dictionary in texts.items():
        found[name] = cleaned.slice(start, len(dictionary))
        start += len(dictionary)
    return found
