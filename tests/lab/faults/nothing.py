"""Nothing goes wrong: every kind of request, right."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "unknown.unclassified"
AT = "server"


def inject(site: Site) -> None:
    site.token(grant_type="client_credentials")
    site.tokens()
    site.api(site.issuer.token())
