"""A refresh token that this server never gave."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "grant.refresh_invalid"
AT = "server"
NEEDS = ("refresh",)


def inject(site: Site) -> None:
    site.token(grant_type="refresh_token", refresh_token="lab-refresh-0a1b2c3d4e5f60718293", fails=True)
