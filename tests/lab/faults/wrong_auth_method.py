"""A client with a secret sends an assertion signed by a key that was never registered."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "client_auth.method_not_allowed"
AT = "server"


def inject(site: Site) -> None:
    assertion = site.issuer.token(iss=WEB.id, sub=WEB.id, aud=site.at("token"))
    site.send(
        "POST", site.at("token"), client=WEB.id, endpoint="token", fails=True,
        data={
            **site.grant, "client_id": WEB.id, "client_assertion": assertion,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
    )  # fmt: skip
