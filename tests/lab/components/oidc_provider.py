"""node oidc-provider from npm: its documented events by pino as JSON, and its own error lines (DEBUG) as text."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.lab import install
from tests.lab.component import (
    ACCEPTED,
    CODE_ONLY,
    CODE_SECONDS,
    CONSENT,
    DEVICE,
    EXPIRED,
    NOT_LOGGED,
    OTHER,
    PASSWORD,
    SHORT,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)  # fmt: skip
from tests.lab.processes import Process, listens

_VERSION = "9.13.3"
_PINO = "10.4.0"
_SERVER = Path(__file__).parent / "oidc_provider/server.mjs"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class OidcProvider(AuthServer):
    """node oidc-provider, with a sign-in page of its operator, who logs its events."""

    name = "oidc_provider"
    title = "node oidc-provider"
    source = "oidc_provider"
    louder = "Passwords are checked by an application of the operator, whose log tells of them."
    endpoints = Endpoints(
        token="/token",
        authorization="/auth",
        introspection="/token/introspection",
        revocation="/token/revocation",
        userinfo="/me",
        device_authorization="/device/auth",
        jwks="/jwks",
        discovery="/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "device", "consent", "rotation", "short_codes", "pkce", "introspection", "revocation",
         "userinfo", "dpop_nonce", "prompt_none", "expired_secret", "short_refresh")
    )  # fmt: skip

    tells: ClassVar[Mapping[str, str]] = {
        "device_slow_down": "protocol.authorization_pending",  # it never asks to slow down
        "invalid_scope": ACCEPTED,  # it leaves out the scopes that it does not know, and succeeds
        "missing_secret": "client_auth.method_not_allowed",  # "mechanism does not match the registered ... method"
        "refresh_revoked": "grant.refresh_invalid",  # "refresh token not found"
        "wrong_password": NOT_LOGGED,  # the sign-in page is not the product's
    }

    def install(self) -> str:
        self._tree = install.npm(f"oidc-provider@{_VERSION}", f"pino@{_PINO}")
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        (self.folder / "node_modules").symlink_to(self._tree / "node_modules")
        server = shutil.copy(_SERVER, self.folder)  # beside node_modules, where its imports are looked for
        config = self.folder / "config.json"
        config.write_text(json.dumps(self._config(port, public_url)))
        process = Process(
            ["node", server, config], self.folder / "oidc-provider.log", {"DEBUG": "oidc-provider:*error"}
        )
        self._processes.append(process)
        process.wait_for(lambda: listens(port), 30)

    def _config(self, port: int, public_url: str) -> dict[str, Any]:
        return {
            "port": port,
            "issuer": public_url,
            "log": str(self.folder / "oidc-provider.json"),
            "codeSeconds": CODE_SECONDS,
            "shortRefresh": SHORT.id,
            "clients": [
                _client(WEB, "authorization_code", "refresh_token", "client_credentials"),
                _client(OTHER, "authorization_code", "refresh_token", "client_credentials"),
                _client(SPA, "authorization_code", "refresh_token"),
                _client(CODE_ONLY, "authorization_code"),
                _client(CONSENT, "authorization_code"),
                _client(EXPIRED, "authorization_code", "client_credentials")
                | {"client_secret_expires_at": 1},
                _client(SHORT, "authorization_code", "refresh_token"),
                _client(DEVICE, _DEVICE_GRANT, "refresh_token") | {"redirect_uris": [], "response_types": []},
            ],
            "users": [USER],
            "password": PASSWORD,
        }

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "oidc-provider.json", self.folder / "oidc-provider.log"]


def _client(client: Client, *grant_types: str) -> dict[str, Any]:
    """Its metadata, as in RFC 7591."""
    method = "none" if client.secret is None else "client_secret_basic"
    return {
        "client_id": client.id,
        "token_endpoint_auth_method": method,
        "grant_types": grant_types,
        "redirect_uris": [client.redirect_uri],
        "response_types": ["code"],
    } | ({"client_secret": client.secret} if client.secret else {})
