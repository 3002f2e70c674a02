"""A client asks without a page (prompt=none) for a user who is not signed in."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "protocol.login_required"
AT = "server"
NEEDS = ("prompt_none",)


def inject(site: Site) -> None:
    site.browser(fails=True).open(site.authorization_url(prompt="none"))
