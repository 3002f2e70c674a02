"""Apache's LogFormat strings (mod_log_config, mod_logio, mod_ssl): a format to its pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ingest.formats.template import parts_of

_NICKNAMES = {
    "common": '%h %l %u %t "%r" %>s %b',
    "combined": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"',
    "combinedio": '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O',
    "vhost_combined": '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
}
"""The formats that Apache's own configuration and that of distributions call by these names."""

_CONFIGURED = re.compile(
    r"\s*(?:LogFormat|(?:Custom|Global)Log\s+(?:\"(?:[^\"\\]|\\.)*\"|\S+))\s+"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>\S+)).*",
    re.DOTALL | re.IGNORECASE,
)
DIRECTIVE = re.compile(r"%(?P<modifiers>(?:[!<>,]|[0-9]+|\{[^}]*\}+)*)(?P<letter>\^..|[^^])", re.DOTALL)
"""A directive as it stands in a format."""
_ARGUMENT = re.compile(r"\{([^}]*)\}+")
_BETWEEN_TIMES = re.compile(r"[-T :.,/_]{0,3}")
_ZONE_BEHIND = re.compile(r"(?: ?(?:Z|UTC|GMT)(?![A-Za-z0-9])| ?[+-][0-9]{2}:?[0-9]{2}(?![0-9]))")

_CLF = "[%d/%b/%Y:%H:%M:%S %z]"
_FRACTION = {"msec_frac": "%\ue003", "usec_frac": "%\ue006"}
_SHORTHAND = {
    "T": "%H:%M:%S",
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
    "h": "%b",
    "n": " ",
    "t": " ",
}
"""Directives of strftime(3), in the C locale, by those that DuckDB knows too."""
_FIELDS = {
    "a": "remote_addr", "h": "remote_host", "A": "local_addr", "l": "logname", "u": "user", "f": "filename",
    "b": "bytes", "B": "bytes", "V": "host_name", "v": "server_name", "p": "port", "P": "pid",
    "H": "protocol", "m": "method", "q": "query", "X": "connection_status", "k": "keepalives",
    "r": "request", "D": "duration_us", "U": "path", "s": "status",
    "R": "handler", "I": "bytes_in", "O": "bytes_out", "S": "bytes_both",
    "L": "log_id", "^FB": "first_byte_us",
}  # fmt: skip
_HOLDERS = {
    "i": "in", "o": "out", "n": "note", "e": "env", "C": "cookie", "x": "ssl", "c": "ssl",
    "^ti": "in_trailer", "^to": "out_trailer",
}  # fmt: skip
_OF_ORIGINAL = "rDTUsRL"
"""Directives that tell of the original request of an internal redirect unless `>` asks for the last one."""
_CLAIM = re.compile(r"(?:redirect_)*(?:http_)?(?:oidc|oauth2)_claim_(\w+)")
_SAME_CLAIM = {"azp": "client_id", "cid": "client_id", "appid": "client_id", "scp": "scope"}
_SAME_NAME = {"out_x_request_id": "in_x_request_id", "ssl_version": "ssl_ssl_protocol"}


@dataclass(frozen=True)
class Piece:
    """A part of a format: literal text, or a directive with the name of its variable.

    `time_format` is in the terms of strftime, with the fractions of `_FRACTION`; `begins`: whether it is the
    time at which the request began.
    """

    text: str
    variable: bool = False
    time_format: str | None = None
    begins: bool = True


def template_of(text: str) -> str:
    """The format string as Apache takes it from the configuration, without the newline at its end."""
    found = _CONFIGURED.fullmatch(text)
    if found is not None:
        quote = '"' if found["double"] is not None else "'"
        text = found["double"] if found["double"] is not None else found["single"] or found["bare"]
        text = text.replace("\\" + quote, quote)
    elif '\\"' in text and not re.search(r'(?:^|[^\\])"', text):
        text = text.replace('\\"', '"')
    return _NICKNAMES.get(text.strip(), text).rstrip("\r\n")


def pieces_of(template: str) -> list[Piece]:
    pieces = [
        Piece(_unescaped_literal(part))
        if isinstance(part, str)
        else _directive(part["modifiers"], part["letter"])
        for part in parts_of(template, DIRECTIVE)
    ]
    return _times(_joined(pieces))


def _unescaped_literal(text: str) -> str:
    """Literal text as mod_log_config writes it."""
    written = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\([\\nrt])", lambda match: written[match[1]], text)


def _directive(modifiers: str, letter: str) -> Piece:
    arguments = _ARGUMENT.findall(modifiers)
    argument = arguments[-1] if arguments else ""
    directions = re.findall("[<>]", _ARGUMENT.sub("", modifiers))
    last = directions[-1] if directions else "<" if letter in _OF_ORIGINAL else ">"
    if letter == "t":
        return _time_piece(argument)
    if letter in _HOLDERS:
        return Piece(_held(_HOLDERS[letter], argument), True)
    if letter == "T":
        unit = argument.lower() or "s"
        name = f"duration_{unit}" if unit in ("s", "ms", "us") else "duration_unknown"
    else:
        name = _FIELDS.get(letter, "other_" + re.sub(r"\W", "_", letter))
    if letter in "ah" and argument == "c":
        name = name.replace("remote", "peer")
    elif letter in "pPL" and argument not in ("", "canonical", "pid"):
        name = f"{name}_{re.sub(r'[^a-z]', '', argument.lower())}"
    if letter == "s":
        return Piece("status" if last == ">" else "status_original", True)
    if letter in "rURL" and last == ">":
        name = f"last_{name}"
    elif letter == "u" and last == "<":
        name = "user_original"
    return Piece(name, True)


def _held(holder: str, argument: str) -> str:
    """The variable of a header, a variable of the environment, a note ..."""
    key = re.sub(r"\W", "_", argument.lower())
    if holder in ("in", "env"):
        claim = _CLAIM.fullmatch(key)
        if claim is not None:
            return f"claim_{_SAME_CLAIM.get(claim[1], claim[1])}"
    if holder == "env":
        # an ErrorDocument sees what the refused request had under this prefix
        key = re.sub(r"^(?:redirect_)+", "", key)
    name = f"{holder}_{key}"
    return _SAME_NAME.get(name, name)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """With `%U%q` as one variable, and with the port behind a name or an address as a part of it."""
    joined: list[Piece] = []
    for piece in pieces:
        names = [before.text for before in joined[-2:]]
        if piece.text == "query" and piece.variable and names[-1:] == ["path"]:
            joined[-1] = Piece("target", True)
        elif piece.variable and piece.text == "port" and names in (["server_name", ":"], ["host_name", ":"]):
            joined[-2:] = [Piece(f"{names[0]}_port", True)]
        elif piece.variable and piece.text == "port_remote" and names in (
            ["remote_addr", ":"], ["remote_host", ":"]
        ):  # fmt: skip
            joined[-2:] = [Piece("remote_addr_port", True)]
        else:
            joined.append(piece)
    return joined


def _time_piece(argument: str) -> Piece:
    begins = not re.match(r"end(?::|$)", argument)
    form = re.sub(r"^(?:begin|end)(?::|$)", "", argument)
    form = {"": _CLF, "sec": "%s", "msec": "%\ue013", "usec": "%\ue016"}.get(form, _FRACTION.get(form, form))
    form = re.sub(r"%[EO_0^#-]?([A-Za-z+])", lambda match: _SHORTHAND.get(match[1], f"%{match[1]}"), form)
    return Piece("time", True, form, begins)


def _whole(form: str) -> bool:
    """Whether a format tells day and time of day."""
    return _tells_day(form) and _tells_clock(form)


def _tells_day(form: str) -> bool:
    return bool(re.search("%[s\ue013\ue016]|%[Yy]", form))


def _tells_clock(form: str) -> bool:
    return bool(re.search("%[s\ue013\ue016HkIl]", form))


def _times(pieces: list[Piece]) -> list[Piece]:
    """With directives that tell parts of one time joined, and the best time named for what it is."""
    joined: list[Piece] = []
    for piece in pieces:
        if piece.time_format is not None and joined:
            before = joined[-1]
            between = "" if before.variable else before.text
            if between and len(joined) > 1 and _BETWEEN_TIMES.fullmatch(between):
                before = joined[-2]
            if before.time_format is not None and not (
                _whole(before.time_format) and _whole(piece.time_format)
            ):
                joined[-2 if between else -1 :] = [
                    replace(before, time_format=before.time_format + between + piece.time_format)
                ]
                continue
        joined.append(piece)
    _with_zones(joined)
    ranks = [(_rank(piece), -place) for place, piece in enumerate(joined) if piece.time_format is not None]
    best = -max(ranks)[1] if ranks else None
    return [
        replace(piece, text=_time_name(piece.time_format, place == best)) if piece.time_format else piece
        for place, piece in enumerate(joined)
    ]


def _with_zones(pieces: list[Piece]) -> None:
    """Takes a zone that stands as text behind a time into the time."""
    for place, piece in enumerate(pieces[:-1]):
        form, after = piece.time_format, pieces[place + 1]
        if form is None or after.variable or re.search(r"%[zZs]", form):
            continue
        zone = _ZONE_BEHIND.match(after.text)
        if zone is not None and _tells_clock(form):
            offset = re.sub(r"[+-][0-9]{2}:?[0-9]{2}", "%z", zone[0])
            pieces[place] = replace(piece, time_format=form + offset)
            pieces[place + 1] = replace(after, text=after.text[zone.end() :])


def _rank(piece: Piece) -> tuple[bool, bool, bool, int]:
    form = piece.time_format or ""
    fine = 2 if re.search("%[\ue006\ue016]", form) else 1 if re.search("%[\ue003\ue013]", form) else 0
    return _whole(form), piece.begins, _zoned(form), fine


def _zoned(form: str) -> bool:
    return bool(re.search("%[zs\ue013\ue016]|(?:Z|UTC|GMT)\\]?$", form)) and not form.endswith("%Z")


def _time_name(form: str, best: bool) -> str:
    if form in _FRACTION.values():
        return "time_fraction"
    if not _whole(form):
        return "time_day" if _tells_day(form) else "time_clock" if _tells_clock(form) else "time_part"
    if not best:
        return "other_time"
    return "zone_time" if "%Z" in form else "time" if _zoned(form) else "local_time"


def unbracketed(pieces: list[Piece]) -> list[Piece]:
    """With the brackets around a time as literal text: what has them is no line of another log."""
    found: list[Piece] = []
    for piece in pieces:
        form = piece.time_format or ""
        if form.startswith("[") and form.endswith("]"):
            found += [Piece("["), replace(piece, time_format=form[1:-1]), Piece("]")]
        else:
            found.append(piece)
    return found
