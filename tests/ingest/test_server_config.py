"""Format strings are read out of the configuration of the server that wrote the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import InputError, formats_of, load_sources, parse_text

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


@pytest.mark.parametrize(
    ("source", "text", "fault"),
    [
        ("nginx", "events {}", "nginx.conf: defines no log format"),
        ("nginx", None, "nginx.conf: cannot be read"),
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
