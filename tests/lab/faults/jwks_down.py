"""The keys of the issuer cannot be had: of the gateway that validates tokens, else of a client that asks for them."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "infra.metadata_unavailable"
AT = "api"


def inject(site: Site) -> None:
    if "keyless" in site.gateway.can:
        site.api(site.issuer.token(), path="/keyless/orders", fails=True)
    url = f"{site.url}/down/.well-known/jwks.json"
    site.send("GET", url, client=WEB.id, endpoint="jwks", at_server=False, fails=True)
