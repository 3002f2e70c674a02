"""An authorization request of a client that is not registered."""

from __future__ import annotations

from tests.lab.component import Client
from tests.lab.site import Site

CAUSE = "client_auth.unknown_client"
AT = "server"


def inject(site: Site) -> None:
    nobody = Client("lab-nobody")
    site.refused(site.authorization_url(nobody), nobody)
