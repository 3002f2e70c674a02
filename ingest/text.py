"""A text in memory to events: one pasted log line, or a sample."""

from __future__ import annotations

import io
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache

import pyarrow as pa

from ingest.engine import Engine
from ingest.errors import SourceError
from ingest.framing import chunks
from ingest.reader import Parsed, parse_chunk
from ingest.recognise import Formats, readings, recognise
from ingest.settings import Settings
from ingest.sources import load_sources
from ingest.workers import Workers
from lake.schema import EVENTS

_NOT_STORED = Settings(pseudonym_key="a text in memory")


def parse_text(text: str, source: str | None = None, formats: Formats | None = None) -> pa.Table:
    """The events of a text (schema EVENTS, without `file`); empty when no source knows the text.

    `source` forces a source; `formats` are format strings of one's own, by source. Raises SourceError
    for a source that does not exist.
    """
    schema = EVENTS.remove(EVENTS.get_field_index("file"))
    parts = [parsed.events.cast(schema) for parsed in parse_records(text.encode(), source, formats)]
    return pa.concat_tables([schema.empty_table(), *parts])


def parse_records(
    text: bytes,
    source: str | None = None,
    formats: Formats | None = None,
    engine: Engine | None = None,
    written: datetime | None = None,
) -> list[Parsed]:
    """What became of every record of a text; empty when no source knows the text.

    `engine`: one with settings of its own; without one, texts share engines. `written`: when the text was
    written, for times without a year (now, where it is not given).
    """
    sources = load_sources()
    if source is not None and source not in sources:
        raise SourceError(f"there is no source {source!r}; `why401 sources` lists them")
    candidates = readings(sources if source is None else {source: sources[source]}, formats or {})
    if not candidates:
        return []
    reference = written or datetime.now(UTC)
    with nullcontext(engine) if engine else _engines().engine() as reader:
        layout = recognise(reader, text, candidates, forced=source is not None)
        if layout is None:
            return []
        parts = chunks(io.BytesIO(text), layout.framing, 0, size=len(text) + 1)
        return [parse_chunk(reader, layout, candidates, chunk, reference) for chunk in parts]


@cache
def _engines() -> Workers:
    """The engines of all texts: to make one, and to plan the query of a source, takes longer than a text."""
    return Workers(_NOT_STORED, 1)
