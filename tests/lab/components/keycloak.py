"""Keycloak from Maven Central, in development mode: events in the server log, as text and as JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.lab import install
from tests.lab.component import (
    CODE_ONLY,
    CODE_SECONDS,
    CONSENT,
    DEVICE,
    DISABLED,
    LOCKED_USER,
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
from tests.lab.processes import Process, answers

_VERSION = "26.5.4"
_REALM = "lab"
_OIDC = f"/realms/{_REALM}/protocol/openid-connect"
_BUILT_WITH = (
    "--db=dev-file",
    "--tracing-enabled=true",
    "--tracing-sampler-type=parentbased_always_on",
    "--cache=local",
)
_BOOT = 300.0
"""Seconds that it has to start."""


class Keycloak(AuthServer):
    """Keycloak."""

    name = "keycloak"
    title = "Keycloak"
    source = "keycloak"
    louder = "`--http-access-log-enabled=true` adds a line with the status of every request, under the same trace id."
    endpoints = Endpoints(
        token=f"{_OIDC}/token",
        authorization=f"{_OIDC}/auth",
        introspection=f"{_OIDC}/token/introspect",
        revocation=f"{_OIDC}/revoke",
        userinfo=f"{_OIDC}/userinfo",
        device_authorization=f"{_OIDC}/auth/device",
        jwks=f"{_OIDC}/certs",
        discovery=f"/realms/{_REALM}/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "device", "disabled_client", "locked_user", "rotation", "short_codes", "pkce",
         "introspection", "revocation", "userinfo", "prompt_none", "consent", "short_refresh")
    )  # fmt: skip

    tells: ClassVar[Mapping[str, str]] = {
        # the same line as for a code that was used before, and the other way round
        "code_expired": "grant.code_invalid",
        "code_replayed": "grant.code_invalid",
        # to revoke a refresh token ends the client's session
        "refresh_revoked": "grant.session_ended",
        # invalid_client_credentials, whatever was wrong or missing
        **dict.fromkeys(
            ("wrong_secret", "missing_secret", "wrong_auth_method", "introspection_wrong_secret", "retry_storm"),
            "client_auth.failed_unspecified",
        ),
        "malformed_basic": "client_auth.unknown_client",
        "userinfo_bad_token": "token.malformed",
        **dict.fromkeys(
            ("device_pending", "duplicate_parameter", "login_required", "missing_grant_type", "unsupported_grant",
             "wrong_content_type"),
            NOT_LOGGED,
        ),
    }  # fmt: skip

    def install(self) -> str:
        archive = install.maven(f"org.keycloak:keycloak-quarkus-dist:{_VERSION}:zip")

        def build(tree: Path) -> None:
            shutil.copytree(next(install.unpacked(archive).iterdir()), tree, dirs_exist_ok=True)
            install.run("sh", tree / "bin/kc.sh", "build", *_BUILT_WITH)

        self._tree = install.prepared(self.name, [_VERSION, *_BUILT_WITH], build)
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        home = self._home()
        options = [
            f"--http-port={port}", "--http-host=127.0.0.1", "--http-enabled=true", f"--hostname={public_url}",
            "--proxy-headers=xforwarded", "--import-realm",
            "--log=console,file", f"--log-file={self.folder / 'keycloak.json'}", "--log-file-output=json",
            "--log-level=INFO,org.keycloak.events:debug",
        ]  # fmt: skip
        process = Process(
            ["/bin/sh", home / "bin/kc.sh", "start", "--optimized", *options], self.folder / "keycloak.log",
            {"JAVA_OPTS_KC_HEAP": "-Xms256m -Xmx768m"},
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: answers(f"http://127.0.0.1:{port}{self.endpoints.discovery}"), _BOOT)

    def _home(self) -> Path:
        """A home of this run: the built server, and data of its own with the realm to import."""
        home = self.folder / "home"
        (home / "data/import").mkdir(parents=True)
        (home / "data/import" / f"{_REALM}-realm.json").write_text(json.dumps(_realm()))
        for part in ("conf", "lib", "providers", "themes"):
            (home / part).symlink_to(self._tree / part)
        shutil.copytree(self._tree / "bin", home / "bin")
        return home

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "keycloak.log", self.folder / "keycloak.json"]


def _realm() -> dict[str, Any]:
    """The realm to import."""
    return {
        "realm": _REALM,
        "enabled": True,
        "sslRequired": "none",
        "accessCodeLifespan": CODE_SECONDS,
        "oauth2DeviceCodeLifespan": CODE_SECONDS,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
        "bruteForceProtected": True,
        "failureFactor": 5,
        "clients": [
            _client(WEB), _client(OTHER), _client(DISABLED) | {"enabled": False},
            _client(SPA) | {"attributes": {"pkce.code.challenge.method": "S256"}},
            _client(CONSENT) | {"consentRequired": True},
            _client(SHORT) | {"attributes": {"client.session.idle.timeout": str(CODE_SECONDS)}},
            _client(DEVICE) | {"attributes": {"oauth2.device.authorization.grant.enabled": "true"}},
            _client(CODE_ONLY) | {"serviceAccountsEnabled": False, "directAccessGrantsEnabled": False},
        ],
        "users": [_user(USER), _user(LOCKED_USER) | {"enabled": False}],
    }  # fmt: skip


def _client(client: Client) -> dict[str, Any]:
    confidential = client.secret is not None
    return {
        "clientId": client.id,
        "enabled": True,
        "protocol": "openid-connect",
        "publicClient": not confidential,
        "secret": client.secret,
        "clientAuthenticatorType": "client-secret",
        "serviceAccountsEnabled": confidential,
        "directAccessGrantsEnabled": confidential,
        "standardFlowEnabled": True,
        "redirectUris": [client.redirect_uri],
    }


def _user(name: str) -> dict[str, Any]:
    return {
        "username": name, "email": name, "emailVerified": True, "firstName": "A", "lastName": "User", "enabled": True,
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
    }  # fmt: skip
