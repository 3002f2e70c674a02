"""HAProxy from Debian, which validates tokens by jwt_verify: its own format with captures, and one in JSON.

A frontend of HAProxy 2.6 has one format, so that there is one component for each.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import requests
from joserfc.jwk import RSAKey

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_CONFIG = """
global
    log stdout format raw local0
defaults
    mode http
    log global
    timeout client 30s
    timeout connect 2s
    timeout server 30s
    option dontlognull
    option forwardfor
frontend lab
    bind 127.0.0.1:{routes.port}
    {format}
    capture request header X-Request-Id len 64
    capture request header traceparent len 64
    capture request header User-Agent len 128
    acl api path_beg /api/
    http-request set-var(txn.bearer) http_auth_bearer if api
    http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg') if api
    http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss') if api
    http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud') if api
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int') if api
    http-request set-var(txn.nbf) var(txn.bearer),jwt_payload_query('$.nbf','int') if api
    http-request set-var(txn.scope) var(txn.bearer),jwt_payload_query('$.scope') if api
    http-request set-var(txn.client) var(txn.bearer),jwt_payload_query('$.client_id') if api
    http-request set-var(txn.now) date() if api
    acl there var(txn.bearer) -m found
    acl readable var(txn.alg) -m found
    acl rs256 var(txn.alg) -m str RS256
    acl from_issuer var(txn.iss) -m str {routes.issuer}
    acl for_us var(txn.aud) -m str {routes.audience}
    acl signed var(txn.bearer),jwt_verify(txn.alg,"{key}") 1
    acl expired var(txn.exp),sub(txn.now) -m int lt 0
    acl early var(txn.nbf),sub(txn.now) -m int gt 0
    acl scoped var(txn.scope) -m reg (^|\\s)orders(\\s|$)
    # the last that applies stands
    http-request set-var(txn.why) str("JWT lacks scope orders") if api !scoped
    http-request set-var(txn.why) str("JWT is not valid yet") if api early
    http-request set-var(txn.why) str("JWT has expired") if api expired
    http-request set-var(txn.why) str("Invalid JWT signature") if api !signed
    http-request set-var(txn.why) str("Invalid JWT audience") if api !for_us
    http-request set-var(txn.why) str("Invalid JWT issuer") if api !from_issuer
    http-request set-var(txn.why) str("Unsupported JWT signing algorithm") if api !rs256
    http-request set-var(txn.why) str("Malformed JWT") if api !readable
    http-request set-var(txn.why) str("Missing bearer token") if api !there
    http-request capture var(txn.why) len 64
    acl refused var(txn.why) -m found
    http-request deny deny_status 403 if refused {{ var(txn.why) -m beg "JWT lacks" }}
    http-request deny deny_status 401 if refused
    acl limited path_beg /limited/
    stick-table type ip size 1k expire 1m store http_req_rate(1m)
    http-request track-sc0 src if limited
    http-request deny deny_status 429 if limited {{ sc_http_req_rate(0) gt 1 }}
    http-request replace-path /limited/(.*) /\\1 if limited
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    use_backend api if api
    use_backend down if {{ path_beg /down/ }}
    use_backend slow if {{ path_beg /slow/ }}
    use_backend broken_tls if {{ path_beg /broken-tls/ }}
    default_backend server
backend server
    server server1 {at[server]}
backend api
    server api1 {at[api]}
backend down
    server down1 {at[down]}
backend slow
    timeout server 2s
    server slow1 {at[slow]}
backend broken_tls
    server tls1 {at[broken_tls]} ssl verify required ca-file /etc/ssl/certs/ca-certificates.crt
"""
_FIELDS = {
    "time": "%tr",
    "client": "%ci:%cp",
    "frontend": "%ft",
    "backend": "%b",
    "server": "%s",
    "method": "%HM",
    "uri": "%[capture.req.uri,json(utf8s)]",
    "version": "%HV",
    "status": "%ST",
    "bytes_read": "%B",
    "time_connect": "%Tc",
    "time_response": "%Tr",
    "time_active": "%Ta",
    "termination_state": "%ts",
    "retries": "%rc",
    "backend_error": "%[bc_err_str]",
    "backend_tls_error": "%[ssl_bc_err_str]",
    "request_id": "%[capture.req.hdr(0),json(utf8s)]",
    "traceparent": "%[capture.req.hdr(1),json(utf8s)]",
    "user_agent": "%[capture.req.hdr(2),json(utf8s)]",
    "jwt_error": "%[var(txn.why),json(utf8s)]",
    "jwt_client_id": "%[var(txn.client),json(utf8s)]",
}
"""A format in JSON, all of whose values are strings."""


class Haproxy(Gateway):
    """HAProxy with `option httplog`, whose captures in braces hold what a check found."""

    name = "haproxy"
    title = "HAProxy"
    source = "haproxy"
    checks = True
    can = frozenset(("limited",))
    tells: ClassVar[Mapping[str, str]] = {"token_of_unknown_key": "token.bad_signature.mismatch"}
    format = "option httplog"

    def install(self) -> str:
        self._tree = install.debian("haproxy")
        told = subprocess.run(
            [self._program, "-v"],
            env=install.libraries(self._tree),
            capture_output=True,
            text=True,
            check=True,
        )
        return told.stdout.split()[2]

    def start(self, routes: Routes) -> None:
        key = self.folder / "key.pem"
        published = requests.get(routes.jwks, timeout=10).json()["keys"][0]
        key.write_bytes(RSAKey.import_key(published).as_pem(private=False))
        names = ("server", "api", "down", "slow", "broken_tls")
        at = {name: urlsplit(getattr(routes, name)).netloc for name in names}
        config = self.folder / "haproxy.cfg"
        config.write_text(_CONFIG.format(routes=routes, key=key, at=at, format=self.format))
        process = Process([self._program, "-db", "-f", config], self.logs[0], install.libraries(self._tree))
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / f"{self.name}.log"]

    @property
    def _program(self) -> Path:
        return self._tree / "usr/sbin/haproxy"


class HaproxyJson(Haproxy):
    """HAProxy with a format in JSON."""

    name = "haproxy_json"
    title = "HAProxy, JSON"
    tells: ClassVar[Mapping[str, str]] = {**Haproxy.tells, "tls_failure": "infra.tls_failed"}
    format = f"log-format '{json.dumps(_FIELDS)}'"
