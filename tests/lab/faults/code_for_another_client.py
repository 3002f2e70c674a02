"""A client redeems the code of another one."""

from __future__ import annotations

from tests.lab.component import OTHER
from tests.lab.site import Site

CAUSE = "grant.client_mismatch"
AT = "server"


def inject(site: Site) -> None:
    site.redeem(site.code(), OTHER, fails=True)
