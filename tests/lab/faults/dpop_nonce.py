"""A client proves possession of its key without the nonce that the server wants in the proof (RFC 9449)."""

from __future__ import annotations

from tests.lab.site import Site
from tests.lab.tokens import dpop_proof

CAUSE = "protocol.use_nonce"
AT = "server"
NEEDS = ("dpop_nonce",)


def inject(site: Site) -> None:
    site.token(**site.grant, headers={"DPoP": dpop_proof("POST", site.at("token"))}, fails=True)
