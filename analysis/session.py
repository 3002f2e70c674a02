"""A session: DuckDB over a lake, with the views that every question asks.

`events`      one row per event: the columns of lake/schema.py, and for a failure its verdict (cause,
              confidence, rule) and what its cause says (family, title, responsible, remedy ...).
`signatures`  one row per distinct failure: counts, first and last time, an example, its verdict.
`quarantine`  what was refused.
`causes`      what can go wrong; `rules`: by what it is told (analysis/rulebook.py).

Times in the views are UTC without a zone (TIMESTAMP), which DuckDB counts much faster than with one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.classify import causes_table, classify
from analysis.rulebook import Rulebook, load_rulebook
from analysis.tables import place
from lake.schema import EVENTS, QUARANTINE
from lake.table import Lake

_ASKING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_VIEWS = Path(__file__).parent / "views"


class Session:
    """Questions to one lake. Not safe to share between threads; `cursor()` gives one for another."""

    def __init__(self, lake: Lake, own_rules: Path | None = None) -> None:
        """`own_rules` is a folder of rules of the user's own, which may not be there. Raises RulesError."""
        self.lake = lake
        self._own_rules = own_rules
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self._version: tuple[int, Rulebook] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Looks at the lake and the rules again, and classifies anew if they changed."""
        rulebook = load_rulebook(self._own_rules)
        version = (self.lake.version(), rulebook)
        if version == self._version:
            return
        connection = self.connection
        _stored(connection, "stored", self.lake.event_files(), EVENTS)
        _stored(connection, "quarantine", self.lake.quarantine_files(), QUARANTINE)
        place(connection, "causes", causes_table())
        place(connection, "rules", rulebook.table)
        connection.execute(_view("failures"))
        classify(connection, "failures", "verdicts", rulebook)
        connection.execute(_view("lifted"))
        connection.execute(_view("events"))
        connection.execute(_view("signatures"))
        self._version = version

    @property
    def rulebook(self) -> Rulebook:
        """The rules by which this session tells causes."""
        return load_rulebook(self._own_rules)

    @property
    def empty(self) -> bool:
        """Whether there is no event at all."""
        return self.period() is None

    def period(self) -> tuple[datetime, datetime] | None:
        """The times of the first and the last event; None where there is none."""
        found = self.connection.execute("SELECT min(time), max(time) FROM stored").fetchone()
        return (found[0], found[1]) if found and found[0] is not None else None

    def read_only_sql(self, query: str) -> pa.Table:
        """The answer to a question of a user over the views: SELECT only, and no other file.

        Raises duckdb.Error. The session can ask nothing else afterwards that opens other files.
        """
        statements = self.connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type not in _ASKING:
            raise duckdb.InvalidInputException("one SELECT (or EXPLAIN) is asked for, nothing that writes")
        self.connection.execute(f"SET allowed_directories = [{_text(str(self.lake.folder.absolute()))}]")
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")
        return self.connection.sql(query).to_arrow_table()


def _view(name: str) -> str:
    return (_VIEWS / f"{name}.sql").read_text(encoding="utf-8")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _stored(connection: duckdb.DuckDBPyConnection, name: str, files: list[str], schema: pa.Schema) -> None:
    """A view over Parquet files; over nothing, but with its columns, where there is no file."""
    if files:
        paths = ", ".join(_text(file) for file in files)
        partitions = "false"
        if "date" in schema.names:
            partitions = "true, hive_types = {'date': DATE}"
        relation = f"read_parquet([{paths}], hive_partitioning = {partitions})"
    else:
        connection.register(f"no_{name}", schema.empty_table())
        relation = f"no_{name}"
    columns = ", ".join(
        f"make_timestamp(epoch_us({field.name})) AS {field.name}"
        if pa.types.is_timestamp(field.type)
        else f'"{field.name}"'
        for field in schema
    )
    connection.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM {relation}")
