"""A device asks again at once."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "protocol.slow_down"
AT = "server"
NEEDS = ("device",)


def inject(site: Site) -> None:
    code = site.device_code()
    site.poll(code, fault="device_pending")
    site.poll(code)
