"""A client uses the refresh token of another one."""

from __future__ import annotations

from tests.lab.component import OTHER
from tests.lab.site import Site

CAUSE = "grant.client_mismatch"
AT = "server"
NEEDS = ("refresh",)


def inject(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    site.token(OTHER, grant_type="refresh_token", refresh_token=token, fails=True)
