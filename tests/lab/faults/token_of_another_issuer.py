"""A token of another issuer."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.wrong_issuer"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(iss="https://other.example.net"), fails=True)
