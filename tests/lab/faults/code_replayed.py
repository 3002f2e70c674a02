"""A code is redeemed twice."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "grant.code_reused"
AT = "server"


def inject(site: Site) -> None:
    code = site.code()
    site.redeem(code)
    site.redeem(code, fails=True)
