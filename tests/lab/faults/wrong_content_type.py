"""A token request in JSON."""

from __future__ import annotations

import json

from tests.lab.site import Site

CAUSE = "request.malformed"
AT = "server"


def inject(site: Site) -> None:
    body = json.dumps(dict(site.grant))
    site.token(body=body, headers={"Content-Type": "application/json"}, fails=True)
