"""An authorization request of a client that is not registered."""

from __future__ import annotations

from tests.lab.component import Client
from tests.lab.site import Site

CAUSE = "client_auth.unknown_client"
AT = "server"


def inject(site: Site) -> None:
    site.browser(Client("lab-nobody"), fails=True).open(site.authorization_url(Client("lab-nobody")))
