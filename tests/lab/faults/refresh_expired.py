"""A refresh token is used after its time."""

from __future__ import annotations

import time

from tests.lab.component import CODE_SECONDS, SHORT
from tests.lab.site import Site

CAUSE = "grant.refresh_expired"
AT = "server"
NEEDS = ("refresh", "short_refresh")


def inject(site: Site) -> None:
    token = site.tokens(SHORT)["refresh_token"]
    time.sleep(CODE_SECONDS + 1.5)
    site.token(SHORT, grant_type="refresh_token", refresh_token=token, fails=True)
