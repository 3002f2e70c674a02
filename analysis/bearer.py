"""A JWT (RFC 7519) that a person pastes: what it says by itself that makes an API refuse it.

It is decoded here and kept nowhere. The signature is not checked: that takes the issuer's keys.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_TOKEN = re.compile(r"(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,4}(?![A-Za-z0-9_-])")
_WORDS_AROUND = re.compile(
    r"\[token\]|\b(?:authorization|dpop|bearer|token|access_token|id_token)\b", re.IGNORECASE
)
_DOUBLED = re.compile(r"\bbearer\s+bearer\s", re.IGNORECASE)
_SKEW = timedelta(minutes=5)
_PROOF_AGE = timedelta(minutes=5)
_LONGEST = 200
_PLACE = "[token]"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a token: the cause, how sure that is, and a sentence that says it."""

    cause: str
    confidence: str
    says: str


@dataclass(frozen=True)
class Expected:
    """What the API asks of a token: its issuer and audience, None where that is not told; and the time."""

    issuer: str | None
    audience: str | None
    now: datetime


def tokens_in(text: str) -> tuple[list[str], str]:
    """The tokens in a text, each once, and the text without them."""
    return list(dict.fromkeys(_TOKEN.findall(text))), _TOKEN.sub(_PLACE, text)


def tells_more(rest: str) -> bool:
    """Whether a text without its tokens holds more than the words that stand around one."""
    return bool(_WORDS_AROUND.sub("", rest).strip(" \t\r\n'\"`:;,"))


def findings(token: str, expected: Expected, around: str = "") -> list[Finding]:
    """What is wrong with a token, the surest first; empty where nothing in it explains a refusal.

    `around` is the text that it stood in, without it.
    """
    if _DOUBLED.search(around):
        doubled = Finding("token.malformed", "high", "The header says Bearer twice.")
        return [doubled, *_of_token(token, expected)]
    return list(_of_token(token, expected))


def summary(token: str, expected: Expected) -> str:
    """What a token says, in a sentence, where nothing in it explains a refusal."""
    claims = _opened(token.split(".")[1]) or {}
    until = _moment(claims.get("exp"))
    parts = [
        f"it expires in {_span(until - expected.now)}" if until else "it has no exp",
        *(
            f"{name} is {_short(claims[name])}"
            for name in ("iss", "aud", "azp", "scope", "scp")
            if name in claims
        ),
    ]
    return (
        f"Nothing in the token explains a refusal: {', '.join(parts)}. Its signature was not checked. "
        "Look at the issuer's keys, at revocation, and at the audience and scope that the API asks for."
    )


def _of_token(token: str, expected: Expected) -> Iterator[Finding]:
    parts = token.split(".")
    if len(parts) == 5:
        yield Finding(
            "token.invalid_unspecified", "low", "The token is encrypted (JWE): only its audience can read it."
        )
        return
    header, claims = _opened(parts[0]), _opened(parts[1]) if len(parts) > 1 else None
    if header is None or claims is None or len(parts) != 3:
        what = "its header" if header is None else "its claims" if claims is None else "its signature"
        yield Finding("token.malformed", "high", f"The token is cut off or damaged: {what} cannot be read.")
        return
    if header.get("typ") == "dpop+jwt":
        yield from _of_proof(claims, expected)
        return
    yield from _of_times(claims, expected)
    yield from _of_header(header, parts[2])
    yield from _of_names(claims, expected)
    yield from _of_kind(header, claims)


def _of_times(claims: Mapping[str, Any], expected: Expected) -> Iterator[Finding]:
    until = _moment(claims.get("exp"))
    if "exp" in claims and until is None:
        yield Finding("token.claim_invalid", "high", "exp is no time in seconds.")
    elif until is not None and until <= expected.now:
        yield Finding(
            "token.expired",
            "high",
            f"It expired at {until:%Y-%m-%d %H:%M:%S} UTC, {_span(expected.now - until)} ago.",
        )
    for name in ("nbf", "iat"):
        since = _moment(claims.get(name))
        if since is not None and since > expected.now:
            early = since - expected.now
            cause = "infra.clock_skew" if early <= _SKEW else "token.not_yet_valid"
            yield Finding(cause, "high", f"{name} lies {_span(early)} in the future.")
            break


def _of_header(header: Mapping[str, Any], signature: str) -> Iterator[Finding]:
    algorithm = str(header.get("alg", ""))
    if algorithm.lower() == "none":
        yield Finding("token.bad_signature.alg_not_allowed", "high", "alg is none: it is not signed.")
    elif not signature:
        yield Finding("token.malformed", "high", "The signature is missing: the token was cut off.")
    elif algorithm.startswith("HS") and "kid" in header:
        yield Finding(
            "token.bad_signature.alg_not_allowed", "low",
            f"alg is {_short(algorithm)}, a shared secret, and kid names a key: an API that takes the "
            "issuer's public keys refuses it.",
        )  # fmt: skip


def _of_names(claims: Mapping[str, Any], expected: Expected) -> Iterator[Finding]:
    issuer = claims.get("iss")
    if expected.issuer is not None and issuer != expected.issuer:
        yield Finding(
            "token.wrong_issuer", "high", f"iss is {_short(issuer)}, and not the issuer that was asked for"
            f"{_nearly(issuer, expected.issuer)}.",
        )  # fmt: skip
    audiences = claims.get("aud")
    given = audiences if isinstance(audiences, list) else [audiences]
    if expected.audience is not None and expected.audience not in given:
        near = next((hint for one in given if (hint := _nearly(one, expected.audience))), "")
        yield Finding(
            "token.wrong_audience",
            "high",
            f"aud is {_short(audiences)}, and not the audience that was asked for{near}.",
        )


def _of_kind(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Iterator[Finding]:
    kind = str(claims.get("typ", ""))
    if kind.lower() in ("id", "refresh", "offline"):
        yield Finding("token.wrong_type", "high", f"typ is {_short(kind)}: it is no access token.")
    elif str(header.get("typ", "")).lower() != "at+jwt" and {"at_hash", "nonce", "c_hash"} & set(claims):
        yield Finding("token.wrong_type", "medium", "It has the claims of an ID token (at_hash, nonce).")


def _of_proof(claims: Mapping[str, Any], expected: Expected) -> Iterator[Finding]:
    missing = [name for name in ("jti", "htm", "htu", "iat") if name not in claims]
    if missing:
        yield Finding("token.dpop_proof_invalid", "high", f"The DPoP proof lacks {', '.join(missing)}.")
    made = _moment(claims.get("iat"))
    if made is not None and abs(expected.now - made) > _PROOF_AGE:
        side = "ago" if made < expected.now else "in the future"
        apart = _span(abs(expected.now - made))
        says = f"The DPoP proof was made {apart} {side}: each request needs a new one."
        yield Finding("token.dpop_proof_invalid", "medium", says)


def _opened(part: str) -> dict[str, Any] | None:
    """The object in a part of a token; None where there is none."""
    try:
        content = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _nearly(given: object, wanted: str) -> str:
    """In which small way a name differs from the one that is wanted; empty where it is another one."""
    if not isinstance(given, str):
        return ""
    if given.rstrip("/") == wanted.rstrip("/"):
        return ": they differ by the slash at the end"
    if given.casefold() == wanted.casefold():
        return ": they differ by capital letters"
    if given.partition("://")[2] == wanted.partition("://")[2] != "":
        return ": they differ by http and https"
    return ""


def _span(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' * (count > 1)}"
    return f"{seconds} second{'s' * (seconds != 1)}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
