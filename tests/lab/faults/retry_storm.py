"""A client repeats a request with a wrong secret at once, again and again."""

from __future__ import annotations

from tests.lab.component import OTHER
from tests.lab.site import Site

CAUSE = "client_auth.secret_invalid"
AT = "server"
_TIMES = 20


def inject(site: Site) -> None:
    for _ in range(_TIMES):
        site.token(OTHER, **site.grant, secret="not-the-secret-0000", fails=True)
