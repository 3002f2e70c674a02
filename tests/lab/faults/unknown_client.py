"""A client is not registered."""

from __future__ import annotations

from tests.lab.component import Client
from tests.lab.site import Site

CAUSE = "client_auth.unknown_client"
AT = "server"


def inject(site: Site) -> None:
    site.token(Client("lab-nobody", "some-secret-30b1"), **site.grant, fails=True)
