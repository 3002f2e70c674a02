"""A client uses its secret after the day until which it is good."""

from __future__ import annotations

from tests.lab.component import EXPIRED
from tests.lab.site import Site

CAUSE = "client_auth.secret_expired"
AT = "server"
NEEDS = ("expired_secret",)


def inject(site: Site) -> None:
    site.token(EXPIRED, **site.grant, fails=True)
