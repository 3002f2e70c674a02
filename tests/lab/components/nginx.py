"""nginx from Debian: a JSON access log, the combined one beside it, and the error log."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_FORMAT = (
    '{"time":"$time_iso8601","msec":"$msec","remote_addr":"$remote_addr","request_method":"$request_method",'
    '"request_uri":"$request_uri","status":$status,"request_time":$request_time,'
    '"upstream_status":"$upstream_status","http_user_agent":"$http_user_agent",'
    '"request_id":"$http_x_request_id","traceparent":"$http_traceparent",'
    '"www_authenticate":"$sent_http_www_authenticate"}'
)
_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    log_format lab {format};
    access_log {folder}/access.json lab;
    access_log {folder}/access.log combined;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto http;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;
    server {{
        listen 127.0.0.1:{routes.port};
        location / {{ proxy_pass {routes.server}; }}
        location /api/ {{ proxy_pass {routes.api}; }}
        location /down/ {{ proxy_pass {routes.down}; }}
        location /slow/ {{ proxy_pass {routes.slow}; proxy_read_timeout 2s; }}
        location /broken-tls/ {{
            proxy_pass {routes.broken_tls};
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
        }}
        location /limited/ {{ limit_req zone=lab; limit_req_status 429; proxy_pass {routes.server}/; }}
    }}
    limit_req_zone $server_name zone=lab:1m rate=1r/m;
}}
"""


class Nginx(Gateway):
    """nginx."""

    name = "nginx"
    title = "nginx"
    source = "nginx"
    louder = "`$sent_http_location` in the `log_format` brings these."
    formats = (_FORMAT,)
    can = frozenset(("limited",))
    logs_challenge = True

    def install(self) -> str:
        self._tree = install.debian("nginx")
        told = subprocess.run(
            [self._program, "-v"],
            env=install.libraries(self._tree),
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"nginx/([0-9.]+)", told.stderr)
        return found[1] if found else told.stderr.strip()

    def start(self, routes: Routes) -> None:
        config = self.folder / "nginx.conf"
        config.write_text(
            _CONFIG.format(folder=self.folder, routes=routes, format=f"escape=json '{_FORMAT}'")
        )
        process = Process(
            [self._program, "-p", self.folder, "-c", config, "-e", self.folder / "error.log"],
            self.folder / "output.txt", install.libraries(self._tree),
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), 20)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "access.json"]

    @property
    def _program(self) -> Path:
        return self._tree / "usr/sbin/nginx"
