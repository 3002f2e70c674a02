"""oauth2-proxy built from its Go module: its standard, auth and request logs, which it writes as text into one log.

Of what it forwards without a look it logs too that it found no JWT in the Authorization header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_VERSION = "v7.15.4"
_CONFIG = """
http_address = "127.0.0.1:{routes.port}"
# not /oauth2, where authorization servers have their endpoints
proxy_prefix = "/sign-in-proxy"
provider = "oidc"
oidc_issuer_url = "{routes.issuer}"
client_id = "lab-proxy"
client_secret = "lab-proxy-secret-c27d80a35e61"
cookie_secret = "lab-cookie-secret-e5f093ab61d74c"
cookie_secure = false
email_domains = ["*"]
skip_jwt_bearer_tokens = true
extra_jwt_issuers = ["{routes.issuer}={routes.audience}"]
skip_auth_routes = ["!=^/api/"]
api_routes = ["^/api/"]
upstreams = [
    "{routes.server}/",
    "{routes.api}/api/",
    "{routes.down}/down/",
    "{routes.slow}/slow/",
    "{routes.broken_tls}/broken-tls/",
]
# of all upstreams alike, so more than the 2 s that others wait for the slow one
upstream_timeout = "5s"
request_logging = true
auth_logging = true
standard_logging = true
logging_local_time = false
request_id_header = "X-Request-Id"
"""


class Oauth2Proxy(Gateway):
    """oauth2-proxy."""

    name = "oauth2_proxy"
    title = "OAuth2 Proxy"
    source = "oauth2_proxy"
    checks = True
    can = frozenset(("relying_party",))
    sign_in_path = "/sign-in-proxy/start"
    callback_path = "/sign-in-proxy/callback"
    tells: ClassVar[Mapping[str, str]] = {
        "state_replayed": "session.state_mismatch",
        "tls_failure": "infra.tls_failed",
        "token_alg_none": "token.malformed",  # "no valid bearer token found": its signature is empty
        "token_missing": "unknown.status_only_401",  # what is said before it is said of a bad token too
        "token_of_unknown_key": "token.bad_signature.mismatch",  # "failed to verify id token signature"
    }

    def install(self) -> str:
        self._program = install.go(f"github.com/oauth2-proxy/oauth2-proxy/v7@{_VERSION}")
        return _VERSION.removeprefix("v")

    def start(self, routes: Routes) -> None:
        config = self.folder / "oauth2-proxy.cfg"
        config.write_text(_CONFIG.format(routes=routes))
        process = Process([self._program, f"--config={config}"], self.folder / "oauth2-proxy.log")
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "oauth2-proxy.log"]
