"""Apache from Debian with mod_auth_openidc and mod_qos: its access log and its error log.

Neither tells what the other one does: the access log has every request, the error log the reasons of the
modules. So there is one component for each.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.lab import install
from tests.lab.component import NOT_LOGGED, Gateway, Routes
from tests.lab.fault import all_faults
from tests.lab.processes import Process, listens

_COMBINED = '%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"'
_FORMAT = f'{_COMBINED} "%{{X-Request-Id}}i" "%{{WWW-Authenticate}}o" %{{ms}}T'
_MODULES = (
    "mpm_event", "authn_core", "authz_core", "headers", "setenvif", "proxy", "proxy_http", "ssl", "qos",
    "auth_openidc",
)  # fmt: skip
_CONFIG = """
ServerRoot {folder}
ServerName 127.0.0.1
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
User www-data
Group www-data
Listen 127.0.0.1:{routes.port}
LoadFile libpcre.so.3
{modules}
LogLevel warn auth_openidc:info
ErrorLog {folder}/error.log
ErrorLogFormat "[%{{u}}t] [%-m:%l] [pid %P:tid %T] %7F: %E: [client\\ %a] [id\\ %{{X-Request-Id}}i] %M"
LogFormat {format} lab
CustomLog {folder}/access.log lab

OIDCOAuthServerMetadataURL {routes.issuer}/.well-known/oauth-authorization-server
OIDCOAuthAcceptTokenAs header

ProxyPreserveHost On
RequestHeader set X-Forwarded-Proto http
SSLProxyEngine On
SSLProxyVerify require
SSLProxyCACertificateFile /etc/ssl/certs/ca-certificates.crt

<Location /api/>
    AuthType oauth20
    <RequireAll>
        Require claim iss:{routes.issuer}
        Require claim aud:{routes.audience}
        Require claim scope:orders
    </RequireAll>
    Header always append WWW-Authenticate %{{OIDC_OAUTH_BEARER_SCOPE_ERROR}}e \
        "expr=-n reqenv('OIDC_OAUTH_BEARER_SCOPE_ERROR')"
</Location>
SetEnvIf Request_URI ^/limited/ LIMITED=1
QS_EventLimitCount LIMITED 1 60
QS_ErrorResponseCode 429
ProxyPass /limited/ {routes.server}/
ProxyPass /api/ {routes.api}/api/
ProxyPass /down/ {routes.down}/down/ retry=0
ProxyPass /slow/ {routes.slow}/slow/ timeout=2
ProxyPass /broken-tls/ {routes.broken_tls}/broken-tls/
ProxyPass / {routes.server}/
"""


class Apache(Gateway):
    """The access log of Apache, in the combined format with request id and challenge at its end."""

    name = "apache"
    title = "Apache HTTP Server with mod_auth_openidc"
    source = "apache"
    louder = "`%{Location}o` in the `LogFormat` brings these."
    formats: ClassVar[Sequence[str]] = (_FORMAT,)
    can = frozenset(("limited",))
    checks = True
    logs_challenge = True
    tells: ClassVar[Mapping[str, str]] = {
        # JWT token could not be validated
        "token_alg_none": "token.invalid_unspecified",
        "token_expired": "token.invalid_unspecified",
        "token_malformed": "token.invalid_unspecified",
        "token_of_another_key": "token.invalid_unspecified",
        "token_of_unknown_key": "token.invalid_unspecified",
        "token_truncated": "token.invalid_unspecified",
        # insufficient_scope, whatever claim it was
        "token_for_another_audience": "policy.insufficient_scope",
        "token_of_another_issuer": "policy.insufficient_scope",
    }

    def install(self) -> str:
        self._tree = install.debian("apache2", "libapache2-mod-auth-openidc", "libapache2-mod-qos")
        told = subprocess.run(
            [self._program, "-v"],
            env=install.libraries(self._tree),
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"Apache/([0-9.]+)", told.stdout)
        return found[1] if found else told.stdout.strip()

    def start(self, routes: Routes) -> None:
        folder = self._tree / "usr/lib/apache2/modules"
        modules = "\n".join(f"LoadModule {name}_module {folder}/mod_{name}.so" for name in _MODULES)
        escaped = _FORMAT.replace('"', '\\"')
        config = self.folder / "apache.conf"
        config.write_text(
            _CONFIG.format(folder=self.folder, routes=routes, modules=modules, format=f'"{escaped}"')
        )
        process = Process(
            [self._program, "-D", "FOREGROUND", "-f", config], self.folder / "output.txt",
            install.libraries(self._tree),
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "access.log"]

    @property
    def _program(self) -> Path:
        return self._tree / "usr/sbin/apache2"


class ApacheErrors(Apache):
    """The error log of Apache, which has no line of what the authorization server refuses."""

    name = "apache_errors"
    title = "Apache HTTP Server with mod_auth_openidc, error log"
    source = "apache_error"
    louder = "The access log of the same server has a line of every request."
    formats: ClassVar[Sequence[str]] = ()
    logs_challenge = False
    tells: ClassVar[Mapping[str, str]] = {
        **{fault.name: NOT_LOGGED for fault in all_faults() if fault.at == "server"},
        # which path it was that could not be connected to is not said
        **dict.fromkeys(("discovery_broken", "jwks_down"), "server.unavailable"),
        "rate_limited": "rate.limited",
        "tls_failure": "infra.tls_failed",
        "token_missing": NOT_LOGGED,
    }

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "error.log"]
