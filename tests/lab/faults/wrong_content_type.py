"""A token request in JSON."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "request.malformed"
AT = "server"


def inject(site: Site) -> None:
    body = '{"grant_type": "client_credentials"}'
    site.token(body=body, headers={"Content-Type": "application/json"}, fails=True)
