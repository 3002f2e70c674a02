"""A user whom an administrator has locked out signs in."""

from __future__ import annotations

from tests.lab.component import LOCKED_USER, PASSWORD
from tests.lab.site import Site

CAUSE = "user.disabled"
AT = "server"
NEEDS = ("locked_user",)


def inject(site: Site) -> None:
    browser = site.browser()
    browser.open(site.authorization_url())
    browser.fails = True
    site.server.sign_in(browser, LOCKED_USER, PASSWORD)
