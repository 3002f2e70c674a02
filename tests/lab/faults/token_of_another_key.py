"""A token is signed by another key under the name of the right one."""

from __future__ import annotations

from tests.lab.site import Site

CAUSE = "token.bad_signature.mismatch"
AT = "api"


def inject(site: Site) -> None:
    site.api(site.issuer.token(key="pretender"), fails=True)
