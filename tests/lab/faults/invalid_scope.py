"""A client asks for a scope that does not exist."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.invalid_scope"
AT = "server"


def inject(site: Site) -> None:
    site.token(**{**site.grant, "scope": "no-such-scope"}, fails=True)
