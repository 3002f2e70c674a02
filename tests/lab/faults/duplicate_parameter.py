"""A token request that gives a parameter twice."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.invalid_parameter"
AT = "server"


def inject(site: Site) -> None:
    site.token(
        body="grant_type=client_credentials&scope=openid&scope=profile",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        fails=True,
    )
