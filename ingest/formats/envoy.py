"""Envoy access log formats (command operators, `%NAME(argument):length%`) to SQL.

Three kinds of format are understood: a format string, a format dictionary (JSON whose values are
format strings) and the word `json`: a dictionary with the keys that people commonly choose.

Envoy escapes nothing in text: a `"` in a path or a user agent stands as it came. A line is split on
`"` and on blanks, which is fast and right whenever the counts come out; every other line is read by
a regular expression that knows the shape of each operator, or by nobody.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from ingest.errors import FormatError
from ingest.formats.template import parts_of
from ingest.quoting import identifier, literal
from ingest.split import Part, Plan, Split

_OPERATOR = re.compile(r"%%|%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%")

_COMMON_KEYS = {
    "start_time": ("start_time", "time", "timestamp", "@timestamp", "ts", "startTime"),
    "req_method": ("method", ":method", "req_method", "request_method", "requestMethod"),
    "req_path": (
        "path", "x-envoy-origin-path", "x-envoy-original-path", ":path", "x_envoy_original_path",
        "req_path", "request_path", "requestPath", "uri",
    ),
    "protocol": ("protocol",),
    "response_code": ("response_code", "status", "code", "status_code", "responseCode"),
    "response_flags": ("response_flags", "flags", "responseFlags"),
    "response_code_details": ("response_code_details", "details", "responseCodeDetails"),
    "duration": ("duration", "duration_ms"),
    "upstream_host": ("upstream_host", "upstreamHost"),
    "req_x_forwarded_for": ("x_forwarded_for", "x-forwarded-for", "xForwardedFor"),
    "downstream_remote_address": (
        "downstream_remote_address", "downstream_remote_address_without_port",
        "downstreamRemoteAddress",
    ),
    "req_user_agent": ("user_agent", "user-agent", "userAgent"),
    "req_x_request_id": ("x_request_id", "x-request-id", "request_id", "requestId"),
    "stream_id": ("stream_id",),
    "unique_id": ("unique_id",),
    "req_traceparent": ("traceparent",),
    "trace_id": ("trace_id", "traceId", "x-b3-traceid", "x_b3_traceid"),
    "resp_www_authenticate": ("www_authenticate", "www-authenticate"),
    "req_authorization": ("authorization",),
    "grpc_status": ("grpc_status", "grpc-status", "grpc_status_number"),
    "local_reply_body": ("local_reply_body",),
    "hostname": ("hostname", "pod_name"),
    "claim_client_id": ("client_id", "jwt_client_id", "azp", "jwt_azp"),
    "claim_sub": ("sub", "jwt_sub"),
}  # fmt: skip
"""Keys of dictionaries as they are met, by variable; the first with a value counts.

Each is also read in capitals. No two may differ in capitals alone: DuckDB takes them for one.
"""

_ENVOY_ONLY = (
    r'"(?i:response_?flags|response_?code_?details|x-envoy-[a-z-]+|'
    r'upstream_transport_failure_reason)"\s*:'
)
"""A key that no other product's log has: what tells Envoy's JSON from JSON of any other kind."""

_IN_CAPITALS = "contains(line, '\"RESPONSE_')"

_SAME_HEADER = {
    "x_envoy_original_path": "path",
    "x_envoy_origin_path": "path",
    "grpc_status": "grpc_status",
}
_SAME_OPERATOR = {
    "path": "req_path",
    "downstream_remote_address_without_port": "downstream_remote_address",
    "downstream_direct_remote_address_without_port": "downstream_direct_remote_address",
    "grpc_status_number": "grpc_status",
    "resp_grpc_status": "grpc_status",
    "trailer_grpc_status": "grpc_status",
    "emit_time": "start_time",
    "start_time_local": "start_time",
    "emit_time_local": "start_time",
    "response_flags_long": "response_flags",
}
_CLAIMS = {"client_id", "azp", "sub", "iss", "aud", "kid", "jti", "scope", "scp", "cid", "appid"}
_SAME_CLAIM = {"azp": "client_id", "cid": "client_id", "appid": "client_id", "scp": "scope"}

_NUMBER = r"[0-9]*|-"
_WORD = r"[^\s\"]*"
_ANYTHING = (
    "req_",
    "resp_",
    "trailer_",
    "local_reply_body",
    "dynamic_metadata",
    "metadata",
    "cel_",
)
_SHAPES = {
    "start_time": r"[0-9T:.Z+-]*",
    "req_path": r".*?",
    "protocol": r"HTTP/[0-9.]+|-?",
    "response_code": _NUMBER,
    "response_flags": r"[A-Za-z0-9,_-]*",
    "response_code_details": r".*?",
    "bytes_received": _NUMBER,
    "bytes_sent": _NUMBER,
    "duration": _NUMBER,
    "resp_x_envoy_upstream_service_time": _NUMBER,
    "req_x_forwarded_for": r"[^\"]*",
    "req_x_request_id": r"[^\s\"]*",
    "req_authority": r"[^\s\"]*",
    "req_method": r"[^\s\"]*",
    "upstream_transport_failure_reason": r"[^\"]*",
}
"""What the values of an operator may hold; of headers it is anything, of others one word."""

_FRACTIONS = {"3": "%g", "6": "%f", "9": "%n", "": "%n"}
_SHORTHAND = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}
_DIRECTIVES = "YmdHMSzZbBaAjpIyfgn%"


@dataclass(frozen=True)
class _Piece:
    """A part of a format: literal text, or an operator with the name of its variable."""

    text: str
    variable: bool = False
    time_format: str | None = None


def compile_format(text: str) -> str:
    """A SELECT from `records`: line, "offset", matched and one VARCHAR column for each operator.

    The columns are named for the operators: `%START_TIME%` is start_time, `%REQ(:METHOD)%` is
    req_method, `%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%` req_path, `%RESP(WWW-AUTHENTICATE)%`
    resp_www_authenticate; a claim out of `%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:...)%` is
    claim_sub, claim_client_id ... Raises FormatError when `text` holds no operator.
    """
    if text.strip() == "json":
        return _common_select()
    if text.lstrip().startswith("{"):
        return _dictionary_select(text)
    pieces = _pieces(_unescape(text))
    if not any(piece.variable for piece in pieces):
        raise FormatError(f"the Envoy format {text!r} holds no command operator")
    return _text_select(pieces)


def split_plan(text: str) -> Plan | None:
    """How lines of a format string are split; None for dictionaries, and where two operators stand side by
    side."""
    if text.strip() == "json" or text.lstrip().startswith("{"):
        return None
    pieces = _pieces(_unescape(text))
    parts = [_section_part(section) for section in _split(pieces, '"')]
    if any(part is None for part in parts):
        return None
    columns = {name: _time(identifier(name), form) for name, form in _time_formats(pieces).items()}
    return Plan(Split('"', tuple(part for part in parts if part is not None)), columns)


def _section_part(section: list[_Piece]) -> Part | None:
    """What stands between two quotes: text with one operator or none, or words."""
    if sum(piece.variable for piece in section) <= 1:
        return replace(_part(section), width=1)
    words = _split(section, " ")
    if any(sum(piece.variable for piece in word) > 1 for word in words):
        return None
    return Part(inner=Split(" ", tuple(_part(word) for word in words)))


def _part(pieces: list[_Piece]) -> Part:
    place = next((index for index, piece in enumerate(pieces) if piece.variable), None)
    if place is None:
        return Part(before="".join(piece.text for piece in pieces).encode())
    operator = pieces[place]
    return Part(
        operator.text,
        before="".join(piece.text for piece in pieces[:place]).encode(),
        after="".join(piece.text for piece in pieces[place + 1 :]).encode(),
        width=1 + (operator.time_format or "").count(" "),
        numeric=operator.text == "response_code",
    )


def _unescape(text: str) -> str:
    """Without the newline at the end, which may still be written `\\n` as in YAML."""
    text = text.replace('\\"', '"')
    return re.sub(r"(?:\\n|\s)+$", "", text)


def _pieces(text: str) -> list[_Piece]:
    return [
        _Piece(part) if isinstance(part, str) else _operator(part[1], part[2])
        for part in parts_of(text, _OPERATOR)
    ]


def _operator(command: str, argument: str | None) -> _Piece:
    name = command.lower()
    argument = argument or ""
    if command in ("REQ", "REQ_WITHOUT_QUERY", "RESP", "TRAILER"):
        header = re.sub(r"\W+", "_", argument.split("?")[0].strip().lstrip(":").lower())
        kind = "req" if command.startswith("REQ") else name
        name = f"{kind}_{_SAME_HEADER.get(header, header)}"
    elif "METADATA" in command or "FILTER_STATE" in command:
        *path, key = argument.lower().split(":")
        claim = "jwt_authn" in argument and path and key in _CLAIMS
        name = f"claim_{_SAME_CLAIM.get(key, key)}" if claim else f"{name}_{argument.lower()}"
    elif command == "QUERY_PARAM":
        name = f"query_param_{argument.lower()}"
    elif command == "ENVIRONMENT" and argument.upper() in ("HOSTNAME", "POD_NAME"):
        name = "hostname"
    elif argument and command not in ("PATH", "GRPC_STATUS", "RESPONSE_CODE_DETAILS"):
        time_format = argument if command.endswith(("_TIME", "_LOCAL")) else None
        if time_format is not None:
            _check_zone(command, time_format)
            return _Piece(_SAME_OPERATOR.get(name, name), True, time_format)
        name = f"{name}_{argument.lower()}"
    elif command.endswith("_LOCAL"):
        _check_zone(command, "")
    return _Piece(_SAME_OPERATOR.get(name, name), True)


def _check_zone(command: str, time_format: str) -> None:
    if command.endswith("_LOCAL") and "%z" not in time_format and "%s" not in time_format:
        raise FormatError(f"%{command}% tells no time zone: add %z to it, or log %START_TIME%")


# Text -----------------------------------------------------------------------------------------


def _text_select(pieces: list[_Piece]) -> str:
    slow, slow_columns = _by_expression(pieces, "line")
    times = _time_formats(pieces)
    plan = _split_plan(pieces)
    if plan is None:
        columns = _columns(slow_columns, times)
        return (
            f"SELECT line, \"offset\", slow['whole'] <> '' AS matched, {columns} "
            f'FROM (SELECT line, "offset", {slow} AS slow FROM records)'
        )
    chosen = {
        name: f"CASE WHEN fast THEN {value} ELSE {slow_columns[name]} END"
        for name, value in plan.values.items()
    }
    words = "".join(f", string_split({value}, ' ') AS {alias}" for alias, value in plan.words)
    return f"""
        SELECT line, "offset", fast OR slow['whole'] <> '' AS matched, {_columns(chosen, times)}
        FROM (SELECT *, CASE WHEN NOT fast THEN {slow} END AS slow
            FROM (SELECT *, coalesce({" AND ".join(plan.checks)}, false) AS fast
                FROM (SELECT *{words}
                    FROM (SELECT line, "offset", string_split(line, '"') AS q FROM records))))
    """


def _columns(values: dict[str, str], times: dict[str, str | None]) -> str:
    return ", ".join(
        f"{_time(value, times.get(name))} AS {identifier(name)}" for name, value in values.items()
    )


def _by_expression(pieces: list[_Piece], value: str) -> tuple[str, dict[str, str]]:
    """SQL of a struct read from the whole of `value`, and SQL for each variable out of it.

    Its field `whole`, like all others, is empty when `value` has another shape.
    """
    pattern = ""
    groups: list[str] = []
    for piece in pieces:
        if not piece.variable:
            pattern += re.escape(piece.text).replace("\\ ", " ")
            continue
        if piece.time_format:
            shape = r".*?"
        else:
            wide = piece.text.startswith(_ANYTHING)
            shape = _SHAPES.get(piece.text, r".*?" if wide else _WORD)
        pattern += f"({shape})"
        groups.append(piece.text)
    names = ", ".join(literal(str(place)) for place in range(len(groups)))
    columns = {name: f"slow['{groups.index(name)}']" for name in groups}
    found = f"regexp_extract({value}, {literal(f'^({pattern})$')}, ['whole', {names}])"
    return found, columns


@dataclass(frozen=True)
class _Plan:
    """How to read a line by splitting: word lists by alias, conditions, a value per variable."""

    words: list[tuple[str, str]]
    checks: list[str]
    values: dict[str, str]


def _split_plan(pieces: list[_Piece]) -> _Plan | None:
    """The plan; None when two operators stand next to each other with no blank or quote between."""
    sections = _split(pieces, '"')
    plan = _Plan([], [f"len(q) = {len(sections)}"], {})
    for place, section in enumerate(sections, start=1):
        variables = [piece for piece in section if piece.variable]
        if not variables:
            plan.checks.append(f"q[{place}] = {literal(''.join(p.text for p in section))}")
            continue
        if len(variables) == 1:
            inside = _inside(section, f"q[{place}]", plan.checks)
            plan.values.setdefault(variables[0].text, inside)
            continue
        alias = f"w{place}"
        plan.words.append((alias, f"q[{place}]"))
        token = 1
        for word in _split(section, " "):
            variables = [piece for piece in word if piece.variable]
            if len(variables) > 1:
                return None
            if not variables:
                text = "".join(piece.text for piece in word)
                plan.checks.append(f"{alias}[{token}] = {literal(text)}")
                token += 1
                continue
            width = 1 + (variables[0].time_format or "").count(" ")
            value = " || ' ' || ".join(f"{alias}[{token + n}]" for n in range(width))
            token += width
            inside = _inside(word, value, plan.checks)
            plan.values.setdefault(variables[0].text, inside)
            if variables[0].text == "response_code":
                plan.checks.append(f"{inside} < ':'")  # digits or `-`: no words of another log
        plan.checks.append(f"len({alias}) = {token - 1}")
    return plan


def _inside(word: list[_Piece], value: str, checks: list[str]) -> str:
    """The variable of a word without the literal text before and behind it."""
    place = next(index for index, piece in enumerate(word) if piece.variable)
    before = "".join(piece.text for piece in word[:place])
    after = "".join(piece.text for piece in word[place + 1 :])
    if before:
        checks.append(f"starts_with({value}, {literal(before)})")
    if after:
        checks.append(f"ends_with({value}, {literal(after)})")
        return f"substr({value}, {len(before) + 1}, len({value}) - {len(before) + len(after)})"
    return f"substr({value}, {len(before) + 1})" if before else value


def _split(pieces: list[_Piece], separator: str) -> list[list[_Piece]]:
    """The pieces between the separators that stand in literal text."""
    groups: list[list[_Piece]] = [[]]
    for piece in pieces:
        if piece.variable:
            groups[-1].append(piece)
            continue
        for place, part in enumerate(piece.text.split(separator)):
            if place:
                groups.append([])
            if part:
                groups[-1].append(_Piece(part))
    return groups


# Time -----------------------------------------------------------------------------------------


def _time_formats(pieces: list[_Piece]) -> dict[str, str | None]:
    """The time format of each variable; where it stands twice, of the first, which is the one read."""
    return {piece.text: piece.time_format for piece in reversed(pieces) if piece.variable}


def _time(value: str, time_format: str | None) -> str:
    """`value`, which `%START_TIME(time_format)%` wrote, as ISO 8601 or seconds of the epoch."""
    if time_format is None or re.fullmatch(r"%s(\.?%[1-9]?f)?", time_format):
        return value
    if "%s" in time_format:
        pattern = literal("^" + "".join(_time_pattern(time_format)) + "$")
        return f"nullif(regexp_extract({value}, {pattern}, 1), '')"
    parse = re.sub(
        r"%([TFDR])|%([1-9]?)f",
        lambda match: _SHORTHAND[match[1]] if match[1] else _FRACTIONS.get(match[2] or "", "%n"),
        time_format.replace("%e", "%d"),
    )
    if any(found not in _DIRECTIVES for found in re.findall(r"%(.)", parse)):
        raise FormatError(f"why401 cannot read times written as {time_format!r}")
    return f"CAST(try_strptime({value}, {literal(parse)}) AS VARCHAR)"


def _time_pattern(time_format: str) -> list[str]:
    """A pattern of each part of a time format; its only group holds the seconds of the epoch."""
    parts = []
    for part in re.findall(r"%[1-9]?.|[^%]+", time_format):
        if part == "%s":
            parts.append("([0-9]+)" if "([0-9]+)" not in parts else "[0-9]+")
        else:
            parts.append(".*?" if part.startswith("%") else re.escape(part).replace("\\ ", " "))
    return parts


# JSON -----------------------------------------------------------------------------------------

_Paths = dict[str, list[tuple[str, ...]]]

_NEVER_NULL = ("start_time", "response_code", "response_flags", "bytes_received", "bytes_sent")
"""Operators that always have a value; others are null, or missing under omit_empty_values."""


def _dictionary_select(text: str) -> str:
    try:
        document = json.loads(_unescape(text))
    except ValueError as problem:
        raise FormatError(f"the Envoy format looks like JSON and is none: {problem}") from problem
    paths: _Paths = {}
    composed: dict[tuple[str, ...], list[_Piece]] = {}

    def walk(value: object, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, (*path, str(key)))
        elif isinstance(value, str):
            pieces = _pieces(value)
            if len(pieces) == 1 and pieces[0].variable and pieces[0].time_format is None:
                paths.setdefault(pieces[0].text, []).append(path)
            elif any(piece.variable for piece in pieces):
                composed[path] = pieces

    walk(document, ())
    if not paths and not composed:
        raise FormatError(f"the Envoy format {text!r} holds no command operator")
    return _json_select(paths, composed)


def _common_select() -> str:
    """JSON by the usual keys, as they are or in capitals; only what has a key of Envoy's matches."""
    keys = list(dict.fromkeys(key for several in _COMMON_KEYS.values() for key in several))
    plain, capital = (
        f"TRY(from_json(line, {literal(json.dumps(dict.fromkeys(spelled, 'VARCHAR')))}))"
        for spelled in (keys, [key.upper() for key in keys])
    )
    # two structs and not a CASE between them: DuckDB 2.0 reads a field through a CASE by one name
    document = f"struct_pack(a := {plain}, b := CASE WHEN {_IN_CAPITALS} THEN {capital} END)"
    columns = {
        name: _first(
            [f"v.a.{identifier(key)}" for key in several]
            + [f"v.b.{identifier(key.upper())}" for key in several]
        )
        for name, several in _COMMON_KEYS.items()
    }
    matched = f"v.a IS NOT NULL AND regexp_matches(line, {literal(_ENVOY_ONLY)})"
    hosts = _COMMON_KEYS["upstream_host"]
    return _select_document(document, columns, [*hosts, hosts[0].upper()], matched)


def _json_select(paths: _Paths, composed: dict[tuple[str, ...], list[_Piece]]) -> str:
    """JSON by the paths of its variables; `composed` are values that several operators wrote."""
    every = list(dict.fromkeys([path for several in paths.values() for path in several]))
    every += [path for path in composed if path not in every]
    listed = ", ".join(literal("$" + "".join(f'."{key}"' for key in path)) for path in every)
    columns = {
        name: _first([f"v[{every.index(path) + 1}]" for path in several]) for name, several in paths.items()
    }
    for path, pieces in composed.items():
        value = f"v[{every.index(path) + 1}]"
        read, inner = _by_expression(pieces, value)
        times = _time_formats(pieces)
        for name, column in inner.items():
            found = _time(column.replace("slow", f"({read})", 1), times.get(name))
            columns.setdefault(name, found)
    # without it any JSON with a key of the format would match
    always = [columns[name] for name in paths if name in _NEVER_NULL]
    always += [f"v[{every.index(path) + 1}]" for path in composed]
    matched = " AND ".join(f"{value} IS NOT NULL" for value in always or [_first(list(columns.values()))])
    hosts = [path[-1] for path in paths.get("upstream_host", [])]
    document = f"TRY(json_extract_string(line, [{listed}]))"
    return _select_document(document, columns, hosts, matched)


def _select_document(document: str, columns: dict[str, str], hosts: list[str], matched: str) -> str:
    """The SELECT of `columns` out of `v`, the `document` of a line; `hosts`: keys of the upstream."""
    if hosts:
        # a key that is there and null says that no upstream was asked; no key says nothing
        present = " OR ".join(f"contains(line, {literal(json.dumps(key))})" for key in hosts)
        columns["upstream_host"] = f"coalesce({columns['upstream_host']}, CASE WHEN {present} THEN '-' END)"
    selected = ", ".join(f"{value} AS {identifier(name)}" for name, value in columns.items())
    return f"""
        SELECT line, "offset", coalesce({matched}, false) AS matched, {selected}
        FROM (SELECT line, "offset", CASE WHEN ltrim(line)[1] = '{{' THEN {document} END AS v
            FROM records)
    """


def _first(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
