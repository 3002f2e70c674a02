"""A token without a signature (alg none)."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.bad_signature.alg_not_allowed"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.unsigned_token(), fails=True)
