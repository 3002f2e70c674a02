"""What a person pastes when they hold one failure in their hands, read as evidence.

An error body in JSON or XML, a challenge, a callback URL, a raw HTTP response, a bare code or a message.
Reading never fails: what is not understood is a message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST = 64_000
"""Characters that are read of a text; the rest says nothing new about one failure."""

BARE_CHALLENGE = "why401.bare_challenge"
"""The code of a challenge that holds no error: RFC 6750 3.1 asks for that where no token was sent."""

_MOST = 24
_CODE_KEYS = (
    "error_codes", "errorcode", "error_code", "code", "faultcode", "reason", "suberror", "type", "status",
)  # fmt: skip
_TEXT_KEYS = (
    "error_hint", "hint", "error_description", "errorsummary", "message", "error_message", "errormessage",
    "detail", "details", "faultstring", "description", "err", "msg", "title", "error_debug", "reason",
)  # fmt: skip
_STATUS_KEYS = ("status", "statuscode", "status_code", "code")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{1,80}")
_STATUS_LINE = re.compile(r"^\s*(?:[<*]\s*)?HTTP/[0-9.]+\s+([1-5][0-9]{2})\b", re.MULTILINE)
_STATUS = re.compile(r"(?:HTTP\s*)?([1-5][0-9]{2})(?:\s+[A-Za-z' -]{2,40})?", re.IGNORECASE)
_HEADER = re.compile(r"^\s*(?:[<*]\s*)?www-authenticate\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_SCHEME = re.compile(
    r"(bearer|dpop|basic|digest|negotiate|mutual|gnap)(\s+[a-z0-9_-]+\s*=.*)?", re.IGNORECASE | re.DOTALL
)
_PARAMETER = re.compile(
    r"(?<![a-z_])([a-z_]{1,64})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]+))", re.IGNORECASE
)
_DETAILS = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)[{\[](.*?)[}\]]*")
_CODE_AND_TEXT = re.compile(
    r"(?!(?:error|warning|info|fatal|debug|msg|message)\b)([a-z][a-z0-9_]{3,40})\s*[:,-]\s+(\S.*)", re.DOTALL
)
_WORD_WITH_UNDERSCORE = r"\b[a-z]+(?:_[a-z0-9]+)+"
_CODE_WITHIN = re.compile(rf"{_WORD_WITH_UNDERSCORE}\b")
_CODE_AND_TEXT_WITHIN = re.compile(rf"({_WORD_WITH_UNDERSCORE})(?:\s*[:,-]\s+|\"\s+\")(\S[^\"\n]*)")
_STATUS_WITHIN = re.compile(
    r"\b(?:HTTP|status|code|response|error)\b[^\n]{0,40}?\b([45][0-9]{2})\b|^([45][0-9]{2})\s+[A-Z]"
    r"|\(([45][0-9]{2})\)",
    re.IGNORECASE | re.MULTILINE,
)
_GRPC = {
    "UNAUTHENTICATED": re.compile(r"\b(grpc-status:\s*16|unauthenticated)\b", re.IGNORECASE),
    "PERMISSION_DENIED": re.compile(r"\b(grpc-status:\s*7|permission_?denied)\b", re.IGNORECASE),
}
_ELEMENT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?:\s[^<>]*)?>([^<>]+)</")
_PAGE = re.compile(r"<(!doctype\s+html|html|body|head)\b", re.IGNORECASE)
_SOAP_NAMES = {"value": "faultcode", "text": "faultstring"}
"""Elements of a fault of SOAP 1.2 by what SOAP 1.1 calls them."""


@dataclass(frozen=True)
class Evidence:
    """What is known of one failure, in the columns of an event; None where nothing is."""

    source: str | None = None
    endpoint: str | None = None
    grant_type: str | None = None
    status: int | None = None
    error: str | None = None
    error_code: str | None = None
    error_description: str | None = None


def read_pasted(text: str) -> list[list[Evidence]]:
    """The evidence in a pasted text, in layers: a layer matters where those before explain nothing."""
    text = text[:LONGEST].strip().strip("`'").strip()
    layers = [list(dict.fromkeys(layer))[:_MOST] for layer in _layers(text)] if text else []
    return [layer for layer in layers if layer]


def _layers(text: str) -> Iterator[Iterator[Evidence]]:
    status_line = _STATUS_LINE.search(text)
    status = int(status_line.group(1)) if status_line else None
    structured = [*_challenges(text), *_body(_json(text)), *_body(_xml(text)), *_query(text)]
    structured = structured or list(_pairs(text))
    if structured:
        yield (replace(said, status=said.status or status) for said in structured)
    only_status = _STATUS.fullmatch(text)
    if status is not None or only_status:
        yield iter([Evidence(status=status or int(only_status.group(1) if only_status else 0))])
    elif not structured:
        yield from _words(text)


def _challenges(text: str) -> Iterator[Evidence]:
    """WWW-Authenticate values (RFC 9110 11.6.1), with the name of the header or without."""
    values = _HEADER.findall(text) or ([text] if _SCHEME.fullmatch(text) else [])
    for value in values:
        parameters = {
            name.lower(): (quoted or plain).replace('\\"', '"')
            for name, quoted, plain in _PARAMETER.findall(value)
        }
        error, description = parameters.get("error"), parameters.get("error_description")
        if error or description:
            yield Evidence(status=401, error=error, error_description=description)
        else:
            bearer = re.match(r"\s*(bearer|dpop)\b", value, re.IGNORECASE)
            yield Evidence(status=401, error_code=BARE_CHALLENGE if bearer else None)


def _json(text: str) -> list[tuple[str, Any]]:
    """The scalars of the first JSON document in a text, with their names."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return []
    try:
        content, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return []
    return list(_flat(content)) if isinstance(content, dict | list) else []


def _xml(text: str) -> list[tuple[str, Any]]:
    """The texts of the elements of an XML body or a part of one, with their names; a page for people is none.

    SOAP 1.1 4.4 and 1.2 5.4, AWS's query protocol, and Spring's old form of RFC 6749 5.2. A prefix of a
    fault's code is the document's own.
    """
    if _PAGE.search(text):
        return []
    named = [(name.lower(), unescape(value).strip()) for name, value in _ELEMENT.findall(text)]
    pairs = [(_SOAP_NAMES.get(name, name), value) for name, value in named]
    return [(key, value.rpartition(":")[2] if key == "faultcode" else value) for key, value in pairs]


def _body(pairs: list[tuple[str, Any]]) -> Iterator[Evidence]:
    """Error bodies: RFC 6749 5.2, and the nested and renamed forms that others use for the same."""
    errors = [value for key, value in pairs if key == "error" and isinstance(value, str)]
    codes = [*_entra_codes(pairs), *_codes(pairs)]
    texts = [
        value
        for wanted in _TEXT_KEYS
        for key, value in pairs
        if key == wanted and isinstance(value, str) and value.strip()
    ]
    # an `error` that is a sentence is a message (Apinto, Spring, plain gateways)
    texts += [value for value in errors if not _CODE.fullmatch(value)]
    errors = [value for value in errors if _CODE.fullmatch(value)]
    statuses = [value for key, value in pairs if key in _STATUS_KEYS and _is_status(value)]
    if not errors and not codes and not texts:
        return
    first = Evidence(
        status=int(statuses[0]) if statuses else None,
        error=errors[0] if errors else None,
        error_code=codes[0] if codes else None,
        error_description=texts[0] if texts else None,
    )
    yield first
    for code in codes:
        yield replace(first, error_code=code, error_description=None)
    for message in texts[1:]:
        yield replace(first, error_code=None, error_description=message)


def _flat(content: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every scalar of a JSON document with the name that it stands under, in lower case."""
    if depth > 6:
        return
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _flat(value, str(name).lower(), depth + 1)
    elif isinstance(content, list):
        for value in content[:_MOST]:
            yield from _flat(value, key, depth + 1)
    elif content is not None and not isinstance(content, bool):
        yield key, content


def _entra_codes(pairs: list[tuple[str, Any]]) -> list[str]:
    return [f"AADSTS{value}" for key, value in pairs if key == "error_codes" and _is_number(value)]


def _codes(pairs: list[tuple[str, Any]]) -> list[str]:
    return [
        value
        for wanted in _CODE_KEYS
        for key, value in pairs
        if key == wanted and isinstance(value, str) and _CODE.fullmatch(value)
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())


def _is_status(value: object) -> bool:
    return _is_number(value) and 400 <= int(str(value)) <= 599


def _query(text: str) -> Iterator[Evidence]:
    """A callback: `error` and `error_description` in the query or fragment (RFC 6749 4.1.2.1)."""
    for word in [part for part in text.split() if re.search(r"[?#&]error|error.*&", part)][:_MOST]:
        try:
            parts = urlsplit(word)
            inner = [parts.query, parts.fragment] if "?" in word or "#" in word else [word]
            parameters = {name: values[0] for part in inner for name, values in parse_qs(part).items()}
        except ValueError:
            continue
        code = parameters.get("error_code") or parameters.get("error_subcode")
        error, description = parameters.get("error"), parameters.get("error_description")
        if error or description:
            yield Evidence(error=error, error_code=code, error_description=description)


def _pairs(text: str) -> Iterator[Evidence]:
    """A part of a log line in `name="value"` pairs, as Keycloak and logfmt write them."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(text):
        found.setdefault(name.lower(), (quoted or plain).replace('\\"', '"'))
    error = found.get("error") or found.get("error_code")
    if not error:
        return
    texts = [found[key] for key in _TEXT_KEYS if found.get(key)]
    if not _CODE.fullmatch(error):
        yield from (Evidence(error_description=message) for message in [error, *texts])
        return
    message = texts[0] if texts else None
    yield Evidence(
        error=error, error_code=error, grant_type=found.get("grant_type"), error_description=message
    )
    yield from (Evidence(error_description=message) for message in texts[1:])


def _words(text: str) -> Iterator[Iterator[Evidence]]:
    """A bare code, or a message: as a whole, by its lines and behind its colons, by the codes in it."""
    if _CODE.fullmatch(text):
        yield iter([Evidence(error=text, error_code=text)])
        yield iter([Evidence(error_description=text.replace("_", " "))])
        return
    details = _DETAILS.fullmatch(text)
    if details:
        head, reason = details.groups()
        yield iter([Evidence(error_code=head, error_description=reason.replace("_", " ") or None)])
        return
    within = _CODE_AND_TEXT_WITHIN.findall(text)
    yield (Evidence(error=code, error_description=message) for code, message in within)
    coded = _CODE_AND_TEXT.fullmatch(text)
    if coded:
        yield iter([Evidence(error=coded.group(1), error_description=coded.group(2))])
    yield iter([Evidence(error_code=text, error_description=text)])
    yield _parts(text)
    yield (
        Evidence(error=word, error_code=word, error_description=text) for word in _CODE_WITHIN.findall(text)
    )
    yield (Evidence(error=code) for code, said in _GRPC.items() if said.search(text))
    yield (Evidence(status=int("".join(found))) for found in _STATUS_WITHIN.findall(text))


def _parts(text: str) -> Iterator[Evidence]:
    for line in text.splitlines()[:_MOST]:
        parts = re.split(r":\s+|\s-\s|=\"?", line.strip().strip("\"'"))
        for start in range(min(len(parts), 5)):
            message = ": ".join(parts[start:]).strip().strip("\"'")
            if message and message != text:
                yield Evidence(error_description=message)
