"""A token is signed by a key that the issuer does not publish."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.bad_signature.unknown_key"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(key="unknown"), fails=True)
