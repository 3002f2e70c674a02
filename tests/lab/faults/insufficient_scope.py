"""A token without the scope that the API wants."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "policy.insufficient_scope"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(scope="read"), fails=True)
