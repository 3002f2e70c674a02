"""A public client asks for a code without a challenge."""

from __future__ import annotations

from tests.lab.component import SPA
from tests.lab.site import Site

CAUSE = "request.pkce_required"
AT = "server"
NEEDS = ("pkce",)


def inject(site: Site) -> None:
    site.refused(site.authorization_url(SPA), SPA)
