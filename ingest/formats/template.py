"""What all languages of format strings have in common: text, and operators in it."""

from __future__ import annotations

import re
from collections.abc import Iterator


def parts_of(template: str, operator: re.Pattern[str]) -> Iterator[str | re.Match[str]]:
    """The text of a template and the operators in it, in turn. `%%`, where it is an operator, is a percent
    sign of the text; no text is empty, and no two follow each other."""
    text, end = "", 0
    for match in operator.finditer(template):
        text += template[end : match.start()]
        end = match.end()
        if match[0] == "%%":
            text += "%"
            continue
        if text:
            yield text
            text = ""
        yield match
    text += template[end:]
    if text:
        yield text
