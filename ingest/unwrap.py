"""Envelopes: what Docker, syslog, a cloud or a collector puts around a line; one .sql file each.

An envelope's SELECT turns records into the lines they hold, with the time, host and stream that it tells.
The folder is the registry, as it is for sources.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import SourceError
from ingest.front_matter import FRAMINGS, check_front_matter, read_front_matter
from ingest.quoting import literal
from ingest.statements import Statements

ENVELOPES = Path(__file__).parent / "envelopes"
_MACROS = tuple(Path(__file__).parent / "macros" / f"{name}.sql" for name in ("text", "envelope"))

LINES = pa.schema(
    [
        ("line", pa.string()),
        ("offset", pa.int64()),
        ("time", pa.timestamp("us")),
        ("yearless", pa.timestamp("us")),
        ("host", pa.string()),
        ("stream", pa.string()),
        ("ignored", pa.string()),
    ]
)
"""What `unwrap` gives. `yearless` is a time whose year (2000) is not known."""

_GIVEN = {**{field.name: field.type for field in LINES}, "partial": pa.bool_()}
_COUNTED = re.compile(rb"([0-9]{1,6}) <[0-9]{1,3}>")
_PLACES = 32
"""An envelope's SELECT sees the number of a record, shifted by as many bits, where a caller sees its offset:
so the places of the lines in it cannot be taken for another record."""

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Envelope:
    """One kind of wrapper: what its front matter says and its SELECT from `records`.

    `recognise` is a regular expression (RE2) that a record of this envelope matches, and stands in the SELECT
    for `$recognise`; of several envelopes that match, the one with the lowest `priority` is meant.
    """

    name: str
    title: str
    sql: str
    recognise: str
    documentation: tuple[str, ...]
    framing: str = "lines"
    priority: int = 50


def load_envelope(path: Path) -> Envelope:
    """Reads one envelope file; raises SourceError, which names the file and the fault."""
    front, sql = read_front_matter(path)
    check_front_matter(path, front, ("title", "recognise", "documentation"), {"framing": FRAMINGS})
    front["documentation"] = tuple(front["documentation"])
    sql = sql.replace("$recognise", literal(front["recognise"]))
    try:
        return Envelope(name=path.stem, sql=sql, **front)
    except TypeError as problem:
        raise SourceError(f"{path}: its front matter has an unknown key: {problem}") from problem


@cache
def load_envelopes() -> dict[str, Envelope]:
    """All envelopes by name, the one to ask first before the others. Raises SourceError."""
    found = [load_envelope(path) for path in sorted(ENVELOPES.glob("*.sql"))]
    return {envelope.name: envelope for envelope in sorted(found, key=lambda one: (one.priority, one.name))}


def unwrap(statements: Statements, envelope: Envelope, table: pa.Table) -> pa.Table:
    """The lines that the records of `table` hold, in the columns of LINES.

    `table` has `line` and "offset" (distinct and ascending) and may have further columns of LINES, from an
    envelope around this one; where both tell, the inner one counts (the time of the outer one stands beside
    a `yearless` of the inner one, which has neither year nor zone). A record that is not of this envelope
    stays as it is. A line that was written in parts is one again, at the offset of its first part; a record
    that holds several lines gives one row each. Offsets stay distinct and ascending.

    Raises SourceError where the envelope's SQL fails.
    """
    found, places = _run(statements, envelope, table)
    outer = np.right_shift(places, _PLACES)
    offsets = _ascending(table["offset"].to_numpy()[outer] + np.bitwise_and(places, (1 << _PLACES) - 1))
    columns = _with_outer(found, table, outer) if set(table.column_names) & set(LINES.names[2:]) else found
    lines = pa.table(
        [pa.array(offsets) if name == "offset" else columns[name] for name in LINES.names], schema=LINES
    )
    return _joined(lines, _flags(found["partial"]))


def unfinished(envelope: Envelope, lines: list[bytes]) -> int:
    """How many of these lines, the last of a chunk, must wait since the rest of one of them is still to come.

    `lines` are whole lines without their newlines. Those that follow the first part of an unfinished line
    wait with it, so that their order stays.
    """
    if not lines or not may_be_partial(envelope):
        return 0
    texts = pa.array([line.decode("utf-8", "replace") for line in lines], pa.string())
    table = pa.table({"line": texts, "offset": np.arange(len(lines), dtype=np.int64)})
    found, places = _run(_own_statements(), envelope, table)
    partial = _flags(found["partial"])
    if not partial.any():
        return 0
    order, starts = _groups(found["stream"], partial)
    last = np.append(starts[1:], len(order)) - 1
    waiting = np.right_shift(places, _PLACES)[order[starts[partial[order[last]]]]]
    return len(lines) - int(waiting.min()) if len(waiting) else 0


def ends_by_count(record: bytes) -> bool:
    """Whether a record is messages by octet counting (RFC 6587) and ends where the last of them does."""
    at = 0
    while at < len(record):
        counted = _COUNTED.match(record, at)
        if counted is None:
            return False
        at = counted.end(1) + 1 + int(counted[1])
    return at == len(record) > 0


@cache
def may_be_partial(envelope: Envelope) -> bool:
    """Whether a line may be spread over several records of this envelope."""
    return " AS partial" in envelope.sql


def _run(statements: Statements, envelope: Envelope, table: pa.Table) -> tuple[pa.Table, Integers]:
    """What the envelope's SELECT gives, with all the columns that it may give, in the order of the records;
    and for each row the number of its record, shifted by _PLACES, and its place in it."""
    numbers = np.left_shift(np.arange(table.num_rows, dtype=np.int64), _PLACES)
    records = pa.table({"line": table["line"], "offset": numbers})
    try:
        found = statements.run(envelope.sql, records=records)
    except duckdb.Error as problem:
        raise SourceError(f"envelope {envelope.name}: its SQL failed: {problem}") from problem
    unknown = set(found.column_names) - set(_GIVEN)
    if unknown or not {"line", "offset"} <= set(found.column_names):
        raise SourceError(
            f'envelope {envelope.name}: must give `line` and "offset", and none but {", ".join(_GIVEN)}'
        )
    places = found["offset"].to_numpy()
    if len(places) and not np.all(places[1:] > places[:-1]):
        order = np.argsort(places, kind="stable")
        found, places = found.take(order), places[order]
    columns = {
        name: found[name].cast(kind) if name in found.column_names else pa.nulls(found.num_rows, kind)
        for name, kind in _GIVEN.items()
    }
    return pa.table(columns), places


def _ascending(offsets: Integers) -> Integers:
    """The offsets, moved up where one is not above the one before it."""
    steps = np.arange(len(offsets), dtype=np.int64)
    return np.maximum.accumulate(offsets - steps) + steps if len(offsets) else offsets


def _with_outer(found: pa.Table, table: pa.Table, outer: Integers) -> dict[str, pa.ChunkedArray]:
    """The columns of `found`, filled from those of the envelope around it. A stream lies in a stream."""
    columns = {name: found[name] for name in LINES.names}
    for name in LINES.names[2:]:
        if name not in table.column_names or table[name].null_count == table.num_rows:
            continue
        around = table[name].cast(_GIVEN[name]).take(pa.array(outer))
        if name == "stream":
            both = pc.binary_join_element_wise(around, found[name], "/")
            columns[name] = pc.coalesce(both, found[name], around)
        elif name == "yearless":
            untold = pc.and_(pc.is_null(found["time"]), pc.is_null(found["yearless"]))
            columns[name] = pc.if_else(untold, around, found[name])
        else:
            columns[name] = pc.coalesce(found[name], around)
    return columns


def _flags(column: pa.ChunkedArray) -> Flags:
    filled: Flags = pc.fill_null(column, False).to_numpy()
    return filled


def _groups(stream: pa.ChunkedArray, partial: Flags) -> tuple[Integers, Integers]:
    """The rows ordered by stream, and where in that order each whole line begins."""
    codes = stream.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy()
    order = np.argsort(codes, kind="stable")
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (codes[order[1:]] != codes[order[:-1]]) | ~partial[order[:-1]]
    return order, np.flatnonzero(begins)


def _joined(lines: pa.Table, partial: Flags) -> pa.Table:
    """The table with the parts of a line joined, in the row of its first part."""
    if not partial.any():
        return lines
    order, starts = _groups(lines["stream"], partial)
    sizes = np.diff(np.append(starts, len(order)))
    if sizes.max() == 1:
        return lines
    several = sizes > 1
    parts = lines["line"].combine_chunks().take(pa.array(order[np.repeat(several, sizes)]))
    bounds = np.concatenate([[0], np.cumsum(sizes[several])]).astype(np.int32)
    whole = pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), parts), "")
    heads = order[starts]
    back = np.argsort(heads)
    kept = lines.take(pa.array(heads[back]))
    mask = several[back]
    rank = np.empty(len(heads), dtype=np.int64)
    rank[np.flatnonzero(several)] = np.arange(int(several.sum()))
    replacements = whole.take(pa.array(rank[back][mask]))
    text = pc.replace_with_mask(kept["line"].combine_chunks(), pa.array(mask), replacements)
    return kept.set_column(0, LINES.field("line"), text)


_local = threading.local()


def _own_statements() -> Statements:
    """A connection of this thread's own, for the few lines at the end of a chunk."""
    if not hasattr(_local, "statements"):
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET TimeZone = 'UTC'")
        for macros in _MACROS:
            connection.execute(macros.read_text(encoding="utf-8"))
        _local.statements = Statements(connection)
    statements: Statements = _local.statements
    return statements
