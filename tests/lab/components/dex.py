"""Dex built from its Go module, with its own password database: its log as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.lab import install
from tests.lab.component import (
    ACCEPTED,
    CODE_ONLY,
    CODE_SECONDS,
    DEVICE,
    NOT_LOGGED,
    OTHER,
    PASSWORD,
    SCOPE,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)  # fmt: skip
from tests.lab.processes import Process, listens

_MODULE, _VERSION = "github.com/dexidp/dex", "v2.41.1"
_COMMIT = "v0.0.0-20240807174518-43956db7fd75"
"""The version, as Go names that of a module of major version 2 whose path does not say so."""
_API = "github.com/dexidp/dex/api/v2@v2.2.0"
"""The module beside it that its own go.mod takes from the same folder, which other modules do not inherit."""
_HASH = "$2b$10$zwbG/U1QkRwSTWDwwnlV5.iU3BFkYWuYCsMEH8t8W0mECaaXT6nsm"
"""Of component.PASSWORD, by bcrypt."""


class Dex(AuthServer):
    """Dex. It has no client credentials, and gives a request an id of its own, not the one that it bears."""

    name = "dex"
    title = "Dex"
    source = "dex"
    louder = "No setting of Dex makes it write them: the log of a gateway before it has their statuses."
    endpoints = Endpoints(
        token="/token",
        authorization="/auth",
        introspection="/token/introspect",
        userinfo="/userinfo",
        device_authorization="/device/code",
        jwks="/keys",
        discovery="/.well-known/openid-configuration",
    )
    can = frozenset(("device", "pkce", "refresh", "rotation", "userinfo"))
    scope = f"{SCOPE} offline_access"
    grant: ClassVar[Mapping[str, str]] = {
        "grant_type": "password", "username": USER, "password": PASSWORD, "scope": "openid"
    }  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        "code_for_another_client": "server.internal_error",  # "failed to get auth code", and answers 500
        "wrong_auth_method": "client_auth.missing_credentials",  # "missing client_secret on token request"
        "wrong_content_type": "request.missing_parameter",  # "unsupported grant type", and that is empty
        "duplicate_parameter": ACCEPTED,
    } | dict.fromkeys(
        ("code_replayed", "device_code_wrong", "device_pending", "device_slow_down",
         "grant_not_allowed", "invalid_scope", "malformed_basic", "missing_code", "pkce_missing",
         "pkce_verifier_missing", "pkce_wrong", "redirect_uri_mismatch_at_token", "refresh_unknown", "unknown_client",
         "userinfo_bad_token"),
        NOT_LOGGED,
    )  # fmt: skip

    def install(self) -> str:
        def build(tree: Path) -> None:
            (tree / "go.mod").write_text("module example.com/lab\n\ngo 1.24\n")
            command = f"{_MODULE}/cmd/dex"
            install.run("go", "get", f"{command}@{_COMMIT}", _API, cwd=tree)
            install.run(
                "go", "build", "-mod=mod", "-p=2", f"-ldflags=-s -w -X main.version={_VERSION}",
                "-o", tree / "dex", command, cwd=tree,
            )  # fmt: skip

        self._program = install.prepared(self.name, [_COMMIT, _API], build) / "dex"
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        config = self.folder / "config.yaml"
        config.write_text(json.dumps(_config(port, public_url)))
        process = Process([self._program, "serve", config], self.folder / "dex.json")
        self._processes.append(process)
        process.wait_for(lambda: listens(port), 30)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "dex.json"]


def _config(port: int, public_url: str) -> dict[str, Any]:
    return {
        "issuer": public_url,
        "storage": {"type": "memory"},
        "web": {"http": f"127.0.0.1:{port}"},
        "logger": {"level": "info", "format": "json"},
        "expiry": {"deviceRequests": f"{CODE_SECONDS}s", "refreshTokens": {"reuseInterval": "0s"}},
        "oauth2": {"passwordConnector": "local"},
        "enablePasswordDB": True,
        "staticClients": [_client(client) for client in (WEB, OTHER, SPA, CODE_ONLY, DEVICE)],
        "staticPasswords": [{"email": USER, "hash": _HASH, "username": "alice", "userID": "lab-user-1"}],
    }


def _client(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": client.id,
        "secret": client.secret or "",
        "public": client.secret is None,
        "redirectURIs": [client.redirect_uri],
    }
