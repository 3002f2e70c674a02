"""Apache LogFormat strings (mod_log_config, mod_logio, mod_ssl) to SQL.

A line is split on `"`, then on blanks. Apache writes a quote of a value as `\\"` and an empty user as `""`:
a line whose counts come out differently is read by a regular expression that knows both, or by nobody. A
format that looks like JSON is read as JSON, and by the expression where a value made it none: Apache writes
what is not printable ASCII as `\\xhh`, which JSON does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from ingest.errors import FormatError
from ingest.formats.apache_format import DIRECTIVE, Piece, pieces_of, template_of, unbracketed
from ingest.quoting import identifier, literal
from ingest.split import Part, Plan, Split

_PADDED = {"e": "%d", "k": "%H", "l": "%I"}
"""Directives that are padded with a blank."""
_PARSED = "YmdHMSzybBaAjpI%"

_QUOTED = r'(?:[^"\\]|\\.)*\\?'
_WORD = r'[^ "]*'
_USER = r'""|-?|(?:[^- "]|-[^ "]).*?'
"""An empty name is written `""`; a name may hold blanks. `- -` are two fields of another format."""
_QUOTED_USER = f'""|{_QUOTED}'
_NUMBER = r"[0-9]+|-"
_SHAPES = {
    "remote_addr": r"\S*", "peer_addr": r"\S*", "remote_host": r"\S*", "peer_host": r"\S*",
    "local_addr": r"\S*", "server_name_port": r"\S*:[0-9]+", "host_name_port": r"\S*:[0-9]+",
    "remote_addr_port": r"\S*:[0-9]+", "status": r"[0-9]{3}|-", "status_original": r"[0-9]{3}|-",
    "bytes": _NUMBER, "bytes_in": _NUMBER, "bytes_out": _NUMBER, "bytes_both": _NUMBER,
    "port": _NUMBER, "pid": _NUMBER, "keepalives": _NUMBER,
    "duration_us": r"-?[0-9]+|-", "duration_ms": r"-?[0-9]+|-", "duration_s": r"-?[0-9]+|-",
    "first_byte_us": _NUMBER, "connection_status": r"[X+-]", "method": r"\S*", "protocol": r"\S*",
    "log_id": r"\S*", "logname": r"\S*", "time_fraction": r"[0-9]+",
}  # fmt: skip
"""What the values of a directive may hold; of others it is anything."""
_PLAIN = frozenset(_SHAPES) - {"remote_host", "peer_host", "logname", "method", "protocol"}
"""Values that Apache never escapes."""
_NAMES_WITH_PORT = ("server_name_port", "host_name_port")
_NUMERIC = {"status", "status_original"}


def compile_format(text: str) -> str:
    """A SELECT from `records`: line, "offset", matched and one VARCHAR column for each directive.

    `text` is a format string, a LogFormat or CustomLog directive as it stands in the configuration, or the
    usual name of a format (common, combined ...). The columns are named for the directives: `%>s` is status,
    `%{User-Agent}i` in_user_agent, `%{WWW-Authenticate}o` out_www_authenticate, `%{UNIQUE_ID}e`
    env_unique_id.
    Raises FormatError when it holds no directive.
    """
    template = template_of(text)
    pieces = pieces_of(template)
    if not any(piece.variable for piece in pieces):
        raise FormatError(f"the LogFormat {text!r} holds no directive")
    if _is_json(template):
        return _json_select(template)
    return _text_select(unbracketed(pieces), loose=split_plan(text) is not None)


def split_plan(text: str) -> Plan | None:
    """How lines of a text format are split; None for JSON, and where two directives stand side by side."""
    template = template_of(text)
    pieces = unbracketed(pieces_of(template))
    if _is_json(template) or any(_is_padded(piece) for piece in pieces):
        return None
    sections = enumerate(_split(pieces, '"'))
    parts = [_section_part(section, quoted=place % 2 == 1) for place, section in sections]
    if any(part is None for part in parts):
        return None
    columns = {piece.text: _value(piece, identifier(piece.text)) for piece in reversed(_variables(pieces))}
    return Plan(Split('"', tuple(part for part in parts if part is not None)), columns)


def _is_json(template: str) -> bool:
    return template.lstrip().startswith("{")


# Time -----------------------------------------------------------------------------------------


def _is_padded(piece: Piece) -> bool:
    return bool(piece.time_format and re.search("%[ekl]", piece.time_format))


def _time_value(piece: Piece, value: str) -> str:
    """`value`, which the directive wrote, as ISO 8601 without a zone: UTC where the format has a zone."""
    form = piece.time_format or ""
    if piece.text in ("time_fraction", "time_part", "other_time"):
        return value
    if re.fullmatch("%s(?:[.,]%[\ue003\ue006])?|%[\ue013\ue016]", form):
        return f"CAST(epoch_time(replace({value}, ',', '.')) AS VARCHAR)"
    if "%s" in form:
        pattern = literal("^" + re.sub("%s", "([0-9]+)", _time_pattern(form, "%s"), count=1) + "$")
        return f"CAST(epoch_time(nullif(regexp_extract({value}, {pattern}, 1), '')) AS VARCHAR)"
    zone = "%Z" in form
    parse = form.replace("%Z", "") if zone else form
    parse = parse.replace("%\ue003", "%g").replace("%\ue006", "%f")
    for padded, plain in _PADDED.items():
        parse = parse.replace(f"%{padded}", plain)
    if any(found not in _PARSED + "gf" for found in re.findall(r"%(.)", parse)):
        raise FormatError(f"why401 cannot read times written as {form!r}")
    if zone:
        # the name of a zone stands behind the time, as the last word or the last but one
        value, parse = f"regexp_replace({value}, ' ?[A-Za-z]+( [0-9]+)?$', '\\1')", re.sub(" +", " ", parse)
        return f"CAST(try_strptime({value}, {literal(parse.strip())}) AS VARCHAR)"
    read = f"try_strptime({value}, {literal(parse)})"
    if piece.text == "time_day":
        return f"CAST(CAST({read} AS DATE) AS VARCHAR)"
    if piece.text == "time_clock":
        return f"strftime({read}, '%H:%M:%S.%f')"
    return f"CAST(make_timestamp(epoch_us({read})) AS VARCHAR)"


def _time_pattern(form: str, keep: str = "") -> str:
    """A pattern of what a time format writes."""
    found = ""
    for part in re.findall(r"%.|[^%]+", form):
        if part == keep:
            found += part
        elif part in ("%s", "%\ue003", "%\ue006", "%\ue013", "%\ue016"):
            found += "[0-9]+"
        elif part == "%%":
            found += "%"
        elif part.startswith("%"):
            found += r"[^\"]*?"
        else:
            found += re.escape(part).replace("\\ ", " ")
    return found


# Text -----------------------------------------------------------------------------------------


def _variables(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.variable]


def _value(piece: Piece, written: str) -> str:
    """The value of a variable, as it was before Apache wrote it."""
    if piece.time_format is not None:
        return _time_value(piece, written)
    if piece.text in _NAMES_WITH_PORT:
        # empty where it is no name of a host: what another format has there
        return f"regexp_extract({written}, '^(\\[[0-9a-fA-F:.]+\\]|[^:]+):[0-9]+$', 1)"
    if piece.text == "remote_addr_port":
        return f"regexp_replace({written}, ':[0-9]+$', '')"
    return written if piece.text in _PLAIN else _unescaped(written)


def _unescaped(written: str) -> str:
    """The value that Apache wrote with `\\"`, `\\\\`, `\\n` ... and, if not printable ASCII, `\\xhh`."""
    marked = f"replace({written}, '\\\\', chr(1))"
    plain = f"regexp_replace(replace({marked}, '\\\"', '\"'), '\\\\[bnrtv]', ' ', 'g')"
    whole = f"replace(hex_unescape({plain}), chr(1), '\\')"
    return f"CASE WHEN contains({written}, '\\') THEN {whole} ELSE {written} END"


def _text_select(pieces: list[Piece], *, loose: bool) -> str:
    read, columns = _by_expression(pieces, "line", loose=loose)
    chosen = ", ".join(f"{value} AS {identifier(name)}" for name, value in columns.items())
    checks = [
        "read['whole'] <> ''",
        *(f"{columns[name]} <> ''" for name in _NAMES_WITH_PORT if name in columns),
    ]
    return (
        f'SELECT line, "offset", {" AND ".join(checks)} AS matched, {chosen} '
        f'FROM (SELECT line, "offset", {read} AS read FROM records)'
    )


def _by_expression(
    pieces: list[Piece], value: str, read: str = "read", *, loose: bool = False
) -> tuple[str, dict[str, str]]:
    """SQL of a struct read from the whole of `value`, and SQL of each variable out of that struct, which is
    called `read`. Its field `whole`, like all others, is empty when `value` has another shape.

    A `loose` expression takes every line that a split takes, and reads the same from it.
    """
    pattern = ""
    columns: dict[str, str] = {}
    for place, (before, piece, after) in enumerate(_neighbours(pieces)):
        if not piece.variable:
            pattern += re.escape(piece.text).replace("\\ ", " ")
            continue
        if loose and before.endswith('"') and after.startswith('"'):
            shape = _QUOTED
        elif piece.time_format is not None:
            words = [_WORD] * (1 + piece.time_format.count(" "))
            shape = " ".join(words) if loose else _time_pattern(piece.time_format)
        elif piece.text in _SHAPES:
            shape = _WORD if loose else _SHAPES[piece.text]
        elif before.endswith('"') and after.startswith('"'):
            shape = _QUOTED
        else:
            shape = r".*?"
        if piece.text.startswith("user"):
            shape = _QUOTED_USER if shape == _QUOTED else _USER
        pattern += f"({shape})"
        columns.setdefault(piece.text, _value(piece, f"{read}['{place}']"))
    names = ", ".join(literal(str(place)) for place, piece in enumerate(pieces) if piece.variable)
    return f"regexp_extract({value}, {literal(f'^({pattern})$')}, ['whole', {names}])", columns


def _neighbours(pieces: list[Piece]) -> Iterator[tuple[str, Piece, str]]:
    texts = ["", *("" if piece.variable else piece.text for piece in pieces), ""]
    for place, piece in enumerate(pieces):
        yield texts[place], piece, texts[place + 2]


def _section_part(section: list[Piece], *, quoted: bool) -> Part | None:
    """What stands between two quotes: text, one directive in quotes, or words."""
    if not _variables(section) or (quoted and len(section) == 1):
        return replace(_part(section), width=1)
    words = _split(section, " ")
    if any(len(_variables(word)) > 1 for word in words):
        return None
    return Part(inner=Split(" ", tuple(_part(word) for word in words)))


def _part(pieces: list[Piece]) -> Part:
    place = next((index for index, piece in enumerate(pieces) if piece.variable), None)
    if place is None:
        return Part(before="".join(piece.text for piece in pieces).encode())
    piece = pieces[place]
    before, after = ("".join(one.text for one in around) for around in (pieces[:place], pieces[place + 1 :]))
    width = 1 + (piece.time_format or "").count(" ")
    return Part(piece.text, before.encode(), after.encode(), width, numeric=piece.text in _NUMERIC)


def _split(pieces: list[Piece], separator: str) -> list[list[Piece]]:
    """The pieces between the separators that stand in literal text."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.variable:
            groups[-1].append(piece)
            continue
        for place, part in enumerate(piece.text.split(separator)):
            if place:
                groups.append([])
            if part:
                groups[-1].append(Piece(part))
    return groups


# JSON -----------------------------------------------------------------------------------------


def _json_select(template: str) -> str:
    """JSON by the paths of its values; what is no JSON by an expression for the whole line."""
    leaves = _leaves(template)
    slow, columns = _by_expression(pieces_of(template), "line", "slow")
    found: dict[str, str] = {}
    plain: set[str] = set()
    for place, pieces in enumerate(leaves.values(), start=1):
        value = f"v[{place}]"
        if len(pieces) == 1:
            piece = pieces[0]
            told = _time_value(piece, value) if piece.time_format else value
            if piece.text.endswith("_port"):
                told = _value(piece, value)
            found.setdefault(piece.text, told)
            plain.add(value)
        else:
            read, inner = _by_expression(pieces, value, "READ")
            for name, column in inner.items():
                found.setdefault(name, column.replace("READ", f"({read})"))
    # Apache writes every key of its format into every line
    fits = " AND ".join(
        ["v IS NOT NULL", *(f"v[{place}] IS NOT NULL" for place in range(1, len(leaves) + 1))]
    )
    chosen = ", ".join(
        f"coalesce({found[name]}, {column}) AS {identifier(name)}" if name in found else f"{column} AS {name}"
        for name, column in columns.items()
    )
    paths = ", ".join(literal(path) for path in leaves)
    return f"""
        SELECT line, "offset", coalesce(({fits}) OR slow['whole'] <> '', false) AS matched, {chosen}
        FROM (SELECT *, CASE WHEN v IS NULL AND ltrim(line)[1] = '{{' THEN {slow} END AS slow
            FROM (SELECT line, "offset",
                    -- to fail at what is surely no JSON takes longer than to look for it
                    CASE WHEN ltrim(line)[1] = '{{' AND NOT contains(line, '\\x')
                         THEN TRY(json_extract_string(line, [{paths}])) END AS v
                FROM records))
    """


def _leaves(template: str) -> dict[str, list[Piece]]:
    """The pieces of each value of a JSON format that holds a directive, by its JSON path.

    The best time of the whole format is named as such, wherever it stands.
    """
    try:
        document = json.loads(_quote_bare(template), strict=False)
    except ValueError as problem:
        raise FormatError(f"the LogFormat looks like JSON and is none: {problem}") from problem
    texts: dict[str, str] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f'{path}."{key}"')
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                walk(inner, f"{path}[{place}]")
        elif isinstance(value, str) and "%" in value:
            texts.setdefault(path, value)

    walk(document, "$")
    named = [piece.text for piece in pieces_of(template) if piece.time_format is not None]
    leaves: dict[str, list[Piece]] = {}
    for path, text in texts.items():
        pieces = [
            replace(piece, text=named.pop(0)) if piece.time_format is not None and named else piece
            for piece in pieces_of(text)
        ]
        if _variables(pieces):
            leaves[path] = pieces
    if not leaves:
        raise FormatError(f"the LogFormat {template!r} holds no directive")
    return leaves


def _quote_bare(template: str) -> str:
    parts = re.split(r'("(?:[^"\\]|\\.)*")', template)
    return "".join(
        part if part.startswith('"') else DIRECTIVE.sub(lambda match: json.dumps(match[0]), part)
        for part in parts
    )
