"""Nothing goes wrong: requests of every kind, by client libraries that people use."""

from __future__ import annotations

import os

from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session as OauthlibSession

from tests.lab import openid_client
from tests.lab.component import WEB
from tests.lab.site import Site

os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")  # loopback has no TLS

CAUSE = "unknown.unclassified"
AT = "server"


def inject(site: Site) -> None:
    authlib = AuthlibSession(WEB.id, WEB.secret, scope=site.grant.get("scope"))
    site.watch(authlib, WEB, "token")
    authlib.fetch_token(site.at("token"), **site.grant)
    if site.grant["grant_type"] == "client_credentials":
        oauthlib = OauthlibSession(client=BackendApplicationClient(WEB.id, scope=site.grant.get("scope")))
        site.watch(oauthlib, WEB, "token")
        oauthlib.fetch_token(site.at("token"), client_id=WEB.id, client_secret=WEB.secret)
        if "basic_undecoded" not in site.server.can:
            openid_client.client_credentials(site)
    site.tokens()
    site.api(site.issuer.token())
