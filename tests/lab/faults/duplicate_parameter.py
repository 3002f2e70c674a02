"""A token request that gives a parameter twice."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.lab.site import Site

CAUSE = "request.invalid_parameter"
AT = "server"


def inject(site: Site) -> None:
    twice = [*site.grant.items(), *site.grant.items()]
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    site.token(body=urlencode(twice), headers=headers, fails=True)
