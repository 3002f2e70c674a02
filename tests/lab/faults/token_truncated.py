"""An access token whose end was cut off."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.bad_signature.mismatch"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token()[:-40], fails=True)
