"""The engine: a column of records to events, in DuckDB, by the SELECT of one source.

An Engine belongs to one thread: it holds one DuckDB connection with one thread of its own. Chunks run
side by side on several engines, which is faster than one engine with several threads.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Hashes, Positions, Records
from ingest.cutting import CutQuery, FieldsReader, Reader, SplitReader
from ingest.errors import FormatError, SourceError
from ingest.finish import finish
from ingest.json_fields import JsonQuery
from ingest.needles import needles
from ingest.quoting import identifier
from ingest.settings import Settings
from ingest.sources import Source
from ingest.sparse import SparseQuery
from ingest.split import Plan
from ingest.statements import Statements
from ingest.timing import Around, Written, dated, placed_in_time
from ingest.unwrap import Envelope, unwrap
from ingest.words import words_as_macros
from lake.schema import EVENTS, QUARANTINE

_HERE = Path(__file__).parent
_MACROS = tuple(
    path.read_text(encoding="utf-8")
    for path in (
        _HERE / "macros" / f"{name}.sql" for name in ("text", "url", "oauth", "redact", "noise", "envelope")
    )
)
_READ = (_HERE / "read.sql").read_text(encoding="utf-8")
_DERIVED = {"date", "source", "file", "signature", "credential_id"}
_HELPERS = dict.fromkeys(
    ("path", "login", "user_name", "credential", "jwt", "challenge", "body", "ignored", "quarantined"),
    "VARCHAR",
) | {"local_time": "TIMESTAMP", "yearless": "TIMESTAMP", "clock": "TIME"}
_EXCERPT = 300
_HASHES = """
    SELECT CASE WHEN event_id IS NULL THEN 0::UBIGINT ELSE hash(source, event_id) END AS hash FROM events
"""
_JUDGE = """
    SELECT CASE WHEN is_blank(line) THEN 'blank'
                WHEN ignored IS NOT NULL THEN ignored
                WHEN NOT own THEN
                    coalesce(other_log(line), CASE WHEN shared THEN 'no record of a known format' END)
           END AS ignored
    FROM refused
"""
_EXCERPTS = f"""
    SELECT CAST(strlen(line) AS BIGINT) AS bytes, left(redact(left(line, 2000)), {_EXCERPT}) AS excerpt
    FROM kept
"""


Query = SparseQuery | CutQuery | JsonQuery

_DESCRIBED: dict[str, dict[str, str]] = {}
"""The columns of queries and their types, for all engines: to ask takes as long as to plan the query."""


@dataclass(frozen=True)
class Reading:
    """How an input is read: by which source and, where its lines have one, by which format string.

    `own` marks a format string of the user's, which may look like anything.
    """

    source: Source
    format: str | None = None
    own: bool = False


@dataclass(frozen=True)
class Refused:
    """Records that a source made no event of: their places among the records, and why, as ignored or as
    quarantined (one of the two is NULL)."""

    places: Positions
    ignored: pa.Array
    quarantined: pa.Array

    def __len__(self) -> int:
        return len(self.places)

    def take(self, which: npt.NDArray[Any]) -> Refused:
        """Those that are at these positions, or under this mask."""
        chosen = np.arange(len(self))[which]
        return Refused(self.places[chosen], self.ignored.take(chosen), self.quarantined.take(chosen))


@dataclass(frozen=True)
class Read:
    """What a source made of records: events (the columns of EVENTS without `file`, text columns as
    dictionaries), and what it refused."""

    events: pa.Table
    refused: Refused


class Engine:
    """Turns records into events. Not safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("SET TimeZone = 'UTC'")
        # it would make a join of every IN with six constants or more, an eighth of the time of reading JSON
        self._connection.execute("SET disabled_optimizers = 'in_clause'")
        self._connection.execute("SET VARIABLE pseudonym_key = $1", [settings.pseudonym_key])
        self._settings = settings
        endpoints = settings.own_endpoints
        if endpoints:
            self._connection.execute(
                "SET VARIABLE own_endpoints = map_from_entries(list_zip($1, $2))",
                [[path.rstrip("/") for path in endpoints], list(endpoints.values())],
            )
        for macros in (words_as_macros(), *_MACROS):
            self._connection.execute(macros)
        self._statements = Statements(self._connection)
        self._queries: dict[tuple[str, str | None], Query] = {}
        self._compilations: dict[tuple[str, str | None], str] = {}

    def read(
        self,
        reading: Reading,
        records: Records,
        around: Around | None = None,
        written: Written | None = None,
    ) -> Read:
        """Every record becomes an event or is refused; never anything else.

        `around`: what an envelope tells of each record; `written`: when they were, for times without a year
        or a date (until now, where it is not given).
        """
        query = self._query(reading)
        source = reading.source
        try:
            table = query.run(_table(records.lines, records.offsets))
        except duckdb.Error as problem:
            raise SourceError(f"source {source.name}: its SQL failed: {problem}") from problem
        if table.num_rows != len(records):
            raise SourceError(
                f"source {source.name}: {len(records)} records became {table.num_rows} rows; "
                "its SELECT must give one row for each"
            )
        zone = self._settings.time_zones.get(source.name)
        table = placed_in_time(table, records.offsets, around, zone)
        table = dated(table, written or Written(datetime.now(UTC)), zone)
        kept = pc.and_(pc.is_null(table["ignored"]), pc.is_null(table["quarantined"]))
        accepted = table if pc.all(kept).as_py() else table.filter(kept)
        events = finish(self._statements, accepted, source.name, source.kind, self._settings)
        return Read(events, _refused(table, records, pc.invert(kept)))

    def claims(self, readings: Sequence[Reading], lines: pa.Array) -> Iterator[npt.NDArray[np.bool_]]:
        """Which of the lines have the shape of each reading, one after the other: its format, else its
        `recognise`.

        A format that comes with a source is tried only where the source's `recognise` matches.
        """
        matches = cache(_matcher(lines))
        fits: dict[tuple[str, bool], dict[str | None, npt.NDArray[np.bool_]]] = {}
        for reading in readings:
            matched = matches(reading.source.recognise)
            if reading.format is None or not (reading.own or matched.any()):
                yield matched
                continue
            key = (reading.source.name, reading.own)
            if key not in fits:
                alike = {one.format: one for one in readings if (one.source.name, one.own) == key}
                fits[key] = dict(zip(alike, self._fits_formats(list(alike.values()), lines), strict=True))
            yield fits[key][reading.format]

    def matches(self, patterns: Sequence[str], lines: pa.Array) -> list[npt.NDArray[np.bool_]]:
        """Which of the lines each pattern (RE2) matches."""
        return [*map(_matcher(lines), patterns)]

    def unwrap(self, envelope: Envelope, table: pa.Table) -> pa.Table:
        """What is in the envelope: see ingest/unwrap.py."""
        return unwrap(self._statements, envelope, table)

    def judge(
        self, source: str, records: Records, refused: Refused, own: npt.NDArray[np.bool_], shared: bool
    ) -> tuple[pa.Table, dict[str, int]]:
        """What is to be kept of refused records (QUARANTINE), and the number ignored by reason.

        `own` marks those that look like the source's: they are broken, while others may be what another
        program wrote. In a `shared` stream all others are that.
        """
        lines = records.take(refused.places).lines
        columns = {"line": lines, "ignored": refused.ignored.cast(pa.string()), "own": pa.array(own)}
        table = pa.table(columns).append_column("shared", pa.repeat(shared, len(lines)))
        ignored = self._statements.run(_JUDGE, refused=table)["ignored"].combine_chunks()
        counts = {
            str(entry["values"]): int(entry["counts"])
            for entry in ignored.drop_null().value_counts().to_pylist()
        }
        kept = np.flatnonzero(_flags(pc.is_null(ignored)))
        places = refused.places[kept]
        excerpts = self._statements.run(_EXCERPTS, kept=pa.table({"line": records.take(places).lines}))
        return quarantine_rows(
            source,
            records.offsets[places],
            excerpts["bytes"],
            refused.quarantined.take(kept),
            excerpts["excerpt"],
        ), counts

    def hashes(self, events: pa.Table) -> Hashes | None:
        """A hash of the source and the native id of each event, 0 where it has no id; None where none has."""
        if events["event_id"].null_count == events.num_rows:
            return None
        named = events.select(["source", "event_id"])
        hashes: Hashes = self._statements.run(_HASHES, events=named)["hash"].to_numpy()
        return hashes

    def _fits_formats(self, readings: Sequence[Reading], lines: pa.Array) -> list[npt.NDArray[np.bool_]]:
        """Which of the lines fit the format of each reading, by one query: even a small one takes some
        milliseconds."""
        flags = ", ".join(f"coalesce(f{place}.matched, false)" for place in range(len(readings)))
        relations = " POSITIONAL JOIN ".join(
            f"(SELECT matched FROM ({self._compiled(reading)})) AS f{place}"
            for place, reading in enumerate(readings)
        )
        table = _table(lines, np.arange(len(lines), dtype=np.int64))
        found = self._statements.run(f"SELECT {flags} FROM {relations}", records=table)
        return [_flags(column) for column in found.columns]

    def redact(self, text: str) -> str:
        """`text` without its secrets."""
        return str(self._connection.execute("SELECT redact($1)", [text]).fetchall()[0][0])

    def _query(self, reading: Reading) -> Query:
        key = (reading.source.name, reading.format)
        if key not in self._queries:
            self._queries[key] = self._made(reading)
        return self._queries[key]

    def _made(self, reading: Reading) -> Query:
        source = reading.source
        if source.format_language is None:
            if source.fields:
                return JsonQuery(
                    lambda fields: self._sparse(source, _over_fields(source, fields)),
                    source.fields, source.held_in,
                )  # fmt: skip
            return self._sparse(source, source.sql)
        body = _over_fields(source, self._fields(reading))
        given = self._given(source, body)
        whole = SparseQuery(self._statements, _select(body, given), "records")

        def cut_by(reader: Reader, otherwise: SparseQuery | CutQuery) -> CutQuery:
            return CutQuery(
                self._statements, otherwise, reader, source.variables,
                lambda fields: _select(_over_fields(source, fields), given),
            )  # fmt: skip

        by_fields = cut_by(self._fields_reader(reading), whole)
        plan = split_plan(source, reading.format or "")
        return cut_by(SplitReader(plan), by_fields) if plan else by_fields

    def _fields_reader(self, reading: Reading) -> FieldsReader:
        fields = self._fields(reading)
        present = self._columns_of(self._compiled(reading), reading.source.name)
        query = SparseQuery(self._statements, fields, "records")
        return FieldsReader(query.run, [name for name in reading.source.variables if name in present])

    def _sparse(self, source: Source, body: str) -> SparseQuery:
        return SparseQuery(self._statements, _select(body, self._given(source, body)), "records")

    def _given(self, source: Source, body: str) -> dict[str, str]:
        """The columns that the SELECT of a source gives, and their types. Raises SourceError."""
        given = self._columns_of(body, source.name)
        unknown = set(given) - set(_WANTED) - set(_HELPERS)
        if unknown:
            raise SourceError(
                f"source {source.name}: gives columns that no event has: {', '.join(sorted(unknown))}"
            )
        if "offset" not in given or "time" not in given:
            raise SourceError(f'source {source.name}: must give `time` and pass "offset" through')
        return given

    def _fields(self, reading: Reading) -> str:
        """A relation with `line`, "offset", `matched` and a column for each variable of the source."""
        source = reading.source
        compiled = self._compiled(reading)
        present = self._columns_of(compiled, source.name)
        columns = ["line", '"offset"', "matched"] + [
            f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}"
            if name in present
            else f"CAST(NULL AS VARCHAR) AS {identifier(name)}"
            for name in source.variables
        ]
        return f"SELECT {', '.join(columns)} FROM ({compiled})"

    def _compiled(self, reading: Reading) -> str:
        key = (reading.source.name, reading.format)
        if key not in self._compilations:
            self._compilations[key] = compile_format(reading.source, reading.format or "")
        return self._compilations[key]

    def _columns_of(self, query: str, source: str) -> dict[str, str]:
        if query not in _DESCRIBED:
            empty = _table(pa.array([], pa.string_view()), np.empty(0, dtype=np.int64))
            try:
                _DESCRIBED[query] = self._statements.describe(query, records=empty)
            except duckdb.Error as problem:
                raise SourceError(f"source {source}: its SQL does not run: {problem}") from problem
        return _DESCRIBED[query]


def quarantine_rows(
    source: str | None, offsets: Positions, sizes: Any, reasons: Any, excerpts: Any
) -> pa.Table:
    """Rows of QUARANTINE, without what only the coordinator knows: when, and of which input."""
    count = len(offsets)
    given = {"source": pa.repeat(source, count) if source else pa.nulls(count), "offset": offsets,
             "bytes": sizes, "reason": reasons, "excerpt": excerpts}  # fmt: skip
    columns = [given.get(name, pa.nulls(count)) for name in QUARANTINE.names]
    return pa.table(columns, names=QUARANTINE.names).cast(QUARANTINE)


def _matcher(lines: pa.Array) -> Callable[[str], npt.NDArray[np.bool_]]:
    """What tells which of the lines a pattern (RE2) matches, or one of several patterns, one a line."""
    texts = lines.cast(pa.string())
    whole = "\n".join(texts.to_pylist()).lower()
    none = np.zeros(len(lines), dtype=bool)

    def matches(pattern: str) -> npt.NDArray[np.bool_]:
        flags = none
        for one in filter(None, pattern.split("\n")):
            if any(text in whole for text in needles(one)):
                flags = flags | _flags(pc.match_substring_regex(texts, one))
        return flags

    return matches


def _flags(column: Any) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = column.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _refused(table: pa.Table, records: Records, refused: pa.ChunkedArray) -> Refused:
    rows = table.select(["offset", "ignored", "quarantined"]).filter(refused).combine_chunks()
    places = np.searchsorted(records.offsets, rows["offset"].to_numpy())
    ignored, quarantined = (
        rows[name].cast(pa.string()).combine_chunks() for name in ("ignored", "quarantined")
    )
    return Refused(places, ignored, quarantined)


def _table(lines: pa.Array, offsets: Positions) -> pa.Table:
    return pa.table({"line": lines, "offset": offsets})


_SQL_TYPES = {
    "string": "VARCHAR",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
}


_WANTED = {field.name: _SQL_TYPES[str(field.type)] for field in EVENTS if field.name not in _DERIVED}


def _over_fields(source: Source, fields: str) -> str:
    """The SELECT of a source over a relation `fields`."""
    return f"WITH fields AS ({fields}) SELECT * FROM ({source.sql})"


def _select(body: str, given: dict[str, str]) -> str:
    """The query of ingest/read.sql over the SELECT of a source, which gives these columns."""
    columns = [_column(name, given.get(name), kind) for name, kind in _WANTED.items()]
    columns += [_column(name, given.get(name), kind) for name, kind in _HELPERS.items()]
    return _READ.format(given=f"SELECT {', '.join(columns)} FROM ({body})")


def _column(name: str, given: str | None, wanted: str) -> str:
    quoted = identifier(name)
    if given is None or given == '"NULL"':
        return f"CAST(NULL AS {wanted}) AS {quoted}"
    return quoted if given == wanted else f"TRY_CAST({quoted} AS {wanted}) AS {quoted}"


def split_plan(source: Source, text: str) -> Plan | None:
    """How lines of a format string are split, where they can be, by ingest/formats/<format_language>.py."""
    module = importlib.import_module(f"ingest.formats.{source.format_language}")
    plan: Plan | None = module.split_plan(text) if hasattr(module, "split_plan") else None
    return plan


def compile_format(source: Source, text: str) -> str:
    """The SELECT that reads lines of a format string, by ingest/formats/<format_language>.py."""
    module = importlib.import_module(f"ingest.formats.{source.format_language}")
    try:
        return str(module.compile_format(text))
    except FormatError as problem:
        raise FormatError(f"source {source.name}: {problem}") from problem
