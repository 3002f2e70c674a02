"""An authorization request names a redirect URI that is not registered."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.redirect_uri_mismatch"
AT = "server"


def inject(site: Site) -> None:
    site.refused(site.authorization_url(redirect_uri="https://evil.example.net/callback"))
