"""A device asks after its code has expired."""

from __future__ import annotations

import time

from tests.lab.component import CODE_SECONDS
from tests.lab.site import Site

CAUSE = "grant.device_code_expired"
AT = "server"
NEEDS = ("device", "short_codes")


def inject(site: Site) -> None:
    code = site.device_code()
    time.sleep(CODE_SECONDS + 1.5)
    site.poll(code)
