"""A token for another API."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.wrong_audience"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(aud="https://other-api.example.com"), fails=True)
