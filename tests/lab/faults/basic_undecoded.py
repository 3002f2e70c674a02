"""A client encodes its id and secret before HTTP Basic (RFC 6749, section 2.3.1), and the server does not decode them."""

from __future__ import annotations

from tests.lab import openid_client
from tests.lab.site import Site

CAUSE = "client_auth.unknown_client"
AT = "server"
NEEDS = ("basic_undecoded",)


def inject(site: Site) -> None:
    openid_client.client_credentials(site, fails=True)
