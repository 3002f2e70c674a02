"""What tests share: a workshop with a folder of logs and a lake, and lines in true formats."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingest import Plan, Settings, Summary, ingest, load_sources
from ingest.workers import Workers
from lake.table import Lake

SETTINGS = Settings("a key of tests")


@cache
def workers() -> Workers:
    """Workers that the tests of one process share: their engines plan the queries of a source once."""
    return Workers(SETTINGS)


def nginx_line(number: int, status: int = 401, path: str = "/orders/v1/list", user: str = "-") -> str:
    """A line of nginx's combined format; the number shows in its time and in its size."""
    minute, second = divmod(number % 3600, 60)
    hour = 2 + number // 3600 % 20
    return (
        f"203.0.113.7 - {user} [02/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] "
        f'"GET {path} HTTP/1.1" {status} {number} "-" "okhttp/4.12.0"\n'
    )


@dataclass
class Workshop:
    """A folder of logs, and a lake that they are read into."""

    root: Path
    formats: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return self.root / "logs"

    @property
    def lake(self) -> Lake:
        return Lake(self.root / "lake")

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder of logs."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, *paths: Path, source: str | None = None) -> Summary:
        """Reads the paths, or all of the folder."""
        plan = Plan(load_sources(), SETTINGS, self.formats, forced=source)
        summary = ingest(list(paths) or [self.folder], self.lake, plan, workers=workers())
        assert summary.total.balanced
        return summary

    def events(self, columns: str = "*") -> list[dict[str, Any]]:
        """The events of the lake, as dictionaries, in the order of file and offset."""
        return self._rows(self.lake.event_files(), columns)

    def quarantine(self) -> list[dict[str, Any]]:
        """The quarantined records of the lake."""
        return self._rows(self.lake.quarantine_files(), "*")

    def event_count(self) -> int:
        """The number of events in the lake."""
        return len(self.events('"offset"'))

    def _rows(self, files: list[str], columns: str) -> list[dict[str, Any]]:
        if not files:
            return []
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        question = (
            f'SELECT {columns} FROM read_parquet($files, hive_partitioning = true) ORDER BY file, "offset"'
        )
        found = connection.sql(question, params={"files": files})
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows
