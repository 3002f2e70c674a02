"""The engine: a column of records to events, in DuckDB, by the SELECT of one source.

An Engine belongs to one thread: it holds one DuckDB connection with one thread of its own. Chunks run
side by side on several engines, which is faster than one engine with several threads.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Positions, Records
from ingest.errors import FormatError, SourceError
from ingest.finish import finish
from ingest.settings import Settings
from ingest.sources import Source
from ingest.sparse import SparseQuery
from ingest.statements import Statements
from lake.schema import EVENTS, QUARANTINE

_HERE = Path(__file__).parent
_MACROS = tuple(
    path.read_text(encoding="utf-8")
    for path in (_HERE / "macros" / f"{name}.sql" for name in ("text", "url", "oauth", "redact"))
)
_READ = (_HERE / "read.sql").read_text(encoding="utf-8")
_DERIVED = {"date", "source", "kind", "file", "signature", "credential_id"}
_HELPERS = ("path", "login", "user_name", "credential", "jwt", "challenge", "body", "ignored", "quarantined")
_EXCERPT = 300
_JUDGE = f"""
    SELECT "offset", CAST(strlen(line) AS BIGINT) AS bytes, quarantined AS reason,
        CASE WHEN trim(line, ' ' || chr(9) || chr(13) || chr(65279)) = '' THEN 'blank'
             ELSE ignored END AS ignored,
        left(redact(left(line, 2000)), {_EXCERPT}) AS excerpt
    FROM refused
"""


@dataclass(frozen=True)
class Reading:
    """How an input is read: by which source and, where its lines have one, by which format string.

    `own` marks a format string of the user's, which may look like anything.
    """

    source: Source
    format: str | None = None
    own: bool = False


@dataclass(frozen=True)
class Parsed:
    """What became of records: events (the columns of EVENTS without `file`, text columns dictionary-
    encoded), refused ones (QUARANTINE), and the number ignored by reason."""

    events: pa.Table
    quarantined: pa.Table
    ignored: Mapping[str, int]

    @property
    def records(self) -> int:
        return int(self.events.num_rows + self.quarantined.num_rows + sum(self.ignored.values()))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
        for macros in _MACROS:
            self._connection.execute(macros)
        self._statements = Statements(self._connection)
        self._queries: dict[tuple[str, str | None], SparseQuery] = {}
        self._compilations: dict[tuple[str, str | None], str] = {}

    def parse(self, reading: Reading, records: Records) -> Parsed:
        """Every record becomes an event, is quarantined or is ignored; never anything else."""
        query = self._query(reading)
        try:
            table = query.run(_table(records.lines, records.offsets))
        except duckdb.Error as problem:
            raise SourceError(f"source {reading.source.name}: its SQL failed: {problem}") from problem
        if table.num_rows != len(records):
            raise SourceError(
                f"source {reading.source.name}: {len(records)} records became {table.num_rows} rows; "
                "its SELECT must give one row for each"
            )
        kept = pc.and_(pc.is_null(table["ignored"]), pc.is_null(table["quarantined"]))
        accepted = table if pc.all(kept).as_py() else table.filter(kept)
        refused = table.filter(pc.invert(kept)) if accepted.num_rows < table.num_rows else None
        source = reading.source
        events = finish(self._statements, accepted, source.name, source.kind, self._settings)
        if refused is None:
            return Parsed(events, QUARANTINE.empty_table(), {})
        quarantined, ignored = self._refusals(reading, records, refused)
        return Parsed(events, quarantined, ignored)

    def count_matches(self, readings: Sequence[Reading], lines: pa.Array) -> list[int]:
        """How many of the lines have the shape of each reading: its format, else its `recognise`.

        A format that comes with a source is tried only where the source's `recognise` matches.
        """
        table = _table(lines, np.arange(len(lines), dtype=np.int64))
        patterns = list(dict.fromkeys(reading.source.recognise for reading in readings))
        questions = [f"count(*) FILTER (regexp_matches(line, {_literal(text)}))" for text in patterns]
        found = self._statements.run(f"SELECT {', '.join(questions)} FROM records", records=table)
        by_pattern = {text: int(found[place][0].as_py()) for place, text in enumerate(patterns)}
        return [
            by_pattern[reading.source.recognise]
            if reading.format is None or not (reading.own or by_pattern[reading.source.recognise])
            else self._count_format(reading, table)
            for reading in readings
        ]

    def _count_format(self, reading: Reading, table: pa.Table) -> int:
        question = f"SELECT count(*) FILTER (matched) AS found FROM ({self._compiled(reading)})"
        return int(self._statements.run(question, records=table)["found"][0].as_py())

    def redact(self, text: str) -> str:
        """`text` without its secrets."""
        found = self._connection.execute("SELECT redact($1)", [text]).fetchone()
        return str(found[0]) if found else ""

    def _refusals(
        self, reading: Reading, records: Records, refused: pa.Table
    ) -> tuple[pa.Table, dict[str, int]]:
        places = np.searchsorted(records.offsets, refused["offset"].to_numpy())
        lines = records.take(places).lines
        judged = self._statements.run(
            _JUDGE, refused=refused.select(["offset", "ignored", "quarantined"]).append_column("line", lines)
        )
        counts = judged["ignored"].drop_null().value_counts().to_pylist()
        ignored = {str(entry["values"]): int(entry["counts"]) for entry in counts}
        kept = judged.filter(pc.is_null(judged["ignored"]))
        count = kept.num_rows
        columns = {
            "ingested": pa.nulls(count), "input": pa.nulls(count), "file": pa.nulls(count),
            "source": pa.repeat(reading.source.name, count), "offset": kept["offset"],
            "bytes": kept["bytes"], "reason": kept["reason"], "excerpt": kept["excerpt"],
        }  # fmt: skip
        table = pa.table([columns[name] for name in QUARANTINE.names], names=QUARANTINE.names)
        return table.cast(QUARANTINE), ignored

    def _query(self, reading: Reading) -> SparseQuery:
        key = (reading.source.name, reading.format)
        if key not in self._queries:
            self._queries[key] = SparseQuery(self._statements, self._build(reading), "records")
        return self._queries[key]

    def _build(self, reading: Reading) -> str:
        source = reading.source
        body = source.sql
        if source.format_language is not None:
            body = f"WITH fields AS ({self._fields(reading)}) SELECT * FROM ({body})"
        given = self._columns_of(body, source.name)
        wanted = {field.name: field.type for field in EVENTS if field.name not in _DERIVED}
        unknown = set(given) - set(wanted) - set(_HELPERS)
        if unknown:
            raise SourceError(
                f"source {source.name}: gives columns that no event has: {', '.join(sorted(unknown))}"
            )
        if "offset" not in given or "time" not in given:
            raise SourceError(f'source {source.name}: must give `time` and pass "offset" through')
        columns = [
            _column(name, given.get(name), _SQL_TYPES[str(type_)]) for name, type_ in wanted.items()
        ] + [_column(name, given.get(name), "VARCHAR") for name in _HELPERS]
        select = f"SELECT {', '.join(columns)} FROM ({body})"
        return _READ.format(given=select)

    def _fields(self, reading: Reading) -> str:
        """A relation with `line`, "offset", `matched` and a column for each variable of the source."""
        source = reading.source
        compiled = self._compiled(reading)
        present = self._columns_of(compiled, source.name)
        columns = ["line", '"offset"', "matched"] + [
            f"CAST({_identifier(name)} AS VARCHAR) AS {_identifier(name)}"
            if name in present
            else f"CAST(NULL AS VARCHAR) AS {_identifier(name)}"
            for name in source.variables
        ]
        return f"SELECT {', '.join(columns)} FROM ({compiled})"

    def _compiled(self, reading: Reading) -> str:
        key = (reading.source.name, reading.format)
        if key not in self._compilations:
            self._compilations[key] = compile_format(reading.source, reading.format or "")
        return self._compilations[key]

    def _columns_of(self, query: str, source: str) -> dict[str, str]:
        empty = _table(pa.array([], pa.string_view()), np.empty(0, dtype=np.int64))
        try:
            described = self._statements.describe(query, records=empty)
        except duckdb.Error as problem:
            raise SourceError(f"source {source}: its SQL does not run: {problem}") from problem
        return described


def _table(lines: pa.Array, offsets: Positions) -> pa.Table:
    return pa.table({"line": lines, "offset": offsets})


_SQL_TYPES = {
    "string": "VARCHAR",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
}


def _column(name: str, given: str | None, wanted: str) -> str:
    quoted = _identifier(name)
    if given is None or given == '"NULL"':
        return f"CAST(NULL AS {wanted}) AS {quoted}"
    return quoted if given == wanted else f"TRY_CAST({quoted} AS {wanted}) AS {quoted}"


def compile_format(source: Source, text: str) -> str:
    """The SELECT that reads lines of a format string, by ingest/formats/<format_language>.py."""
    module = importlib.import_module(f"ingest.formats.{source.format_language}")
    try:
        return str(module.compile_format(text))
    except FormatError as problem:
        raise FormatError(f"source {source.name}: {problem}") from problem
