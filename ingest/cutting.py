"""The query of a format over variables that are read already, each expression once per distinct value.

Lines of text are split in numpy (ingest/split.py); formats in JSON, and text that no split reads, give their
variables by a query of their own. Most columns of an event depend on one variable or on a few, and
variables repeat themselves: in a chunk of 100,000 lines of an access log there are 2,000 times of day, 250
addresses and 40 user agents. So DuckDB's plan is asked what each column depends on (ingest/lineage.py),
variables are dictionary-encoded, and the query runs over their dictionaries: columns that depend on different
variables side by side in one table, each with its own number of rows. Columns that depend on what hardly
repeats run over the lines. Lines that the split does not read are asked by the format's own query, and what
that does not read goes through the query of the source as it is.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Positions
from ingest.lineage import NotByRowError, lineage
from ingest.quoting import identifier
from ingest.sparse import SparseQuery
from ingest.split import Mask, Plan, Texts, cut, lines_at, texts_of
from ingest.statements import Statements

_MANY = 4_000
"""Lines from which on the plans of this way are worth their making."""
_REPEATED = 0.5
"""The share of distinct values in a column up to which it is worth a dictionary."""
_UNIQUE = frozenset({"line", "offset"})
_TABLE = "cut"
_SHAPE = "cut_shape"
_TEXT = pa.string()
_LEARNT: dict[str, dict[str, frozenset[str]]] = {}
"""What the columns of a query depend on, for all engines: to find it takes a fifth of a second."""
_LEARNING = threading.Lock()


@dataclass(frozen=True)
class _Group:
    """Columns that depend on the same variables, or on overlapping ones."""

    variables: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class _Distinct:
    """The distinct values of some variables taken together, and which of them each line has."""

    codes: pa.Array
    values: dict[str, pa.Array]
    count: int


class Column(Protocol):
    """The values of a variable."""

    def column(self) -> pa.Array:
        """As text."""


class Reader(Protocol):
    """Reads the variables of records."""

    @property
    def expressions(self) -> Mapping[str, str]:
        """The variables that it reads, each with the SQL of its value over the text that it gives."""

    def read(self, table: pa.Table, wanted: frozenset[str]) -> tuple[Mask, Mapping[str, Column]] | None:
        """Which rows of `table` (line, offset) it reads, and the values in those; None where it cannot."""


class SplitReader:
    """Reads lines of text by a split."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.expressions = {name: text for name, text in plan.columns.items() if name in plan.split.variables}

    def read(self, table: pa.Table, wanted: frozenset[str]) -> tuple[Mask, Mapping[str, Texts]] | None:
        """See Reader."""
        texts = texts_of(_whole(table["line"]))
        return None if texts is None else cut(texts, self._plan.split, wanted)


@dataclass(frozen=True)
class _Given:
    values: pa.Array

    def column(self) -> pa.Array:
        return self.values


class FieldsReader:
    """Reads variables by a query over `records` that gives `matched` and a column for each."""

    def __init__(self, ask: Callable[[pa.Table], pa.Table], variables: Sequence[str]) -> None:
        self._ask = ask
        self.expressions = {name: identifier(name) for name in variables}

    def read(self, table: pa.Table, wanted: frozenset[str]) -> tuple[Mask, Mapping[str, _Given]] | None:
        """See Reader."""
        found = self._ask(table)
        fits: Mask = pc.fill_null(_whole(found["matched"]), False).to_numpy(zero_copy_only=False)
        if not fits.all():
            found = found.filter(pa.array(fits))
        return fits, {name: _Given(_whole(found[name])) for name in wanted}


class CutQuery:
    """The query of one reading, asked chunk by chunk. Not safe to share between threads."""

    def __init__(
        self,
        statements: Statements,
        whole: SparseQuery | CutQuery,
        reader: Reader,
        variables: Sequence[str],
        select: Callable[[str], str],
    ) -> None:
        """`whole` reads lines of any kind; `select` makes a query of a relation `fields` with these variables
        (docs/architecture.md)."""
        self._statements = statements
        self._whole = whole
        self._reader = reader
        self._wanted = frozenset(name for name in variables if name in reader.expressions)
        self._variables = tuple(variables)
        self._select = select
        self._depends: dict[str, frozenset[str]] | None = None
        self._understood = bool(self._wanted)
        self._unique: frozenset[str] = _UNIQUE
        self._over_lines: frozenset[str] = frozenset()
        self._queries: dict[tuple[str, ...], SparseQuery] = {}

    def run(self, table: pa.Table) -> pa.Table:
        """What the query gives over `table` (line, offset), row by row in its order; text columns as
        strings or as dictionaries. Raises duckdb.Error."""
        found = self._reader.read(table, self._wanted) if self._applies(table) else None
        if found is None:
            return self._whole.run(table)
        fits, values = found
        read = int(np.count_nonzero(fits))
        if read < _MANY or read < table.num_rows // 2:
            return self._whole.run(table)
        if read == table.num_rows:
            return self._read(table, values)
        parts = [_rows_at(table, places) for places in (np.flatnonzero(fits), np.flatnonzero(~fits))]
        return _in_order(self._read(parts[0], values), self._whole.run(parts[1]), fits)

    def _applies(self, table: pa.Table) -> bool:
        if not self._understood or table.num_rows < _MANY:
            return False
        if self._depends is None:
            try:
                self._depends = self._lineage()
            except NotByRowError:
                self._understood = False
        return self._understood

    def _lineage(self) -> dict[str, frozenset[str]]:
        """What each column depends on, from a plan over an empty table; `offset` is passed through."""
        names = [f"{identifier(name)} VARCHAR" for name in sorted(self._wanted)]
        shape = ", ".join(["line VARCHAR", '"offset" BIGINT', *names])
        query = self._query(_SHAPE, lines=True)
        with _LEARNING:
            if query not in _LEARNT:
                plan, outputs = self._statements.plan(query, _SHAPE, shape)
                _LEARNT[query] = dict(zip(outputs, lineage(plan), strict=True))
            return _LEARNT[query]

    def _query(self, table: str, *, lines: bool) -> str:
        """The query over a table of values by variable, with or without lines and offsets in it."""
        first = ["line", '"offset"', "true AS matched"]
        if not lines:
            first[:2] = ["CAST(NULL AS VARCHAR) AS line", 'CAST(NULL AS BIGINT) AS "offset"']
        values = {name: self._reader.expressions[name] for name in self._wanted}
        columns = [
            f"CAST({values.get(name, 'NULL')} AS VARCHAR) AS {identifier(name)}" for name in self._variables
        ]
        return self._select(f"SELECT {', '.join([*first, *columns])} FROM {table}")

    def _read(self, table: pa.Table, values: Mapping[str, Column]) -> pa.Table:
        """The columns for lines whose variables were read, `table`."""
        encoded: dict[str, pa.DictionaryArray] = {}
        for name in sorted(values.keys() - self._unique):
            column = values[name].column().dictionary_encode(null_encoding="encode")
            if len(column.dictionary) > _REPEATED * len(column):
                self._unique |= {name}
            else:
                encoded[name] = column
        found = {"offset": table["offset"]}
        found |= self._of_groups(self._grouped(encoded, table.num_rows), table.num_rows)
        found |= self._of_lines(table, values)
        return pa.table({name: found[name] for name in self._depends or {}})

    def _grouped(self, encoded: dict[str, pa.DictionaryArray], lines: int) -> list[tuple[_Group, _Distinct]]:
        """The groups of columns with the values they depend on. Columns for which these hardly repeat go
        over the lines, now and later."""
        depends = self._depends or {}
        while True:
            repeated = {
                name: variables
                for name, variables in depends.items()
                if name != "offset" and name not in self._over_lines and variables.isdisjoint(self._unique)
            }
            found = []
            for group in _groups(repeated):
                distinct = _distinct([(name, encoded[name]) for name in group.variables], lines)
                if distinct is None:
                    most = max(len(depends[name]) for name in group.outputs)
                    self._over_lines |= {name for name in group.outputs if len(depends[name]) == most}
                    break
                found.append((group, distinct))
            else:
                return found

    def _of_groups(self, groups: list[tuple[_Group, _Distinct]], lines: int) -> dict[str, pa.Array]:
        if not groups:
            return {}
        rows = max(distinct.count for _, distinct in groups)
        given = {name: values for _, distinct in groups for name, values in distinct.values.items()}
        columns = {
            name: pa.concat_arrays([given[name], pa.nulls(rows - len(given[name]), _TEXT)])
            if name in given
            else pa.nulls(rows, _TEXT)
            for name in sorted(self._wanted)
        }
        outputs = tuple(name for group, _ in groups for name in group.outputs)
        result = self._asked(outputs, pa.table(columns), lines=False)
        return {
            name: _spread(_whole(result[name]).slice(0, distinct.count), distinct.codes, lines)
            for group, distinct in groups
            for name in group.outputs
        }

    def _of_lines(self, table: pa.Table, values: Mapping[str, Column]) -> dict[str, pa.Array]:
        depends = self._depends or {}
        outputs = tuple(
            name
            for name, variables in depends.items()
            if name != "offset" and (name in self._over_lines or not variables.isdisjoint(self._unique))
        )
        if not outputs:
            return {}
        asked = frozenset().union(*(depends[name] for name in outputs))
        empty = pa.nulls(table.num_rows, _TEXT)
        columns = {name: values[name].column() if name in asked else empty for name in sorted(self._wanted)}
        whole = pa.table({"line": table["line"], "offset": table["offset"], **columns})
        result = self._asked(outputs, whole, lines=True)
        return {name: result[name] for name in outputs}

    def _asked(self, outputs: tuple[str, ...], table: pa.Table, *, lines: bool) -> pa.Table:
        if outputs not in self._queries:
            names = ", ".join(identifier(name) for name in outputs)
            query = f"SELECT {names} FROM ({self._query(_TABLE, lines=lines)})"
            self._queries[outputs] = SparseQuery(self._statements, query, _TABLE)
        return self._queries[outputs].run(table)


def _groups(depends: dict[str, frozenset[str]]) -> list[_Group]:
    """Columns (with the variables that each depends on) in groups that share no variable."""
    groups: list[tuple[frozenset[str], list[str]]] = []
    for name, variables in depends.items():
        merged, outputs = variables, [name]
        apart = []
        for others, theirs in groups:
            if others.isdisjoint(merged) and others != merged:
                apart.append((others, theirs))
            else:
                merged, outputs = merged | others, [*theirs, *outputs]
        groups = [*apart, (merged, outputs)]
    return [_Group(tuple(sorted(variables)), tuple(outputs)) for variables, outputs in groups]


def _distinct(columns: list[tuple[str, pa.DictionaryArray]], lines: int) -> _Distinct | None:
    """The distinct values of these columns together; None when they hardly repeat."""
    if not columns:
        return _Distinct(pa.array(np.zeros(lines, dtype=np.int32)), {}, 1)
    if len(columns) == 1:
        name, column = columns[0]
        return _Distinct(column.indices, {name: column.dictionary.cast(_TEXT)}, len(column.dictionary))
    sizes = [len(column.dictionary) for _, column in columns]
    if math.prod(sizes) >= 1 << 62:
        return None
    codes = np.zeros(lines, dtype=np.int64)
    for (_, column), size in zip(columns, sizes, strict=True):
        codes *= size
        codes += column.indices.to_numpy()
    together = pa.array(codes).dictionary_encode()
    if len(together.dictionary) > _REPEATED * lines:
        return None
    left, values = together.dictionary.to_numpy(), {}
    for (name, column), size in zip(reversed(columns), reversed(sizes), strict=True):
        left, code = np.divmod(left, size)
        values[name] = column.dictionary.cast(_TEXT).take(pa.array(code))
    return _Distinct(together.indices, values, len(together.dictionary))


def _spread(column: pa.Array, codes: pa.Array, lines: int) -> pa.Array:
    """The column's value for each line; text as a dictionary."""
    if column.null_count == len(column):
        return pa.nulls(lines, column.type)
    if not pa.types.is_string(column.type):
        return column.take(codes)
    encoded = column.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(codes), encoded.dictionary, safe=False)


def _rows_at(table: pa.Table, places: Positions) -> pa.Table:
    """The rows at these places, the lines over the same buffer where one holds them."""
    lines, at = _whole(table["line"]), pa.array(places)
    kept = lines_at(lines, places) if texts_of(lines) is not None else lines.take(at)
    return pa.table({"line": kept, "offset": table["offset"].take(at)})


def _in_order(read: pa.Table, rest: pa.Table, fits: Mask) -> pa.Table:
    """The rows of both in the order of their lines."""
    places = np.empty(len(fits), dtype=np.int64)
    places[fits] = np.arange(read.num_rows)
    places[~fits] = np.arange(rest.num_rows) + read.num_rows
    order = pa.array(places)
    columns = {}
    for name in rest.column_names:
        first, second = read[name], rest[name]
        if pa.types.is_dictionary(first.type) != pa.types.is_dictionary(second.type):
            first, second = (
                column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
                for column in (first, second)
            )
        both = pa.chunked_array([*first.chunks, *second.chunks])
        if pa.types.is_dictionary(both.type):
            both = both.unify_dictionaries()
        columns[name] = both.combine_chunks().take(order)
    return pa.table(columns)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece; no copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
