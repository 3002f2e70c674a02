"""A client was switched off by an administrator."""

from __future__ import annotations

from tests.lab.component import DISABLED
from tests.lab.site import Site

CAUSE = "client_auth.client_disabled"
AT = "server"
NEEDS = ("disabled_client",)


def inject(site: Site) -> None:
    site.token(DISABLED, **site.grant, fails=True)
