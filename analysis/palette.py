"""One colour for each family of causes, the same on the page and in a report.

Seven hues that people with any kind of colour vision tell apart (after Okabe and Ito), chosen to be
read on white and on near-black alike. There are more families than such hues, so the rarer families
take a hue again with a hatch. What the log does not tell is grey: it is no colour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.taxonomy import load_families


@dataclass(frozen=True)
class Paint:
    """A fill: a colour, and whether it is hatched."""

    colour: str
    hatched: bool = False


_BLUE, _ORANGE, _GREEN, _PINK = "#3d8fd1", "#e08a1e", "#1fa97f", "#cf78ad"
_RED, _SKY, _YELLOW, _GREY = "#d1552c", "#6bc1ea", "#d8c23a", "#8c929b"

FAMILY_PAINTS = {
    "client_credentials": Paint(_BLUE),
    "token": Paint(_ORANGE),
    "grant": Paint(_GREEN),
    "server": Paint(_RED),
    "request": Paint(_PINK),
    "policy": Paint(_YELLOW),
    "user": Paint(_SKY),
    "rate_limit": Paint(_RED, hatched=True),
    "infrastructure": Paint(_PINK, hatched=True),
    "session": Paint(_SKY, hatched=True),
    "consent": Paint(_GREEN, hatched=True),
    "abuse": Paint(_ORANGE, hatched=True),
    "protocol": Paint(_GREY, hatched=True),
    "unknown": Paint(_GREY),
}
"""In the order of stacks and legends: what people fix first lies lowest, what is not told on top."""


def paint(family: str) -> Paint:
    """The fill of a family; of one that is not listed here, hatched grey."""
    return FAMILY_PAINTS.get(family, Paint(_GREY, hatched=True))


def family_title(family: str) -> str:
    """The family's title; its name where the taxonomy does not know it."""
    found = load_families().get(family)
    return found.title if found else family


def in_order(families: set[str]) -> list[str]:
    """Families in the order of stacks and legends."""
    order = {name: place for place, name in enumerate(FAMILY_PAINTS)}
    return sorted(families, key=lambda name: (order.get(name, len(order)), name))
