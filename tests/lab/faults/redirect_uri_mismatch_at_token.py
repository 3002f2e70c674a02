"""A code is redeemed with another redirect URI than it was asked for."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "grant.redirect_uri_mismatch"
AT = "server"


def inject(site: Site) -> None:
    site.redeem(site.code(), redirect_uri="https://app.example.com/other", fails=True)
