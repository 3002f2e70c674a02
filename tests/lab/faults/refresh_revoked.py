"""A refresh token is used after it was revoked."""

from __future__ import annotations

from tests.lab.component import WEB
from tests.lab.site import Site

CAUSE = "grant.refresh_revoked"
AT = "server"
NEEDS = ("refresh", "revocation")


def inject(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    site.send(
        "POST", site.at("revocation"), client=WEB.id, endpoint="revocation",
        data={"token": token, "token_type_hint": "refresh_token"}, auth=(WEB.id, str(WEB.secret)),
    )  # fmt: skip
    site.token(grant_type="refresh_token", refresh_token=token, fails=True)
