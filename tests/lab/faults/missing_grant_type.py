"""A token request without grant_type."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.missing_parameter"
AT = "server"


def inject(site: Site) -> None:
    site.token(scope="openid", fails=True)
