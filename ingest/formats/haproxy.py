"""HAProxy log formats (`log-format`, `option httplog` ...) to SQL.

A format is a log-format string, or lines of haproxy.cfg: `log-format ...`, `option httplog`, `option
httplog clf`, `option httpslog`, `option tcplog`, with the lines `capture request header NAME len N`,
`declare capture request len N`, `http-request capture SAMPLE len N` (and those of responses) that tell what
stands in `{a|b}`. The word `json` is a JSON object with the keys that people commonly choose.

A line is read by a regular expression that knows the shape of each value: captures may not be there, a value
may hold blanks, a line may have been cut. HAProxy writes `"`, `#`, `{`, `|`, `}` and what is not printable
ASCII as #XX in requests and captures, and nothing at all in the place of captures where there are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.errors import FormatError
from ingest.formats.haproxy_format import AND_PORT, Format, Piece, pieces_of, read_format
from ingest.formats.haproxy_names import ALIASES, COMMON_KEYS, meaning_of_name
from ingest.quoting import identifier, literal

_ENCODED = frozenset(("request", "method", "path", "query", "uri", "version"))
"""Variables that are written with #XX."""
_CAPTURES = frozenset(("request_captures", "response_captures"))
"""Written as {a|b}, or one by one."""
_NUMBER = r"[+-]?[0-9]*|-"
_TIMES = r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}"
_SHAPES = {
    "accept_date": _TIMES + r"(?:\.\d+)?",
    "request_date": _TIMES + r"(?:\.\d+)?",
    "accept_date_zoned": _TIMES + r" [+-]\d{4}",
    "request_date_zoned": _TIMES + r" [+-]\d{4}",
    "status": r"-?\d{1,3}|-",
    "termination": r"[A-Za-z-]{2,4}",
    "bytes_read": _NUMBER,
    "retries": _NUMBER,
    "request": r"[^\"]*",
    "request_cookie": r".*?",
    "response_cookie": r".*?",
} | {name: _NUMBER for alias, name in ALIASES.items() if alias.startswith("T") and name.startswith("time_")}
_UNREAD = frozenset(
    name
    for name in ALIASES.values()
    if name
    not in (
        "client",
        "hostname",
        "method",
        "path",
        "query",
        "uri",
        "unique_id",
        "status",
        "server",
        "termination",
        "request",
        "request_captures",
        "response_captures",
        "accept_date",
        "request_date",
        "accept_ms",
        "accept_date_zoned",
        "request_date_zoned",
        "accept_epoch",
        "time_active",
        "time_response",
        "time_total",
        "time_user",
    )
) | {"other"}
"""Variables that tell nothing of OAuth: no group of an expression is spent on them."""
_FREE = (
    "user_agent", "reason", "challenge", "location", "request_body", "response_body", "sent_authorization",
    "req_", "res_", "other", "backend_error", "backend_tls_error", "frontend_error", "claim_scope",
    "claim_sub", "forwarded_for",
)  # fmt: skip
"""Variables whose values may hold blanks; others are one word where they stand in no quotes."""


def compile_format(text: str) -> str:
    """A SELECT from `records`: line, "offset", matched and a VARCHAR column for each variable of the format.

    Aliases and samples have the names that haproxy_names.py and the words of their own names give.
    Raises FormatError for a string that HAProxy would refuse, and for CBOR.
    """
    if text.strip() == "json":
        return _common_select()
    form = read_format(text)
    pieces, as_json = pieces_of(form)
    if as_json:
        paths: _Leaves = {(piece.key,): [piece] for piece in pieces if piece.variable and piece.key}
        return _document_select(paths, None, form)
    if form.text.lstrip().startswith("{") and '"' in form.text and not form.text.lstrip().startswith("{%"):
        return _document_select(_leaves(pieces), pieces, form)
    return _text_select(pieces, form)


# The regular expression -----------------------------------------------------------------------

_PREFIX = (
    r"^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?"
    r"(?:\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d) )?"
    r"(?:[\w.-]*\[\d+\]: )?"
)
_HEADED = "line[1] = '<' OR (line[5] = '-' AND line[11] = 'T') OR contains(left(line, 60), ']: ')"
"""What HAProxy's own log targets put before a line (`format` short, timed, iso, local)."""


def _text_select(pieces: list[Piece], form: Format) -> str:
    pattern, groups = _pattern(pieces)
    columns: dict[str, str] = {}
    for place, piece in enumerate(groups):
        columns.setdefault(piece.text, _value(piece, f"slow['{place}']"))
    for which, names in (("request_captures", form.request), ("response_captures", form.response)):
        whole = columns.get(which)
        if whole is None or not names or set(names) == {"other"}:
            continue
        for number, name in enumerate(_distinct(names), start=1):
            columns[name] = _unhash(f"split_part(trim({whole}, '{{}}'), '|', {number})")
    listed = ", ".join(f"{value} AS {identifier(name)}" for name, value in columns.items())
    names_of_groups = ", ".join(literal(str(place)) for place in range(len(groups)))
    found = f"regexp_extract(text, {literal('^(' + pattern + ')[ ]*$')}, ['whole', {names_of_groups}])"
    stripped = f"CASE WHEN {_HEADED} THEN regexp_replace(line, {literal(_PREFIX)}, '') ELSE line END"
    if any(piece.time_format is not None for piece in pieces[:2]):
        stripped = "line"  # such a date may look like that of a log target
    return f"""
        SELECT line, "offset", slow['whole'] <> '' AS matched, {listed}
        FROM (SELECT line, "offset", {found} AS slow
              FROM (SELECT line, "offset", {stripped} AS text FROM records))
    """


def _distinct(names: Sequence[str]) -> list[str]:
    """The names of captures, each once: a second one of the same meaning has a name of its own."""
    seen: list[str] = []
    for number, name in enumerate(names):
        seen.append(f"capture_{number}" if name in seen or name == "other" else name)
    return seen


def _pattern(pieces: Sequence[Piece]) -> tuple[str, list[Piece]]:
    """A pattern of whole lines, and the variable of each of its groups.

    Captures may not be there; a line that was cut may lack its end from the first captures or quotes on.
    """
    parts: list[str] = []
    groups: list[Piece] = []
    before = ""
    for place, piece in enumerate(pieces):
        if not piece.variable:
            parts.append(re.escape(piece.text).replace("\\ ", " ").replace('\\"', '"'))
            before = piece.text
            continue
        shape = _shape(piece, before, pieces[place + 1].text if place + 1 < len(pieces) else "")
        if piece.text in _UNREAD:
            shape = re.sub(r"^([^(\\]*)\((?!\?)", r"\1(?:", shape)
        else:
            groups.append(piece)
        if piece.text in _CAPTURES:
            blank = before.endswith(" ") and bool(parts)
            if blank:
                parts[-1] = parts[-1][:-1]
            parts.append(f"(?:{' ' if blank else ''}{shape})?")
            if not blank and place + 1 < len(pieces):
                parts.append("")
        else:
            parts.append(shape)
        before = ""
    end = _open_end(parts, pieces)
    return "".join(parts) + end, groups


def _open_end(parts: list[str], pieces: Sequence[Piece]) -> str:
    """Takes a request in quotes at the end of the format out of `parts`; gives it as one that may be cut."""
    last = pieces[-1]
    if not (last.variable and last.quoted and last.text == "request" and len(parts) > 1):
        return ""
    shape = parts.pop()
    blank = parts[-1].endswith(" ")
    if blank:
        parts[-1] = parts[-1][:-1]
    return f"(?:{' ' if blank else ''}{shape}?)?"


def _shape(piece: Piece, before: str, after: str) -> str:
    """The pattern of a value, with its one group."""
    if piece.text in _CAPTURES:
        return _shape_of_captures(piece)
    if piece.quoted:
        return (
            r'"((?:[^"\\]|\\.)*)"'
            if piece.escaped
            else '"(.*?)"'
            if piece.text.startswith(_FREE)
            else '"([^"]*)"'
        )
    if piece.time_format is not None:
        return "(.*?)"
    if piece.text in _SHAPES:
        return f"({_SHAPES[piece.text]})"
    if before.endswith('"') and after.startswith('"'):
        return "(.*?)" if piece.text.startswith(_FREE) else '([^"]*?)'
    return "(.*?)" if piece.text.startswith(_FREE) else r"([^\s\"]*?)"


def _shape_of_captures(piece: Piece) -> str:
    if piece.listed:
        return r'((?:"[^"]*" ?)+)' if piece.quoted else "(.*?)"
    return r'"(\{[^}]*\}?)"?' if piece.quoted else r"(\{[^}]*\}?)"


# Values ---------------------------------------------------------------------------------------


def _value(piece: Piece, written: str) -> str:
    """SQL of a variable's value, as it was before HAProxy wrote it."""
    value = f"regexp_replace({written}, '\\\\([\"\\]\\\\])', '\\1', 'g')" if piece.escaped else written
    if piece.time_format is not None:
        return _time(value, piece)
    if piece.hexadecimal and piece.text in ("client", "client" + AND_PORT):
        return _address(value)
    if piece.hexadecimal and piece.text in ("accept_epoch", "accept_ms"):
        return f"CAST(TRY_CAST('0x' || {value} AS BIGINT) AS VARCHAR)"
    return _unhash(value) if piece.text in _ENCODED else value


def _unhash(value: str) -> str:
    """Text in which bytes stand as #XX."""
    return (
        f"CASE WHEN contains({value}, '#') THEN coalesce(TRY(decode(CAST("
        f"replace(replace({value}, '\\', '\\x5C'), '#', '\\x') AS BLOB))), {value}) ELSE {value} END"
    )


def _address(value: str) -> str:
    """An address in hexadecimal digits (flag X), and its port."""
    digits = f"split_part({value}, ':', 1)"
    octets = " || '.' || ".join(
        f"CAST(TRY_CAST('0x' || {digits}[{n}:{n + 1}] AS INTEGER) AS VARCHAR)" for n in (1, 3, 5, 7)
    )
    groups = " || ':' || ".join(f"lower({digits}[{n}:{n + 3}])" for n in range(1, 32, 4))
    return f"CASE len({digits}) WHEN 8 THEN {octets} || ':0' WHEN 32 THEN {groups} || ':0' END"


def _time(value: str, piece: Piece) -> str:
    """A time that `ltime`, `utime` or the like wrote, as ISO 8601; with its zone where it tells one."""
    form = piece.time_format or ""
    fraction = {"ms": "%g", "us": "%f"}.get(piece.unit, "%f")
    shorthand = {
        "%T": "%H:%M:%S",
        "%F": "%Y-%m-%d",
        "%D": "%m/%d/%y",
        "%R": "%H:%M",
        "%e": "%d",
        "%h": "%b",
        "%N": fraction,
    }
    parse = re.sub(r"%[TFDReNh]", lambda match: shorthand[match[0]], form)
    if parse == "%s":
        return value
    if any(mark not in "YmdHMSzZbBaAjpIyfg%" for mark in re.findall(r"%(.)", parse)):
        raise FormatError(f"why401 cannot read times written as {form!r}")
    zone = "" if "%z" in parse or piece.local else " || '+00:00'"
    return f"CAST(try_strptime({value}, {literal(parse)}) AS VARCHAR){zone}"


# JSON -----------------------------------------------------------------------------------------


def _common_select() -> str:
    keys = [key for several in COMMON_KEYS.values() for key in several]
    read = f"TRY(from_json(line, {literal(json.dumps(dict.fromkeys(keys, 'VARCHAR')))}))"
    columns = ", ".join(
        f"{_coalesced(name, [f'v.{identifier(key)}' for key in several])} AS {identifier(name)}"
        for name, several in COMMON_KEYS.items()
    )
    states = ", ".join(f"v.{identifier(key)}" for key in COMMON_KEYS["termination"])
    known = f"regexp_full_match(coalesce({states}), '[A-Za-z-]{{2}}[A-Z1-9-]{{0,2}}')"
    return f"""
        SELECT line, "offset", coalesce({known}, false) AS matched, {columns}
        FROM (SELECT line, "offset", CASE WHEN ltrim(line)[1] = '{{' THEN {read} END AS v FROM records)
    """


def _coalesced(name: str, values: list[str]) -> str:
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return _unhash(value) if name in _ENCODED else value


_Leaves = dict[tuple[str, ...], list[Piece]]
_NEVER_EMPTY = (
    "status",
    "termination",
    "request_date",
    "accept_date",
    "request_date_zoned",
    "accept_date_zoned",
    "accept_epoch",
)


def _leaves(pieces: Sequence[Piece]) -> _Leaves:
    """The pieces of each value of a format that is a JSON object, by its path."""
    first = 0xE000
    text = "".join(chr(first + place) if piece.variable else piece.text for place, piece in enumerate(pieces))
    quoted = "".join(
        part if part.startswith('"') else re.sub("[\ue000-\uf8ff]", lambda match: f'"{match[0]}"', part)
        for part in re.split(r'("(?:[^"\\]|\\.)*")', text)
    )
    try:
        document = json.loads(quoted)
    except ValueError as problem:
        raise FormatError(f"the log-format looks like JSON and is none: {problem}") from problem
    leaves: _Leaves = {}

    def walk(value: object, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, str(key)))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                walk(inner, (*path, f"[{number}]"))
        elif isinstance(value, str):
            parts = [part for part in re.split("([\ue000-\uf8ff])", value) if part]
            found = [
                pieces[ord(part) - first] if "\ue000" <= part <= "\uf8ff" else Piece(part) for part in parts
            ]
            if any(piece.variable for piece in found):
                leaves[path] = [_named(piece, path[-1]) for piece in found]

    walk(document, ())
    return leaves


def _named(piece: Piece, key: str) -> Piece:
    """A sample that says nothing by itself is what its key says."""
    return (
        replace(piece, text=meaning_of_name(key) or "other")
        if piece.variable and piece.text == "other"
        else piece
    )


def _document_select(leaves: _Leaves, pieces: Sequence[Piece] | None, form: Format) -> str:
    """JSON by the paths of its values. A line that is none (an unescaped value) is read by the pattern."""
    if not leaves:
        raise FormatError(f"the log-format {form.text!r} names no value: write %(name)alias")
    listed = ", ".join(literal(_path(path)) for path in leaves)
    columns: dict[str, list[str]] = {}
    vital = []
    for number, (_, parts) in enumerate(leaves.items(), start=1):
        value = f"v[{number}]"
        if len(parts) == 1:
            piece = parts[0]
            if piece.text in _NEVER_EMPTY:
                vital.append(f"{value} IS NOT NULL")
            columns.setdefault(piece.text, []).append(_value(replace(piece, escaped=False), value))
            continue
        pattern, groups = _pattern(parts)
        names = ", ".join(literal(str(place)) for place in range(len(groups)))
        read = f"regexp_extract({value}, {literal(f'^(?:{pattern})$')}, [{names}])"
        for place, piece in enumerate(groups):
            columns.setdefault(piece.text, []).append(
                _value(replace(piece, escaped=False), f"({read})['{place}']")
            )
    slow = "NULL"
    if pieces is not None:
        pattern, groups = _pattern(pieces)
        names = ", ".join(literal(str(place)) for place in range(len(groups)))
        whole = literal(f"^({pattern})$")
        read = f"regexp_extract(line, {whole}, ['whole', {names}])"
        slow = f"CASE WHEN v IS NULL AND line[1] = '{{' THEN {read} END"
        for place, piece in enumerate(groups):
            columns.setdefault(piece.text, []).append(_value(piece, f"nullif(slow['{place}'], '')"))
    selected = ", ".join(
        f"coalesce({', '.join([*values, 'NULL'])}) AS {identifier(name)}" for name, values in columns.items()
    )
    if pieces is not None:
        vital = [f"v[{number}] IS NOT NULL" for number in range(1, len(leaves) + 1)]  # all are always written
    fits = " AND ".join(vital) if vital else "len(list_filter(v, lambda one: one IS NOT NULL)) > 0"
    matched = f"coalesce({fits}, false)" + (
        " OR coalesce(slow['whole'] <> '', false)" if pieces is not None else ""
    )
    document = f"TRY(json_extract_string(line, [{listed}]))"
    return f"""
        SELECT line, "offset", {matched} AS matched, {selected}
        FROM (SELECT *, {slow} AS slow
              FROM (SELECT line, "offset", CASE WHEN line[1] = '{{' THEN {document} END AS v
                    FROM records))
    """


def _path(path: Sequence[str]) -> str:
    return "$" + "".join(part if re.fullmatch(r"\[\d+\]", part) else f'."{part}"' for part in path)
