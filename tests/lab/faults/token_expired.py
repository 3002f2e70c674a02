"""An access token is used after its time."""

from __future__ import annotations

import time

from tests.lab.site import Site

CAUSE = "token.expired"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(exp=int(time.time()) - 300, nbf=None, iat=int(time.time()) - 900), fails=True)
