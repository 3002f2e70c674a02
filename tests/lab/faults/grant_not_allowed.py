"""A client uses a grant that it is not registered for."""

from __future__ import annotations

from tests.lab.component import CODE_ONLY
from tests.lab.site import Site

CAUSE = "policy.grant_not_allowed"
AT = "server"


def inject(site: Site) -> None:
    site.token(CODE_ONLY, **site.grant, fails=True)
