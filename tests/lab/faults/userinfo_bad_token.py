"""The userinfo endpoint is asked with something that is no token."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.invalid_unspecified"
AT = "server"
NEEDS = ("userinfo",)


def inject(site: Site) -> None:
    site.send(
        "GET",
        site.at("userinfo"),
        endpoint="userinfo",
        fails=True,
        headers={"Authorization": "Bearer lab-no-token"},
    )
