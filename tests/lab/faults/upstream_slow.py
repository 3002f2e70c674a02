"""What is behind the gateway answers later than the gateway waits."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "server.unavailable"
AT = "api"


def inject(site: Site) -> None:
    site.send(
        "POST", f"{site.url}/slow/oauth2/token", client=WEB.id, endpoint="token", at_server=False, fails=True,
        data={"grant_type": "client_credentials"}, auth=(WEB.id, str(WEB.secret)),
    )  # fmt: skip
