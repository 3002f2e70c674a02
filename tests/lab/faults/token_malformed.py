"""An access token that is no JWT."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.malformed"
AT = "api"


def inject(site: Site) -> None:
    site.api("lab-not-a-token", fails=True)
