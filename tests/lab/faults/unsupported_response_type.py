"""An authorization request for a response type that no server knows."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.unsupported_response_type"
AT = "server"


def inject(site: Site) -> None:
    site.refused(site.authorization_url(response_type="telegram"))
