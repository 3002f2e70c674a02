"""An Authorization header whose Basic credentials are no base64."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "request.malformed"
AT = "server"


def inject(site: Site) -> None:
    site.send(
        "POST", site.at("token"), client=WEB.id, endpoint="token", fails=True,
        headers={"Authorization": "Basic ***"}, data={**site.grant, },
    )  # fmt: skip
