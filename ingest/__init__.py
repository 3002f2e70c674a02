"""Logs to events. `ingest` reads paths into a lake; `parse_text` reads a text in memory."""

from __future__ import annotations

from ingest.engine import Engine
from ingest.errors import FormatError, IngestError, InputError, SourceError
from ingest.follow import Follower
from ingest.inputs import Bounds
from ingest.pipeline import Plan, ingest
from ingest.server_config import formats_of
from ingest.settings import Settings
from ingest.sight import Sight, look_at
from ingest.sources import Source, load_source, load_sources
from ingest.summary import Counts, Summary
from ingest.text import parse_text
from ingest.workers import Workers

__all__ = [
    "Bounds",
    "Counts",
    "Engine",
    "Follower",
    "FormatError",
    "IngestError",
    "InputError",
    "Plan",
    "Settings",
    "Sight",
    "Source",
    "SourceError",
    "Summary",
    "Workers",
    "formats_of",
    "ingest",
    "load_source",
    "load_sources",
    "look_at",
    "parse_text",
]
