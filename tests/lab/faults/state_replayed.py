"""The answer of a sign-in is opened again in a browser that asked for none: its state is of no session."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

import requests

from tests.lab.site import Site

CAUSE = "session.state_mismatch"
AT = "api"
NEEDS = ("relying_party",)


def inject(site: Site) -> None:
    begun = site.send("GET", f"{site.url}{site.gateway.sign_in_path}", endpoint="callback", at_server=False)
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    site.send(
        "GET", f"{site.url}{site.gateway.callback_path}", endpoint="callback", at_server=False, fails=True,
        session=requests.Session(), params={"code": secrets.token_urlsafe(24), "state": state},
    )  # fmt: skip
