"""django-oauth-toolkit from PyPI, behind gunicorn: Django's own log, as text and as JSON."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lab import install
from tests.lab.component import (
    ACCEPTED,
    CODE_ONLY,
    CODE_SECONDS,
    CONSENT,
    DEVICE,
    DISABLED,
    LOCKED_USER,
    NOT_LOGGED,
    OTHER,
    PASSWORD,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)
from tests.lab.processes import Process, StartError, listens

_VERSION = "3.4.1"
_PROJECT = Path(__file__).with_suffix("")


class DjangoOAuthToolkit(AuthServer):
    """django-oauth-toolkit."""

    name = "django_oauth_toolkit"
    title = "django-oauth-toolkit"
    source = "django_oauth_toolkit"
    louder = "The access log of gunicorn (`--access-logfile`) has the status of every request, and nothing of sign-ins."
    endpoints = Endpoints(
        token="/o/token/",
        authorization="/o/authorize/",
        introspection="/o/introspect/",
        revocation="/o/revoke_token/",
        userinfo="/o/userinfo/",
        device_authorization="/o/device-authorization/",
        jwks="/o/.well-known/jwks.json",
        discovery="/o/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "device", "disabled_client", "locked_user", "consent", "rotation", "short_codes", "pkce",
         "introspection", "revocation", "userinfo")
    )  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        # oauthlib says invalid_grant, whatever is wrong with a code
        **dict.fromkeys(("code_expired", "code_for_another_client", "code_replayed"), "grant.invalid_unspecified"),
        # "Invalid refresh token", whatever is wrong with it
        **dict.fromkeys(
            ("refresh_of_another_client", "refresh_reused", "refresh_revoked"), "grant.refresh_invalid"
        ),
        # nothing but "Bad Request: /o/token/"
        **dict.fromkeys(
            ("device_code_wrong", "device_expired", "device_pending", "device_slow_down"),
            "unknown.status_only_token_endpoint",
        ),
        "disabled_client": "client_auth.unknown_client",
        **dict.fromkeys(("missing_secret", "wrong_auth_method"), "client_auth.secret_invalid"),
        **dict.fromkeys(("missing_grant_type", "wrong_content_type"), "request.unsupported_grant_type"),
        "userinfo_bad_token": "unknown.status_only_401",
        # the last of two wins, without an error
        "duplicate_parameter": ACCEPTED,
        # the sign-in comes first, then an error to the redirect URI is no failure for Django's log
        **dict.fromkeys(
            ("consent_denied", "pkce_missing", "unsupported_response_type"),
            NOT_LOGGED,
        ),
        **dict.fromkeys(("locked_user", "wrong_password"), NOT_LOGGED),
        "unknown_client_at_authorization": "unknown.status_only_authorization_endpoint",
    }  # fmt: skip

    def install(self) -> str:
        self._tree = install.pypi(
            f"django-oauth-toolkit=={_VERSION}", "oauthlib<4", "gunicorn", "django-guid", "python-json-logger"
        )
        return _VERSION

    def start(self, port: int, public_url: str) -> None:
        config = self.folder / "lab.json"
        config.write_text(json.dumps(_config(self.folder, public_url)))
        env = {
            "DJANGO_SETTINGS_MODULE": "settings", "LAB_CONFIG": str(config), "PYTHONPATH": str(_PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1", "OAUTHLIB_INSECURE_TRANSPORT": "1",
        }  # fmt: skip
        made = subprocess.run(
            [self._tree / "bin/python", _PROJECT / "make.py"], env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        if made.returncode:
            raise StartError(made.stderr[-600:])
        process = Process(
            [self._tree / "bin/gunicorn", f"--bind=127.0.0.1:{port}", "--threads=4", "--no-control-socket",
             f"--access-logfile={self.folder / 'gunicorn-access.log'}",
             "django.core.wsgi:get_wsgi_application()"],
            self.folder / "gunicorn.log", env,
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(port), 60)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "django.log", self.folder / "django.json"]


def _config(folder: Path, public_url: str) -> dict[str, Any]:
    """What the project's settings.py reads."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    code, device = "authorization-code", "urn:ietf:params:oauth:grant-type:device_code"
    return {
        "folder": str(folder),
        "public_url": public_url,
        "django_key": secrets.token_urlsafe(48),
        "signing_key": key.decode(),
        "code_seconds": CODE_SECONDS,
        "users": [USER, LOCKED_USER],
        "locked_user": LOCKED_USER,
        "password": PASSWORD,
        "clients": [
            _client(WEB, code, "client-credentials"), _client(OTHER, code, "client-credentials"),
            _client(DISABLED, code, "client-credentials", enabled=False), _client(SPA, code),
            _client(DEVICE, device), _client(CODE_ONLY, code), _client(CONSENT, code),
        ],
    }  # fmt: skip


def _client(client: Client, grant: str, also: str = "", *, enabled: bool = True) -> dict[str, Any]:
    return {
        "id": client.id, "secret": client.secret, "redirect_uri": client.redirect_uri, "grant": grant, "also": also,
        "enabled": enabled,
    }  # fmt: skip
