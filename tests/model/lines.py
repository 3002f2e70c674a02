"""Lines of the model: each is unique, carries a token by which the lake is searched for it, and keeps its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_BEGIN = datetime(2026, 3, 2, 2, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """A record of a log. `good` becomes an event; any other is junk, which belongs in quarantine."""

    token: str
    source: str
    good: bool
    text: bytes


@dataclass(frozen=True)
class Burst:
    """Lines that come together: for each, the seconds since the one before; all of it so many times."""

    gaps: tuple[int, ...]
    times: int = 1

    def __len__(self) -> int:
        return len(self.gaps) * self.times


class Press:
    """Makes lines, and knows each one that it made by its bytes (without the newline).

    Lines of one second begin alike in their first 64 bytes and more, as lines of a busy server do.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, Line] = {}
        self._count = 0
        self._time = _BEGIN

    def line(self, source: str, seconds: int, good: bool = True) -> Line:
        """A new line of `source` (nginx or okta), written `seconds` after the one before."""
        self._count += 1
        self._time += timedelta(seconds=seconds)
        if source == "nginx":
            token = f"agent/{self._count:06}"
            text = _nginx(self._time, token) if good else f"refused {token}"
        else:
            token = f"00000000-0000-4000-8000-{self._count:012}"
            text = _okta(self._time, token) if good else f"refused {token}"
        made = Line(token, source, good, text.encode())
        self.known[made.text] = made
        return made

    def lines(self, source: str, burst: Burst, junk: frozenset[int] = frozenset()) -> list[Line]:
        """New lines of `source`; those at places `junk` are junk."""
        gaps = burst.gaps * burst.times
        return [self.line(source, gap, place not in junk) for place, gap in enumerate(gaps)]


def _nginx(time: datetime, token: str) -> str:
    return (
        f"203.0.113.7 - - [{time:%d/%b/%Y:%H:%M:%S} +0000] "
        f'"GET /orders/v1/list HTTP/1.1" 401 172 "-" "{token}"'
    )


def _okta(time: datetime, token: str) -> str:
    return (
        f'{{"published":"{time:%Y-%m-%dT%H:%M:%S}.120Z","eventType":"app.oauth2.as.token.grant","version":"0",'
        f'"severity":"INFO","actor":{{"id":"0oa1","type":"PublicClientApp"}},"uuid":"{token}",'
        '"outcome":{"result":"SUCCESS","reason":null},"client":{"ipAddress":"203.0.113.7"},"target":[]}'
    )
