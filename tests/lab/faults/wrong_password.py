"""A user types a wrong password."""

from __future__ import annotations

from tests.lab.component import USER
from tests.lab.site import Site

CAUSE = "user.bad_credentials"
AT = "server"


def inject(site: Site) -> None:
    browser = site.browser()
    browser.open(site.authorization_url())
    browser.fails = True
    site.server.sign_in(browser, USER, "not-the-password")
