"""An API asks about a token with a wrong secret of its own."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "client_auth.secret_invalid"
AT = "server"
NEEDS = ("introspection",)


def inject(site: Site) -> None:
    site.send(
        "POST", site.at("introspection"), client=WEB.id, endpoint="introspection", fails=True,
        data={"token": "lab-some-token"}, auth=(WEB.id, "not-the-secret-77d0"),
    )  # fmt: skip
