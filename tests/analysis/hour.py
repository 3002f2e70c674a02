"""An hour of a log whose every number is known, read through the public door."""

from __future__ import annotations

from datetime import datetime

from analysis.scope import Scope
from tests.helpers import Workshop

HOUR = Scope(datetime(2026, 3, 2, 10), datetime(2026, 3, 2, 11))

HOSTILE = "x|`<img/src=//203.0.113.9>`**![y](http://203.0.113.9/z)"
"""A client_id that someone chose to hurt those who read about it."""

_AUTHORIZE = "/oauth2/authorize?response_type=code&client_id={client}&error={error}"


def line(time: str, path: str, status: int, user: str = "-", day: int = 2) -> str:
    """A line of nginx's combined format. `user` at a token endpoint is the client."""
    return (
        f"203.0.113.7 - {user} [0{day}/Mar/2026:{time} +0000] "
        f'"GET {path} HTTP/1.1" {status} 17 "-" "okhttp/4.12.0"\n'
    )


def authorize(time: str, client: str, error: str) -> str:
    """A refused authorization request, whose redirect tells client and error."""
    return line(time, _AUTHORIZE.format(client=client, error=error), 302)


def fill(workshop: Workshop) -> None:
    """The hour: 24 events, of which 1 is none of OAuth's, 11 count as failures and 1 is a step of the
    protocol. In the hour before, 2 of 4 fail. Two lines cannot be read."""
    token, api = "/oauth2/token", "/v1/orders"
    lines = [
        *(line(f"09:0{n}:00", token, 401, "billing-batch") for n in range(2)),
        *(line(f"09:1{n}:00", token, 200, "billing-batch") for n in range(2)),
        *(line(f"10:{10 + n}:00", token, 401, "billing-batch") for n in range(6)),
        *(line(f"10:3{n}:00", token, 200, "billing-batch") for n in range(4)),
        *(line(f"10:4{n}:00", api, 401) for n in range(3)),
        *(line(f"10:4{n}:30", api, 200) for n in range(7)),
        line("10:50:00", api, 500),
        authorize("10:51:00", "web-shop", "invalid_scope"),
        authorize("10:52:00", "partner-portal", "invalid_scope"),
        authorize("10:53:00", "web-shop", "login_required"),
        line("99:99:99", api, 401),
        "203.0.113.7 - - [02/Mar/2026:10:5",
    ]
    # The last line is whole, so that it does not wait for its rest.
    workshop.write("access.log", "".join(lines) + "\n")
    # So that the lake's own period reaches back beyond the hour before.
    workshop.write("older.log", line("09:00:00", api, 200, day=1))
    workshop.ingest()
