"""Format strings are read out of the configuration of the server that wrote the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import InputError, formats_of, load_sources, parse_text
from ingest.engine import compile_format

_NGINX = r"""
# log_format none '$remote_addr';
user  www-data;
events { worker_connections 768; }
http {
    include mime.types;
    log_format main '$remote_addr - [$time_local] "$request" '
                    '$status ch="$sent_http_www_authenticate"';  # the challenge too
    log_format structured escape=json '{"time":"$time_iso8601","status":$status,'
        '"request":"$request","quoted":"it\'s ${request_id}"}';
    init_by_lua_block {
        local set = { a = "}", b = '{' } -- } log_format lua '$status';
    }
    server {
        location /callback { return 200 "log_format x '$status';"; }
        include conf.d/*.conf;
    }
}
"""


def test_the_formats_of_an_nginx_configuration(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(_NGINX)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "api.conf").write_text("log_format api $remote_addr|$status|$request;\n")
    formats = formats_of(load_sources(), {"nginx": [tmp_path / "nginx.conf"]})
    assert formats == {
        "nginx": [
            '$remote_addr - [$time_local] "$request" $status ch="$sent_http_www_authenticate"',
            '{"time":"$time_iso8601","status":$status,"request":"$request","quoted":"it\'s ${request_id}"}',
            "$remote_addr|$status|$request",
        ]
    }
    line = '192.0.2.7 - [02/Mar/2026:02:15:04 +0000] "GET /orders HTTP/1.1" 401 ch="Bearer error=\\x22invalid_token\\x22"'
    event = parse_text(line + "\n", formats=formats).to_pylist()[0]
    assert (event["status"], event["error"]) == (401, "invalid_token")


_APACHE = r"""
ServerRoot "/etc/apache2"
# LogFormat "%h none" none
LogFormat "%h %l %u %t \"%r\" %>s %b \
\"%{WWW-Authenticate}o\"" api
LogFormat api
<VirtualHost *:443>
    CustomLog ${APACHE_LOG_DIR}/access.log api
    CustomLog "|/usr/bin/rotatelogs -l /var/log/a.log 86400" '{"t":"%{sec}t","s":%>s,"r":"%r"}' env=!quiet
    IncludeOptional sites/*.conf
</VirtualHost>
"""
_HAPROXY = r"""
global
    log stdout format raw local0
defaults web
    mode http
    option httplog   # the usual one
defaults
    log-format "%ci %ST %{+Q}r"
frontend api from web
    bind :8443
    capture request header X-Request-Id len 64
    http-response capture res.hdr(WWW-Authenticate) len 200
frontend own
    log-format '%ci [%tr] %ST "%[var(txn.reason)]"'
    error-log-format %ci\ %ST
backend apps
    log-format ignored
"""
_ENVOY = """
static_resources:
  listeners:
    - filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                access_log:
                  - name: envoy.access_loggers.stdout
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
                      log_format:
                        json_format: {status: "%RESPONSE_CODE%", time: "%START_TIME%", path: "%REQ(:PATH)%"}
                  - name: envoy.access_loggers.file
                    typed_config:
                      path: /dev/stdout
                      log_format:
                        text_format_source:
                          inline_string: "[%START_TIME%] %RESPONSE_CODE% %REQ(:PATH)%\\n"
---
meshConfig:
  accessLogFile: /dev/stdout
  accessLogFormat: |
    %START_TIME% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %REQ(:PATH)%
"""
_APINTO = """
{"data": [{"name": "file-log", "driver": "file", "type": "line",
\t"formatter": {"fields": ["$time_iso8601", "$request_id", "$status", "@proxy"], "proxy": ["$proxy_status"]}}]}
"""


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (
            "apache",
            _APACHE,
            [
                '%h %l %u %t "%r" %>s %b "%{WWW-Authenticate}o"',
                '{"t":"%{sec}t","s":%>s,"r":"%r"}',
                "%h %>s %r",
            ],
        ),
        (
            "haproxy",
            _HAPROXY,
            [
                "option httplog",
                'log-format "%ci %ST %{+Q}r"',
                "capture request header X-Request-Id len 64\n"
                "http-response capture res.hdr(WWW-Authenticate) len 200\noption httplog",
                "log-format '%ci [%tr] %ST \"%[var(txn.reason)]\"'",
                r"error-log-format %ci\ %ST",
            ],
        ),
        (
            "envoy",
            _ENVOY,
            [
                '{"status": "%RESPONSE_CODE%", "time": "%START_TIME%", "path": "%REQ(:PATH)%"}',
                "[%START_TIME%] %RESPONSE_CODE% %REQ(:PATH)%\n",
                "%START_TIME% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %REQ(:PATH)%\n",
            ],
        ),
        (
            "apinto",
            _APINTO,
            [
                '{"type": "line", "formatter": {"fields": ["$time_iso8601", "$request_id", "$status", "@proxy"],'
                ' "proxy": ["$proxy_status"]}}'
            ],
        ),
    ],
)
def test_the_formats_of_other_servers(tmp_path: Path, source: str, text: str, expected: list[str]) -> None:
    (tmp_path / "server.conf").write_text(text)
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "a.conf").write_text('LogFormat "%h %>s %r" short\n')
    formats = formats_of(load_sources(), {source: [tmp_path / "server.conf"]})
    assert formats == {source: expected}
    for text in expected:
        assert compile_format(load_sources()[source], text)


@pytest.mark.parametrize(
    ("source", "text", "fault"),
    [
        ("nginx", "events {}", "nginx.conf: defines no log format"),
        ("nginx", None, "nginx.conf: cannot be read"),
        ("envoy", "a: [", "nginx.conf: is not YAML or JSON"),
        ("envoy", "a: b", "nginx.conf: defines no log format"),
        ("okta", "", "the configuration of 'okta' cannot be read"),
        ("strange", "", "the configuration of 'strange' cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, source: str, text: str | None, fault: str) -> None:
    path = tmp_path / "nginx.conf"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=fault):
        formats_of(load_sources(), {source: [path]})
