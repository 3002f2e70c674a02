"""What a regular expression cannot match without.

To look for a text takes less time than to compile an expression, and most of the expressions that are asked
have nothing to find.
"""

from __future__ import annotations

import re
from functools import cache

_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|x\{[^}]*\}|[pP]\{[^}]*\}|[pP].|.)", re.DOTALL)
_OPENING = re.compile(r"\((?:\?(?:P?<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+(?=\))))?")
_QUANTIFIER = re.compile(r"(?:([*?])|\+|\{([0-9]*),?[0-9]*\})[?+]?")

Needles = tuple[str, ...]
"""Texts in small letters of which one must be there."""


@cache
def needles(pattern: str) -> Needles:
    """Texts in small letters, one of which is in whatever the expression (RE2) matches; "" is in anything."""
    wanted, _ = _alternatives(pattern, 0)
    return _best(wanted) or ("",)


def _alternatives(pattern: str, at: int) -> tuple[list[Needles], int]:
    """What an expression wants from `at` to its end, or to the bracket that closes it, and where that is."""
    branches: list[list[Needles]] = []
    while True:
        wanted, at = _sequence(pattern, at)
        branches.append(wanted)
        if pattern[at : at + 1] != "|":
            break
        at += 1
    if len(branches) == 1:
        return branches[0], at
    each = [_best(wanted) for wanted in branches]
    if any(one is None for one in each):
        return [], at
    return [tuple(dict.fromkeys(needle for one in each if one for needle in one))], at


def _sequence(pattern: str, at: int) -> tuple[list[Needles], int]:
    wanted: list[Needles] = []
    run = ""
    while at < len(pattern) and pattern[at] not in "|)":
        literal, inner = "", None
        if pattern[at] == "(":
            opening = _OPENING.match(pattern, at)
            inner, at = _alternatives(pattern, opening.end() if opening else at + 1)
            at += 1
        elif (taken := _CLASS.match(pattern, at)) or (taken := _ESCAPE.match(pattern, at)):
            at = taken.end()
            literal = taken[0][1] if len(taken[0]) == 2 and taken[0][0] == "\\" else ""
            literal = "" if literal.isalnum() else literal
        else:
            literal = "" if pattern[at] in ".^$" or not pattern[at].isascii() else pattern[at]
            at += 1
        quantifier = _QUANTIFIER.match(pattern, at)
        at = quantifier.end() if quantifier else at
        if quantifier and (quantifier[1] or quantifier[2] in ("", "0")):
            literal, inner = "", None
        run += literal
        if not literal or quantifier:
            wanted.append((run.lower(),))
            run = ""
        wanted += inner or []
    wanted.append((run.lower(),))
    return [one for one in wanted if all(one)], at


def _best(wanted: list[Needles]) -> Needles | None:
    """The ones that tell most: whose shortest is longest."""
    return max(wanted, key=lambda one: (min(map(len, one)), -len(one)), default=None)
