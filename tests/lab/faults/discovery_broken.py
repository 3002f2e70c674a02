"""A client asks for the server's metadata, and the server is down."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "infra.metadata_unavailable"
AT = "api"


def inject(site: Site) -> None:
    url = f"{site.url}/down/.well-known/openid-configuration"
    site.send("GET", url, client=WEB.id, endpoint="discovery", at_server=False, fails=True)
