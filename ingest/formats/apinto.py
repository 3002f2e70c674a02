"""Apinto's formatter (eosc formatter/line and formatter/json) to SQL.

A formatter is a JSON object of lists: `fields` is the record, every other key a group that `@key`
puts into it. `line` writes values by position, by depth with another separator and another pair of
brackets, and escapes nothing; `json` writes an object. Read are a formatter, the configuration of an
output driver ({"type": "line", "formatter": {...}}), and the word `json`: the documented names,
wherever the documented groups hold them, for logs whose formatter nobody has at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.errors import FormatError
from ingest.quoting import identifier, literal

Config = Mapping[str, Sequence[str]]

_SEPARATORS = ("\t", " ", ",", "|")
_BRACKETS = (('"', '"'), ("[", "]"), ("<", ">"))
_IN_BASE64 = ("request_body", "proxy_body", "response", "response_body")
_LONGEST_BODY = 32768
"""Characters of base64 beyond which a body is a document and not a form or an error."""

_ENCODED = r"[^\s\"\[\]<>,|]*"
_WORD = r"\S*"
_NUMBER = r"[0-9]+|-"
_SHAPES = {
    "time_iso8601": r"[0-9T:.Z+-]+",
    "time_local": r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}|-",
    "msec": _NUMBER,
    "timestamp": _NUMBER,
    "request_id": r"[0-9A-Za-z-]+",
    "request": r"[A-Z]+ .*? HTTP/[0-9.]+|-",
    "request_method": r"[A-Za-z-]+",
    "proxy_method": r"[A-Za-z-]+",
    "scheme": r"[a-z]+|-",
    "proxy_scheme": r"[a-z]+|-",
    "status": _NUMBER,
    "proxy_status": _NUMBER,
    "response_status": _NUMBER,
    "request_time": _NUMBER,
    "response_time": _NUMBER,
    "request_length": r"-?[0-9]+|-",
    "remote_addr": r"[0-9A-Fa-f:.]+|-",
    "remote_port": _NUMBER,
    "src_ip": r"[0-9A-Fa-f:.]+|-",
    "header": _ENCODED,
    "proxy_header": _ENCODED,
    "response_header": _ENCODED,
    "request_uri": _WORD,
    "url": _WORD,
    "proxy_uri": _WORD,
    "host": _WORD,
    "proxy_host": _WORD,
    "proxy_addr": _WORD,
    "auth_status": _WORD,
    "application_id": _WORD,
    "service_id": _WORD,
    "api_id": _WORD,
    "node": _WORD,
    "cluster": _WORD,
    "handler": _WORD,
}
"""What a value may hold, where that tells it from its neighbours; of all others it is anything."""

_DECODED = ("uri", "proxy_path", "http_", "proxy_header_", "response_header_", "cookie")
"""What clients and upstreams write as they like, even with a TAB in it."""

_WORDS = {"time_local": 2, "request": 3}
"""Values that hold blanks by nature, and how many words they are."""

_CHECKS = {
    "time_iso8601": "{0}[11] = 'T'",
    "time_local": "{0}[5] = '-' AND {0}[11] = ' '",
    "msec": "TRY_CAST({0} AS BIGINT) IS NOT NULL",
    "timestamp": "TRY_CAST({0} AS BIGINT) IS NOT NULL",
    "status": "TRY_CAST({0}[1:3] AS SMALLINT) >= 0 AND len({0}) < 40",
    "request_id": "{0}[9] = '-' AND {0}[14] = '-'",
    "request_method": "{0}[1] BETWEEN 'A' AND 'Z' AND NOT contains({0}, ' ')",
}
"""Cheap questions that tell a line of this formatter from one of another."""

_USUAL_GROUPS = ("request", "http", "proxy", "upstream", "response", "status_code", "time")
_USUAL_KEYS: dict[str, tuple[str, ...]] = {
    "time_iso8601": ("time_iso8601",),
    "time_local": ("time_local",),
    "msec": ("msec",),
    "timestamp": ("timestamp",),
    "request_id": ("request_id",),
    "request": (),
    "request_method": ("request_method", "method"),
    "request_uri": ("request_uri",),
    "url": ("url", "request_url"),
    "uri": ("uri", "path"),
    "query": ("query",),
    "status": ("status",),
    "response_status": ("response_status",),
    "proxy_status": ("proxy_status",),
    "proxy_method": ("proxy_method",),
    "proxy_uri": ("proxy_uri",),
    "request_time": ("request_time",),
    "response_time": ("response_time",),
    "remote_addr": ("remote_addr",),
    "src_ip": ("src_ip",),
    "http_x_forwarded_for": ("http_x_forwarded_for", "header_x_forwarded_for"),
    "http_user_agent": ("http_user_agent", "header_user_agent", "user_agent"),
    "http_authorization": ("http_authorization", "header_authorization"),
    "http_traceparent": ("http_traceparent", "header_traceparent"),
    "header": ("header", "request_header"),
    "headers": ("headers", "request_headers"),
    "proxy_header": ("proxy_header",),
    "proxy_headers": ("proxy_headers",),
    "response_header": ("response_header",),
    "response_headers": ("response_headers",),
    "response_header_www_authenticate": ("response_header_www_authenticate",),
    "request_body": ("request_body",),
    "proxy_body": ("proxy_body",),
    "response_body": ("response_body",),
    "proxy_response_body": ("proxy_response_body",),
    "application": ("application",),
    "application_id": ("application_id",),
    "auth_status": ("auth_status",),
    "handler": ("handler",),
    "block_name": ("block_name", "strategy"),
    "node": ("node",),
    "cluster": ("cluster",),
}
"""The keys of JSON as they are met, by variable; the first that is present counts."""

_APINTO_ONLY = (
    r'"(proxy_(status|uri|scheme|addr|method|header|headers|response_body)|block_name|auth_status|'
    r'apinto_version|ai_model_total_token)"\s*:'
)
"""A key that tells Apinto's JSON from that of a gateway with the same names for the rest."""


def compile_format(text: str) -> str:
    """A SELECT from `records`: line, "offset", matched and one VARCHAR column for each variable.

    Columns are named for the variables (without `$`; `ctx_` dropped, `header_x` as `http_x`); an alias
    changes no name. Bodies come decoded, whichever type wrote them; response_time is in milliseconds.
    Two more, syslog_time and syslog_host, hold what the prefix of the syslog output driver tells.
    A formatter without a type is read as both types, line by line.
    Raises FormatError when `text` is no formatter.
    """
    if text.strip() == "json":
        return _usual_select()
    config, kind = _configuration(text)
    if kind != "json":
        as_line = _Line(config)
        if kind == "line":
            return as_line.select()
        if not _is_valid_json_formatter(config):
            return as_line.select()
    as_json = _Json(config)
    return as_json.select() if kind == "json" else _either(as_line, as_json)


def _configuration(text: str) -> tuple[Config, str | None]:
    """The formatter and its type, which is None where only the formatter is given."""
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise FormatError(f"not an Apinto formatter, which is JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise FormatError("an Apinto formatter is a JSON object with a list `fields`")
    kind: str | None = None
    if isinstance(document.get("config"), dict):
        document = document["config"]
    if isinstance(document.get("formatter"), dict):
        kind = str(document.get("type") or "line")
        document = document["formatter"]
    if kind not in (None, "line", "json"):
        raise FormatError(f"Apinto has no formatter of type {kind!r}: it is `line` or `json`")
    for name, items in document.items():
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise FormatError(f"{name!r} of an Apinto formatter is not a list of text")
    if not document.get("fields"):
        raise FormatError("an Apinto formatter needs a list `fields`")
    return document, kind


def _column_name(variable: str) -> str:
    """`$ctx_` reads the same variables, `$header_` the same headers as `$http_`."""
    name = variable.lower().replace("-", "_").removeprefix("ctx_")
    return "http_" + name.removeprefix("header_") if name.startswith("header_") else name


def _first(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


_UNWRAPPED = """(
    SELECT line, "offset", CASE WHEN wrapped THEN substr(line, strpos(line, ']: ') + 3) ELSE line END AS text,
        CASE WHEN wrapped THEN nullif(regexp_extract(
            left(line, 64), '([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2}))', 1), '')
        END AS syslog_time,
        CASE WHEN wrapped THEN string_split(left(line, strpos(line, ' apinto[') - 1), ' ')[-1]
        END AS syslog_host
    FROM (SELECT line, "offset", contains(left(line, 120), ' apinto[') AS wrapped FROM records))"""
"""Records without the prefix that the syslog output driver, or the daemon behind it, puts first."""

_RESERVED = {"line", "offset", "matched", "syslog_time", "syslog_host"}
_PASSED = 'line, "offset", syslog_time, syslog_host'


# Line -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """What stands at one position of a line: a value, text that is always the same, or a group.

    `level` is the depth at which the items of a group stand; a group of `tries` is written once for
    each request that went upstream.
    """

    variable: str | None = None
    text: str = ""
    items: tuple[_Item, ...] | None = None
    level: int = 0
    tries: bool = False


def _line_items(config: Config, name: str, level: int) -> tuple[_Item, ...]:
    return tuple(_line_item(config, written, level) for written in config[name])


def _line_item(config: Config, written: str, level: int) -> _Item:
    """As formatter/line reads it: all behind the first blank counts for nothing."""
    word = written.split(" ")[0]
    if word.startswith("$"):
        return _Item(variable=word[1:])
    if not word.startswith("@"):
        return _Item(text=word)
    group, tries, _ = word[1:].partition("#")
    if group not in config or level + 1 >= len(_SEPARATORS):
        return _Item(text="-")
    inner = level + 2 if tries else level + 1
    if inner >= len(_SEPARATORS):
        return _Item(items=(), level=inner, tries=True)
    return _Item(items=_line_items(config, group, inner), level=inner, tries=bool(tries))


def _around(item: _Item) -> tuple[str, str]:
    """The brackets around a group, by the depth at which it stands."""
    return _BRACKETS[item.level - (2 if item.tries else 1)]


def _shape(item: _Item) -> str:
    """A regular expression without captures for what stands at one position."""
    if item.variable is not None:
        if item.variable in _IN_BASE64:
            return r"(?:[A-Za-z0-9+/]+=*|-)"
        name = _column_name(item.variable)
        anything = r".*?" if name.startswith(_DECODED) else r"[^\t]*?"
        return f"(?:{_SHAPES.get(name, anything)})"
    if item.items is None:
        return re.escape(item.text)
    opening, closing = (re.escape(bracket) for bracket in _around(item))
    return f"{opening}.*?{closing}" if item.tries else f"{opening}{_row_shape(item)}{closing}"


def _row_shape(item: _Item) -> str:
    separator = re.escape(_SEPARATORS[item.level])
    return separator.join(_shape(inner) for inner in item.items or ())


_Rank = tuple[bool, int]
"""Whether a value stands in a list of tries, and how deep: the lowest is read."""


@dataclass
class _Line:
    """The reading of a line: relations around relations, each of which takes a group apart."""

    config: Config
    layers: list[list[str]] = field(default_factory=list)
    values: dict[str, list[tuple[_Rank, str]]] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        root = _Item(items=_line_items(self.config, "fields", 0), level=0)
        self._take_apart(root, "text", "p", 0, in_tries=False)

    def _layer(self, place: int, expression: str, alias: str) -> None:
        while len(self.layers) <= place:
            self.layers.append([])
        self.layers[place].append(f"{expression} AS {alias}")

    def _take_apart(self, group: _Item, content: str, alias: str, depth: int, *, in_tries: bool) -> None:
        """Splits `content` at the group's separator; a row that has too many parts goes by shape."""
        items = group.items or ()
        if not items:
            return
        separator = _SEPARATORS[group.level]
        widths = [
            _WORDS.get(_column_name(item.variable), 1) if item.variable and separator == " " else 1
            for item in items
        ]
        parts, right, shaped = f"{alias}_parts", f"{alias}_right", f"{alias}_shaped"
        self._layer(4 * depth, content, f"{alias}_content")
        self._layer(4 * depth + 1, f"string_split({alias}_content, {literal(separator)})", parts)
        fits = [f"len({parts}) = {sum(widths)}"]
        names = ", ".join(literal(str(place)) for place in range(len(items)))
        pattern = re.escape(separator).join(f"({_shape(item)})" for item in items)
        start = 1
        for place, (item, width) in enumerate(zip(items, widths, strict=True)):
            value = f"{parts}[{start}]"
            if width > 1:
                value = " || ' ' || ".join(f"{parts}[{start + word}]" for word in range(width))
                fits.append(f"{parts}[{start}] <> '-'")
            start += width
            chosen = f"CASE WHEN {right} THEN {value} ELSE {shaped}['{place}'] END"
            empty = f"{alias}_content IS NULL"
            if item.variable is not None:
                self._keep(item.variable, chosen, (in_tries, depth), empty)
            else:
                self._expect(item, chosen, f"{alias}_{place}", (in_tries, depth), empty)
        self._layer(4 * depth + 2, f"coalesce({' AND '.join(fits)}, false)", right)
        self._layer(
            4 * depth + 3,
            f"CASE WHEN NOT {right} THEN regexp_extract({alias}_content, "
            f"{literal(f'^({pattern})$')}, ['whole', {names}]) END",
            shaped,
        )
        self.conditions.append(f"{right} OR coalesce({shaped}['whole'], '') <> '' OR {alias}_content IS NULL")

    def _expect(self, item: _Item, value: str, alias: str, rank: _Rank, empty: str) -> None:
        """Text that must stand where it stands, or a group with its brackets."""
        if item.items is None:
            self.conditions.append(f"{value} = {literal(item.text)} OR {empty}")
        else:
            opening, closing = _around(item)
            self.conditions.append(
                f"starts_with({value}, '{opening}') AND ends_with({value}, '{closing}') OR {empty}"
            )
            inside = f"substr({value}, 2, len({value}) - 2)"
            if not item.items:
                return
            if item.tries:
                # of the tries the last one counts; of none there is none
                first, last = _BRACKETS[item.level - 1]
                between = literal(last + _SEPARATORS[item.level - 1] + first)
                entries = f"nullif(substr({inside}, 2, len({value}) - 4), '')"
                inside = f"string_split({entries}, {between})[-1]"
            in_tries, depth = rank
            self._take_apart(item, inside, alias, depth + 1, in_tries=in_tries or item.tries)

    def _keep(self, variable: str, value: str, rank: _Rank, empty: str) -> None:
        if variable in _IN_BASE64:
            value = (
                f"CASE WHEN len({value}) <= {_LONGEST_BODY} "
                f"THEN coalesce(TRY(decode(from_base64({value}))), '') END"
            )
        if rank > (False, 0):
            value = f"CASE WHEN {empty} THEN '' ELSE {value} END"
        name = _column_name(variable)
        if name not in _RESERVED:
            self.values.setdefault(name, []).append((rank, value))

    def columns(self) -> dict[str, str]:
        """SQL of each variable: where it stands several times, the outermost, in no list if possible."""
        columns = {name: min(found, key=lambda ranked: ranked[0])[1] for name, found in self.values.items()}
        for name in {"response", "response_body"} & columns.keys():
            # what a success answered is of no interest and may be long
            if "status" in columns:
                columns[name] = f"CASE WHEN {columns['status']} >= '4' THEN {columns[name]} END"
        return columns

    def relation(self, base: str) -> str:
        for layer in self.layers:
            if layer:
                base = f"(SELECT *, {', '.join(layer)} FROM {base})"
        return base

    def matched(self) -> str:
        return " AND ".join(f"({condition})" for condition in self.conditions)

    def select(self) -> str:
        columns = self.columns()
        return _checked(columns, self.matched(), self.relation(_UNWRAPPED))


def _checked(columns: Mapping[str, str], matched: str, relation: str) -> str:
    """The SELECT of `columns`; a row that `matched` must also answer the questions of its values."""
    values = "".join(f", {value} AS {identifier(name)}" for name, value in columns.items())
    checks = "".join(
        f" AND ({name} IS NULL OR {name} IN ('', '-') OR {check.format(name)})"
        for name, check in _CHECKS.items()
        if name in columns
    )
    names = "".join(f", {identifier(name)}" for name in columns)
    return f"""
        SELECT {_PASSED}, coalesce(fits{checks}, false) AS matched{names}
        FROM (SELECT {_PASSED}, {matched} AS fits{values} FROM {relation})
    """


# JSON -----------------------------------------------------------------------------------------

_Path = tuple[str, ...]
_LAST = "[#-1]"


@dataclass(frozen=True)
class _Found:
    """Where JSON holds a variable, and whether it may be left out when empty."""

    path: _Path
    optional: bool

    @property
    def in_tries(self) -> bool:
        return _LAST in self.path


def _json_item(written: str) -> tuple[str, str, list[str]]:
    """As formatter/json reads it: what, under which key, with which attributes."""
    head, *attributes = written.strip().split(";")
    words = head.split(" ")
    what = words[0]
    key = what.lstrip("$@")
    if what.startswith("@"):
        key = key.split("#")[0]
    if len(words) == 3 and "as" in written:
        key = words[2]
    return what, key, [attribute.strip() for attribute in attributes]


def _is_valid_json_formatter(config: Config) -> bool:
    """Whether formatter/json takes it; it refuses groups that do not exist, and a group in itself."""
    try:
        _json_leaves(config, "fields", (), ("fields",))
    except FormatError:
        return False
    return True


def _json_leaves(config: Config, group: str, path: _Path, inside: tuple[str, ...]) -> dict[str, list[_Found]]:
    found: dict[str, list[_Found]] = {}
    # a key that is written twice holds what was written last
    written = {key: (what, marks) for what, key, marks in map(_json_item, config[group])}
    for key, (what, marks) in written.items():
        if what.startswith("$"):
            leaf = _Found((*path, key), "omitempty" in marks)
            variable = _column_name(what.lstrip("$"))
            if variable not in _RESERVED:
                found.setdefault(variable, []).append(leaf)
        elif what.startswith("@"):
            name = what.lstrip("@").split("#")[0]
            if name not in config or name in inside:
                fault = "stands inside of itself" if name in inside else "does not exist"
                raise FormatError(f"the group {name!r} of an Apinto formatter {fault}")
            below = (*path, key, _LAST) if "#" in what else (*path, key)
            for inner, leaves in _json_leaves(config, name, below, (*inside, name)).items():
                found.setdefault(inner, []).extend(leaves)
    return found


def _json_path(path: _Path) -> str:
    return "$" + "".join(key if key == _LAST else "." + json.dumps(key) for key in path)


class _Json:
    """The reading of an object by the paths of its variables."""

    def __init__(self, config: Config) -> None:
        self._leaves = _json_leaves(config, "fields", (), ("fields",))
        self._paths = list(dict.fromkeys(leaf.path for leaves in self._leaves.values() for leaf in leaves))

    def columns(self) -> dict[str, str]:
        columns = {}
        for name, leaves in self._leaves.items():
            outermost = sorted(leaves, key=lambda leaf: (leaf.in_tries, len(leaf.path)))
            values = [f"v[{self._paths.index(leaf.path) + 1}]" for leaf in outermost]
            if any(leaf.optional or leaf.in_tries for leaf in leaves):
                values.append("''")
            columns[name] = _first(values)
        if "response_time" in columns and "request_time" not in columns:
            path = _json_path(self._leaves["response_time"][0].path)
            columns["response_time"] = _nanoseconds(columns["response_time"], path)
        return columns

    def matched(self) -> str:
        """Every value is there that no attribute, no empty list and no nil lets the formatter leave out."""
        expected = [
            f"v[{self._paths.index(leaf.path) + 1}] IS NOT NULL"
            for name, leaves in self._leaves.items()
            for leaf in leaves
            if name != "set_cookies" and not leaf.optional and not leaf.in_tries
        ]
        return " AND ".join(expected or ["v IS NOT NULL"])

    def relation(self, base: str) -> str:
        listed = ", ".join(literal(_json_path(path)) for path in self._paths)
        return (
            f"(SELECT *, CASE WHEN text[1] = '{{' THEN TRY(json_extract_string(text, [{listed}])) END AS v"
            f" FROM {base})"
        )

    def select(self) -> str:
        return _checked(self.columns(), self.matched(), self.relation(_UNWRAPPED))


def _nanoseconds(value: str, path: str) -> str:
    """A response time as milliseconds: a number is Go's duration, text came of older gateways."""
    return (
        f"CASE WHEN json_type(text, {literal(path)}) = 'VARCHAR' THEN {value} "
        f"ELSE CAST(TRY_CAST({value} AS DOUBLE) / 1e6 AS VARCHAR) END"
    )


def _either(as_line: _Line, as_json: _Json) -> str:
    """Both readings: JSON where the record is an object, by position where it is none."""
    by_line, by_path = as_line.columns(), as_json.columns()
    columns = {
        name: f"CASE WHEN v IS NOT NULL THEN {by_path.get(name, 'NULL')} ELSE {by_line.get(name, 'NULL')} END"
        for name in dict.fromkeys([*by_line, *by_path])
    }
    matched = f"CASE WHEN v IS NOT NULL THEN {as_json.matched()} ELSE {as_line.matched()} END"
    return _checked(columns, matched, as_line.relation(as_json.relation(_UNWRAPPED)))


def _usual_select() -> str:
    """JSON by the documented names, outside of groups or in one of the usual groups."""
    keys = {key: "VARCHAR" for several in _USUAL_KEYS.values() for key in several}
    structure = {**keys, **dict.fromkeys(_USUAL_GROUPS, keys)}
    columns = {
        name: _first([f"v.{identifier(key)}" for key in several]
            + [f"v.{identifier(group)}.{identifier(key)}" for group in _USUAL_GROUPS for key in several])
        for name, several in _USUAL_KEYS.items()
        if several
    }  # fmt: skip
    relation = (
        f"(SELECT *, CASE WHEN text[1] = '{{' AND regexp_matches(text, {literal(_APINTO_ONLY)}) "
        f"THEN TRY(from_json(text, {literal(json.dumps(structure))})) END AS v FROM {_UNWRAPPED})"
    )
    times = _first([columns[name] for name in ("time_iso8601", "msec", "timestamp", "time_local")])
    # the name of a group and, in old gateways, of the request line
    columns["request"] = (
        """CASE WHEN contains(text, '"request":"') THEN json_extract_string(text, '$.request') END"""
    )
    number = "regexp_matches(text, '\"response_time\"\\s*:\\s*[0-9]')"
    columns["response_time"] = (
        f"CASE WHEN {columns['request_time']} IS NULL AND {number} "
        f"THEN CAST(TRY_CAST({columns['response_time']} AS DOUBLE) / 1e6 AS VARCHAR) "
        f"ELSE {columns['response_time']} END"
    )
    return _checked(columns, f"{times} IS NOT NULL", relation)
