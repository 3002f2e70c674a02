"""A user signs in, and says no to what the client asks for."""

from __future__ import annotations

from tests.lab.component import CONSENT, PASSWORD, USER
from tests.lab.site import NoAnswerError, Site

CAUSE = "consent.denied"
AT = "server"
NEEDS = ("consent",)


def inject(site: Site) -> None:
    browser = site.browser(CONSENT)
    browser.open(site.authorization_url(CONSENT))
    site.server.sign_in(browser, USER, PASSWORD, consent=False)
    if browser.end is None or "error=" not in browser.end:
        raise NoAnswerError(f"{site.server.name}: the client was not told of the refusal")
