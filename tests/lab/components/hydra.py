"""Ory Hydra built from its Go module, with a store in memory: its log as JSON."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import requests

from tests.lab import install
from tests.lab.component import (
    ACCEPTED,
    CODE_ONLY,
    CODE_SECONDS,
    CONSENT,
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
from tests.lab.pages import Browser
from tests.lab.processes import Process, answers, free_port

_MODULE, _VERSION = "github.com/ory/hydra/v2", "v2.3.0"
_POP = "github.com/ory/pop/v6@v6.2.1-0.20241121111754-e5dfc0f3344b"
"""The fork of pop that the module's own go.mod names, which other modules do not inherit."""
_GO_MOD = f"""module example.com/lab

go 1.24

replace github.com/gobuffalo/pop/v6 => {_POP.replace("@", " ")}
"""
_SCOPE = "openid profile offline_access"
_REFRESH_LIFESPANS = (
    "authorization_code_grant_refresh_token_lifespan",
    "refresh_token_grant_refresh_token_lifespan",
)
_DENIED = {"error": "access_denied", "error_description": "The resource owner denied the request"}
_APP = "/health/alive"
"""Where the sign-in app of a site would be: a path that Hydra answers, and does not log."""


class Hydra(AuthServer):
    """Ory Hydra; the sign-in app in front of it is `sign_in`."""

    name = "hydra"
    title = "Ory Hydra"
    source = "hydra"
    louder = "Passwords are checked by an application of the operator, whose log tells of them."
    endpoints = Endpoints(
        token="/oauth2/token",
        authorization="/oauth2/auth",
        revocation="/oauth2/revoke",
        userinfo="/userinfo",
        jwks="/.well-known/jwks.json",
        discovery="/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "rotation", "short_codes", "pkce", "revocation", "userinfo", "prompt_none",
         "consent", "short_refresh")
    )  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        "code_expired": "grant.invalid_unspecified",  # invalid_grant, debug "invalid_token"
        "duplicate_parameter": ACCEPTED,  # it takes one of the two, and succeeds
        "invalid_scope": "policy.scope_not_allowed",  # "Client is not allowed to request scope"
        "malformed_basic": "client_auth.missing_credentials",  # "credentials missing or malformed"
        "missing_code": "grant.invalid_unspecified",  # invalid_grant, debug "not_found"
        "missing_secret": "client_auth.secret_invalid",  # "passwords do not match"
        "refresh_revoked": "grant.refresh_invalid",  # "The refresh token can not be found."
        "unsupported_grant": "request.invalid_parameter",  # invalid_request, with advice for everything
        "wrong_password": NOT_LOGGED,  # the sign-in app is not the product's
    }

    def install(self) -> str:
        def build(tree: Path) -> None:
            (tree / "go.mod").write_text(_GO_MOD)
            install.run("go", "get", f"{_MODULE}@{_VERSION}", cwd=tree)
            version = f"-X {_MODULE}/driver/config.Version={_VERSION}"
            install.run(
                "go", "build", "-mod=mod", "-p=2", "-tags=sqlite", f"-ldflags=-s -w {version}",
                "-o", tree / "hydra", _MODULE, cwd=tree,
            )  # fmt: skip

        self._program = install.prepared(self.name, [_VERSION, _GO_MOD], build) / "hydra"
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        admin = free_port()
        self._admin = f"http://127.0.0.1:{admin}/admin"
        config = self.folder / "config.json"
        config.write_text(json.dumps(_config(port, admin, public_url)))
        process = Process(
            [self._program, "serve", "all", "--dev", "--sqa-opt-out", "--config", config],
            self.folder / "hydra.json",
        )
        self._processes.append(process)
        process.wait_for(lambda: answers(f"http://127.0.0.1:{admin}/health/ready"), 60)
        for client in (
            _client(WEB),
            _client(OTHER),
            _client(SPA),
            _client(CODE_ONLY),
            _client(CONSENT),
            _client(SHORT),
        ):
            requests.post(f"{self._admin}/clients", json=client, timeout=10).raise_for_status()

    def sign_in(self, browser: Browser, user: str, password: str, *, consent: bool = True) -> None:
        refused = browser.response is None or "login_challenge=" not in browser.response.url
        if (user, password) == (USER, PASSWORD) and not refused:
            self._answer(browser, "login", "accept", {"subject": user})
            browser.fails = browser.fails or not consent
            if consent:
                self._answer(browser, "consent", "accept", {"grant_scope": _SCOPE.split()})
            else:
                self._answer(browser, "consent", "reject", _DENIED)

    def _answer(self, browser: Browser, step: str, answer: str, content: Mapping[str, Any]) -> None:
        """What the sign-in app does with the user's answer."""
        assert browser.response is not None
        given = parse_qs(urlsplit(browser.response.url).query)
        url = f"{self._admin}/oauth2/auth/requests/{step}/{answer}"
        challenge = {f"{step}_challenge": given[f"{step}_challenge"]}
        response = requests.put(url, params=challenge, json=dict(content), timeout=10)
        response.raise_for_status()
        browser.open(response.json()["redirect_to"])

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "hydra.json"]


def _config(port: int, admin: int, public_url: str) -> dict[str, Any]:
    app = f"{public_url}{_APP}"
    return {
        "serve": {"public": _listener(port), "admin": _listener(admin)},
        "dsn": "memory",
        "secrets": {"system": [secrets.token_hex(16)]},
        "urls": {"self": {"issuer": public_url}, "login": app, "consent": app, "error": app},
        "ttl": {"auth_code": f"{CODE_SECONDS}s", "access_token": "10m"},
        "oauth2": {"pkce": {"enforced_for_public_clients": True}},
        "log": {"level": "info", "format": "json"},
    }


def _listener(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "request_log": {"disable_for_health": True}}


def _client(client: Client) -> dict[str, Any]:
    grant_types = ["authorization_code"]
    if client != CODE_ONLY:
        grant_types += ["refresh_token"] + ["client_credentials"] * bool(client.secret)
    return {
        "client_id": client.id,
        "client_secret": client.secret,
        "token_endpoint_auth_method": "client_secret_basic" if client.secret else "none",
        "grant_types": grant_types,
        "response_types": ["code"],
        "redirect_uris": [client.redirect_uri],
        "scope": _SCOPE,
        **(dict.fromkeys(_REFRESH_LIFESPANS, f"{CODE_SECONDS}s") if client == SHORT else {}),
    }
