"""An application loses its session, and sends the signed-in user for a new code again and again."""

from __future__ import annotations

from tests.lab.component import PASSWORD, USER, WEB
from tests.lab.site import Site

CAUSE = "rate.client_loop"
AT = "server"
_TIMES = 12


def inject(site: Site) -> None:
    browser = site.browser(WEB)
    browser.open(site.authorization_url(WEB))
    site.server.sign_in(browser, USER, PASSWORD)
    for _ in range(_TIMES):
        browser.end = None
        browser.open(site.authorization_url(WEB))
        if browser.end is None:
            site.server.sign_in(browser, USER, PASSWORD)
