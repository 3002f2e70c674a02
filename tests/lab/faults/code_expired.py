"""A code is redeemed after its time."""

from __future__ import annotations

import time

from tests.lab.component import CODE_SECONDS
from tests.lab.site import Site

CAUSE = "grant.code_expired"
AT = "server"
NEEDS = ("short_codes",)


def inject(site: Site) -> None:
    code = site.code()
    time.sleep(CODE_SECONDS + 1.5)
    site.redeem(code, fails=True)
