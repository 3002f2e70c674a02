"""A token is not valid yet: the clocks differ."""

from __future__ import annotations

import time

from tests.lab.site import Site

CAUSE = "token.not_yet_valid"
AT = "api"


def inject(site: Site) -> None:
    now = int(time.time())
    site.api(site.issuer.token(nbf=now + 900, iat=now + 900, exp=now + 4500), fails=True)
