"""LemonLDAP::NG from Debian, its portal under Starman with users in SQLite: its log on standard error."""

from __future__ import annotations

import json
import secrets
import sqlite3
import subprocess
import time
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
    OTHER,
    PASSWORD,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)
from tests.lab.pages import Browser
from tests.lab.processes import Process, listens

_PACKAGES = (
    "liblemonldap-ng-portal-perl", "libdbd-sqlite3-perl", "libstring-random-perl", "libgd-securityimage-perl",
    "libimage-magick-perl", "libio-string-perl", "libcrypt-openssl-bignum-perl", "starman",
)  # fmt: skip
_INI = """
[all]
logger = Lemonldap::NG::Common::Logger::Std
logLevel = notice
[configuration]
type = File
dirName = {folder}/conf
[portal]
staticPrefix = /static
templateDir = {templates}
languages = en
"""


class Lemonldap(AuthServer):
    """LemonLDAP::NG."""

    name = "lemonldap"
    title = "LemonLDAP::NG"
    source = "lemonldap"
    grant: ClassVar[Mapping[str, str]] = {"grant_type": "client_credentials", "scope": "profile"}
    endpoints = Endpoints(
        token="/oauth2/token",
        authorization="/oauth2/authorize",
        introspection="/oauth2/introspect",
        userinfo="/oauth2/userinfo",
        jwks="/oauth2/jwks",
        discovery="/.well-known/openid-configuration",
    )
    can = frozenset(("refresh", "basic_undecoded", "short_codes", "pkce", "introspection", "userinfo"))
    tells: ClassVar[Mapping[str, str]] = {
        # "Unable to find OIDC session", whatever it is of
        **dict.fromkeys(("code_replayed", "refresh_unknown"), "grant.invalid_unspecified"),
        # "No authentication provided", "no client secret was provided"
        **dict.fromkeys(("malformed_basic", "wrong_auth_method"), "client_auth.missing_credentials"),
        # "Missing grant_type parameter"
        "wrong_content_type": "request.missing_parameter",
        # both are accepted
        **dict.fromkeys(("duplicate_parameter", "invalid_scope"), ACCEPTED),
    }  # fmt: skip

    def install(self) -> str:
        self._tree = install.debian(*_PACKAGES)
        told = subprocess.run(
            ["perl", "-MLemonldap::NG::Portal", "-e", "print $Lemonldap::NG::Portal::VERSION"],
            env=self._env(), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return told.stdout

    def start(self, port: int, public_url: str) -> None:
        self._public_url = public_url
        for name in ("conf", "sessions", "locks"):
            (self.folder / name).mkdir()
        with sqlite3.connect(self.folder / "users.db") as users:
            users.execute("CREATE TABLE users (user TEXT, password TEXT)")
            users.execute("INSERT INTO users VALUES (?, ?)", (USER, PASSWORD))
        (self.folder / "conf/lmConf-1.json").write_text(json.dumps(_config(self.folder, public_url)))
        ini = self.folder / "lemonldap-ng.ini"
        ini.write_text(
            _INI.format(folder=self.folder, templates=self._tree / "usr/share/lemonldap-ng/portal/templates")
        )
        process = Process(
            ["perl", self._tree / "usr/bin/starman", "--listen", f"127.0.0.1:{port}", "--workers", "2",
             "--error-log", self.folder / "lemonldap.log",
             self._tree / "usr/share/lemonldap-ng/portal/htdocs/index.psgi"],
            self.folder / "lemonldap.log", self._env() | {"LLNG_DEFAULTCONFFILE": str(ini)},
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(port), 60)

    def sign_in(self, browser: Browser, user: str, password: str, *, consent: bool = True) -> None:
        """Between sign-in and consent is a page that goes on by a script."""
        browser.through(user, password, consent=consent)
        if browser.end is None and browser.form() is None:
            browser.open(f"{self._public_url}/oauth2")
            browser.through(user, password, consent=consent)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "lemonldap.log"]

    def _env(self) -> dict[str, str]:
        perl = [self._tree / "usr/share/perl5", self._tree / "usr/lib/x86_64-linux-gnu/perl5/5.36"]
        return install.libraries(self._tree) | {"PERL5LIB": ":".join(str(path) for path in perl)}


def _config(folder: Path, public_url: str) -> dict[str, Any]:
    """The portal's configuration."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    storage = {"Directory": str(folder / "sessions"), "LockDirectory": str(folder / "locks")}
    clients = (WEB, OTHER, SPA, CODE_ONLY)
    return {
        "cfgNum": 1,
        "cfgDate": int(time.time()),
        "cfgVersion": "2.16.1",
        "domain": "127.0.0.1",
        "portal": f"{public_url}/",
        "key": secrets.token_hex(16),
        "securedCookie": 0,
        "authentication": "DBI",
        "userDB": "Same",
        "passwordDB": "Null",
        "registerDB": "Null",
        "dbiAuthChain": f"dbi:SQLite:dbname={folder / 'users.db'}",
        "dbiAuthUser": "",
        "dbiAuthPassword": "",
        "dbiAuthTable": "users",
        "dbiAuthLoginCol": "user",
        "dbiAuthPasswordCol": "password",
        "dbiAuthPasswordHash": "",
        "dbiExportedVars": {"uid": "user", "mail": "user"},
        "whatToTrace": "uid",
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": storage,
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": storage,
        "locationRules": {"127.0.0.1": {"default": "accept"}},
        "exportedHeaders": {},
        "issuerDBOpenIDConnectActivation": 1,
        "oidcServicePrivateKeySig": private.decode(),
        "oidcServicePublicKeySig": public.decode(),
        "oidcServiceKeyIdSig": "lab",
        "oidcServiceAuthorizationCodeExpiration": CODE_SECONDS,
        "oidcRPMetaDataOptions": {client.id: _client(client) for client in clients},
        "oidcRPMetaDataExportedVars": {client.id: {"name": "uid"} for client in clients},
    }


def _client(client: Client) -> dict[str, Any]:
    confidential = client.secret is not None
    options = {
        "DisplayName": client.id, "ClientID": client.id, "ClientSecret": client.secret or "",
        "RedirectUris": client.redirect_uri, "UserIDAttr": "uid", "IDTokenSignAlg": "RS256",
        "Public": int(not confidential), "RequirePKCE": int(not confidential), "RefreshToken": 1,
        "AllowClientCredentialsGrant": int(client in (WEB, OTHER)),
    }  # fmt: skip
    return {f"oidcRPMetaDataOptions{key}": value for key, value in options.items()}
