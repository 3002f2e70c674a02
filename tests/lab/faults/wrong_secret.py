"""A client sends a wrong secret."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "client_auth.secret_invalid"
AT = "server"


def inject(site: Site) -> None:
    site.token(**site.grant, secret="not-the-secret-8c1f", fails=True)
