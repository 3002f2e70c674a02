"""A small authorization server with Authlib on Flask from PyPI, behind gunicorn: its log as text and as JSON."""

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
    CONSENT,
    DEVICE,
    LOCKED_USER,
    OTHER,
    PASSWORD,
    SCOPE,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)
from tests.lab.processes import Process, listens

_VERSION = "1.9.1"
_PROJECT = Path(__file__).with_suffix("")
_GRANTS = ("authorization_code", "refresh_token", "client_credentials")


class Authlib(AuthServer):
    """Authlib."""

    name = "authlib"
    title = "Authlib"
    source = "authlib"
    endpoints = Endpoints(
        token="/oauth/token",
        authorization="/oauth/authorize",
        introspection="/oauth/introspect",
        revocation="/oauth/revoke",
        userinfo="/oauth/userinfo",
        device_authorization="/oauth/device",
    )
    can = frozenset(
        ("refresh", "device", "locked_user", "consent", "rotation", "short_codes", "pkce", "introspection",
         "revocation", "userinfo", "prompt_none")
    )  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        # "Invalid 'code' in request."
        **dict.fromkeys(("code_expired", "code_for_another_client", "code_replayed"), "grant.code_invalid"),
        # invalid_grant without a description
        **dict.fromkeys(
            ("refresh_of_another_client", "refresh_reused", "refresh_revoked", "refresh_unknown"),
            "grant.invalid_unspecified",
        ),
        # "The client cannot authenticate with methods"
        **dict.fromkeys(
            ("malformed_basic", "missing_secret", "wrong_auth_method"), "client_auth.failed_unspecified"
        ),
        # another line of the same request says that the secret is wrong
        **dict.fromkeys(
            ("introspection_wrong_secret", "retry_storm", "wrong_secret"), "client_auth.secret_invalid"
        ),
        **dict.fromkeys(("missing_grant_type", "wrong_content_type"), "request.unsupported_grant_type"),
        # the first of two is taken
        "duplicate_parameter": ACCEPTED,
    }  # fmt: skip

    def install(self) -> str:
        self._tree = install.pypi(f"Authlib=={_VERSION}", "Flask", "gunicorn", "python-json-logger")
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        config = self.folder / "lab.json"
        config.write_text(json.dumps(_config(self.folder, public_url)))
        process = Process(
            [self._tree / "bin/gunicorn", f"--bind=127.0.0.1:{port}", "--threads=4", "--no-control-socket",
             f"--access-logfile={self.folder / 'gunicorn-access.log'}", f"--chdir={_PROJECT}", "server:app"],
            self.folder / "gunicorn.log",
            {"LAB_CONFIG": str(config), "AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: (self.folder / "authlib.log").exists() and listens(port), 60)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "authlib.log", self.folder / "authlib.json"]


def _config(folder: Path, public_url: str) -> dict[str, Any]:
    """What server.py reads."""
    return {
        "folder": str(folder),
        "public_url": public_url,
        "code_seconds": CODE_SECONDS,
        "scopes": SCOPE.split(),
        "users": [USER, LOCKED_USER],
        "locked_user": LOCKED_USER,
        "password": PASSWORD,
        "clients": [
            _client(WEB, *_GRANTS), _client(OTHER, *_GRANTS), _client(SPA, *_GRANTS[:2]),
            _client(CODE_ONLY, _GRANTS[0]), _client(CONSENT, _GRANTS[0]), _client(DEVICE, "urn:ietf:params:oauth:grant-type:device_code"),
        ],
    }  # fmt: skip


def _client(client: Client, *grants: str) -> dict[str, Any]:
    return {
        "id": client.id, "secret": client.secret, "redirect_uri": client.redirect_uri, "grants": grants,
    }  # fmt: skip
