"""A device asks with a code that this server never gave."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "grant.device_code_invalid"
AT = "server"
NEEDS = ("device",)


def inject(site: Site) -> None:
    site.poll("lab-device-code-9f8e7d6c5b4a")
