"""A code grant without a code."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "request.missing_parameter"
AT = "server"


def inject(site: Site) -> None:
    site.token(grant_type="authorization_code", redirect_uri=WEB.redirect_uri, fails=True)
