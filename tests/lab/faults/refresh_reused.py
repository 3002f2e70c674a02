"""A refresh token is used again after it was exchanged for another one."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "grant.refresh_reused"
AT = "server"
NEEDS = ("refresh", "rotation")


def inject(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    site.token(grant_type="refresh_token", refresh_token=token)
    site.token(grant_type="refresh_token", refresh_token=token, fails=True)
