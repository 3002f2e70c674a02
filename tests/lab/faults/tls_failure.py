"""The certificate of what is behind the gateway is not trusted."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "infra.tls_failed"
AT = "api"


def inject(site: Site) -> None:
    site.send(
        "POST", f"{site.url}/broken-tls/oauth2/token", client=WEB.id, endpoint="token", at_server=False, fails=True,
        data={"grant_type": "client_credentials"}, auth=(WEB.id, str(WEB.secret)),
    )  # fmt: skip
