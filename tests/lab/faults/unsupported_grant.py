"""A grant type that no server knows."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.unsupported_grant_type"
AT = "server"


def inject(site: Site) -> None:
    site.token(grant_type="urn:example:grant", fails=True)
