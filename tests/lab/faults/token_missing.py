"""A call of the API without a token."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.missing"
AT = "api"


def inject(site: Site) -> None:
    site.api(None, fails=True)
