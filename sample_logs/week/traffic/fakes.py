"""Ids, addresses and secrets that are plainly made up and have the true shape.

Only eight hexadecimal digits of an id differ from one to the next: enough to be unique in a week, and
few enough for the logs to compress well.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

_TAILS = (
    "7d1c-4e0b-9a52-0d3c1f6a7b11",
    "29da-4a18-8e75-abceebe05c02",
    "b1f2-4c33-a1d0-5f60718293a4",
    "44e8-4f8e-b695-f5a9d98e4e1d",
)
_CODE_TAIL = "Zk3uV8sQ0xY2mBnT5wLrE7pJdGa"


def scrambled(number: int) -> str:
    """Eight hexadecimal digits, different for each number below 2**32."""
    return f"{number * 2654435761 & 0xFFFFFFFF:08x}"


def uuid(number: int, kind: int) -> str:
    """A UUID for a number; what is of another kind (0 to 3) gets another one for the same number."""
    return f"{scrambled(number)}-{_TAILS[kind]}"


def okta_id(prefix: str, number: int) -> str:
    """An id of Okta's shape: three letters and seventeen more."""
    return f"{prefix}4xmp1e{scrambled(number)}5d7"


def code_like(number: int, length: int = 43) -> str:
    """A code, state or challenge of that length, base64url."""
    return (scrambled(number) + _CODE_TAIL * 2)[:length]


def jwt(claims: Mapping[str, object]) -> str:
    """A compact JWT whose signature is none."""
    header = {"alg": "RS256", "kid": "shop-2026-01", "typ": "JWT"}
    return ".".join((_segment(header), _segment(claims), "c2FtcGxlLXNpZ25hdHVyZS1ub3QtcmVhbA" * 6))


def address(client: int, user: int) -> str:
    """The address of a caller: a few fixed ones for machines, one of a thousand for a person."""
    if user == 0:
        return f"192.0.2.{10 + client}"
    number = (client * 7919 + user * 104729) % 1000
    if number < 250:
        return f"198.51.100.{number + 1}"
    if number < 500:
        return f"203.0.113.{number - 249}"
    return f"2001:db8:{number:x}::{1 + user % 9}"


def stranger(number: int) -> str:
    """The address of a scanner."""
    return f"203.0.113.{1 + number * 37 % 250}" if number % 3 else f"2001:db8:bad:{number:x}::1"


def _segment(content: Mapping[str, object]) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
