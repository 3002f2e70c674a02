"""A code that was asked for with a challenge is redeemed without a verifier."""

from __future__ import annotations

from tests.lab.component import SPA
from tests.lab.site import Site, pkce

CAUSE = "grant.pkce_failed"
AT = "server"
NEEDS = ("pkce",)


def inject(site: Site) -> None:
    _, challenge = pkce()
    site.redeem(site.code(SPA, **challenge), SPA, fails=True)
