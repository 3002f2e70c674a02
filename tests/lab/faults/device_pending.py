"""A device asks before its user has answered."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "protocol.authorization_pending"
AT = "server"
NEEDS = ("device",)


def inject(site: Site) -> None:
    site.poll(site.device_code())
