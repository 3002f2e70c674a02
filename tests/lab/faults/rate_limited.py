"""A client asks more often than it may."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "rate.limited"
AT = "server"
NEEDS = ("limited",)


def inject(site: Site) -> None:
    path = f"{site.url}/limited{site.server.endpoints.token}"
    request = {
        "data": {
            **site.grant,
        },
        "auth": (WEB.id, str(WEB.secret)),
    }
    site.send("POST", path, client=WEB.id, endpoint="token", **request)
    site.send("POST", path, client=WEB.id, endpoint="token", at_server=False, fails=True, **request)
