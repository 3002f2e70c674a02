"""Glewlwyd from Debian, with SQLite: its log file."""

from __future__ import annotations

import gzip
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.lab import install
from tests.lab.component import (
    CODE_ONLY,
    CODE_SECONDS,
    DEVICE,
    DISABLED,
    LOCKED_USER,
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
)
from tests.lab.pages import Browser
from tests.lab.processes import Process, StartError, listens

_PREFIX = "sso"
_OIDC = f"/{_PREFIX}/oidc"
_ADMIN = {"username": "admin", "password": "password"}
"""As the database is made."""
_GRANTS = ("code", "refresh_token", "client_credentials")
_CONFIG = """
port={port}
bind_address="127.0.0.1"
external_url="{public_url}"
login_url="login.html"
api_prefix="{prefix}"
static_files_path="{share}/webapp/"
static_files_mime_types=({{ extension=".html"; mime_type="text/html" }})
log_mode="file"
log_level="DEBUG"
log_file="{folder}/glewlwyd.log"
cookie_secure=false
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{modules}/user"
user_middleware_module_path="{modules}/user_middleware"
client_module_path="{modules}/client"
user_auth_scheme_module_path="{modules}/scheme"
plugin_module_path="{modules}/plugin"
hash_algorithm="SHA512"
database={{ type="sqlite3"; path="{folder}/glewlwyd.db" }};
"""


class Glewlwyd(AuthServer):
    """Glewlwyd."""

    name = "glewlwyd"
    title = "Glewlwyd"
    source = "glewlwyd"
    louder = "No setting of Glewlwyd makes it write them: the log of a gateway before it has their statuses."
    grant: ClassVar[Mapping[str, str]] = {"grant_type": "client_credentials", "scope": "profile"}
    endpoints = Endpoints(
        token=f"{_OIDC}/token",
        authorization=f"{_OIDC}/auth",
        introspection=f"{_OIDC}/introspect",
        revocation=f"{_OIDC}/revoke",
        userinfo=f"{_OIDC}/userinfo",
        device_authorization=f"{_OIDC}/device_authorization",
        jwks=f"{_OIDC}/jwks",
        discovery=f"{_OIDC}/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "device", "disabled_client", "locked_user", "rotation", "basic_undecoded", "short_codes", "pkce",
         "introspection", "revocation", "userinfo", "prompt_none")
    )  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        # "Security - Code invalid"
        **dict.fromkeys(("code_expired", "code_for_another_client", "code_replayed"), "grant.code_invalid"),
        # "Security - Token invalid"
        **dict.fromkeys(("refresh_reused", "refresh_revoked"), "grant.refresh_invalid"),
        # "Missing code", "token empty or missing", "Unknown grant_type '(null)'"
        **dict.fromkeys(
            ("device_code_wrong", "refresh_unknown", "wrong_content_type"), "request.missing_parameter"
        ),
        # "Security - Authorization invalid for client_id"
        **dict.fromkeys(
            ("disabled_client", "missing_secret", "retry_storm", "unknown_client", "wrong_secret"),
            "client_auth.failed_unspecified",
        ),
        # "Security - Authorization invalid for username"
        "locked_user": "user.bad_credentials",
        # "redirect_uri ... is invalid for the client"
        "redirect_uri_mismatch_at_token": "request.redirect_uri_mismatch",
        # "invlid client identified with redirect_uri", whichever of the two is wrong
        "unknown_client_at_authorization": "unknown.status_only_authorization_endpoint",
        # "unauthorized request parameter"
        "wrong_auth_method": "request.invalid_parameter",
        # "Authorization invalid for client_id (null)"
        "malformed_basic": "client_auth.missing_credentials",
        **dict.fromkeys(
            ("device_expired", "device_pending", "device_slow_down", "grant_not_allowed", "introspection_wrong_secret",
             "invalid_scope", "missing_code", "unsupported_response_type", "userinfo_bad_token"),
            NOT_LOGGED,
        ),
    }  # fmt: skip

    def install(self) -> str:
        self._tree = install.debian("glewlwyd")
        changes = gzip.decompress((self._tree / "usr/share/doc/glewlwyd/changelog.Debian.gz").read_bytes())
        return changes.decode().split("(", 1)[1].split("-", 1)[0]

    def start(self, port: int, public_url: str) -> None:
        share = self._tree / "usr/share"
        script = gzip.decompress((share / "doc/glewlwyd/database/init.sqlite3.sql.gz").read_bytes())
        with sqlite3.connect(self.folder / "glewlwyd.db") as database:
            database.executescript(script.decode())
        config = self.folder / "glewlwyd.conf"
        config.write_text(
            _CONFIG.format(
                port=port,
                prefix=_PREFIX,
                public_url=public_url,
                folder=self.folder,
                share=share / "glewlwyd",
                modules=self._tree / "usr/lib/glewlwyd",
            )
        )
        process = Process(
            [self._tree / "usr/bin/glewlwyd", "--config-file", config],
            self.folder / "output.txt", install.libraries(self._tree),
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(port), 30)
        _make(f"http://127.0.0.1:{port}/{_PREFIX}", public_url)

    def sign_in(self, browser: Browser, user: str, password: str, *, consent: bool = True) -> None:
        """Does what the script of the sign-in page does."""
        assert browser.response is not None
        asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.response.url).query).items()}
        page = browser.response.url.split("/login.html")[0]
        answer = browser.send(
            "POST",
            f"{page}/{_PREFIX}/auth/",
            json={"username": user, "password": password},
            endpoint="sign_in",
        )
        if answer.status_code == 200:
            scopes = {"scope": asked["scope"]}
            browser.send(
                "PUT", f"{page}/{_PREFIX}/auth/grant/{asked['client_id']}", json=scopes, endpoint="sign_in"
            )
            # a nonce is required, of which the lab's clients know nothing
            browser.open(f"{asked['callback_url']}&nonce={secrets.token_urlsafe(12)}&g_continue")

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "glewlwyd.log"]


def _make(api: str, public_url: str) -> None:
    """Makes clients and users by the administrator's interface."""
    admin = requests.Session()
    scope = {
        "name": "profile", "display_name": "Profile", "description": "Profile", "password_required": True,
        "password_max_age": 0, "scheme": {},
    }  # fmt: skip
    calls: list[tuple[str, dict[str, Any]]] = [
        ("auth", _ADMIN), ("scope", scope), ("mod/plugin", _plugin(public_url)),
        ("client", _client(WEB, _GRANTS)), ("client", _client(OTHER, _GRANTS)),
        ("client", _client(DISABLED, _GRANTS) | {"enabled": False}), ("client", _client(SPA, _GRANTS[:2])),
        ("client", _client(CODE_ONLY, _GRANTS[:1])), ("client", _client(DEVICE, ("device_authorization",))),
        ("user", _user(USER)), ("user", _user(LOCKED_USER) | {"enabled": False}),
    ]  # fmt: skip
    for path, body in calls:
        answer = admin.post(f"{api}/{path}/", json=body, timeout=10)
        for cookie in admin.cookies:
            cookie.secure = False
        if answer.status_code != 200:
            raise StartError(f"{path}: {answer.status_code} {answer.text[:300]}")


def _plugin(public_url: str) -> dict[str, Any]:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    grants = ("client", "code", "refresh", "device")
    return {
        "module": "oidc",
        "name": "oidc",
        "display_name": "OpenID Connect",
        "enabled": True,
        "parameters": {
            "iss": f"{public_url}{_OIDC}",
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": private.decode(),
            "cert": public.decode(),
            "access-token-duration": 3600,
            "refresh-token-duration": 1209600,
            "refresh-token-one-use": "always",
            "code-duration": CODE_SECONDS,
            "auth-type-code-revoke-replayed": True,
            "allow-non-oidc": True,
            **{f"auth-type-{grant}-enabled": True for grant in grants},
            "pkce-allowed": True,
            "pkce-required-public-client": True,
            "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True,
            "device-authorization-expiration": CODE_SECONDS,
            "device-authorization-interval": 5,
            "subject-type": "public",
        },
    }


def _client(client: Client, grants: Sequence[str]) -> dict[str, Any]:
    confidential = client.secret is not None
    return {
        "client_id": client.id,
        "name": client.id,
        "confidential": confidential,
        "client_secret": client.secret or "",
        "token_endpoint_auth_method": ["client_secret_basic" if confidential else "none"],
        "redirect_uri": [client.redirect_uri],
        "authorization_type": list(grants),
        "scope": SCOPE.split() if confidential else [],
        "enabled": True,
    }


def _user(name: str) -> dict[str, Any]:
    return {"username": name, "email": name, "password": PASSWORD, "scope": SCOPE.split(), "enabled": True}
