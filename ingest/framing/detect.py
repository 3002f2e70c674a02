"""Detection: how records lie in an input, from its head and never from its name."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace

from ingest.framing.chunk import LINES, LONG_CHUNK_BYTES, Framing

_BOM = b"\xef\xbb\xbf"
_RS = b"\x1e"
"""Record separator of JSON text sequences (RFC 7464)."""
_DISTINCT = 0.9
"""So many of the names of a header are different at least."""
_SAMPLE = 50

_STRONG = {"value", "records", "Records", "resourceLogs"}
"""Keys of arrays that hold records wherever they stand at the top of a document."""
_WEAK = {
    "events", "logs", "items", "entries", "data", "results", "result",
    "eventLogs", "auditLogs", "webhookEventLogs", "logins", "Events", "streams",
}  # fmt: skip
"""Keys that an event may have as well."""
_NESTED = {("data", "events"), ("data", "result"), ("hits", "hits"), ("_embedded", "activities")}
_OF_AN_EVENT = {
    "eventType", "event_type", "uuid", "published", "outcome", "createdDateTime", "appId", "time",
    "timestamp",
    "@timestamp", "date", "id", "eventId", "message", "msg", "level", "severity", "logName", "insertId",
    "method", "client", "clientId", "actor", "messageType", "detail-type", "operationName",
}  # fmt: skip
"""Keys that say that a document is one event, whatever lists it holds."""
_OF_A_PAGE = re.compile(
    r"@odata\.|next|prev|has_?more|cursor|searchedLogStreams|took$|timed_out$|_shards$|_scroll_id$|pit_id$"
    r"|status$|stat(istic)?s$|links?$|_links$|meta|pag(e|ing|ination)|total|count$|size$|limit$|offset$|kind$"
    r"|result_?count$|remaining_?pag|preview$|init_offset$|messages$|fields$|highlighted$|post_process_count$|errors?$|warnings?$",
    re.IGNORECASE,
)

_RAW_COLUMNS = {"_raw", "raw", "@message", "message", "log", "textPayload"}
"""Names of a column that is all there is: lines, exported as CSV."""
_NAME = re.compile(r"(?=.*[^\W\d_])[@_#*%]?[^\W\d][\w @#%.()\[\]{}/*-]{0,79}")
_NO_NAME = re.compile(
    r"[0-9A-Fa-f]{16,}|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-.*|(?:[a-z0-9-]+\.){2,}[a-z]{2,}/.*|.*[.,]\s*|(?:\S+\s+){7,}\S*"
)


def detect_framing(head: bytes) -> Framing:
    """The framing of an input that begins with `head` (decompressed, UTF-8), from its content.

    JSON that has one whole object per line is lines, unless each is a wrapper of records, and so are objects
    between lines of text; any other JSON is documents; a header with rows of as many cells below it is CSV.
    """
    content = head.lstrip(b"\x00").removeprefix(_BOM).lstrip(b" \t\r\n\x00")
    found = _json_framing(content)
    if found == LINES:
        found = _csv_framing(content) or LINES
    records_are_long = found.kind == "json" or len(head) > 1000 * (head.count(b"\n") + 1)
    return replace(found, chunk_bytes=LONG_CHUNK_BYTES) if records_are_long else found


def _json_framing(content: bytes) -> Framing:
    if content[:1] == _RS:
        return Framing("json", 0)
    if content[:1] == b"[" and content[1:].lstrip()[:1] in (b"{", b"]", b""):
        return Framing("json", 1)
    if content[:1] != b"{":
        return LINES
    text = content.decode("utf-8", "replace")
    wrapper = _wrapper(text)
    if wrapper:
        return Framing("json", len(wrapper) + 1, path=wrapper)
    lines = [line for line in content.split(b"\n")[:_SAMPLE] if line.strip()]
    whole = sum(_is_object(line) for line in lines)
    pieces = sum(_PIECE.match(line) is not None for line in lines)
    # between whole objects stand other lines: of a container, or objects that are broken
    mixed = whole > 0 and pieces < len(lines) - pieces
    return LINES if 2 * whole >= len(lines) or mixed else Framing("json", 0)


_PIECE = re.compile(rb"[ \t\"}]|[{\[\],]\s*$|[{\[].*[,{\[]\s*$")
"""How a line of a document begins that is spread over several."""


def _is_object(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _wrapper(text: str) -> tuple[str, ...] | None:
    """The keys that lead to the array of records, when the first document is nothing but what holds it."""
    members, after = _members(text, 0)
    names = {name for name, _ in members}
    for name, at in members:
        if text[at] == "{" and any(name == outer for outer, _ in _NESTED):
            for inner, place in _members(text, at)[0]:
                if (name, inner) in _NESTED and _holds_documents(text, place):
                    return name, inner
        if name not in _STRONG | _WEAK or not _holds_documents(text, at) or names & _OF_AN_EVENT:
            continue
        alone = after is None or not text[after:].lstrip(" \t\r\n,").startswith("{")
        others = names - {name}
        if name in _STRONG or alone or all(_OF_A_PAGE.match(other) for other in others):
            return (name,)
    return None


def _holds_documents(text: str, at: int) -> bool:
    return re.compile(r"\[\s*([{\[\]]|$)").match(text, at) is not None


_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(strict=False)


def _members(text: str, at: int) -> tuple[list[tuple[str, int]], int | None]:
    """The names of the members of the object at `at`, where their values begin, and where the object ends:
    None when the text is cut off (or wrong) before it."""
    found: list[tuple[str, int]] = []
    at = _blanks(text, at + 1)
    while text[at : at + 1] == '"':
        try:
            name, at = _DECODER.raw_decode(text, at)
            at = _blanks(text, at)
            if text[at : at + 1] != ":":
                return found, None
            at = _blanks(text, at + 1)
            if at >= len(text):
                return found, None
            found.append((name, at))
            _, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return found, None
        at = _blanks(text, at)
        if text[at : at + 1] == ",":
            at = _blanks(text, at + 1)
    return found, at + 1 if text[at : at + 1] == "}" else None


def _blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _csv_framing(content: bytes) -> Framing | None:
    """CSV, when the first line names columns and the next rows have a cell for each."""
    line, newline, _ = content.partition(b"\n")
    if not newline or len(line) > 16_384:
        return None
    text = content.decode("utf-8", "replace")
    found = [framing for delimiter in ",;\t" if (framing := _read_as(text, delimiter))]
    if found:
        return max(found, key=lambda framing: len(framing.header))
    name = line.strip().decode("utf-8", "replace").strip('"')
    return Framing("csv", header=(name,)) if name in _RAW_COLUMNS and content.count(b"\n") > 1 else None


def _read_as(text: str, delimiter: str) -> Framing | None:
    rows = list(_rows(text, delimiter))
    header, below = rows[0] if rows else [], [row for row in rows[1:] if row]
    # Entra's portal names one column of fifty-six twice
    if len(header) < 2 or len(set(header)) < _DISTINCT * len(header) or not all(map(_is_name, header)):
        return None
    if len(below) > 1 and len(rows) <= _SAMPLE:
        below = below[:-1]  # the head may cut it off
    fitting = sum(len(row) == len(header) for row in below)
    if not below or fitting < 0.8 * len(below):
        return None
    return Framing("csv", header=tuple(header), delimiter=delimiter)


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for _, row in zip(range(_SAMPLE + 1), reader, strict=False):
            yield row
    except csv.Error:
        return


def _is_name(cell: str) -> bool:
    return _NAME.fullmatch(cell) is not None and _NO_NAME.fullmatch(cell) is None


__all__ = ["detect_framing"]
