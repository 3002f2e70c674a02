"""HAProxy's log-format language: a format, or the lines of haproxy.cfg that tell one, to its pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.errors import FormatError
from ingest.formats.haproxy_names import ALIASES, HEADERS, header_name, meaning_of_sample

_HTTP = (
    "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq"
    " %hr %hs %{+Q}r"
)
_OPTIONS = {
    "option httplog": _HTTP,
    "option httpslog": _HTTP
    + " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed]"
    " %[ssl_fc_sni]/%sslv/%sslc",
    "option httplog clf": '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta'
    " %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl",
    "option tcplog": "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
}

_UNQUOTED = frozenset(
    (
        "B", "ST", "T", "Ta", "Tc", "Td", "Th", "Ti", "Tl", "TR", "Tq", "Tr", "Ts", "Tt", "Tu", "Tw",
        "U", "ac",
        "bc", "bp", "bq", "cp", "fc", "fp", "lc", "ms", "pid", "rc", "rt", "sc", "sp", "sq", "t", "tr", "trg",
        "trl", "ts", "tsc",
    )
)  # fmt: skip
"""Aliases in whose place stands a number or a date, which the flag Q leaves as it is."""
_PORTS = {
    "client": "client_port",
    "frontend_ip": "frontend_port",
    "server_ip": "server_port",
    "backend_ip": "backend_port",
}
AND_PORT = "_and_port"
"""What the name of an address ends with where its port is part of the value."""
_DIRECTIVES = ("log-format", "error-log-format", "log-format-sd")


@dataclass(frozen=True)
class Piece:
    """A part of a format: literal text, or a variable with what its flags do to it."""

    text: str
    variable: bool = False
    quoted: bool = False
    escaped: bool = False
    hexadecimal: bool = False
    time_format: str | None = None
    """The format of `ltime` or `utime` and the like, whose unit is `unit`."""
    unit: str = ""
    local: bool = False
    key: str | None = None
    listed: bool = False
    """Captures one by one, as %hrl writes them."""


@dataclass(frozen=True)
class Format:
    """A log-format string, and the names of captures where the configuration tells them."""

    text: str
    request: tuple[str, ...] | None = None
    response: tuple[str, ...] | None = None


def read_format(text: str) -> Format:
    """The format that lines of haproxy.cfg, or a bare string, tell."""
    joined = re.sub(r"\\\n\s*", "", text.strip())
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    if not any(line.split()[0] in _DIRECTIVES or " ".join(line.split()) in _OPTIONS for line in lines):
        return Format(_bare(joined))
    chosen: str | None = None
    request: list[str] = []
    response: list[str] = []
    for line in lines:
        parts = line.split(None, 1)
        if parts[0] in _DIRECTIVES and len(parts) == 2:
            chosen = _argument(parts[1])
        elif " ".join(line.split()) in _OPTIONS:
            chosen = _OPTIONS[" ".join(line.split())]
        elif found := re.match(r"capture\s+(request|response)\s+header\s+(\S+)", line):
            kind, header = found[1][:3], header_name(found[2])
            (request if kind == "req" else response).append(HEADERS.get(header, f"{kind}_{header}"))
        elif found := re.match(r"declare\s+capture\s+(request|response)\b", line):
            (request if found[1] == "request" else response).append("other")
        elif found := re.match(
            r"(?:http-request|tcp-request\s+content)\s+capture\s+(\S+)(?:\s+(len|id)\s+(\d+))?", line
        ):
            _capture(request, found)
        elif found := re.match(r"http-response\s+capture\s+(\S+)(?:\s+(len|id)\s+(\d+))?", line):
            _capture(response, found)
    if chosen is None:
        raise FormatError(f"{text!r} has no line `log-format` or `option httplog`")
    return Format(chosen, tuple(request), tuple(response))


def _capture(slots: list[str], found: re.Match[str]) -> None:
    name = meaning_of_sample(found[1], None)
    if found[2] == "id" and int(found[3]) < len(slots):
        slots[int(found[3])] = name
    else:
        slots.append(name)


def _bare(text: str) -> str:
    """A format as it stands in haproxy.cfg or is printed from it."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return _argument(text)
    return re.sub(r"\\([ \"'\\#])", r"\1", text)


def _argument(text: str) -> str:
    """The first argument of a line: HAProxy's quotes and backslashes taken away."""
    value, quote, place = "", "", 0
    while place < len(text):
        mark = text[place]
        if quote:
            if mark == quote:
                quote = ""
            elif mark == "\\" and quote == '"' and place + 1 < len(text):
                place += 1
                value += text[place]
            else:
                value += mark
        elif mark in "\"'":
            quote = mark
        elif mark == "\\" and place + 1 < len(text):
            place += 1
            value += text[place]
        elif mark in " \t#":
            break
        else:
            value += mark
        place += 1
    return value


def pieces_of(form: Format) -> tuple[list[Piece], bool]:
    """The parts of a format, and whether it is written as a JSON object of its own (`%{+json}o`)."""
    text = form.text
    pieces: list[Piece] = []
    flags: frozenset[str] = frozenset()
    place, written = 0, ""
    while place < len(text):
        if text[place] != "%":
            written += text[place]
            place += 1
            continue
        if text[place + 1 : place + 2] == "%":
            written += "%"
            place += 2
            continue
        item = re.compile(r"%(?:\(([\w-]*)(?::\w+)?\))?(?:\{([^}]*)\})?").match(text, place)
        assert item is not None
        place = item.end()
        own = _flags(flags, item[2])
        if text[place : place + 1] == "[":
            end = _end_of_sample(text, place + 1)
            named = re.search(r"([\w-]+)\"?\s*[=:]\s*[\"']?$", written)
            piece = _sample(
                text[place + 1 : end], item[1], own, item[1] or (named[1] if named else None), form
            )
            place = end + 1
        else:
            alias = re.compile(r"[A-Za-z][A-Za-z0-9]*").match(text, place)
            if alias is None:
                raise FormatError(f"the log-format {text!r} has a % that begins no alias")
            place = alias.end()
            if alias[0] == "o":
                flags = own
                continue
            if alias[0] not in ALIASES:
                raise FormatError(f"HAProxy has no alias %{alias[0]}")
            piece = Piece(
                ALIASES[alias[0]], True, "Q" in own and alias[0] not in _UNQUOTED, "E" in own, "X" in own,
                key=item[1], listed=alias[0] in ("hrl", "hsl"),
            )  # fmt: skip
        if written:
            pieces.append(Piece(re.sub(r"[ \t]+", " ", written)))
            written = ""
        pieces.append(piece)
    if "cbor" in flags:
        raise FormatError("why401 does not read CBOR: take %{+json}o")
    if written:
        pieces.append(Piece(re.sub(r"[ \t]+", " ", written)))
    if not any(piece.variable for piece in pieces):
        raise FormatError(f"the log-format {text!r} holds no alias and no sample")
    # blanks at the ends are not written, or cut off by what carries the line
    for place, cut in ((0, str.lstrip), (-1, str.rstrip)):
        if not pieces[place].variable:
            pieces[place] = Piece(cut(pieces[place].text))
    return list(_with_ports(pieces)), "json" in flags


def _flags(given: frozenset[str], changes: str | None) -> frozenset[str]:
    for change in (changes or "").split(","):
        sign, name = change.strip()[:1], change.strip()[1:]
        given = given | {name} if sign == "+" else given - {name} if sign == "-" else given
    return given


def _end_of_sample(text: str, place: int) -> int:
    """Where the `]` stands that ends a sample expression."""
    depth, quote = 0, ""
    while place < len(text):
        mark = text[place]
        if mark == "\\":
            place += 1
        elif quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth -= 1
        elif mark == "]" and depth <= 0:
            return place
        place += 1
    raise FormatError(f"the log-format {text!r} has a %[ without its ]")


def _with_ports(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """An address and the port behind it are one value: an IPv6 address has colons of its own."""
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        behind = pieces[place + 1 : place + 3]
        address = piece.variable and not piece.quoted and piece.text in _PORTS
        if address and [one.text for one in behind] == [":", _PORTS[piece.text]] and not behind[1].quoted:
            yield replace(piece, text=piece.text + AND_PORT)
            place += 3
            continue
        yield piece
        place += 1


def _sample(
    expression: str, key: str | None, flags: frozenset[str], beside: str | None, form: Format
) -> Piece:
    """The piece of a sample expression; `beside` is the name that stands before it, as in `name=%[...]`."""
    slot = re.match(r"capture\.(req|res)\.hdr\((\d+)\)", expression.strip())
    slots = (form.request if slot[1] == "req" else form.response) if slot else None
    known = slots[int(slot[2])] if slot and slots and int(slot[2]) < len(slots) else "other"
    name = meaning_of_sample(expression, beside) if known == "other" else known
    piece = Piece(name, True, "Q" in flags, "E" in flags, key=key)
    found = re.match(r"(date|accept_date|request_date)(?:\(([^)]*)\))?(?:,(.*))?$", expression.strip())
    if not found:
        return piece
    converter = re.search(r"(?:^|,)(?:(ms|us)_)?([lu])time\((.*?)(?:,-?\d+)?\)", found[3] or "")
    if converter is None:
        return piece
    return replace(
        piece, text=f"{name}_written", time_format=converter[3].strip("\"'"),
        unit=converter[1] or "", local=converter[2] == "l",
    )  # fmt: skip
