"""A confidential client does not prove who it is."""

from __future__ import annotations

from tests.lab.component import WEB, Client
from tests.lab.site import Site

CAUSE = "client_auth.missing_credentials"
AT = "server"


def inject(site: Site) -> None:
    site.token(Client(WEB.id), **site.grant, fails=True)
