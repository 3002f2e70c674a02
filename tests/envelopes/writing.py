"""How writers write: times, hosts, JSON, and a prefix before each line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

Writer = Callable[[Sequence[str]], bytes]
"""Gives what a file or an export would hold of lines (without their newlines; none is blank)."""

TIME = datetime(2026, 3, 2, 2, 15, 4, 120000, UTC)


HOST = "gw-1"


POD = "orders-gateway-6d5f9c7b8d-x7k2p"


SPLIT = 16 * 1024
"""Docker and the container runtimes write a longer line in parts of as many bytes."""


CONTAINER = "4f1d2c3b5a69788790a1b2c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8"


def moment(number: int) -> datetime:
    """When the envelope says that a line was collected."""
    return TIME + timedelta(milliseconds=number)


def iso(number: int, digits: int = 3, zone: str = "Z") -> str:
    text = moment(number).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment(number).microsecond:06}".ljust(9, "0")[:digits]
    return f"{text}.{fraction}{zone}" if digits else f"{text}{zone}"


def milliseconds(number: int) -> int:
    return round(moment(number).timestamp() * 1000)


def as_json(value: object, ascii_only: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def go_json(value: str) -> str:
    """A string as Docker writes it: what HTML or JavaScript could trip over is escaped."""
    text = (
        '"' + "\\u0009".join(json.dumps(part, ensure_ascii=False)[1:-1] for part in value.split("\t")) + '"'
    )
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def parts_of(line: str) -> list[str]:
    """The line in parts of at most SPLIT bytes, cut between characters."""
    data, found = line.encode(), []
    while len(data) > SPLIT:
        end = SPLIT
        while data[end] & 0xC0 == 0x80:
            end -= 1
        found.append(data[:end].decode())
        data = data[end:]
    return [*found, data.decode()]


def each(lines: Sequence[str], write: Callable[[int, str], str]) -> bytes:
    return "".join(write(number, line) + "\n" for number, line in enumerate(lines)).encode()


def before(prefix: Callable[[int], str]) -> Writer:
    """A writer that puts a prefix before each line; `prefix` is given the number of the line."""
    return lambda lines: each(lines, lambda number, line: prefix(number) + line)
