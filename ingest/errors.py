"""What can go wrong while reading logs: one tree, with messages for people."""

from __future__ import annotations


class IngestError(Exception):
    """Anything that keeps logs from becoming events."""


class InputError(IngestError):
    """One input cannot be read; the others go on. The message names the input and what to do."""


class SourceError(IngestError):
    """A source's .sql file is not what docs/architecture.md asks for."""


class FormatError(IngestError):
    """A format string (nginx log_format, Apinto formatter ...) cannot be understood."""
