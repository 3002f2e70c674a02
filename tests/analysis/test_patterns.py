"""Patterns across events: each found where it is, with nothing else, and not in what only looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from analysis.diagnoses import Diagnosis, diagnose, load_patterns
from analysis.scope import whole_period
from analysis.session import Session
from tests.helpers import Workshop

_START = datetime(2026, 3, 2, 10)
_USED = "Maximum allowed refresh token reuse exceeded"
_FORMAT = '$remote_addr [$time_iso8601] "$request" $status "$sent_http_www_authenticate" "$http_user_agent"'
_UNKNOWN_KEY = "Signed JWT rejected: Another algorithm expected, or no matching key(s) found"


@dataclass(frozen=True)
class Logs:
    """What a Keycloak and an nginx before an API wrote."""

    keycloak: Sequence[str] = ()
    nginx: Sequence[str] = ()


def _event(kind: str, second: float, client: str = "shop", ip: str = "192.0.2.7", **details: str) -> str:
    """A line of Keycloak's event log."""
    time = (_START + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    level = "WARN " if kind.endswith("_ERROR") else "DEBUG"
    told = {"realmId": "r-1", "realmName": "shop", "clientId": client, "ipAddress": ip} | details
    pairs = "".join(f', {key}="{value}"' for key, value in told.items())
    return f'{time} {level} [org.keycloak.events] (executor-thread-1) type="{kind}"{pairs}\n'


def _refresh(second: float, token: str, user: str = "u-1", reason: str = "", ip: str = "192.0.2.7") -> str:
    details = {
        "userId": user,
        "sessionId": f"s-{user}",
        "grant_type": "refresh_token",
        "refresh_token_id": token,
    }
    if not reason:
        return _event("REFRESH_TOKEN", second, ip=ip, **details)
    return _event("REFRESH_TOKEN_ERROR", second, ip=ip, error="invalid_token", reason=reason, **details)


def _told(second: float, error: str = "", ip: str = "192.0.2.7") -> str:
    """A refresh in a log that names neither token nor user nor session."""
    details = {"grant_type": "refresh_token"} | ({"error": error, "reason": _USED} if error else {})
    return _event("REFRESH_TOKEN_ERROR" if error else "REFRESH_TOKEN", second, ip=ip, **details)


def _asked(second: float, path: str, status: int = 200, said: str = "", ip: str = "192.0.2.9") -> str:
    """A line of nginx."""
    time = (_START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    quoted = f"Bearer error=\\x22invalid_token\\x22, error_description=\\x22{said}\\x22" if said else "-"
    return f'{ip} [{time}] "GET {path} HTTP/1.1" {status} "{quoted}" "Mozilla/5.0"\n'


def _callers(count: int, second: float, status: int = 200, said: str = "") -> list[str]:
    return [_asked(second + n, "/v1/orders", status, said, f"192.0.2.{10 + n}") for n in range(count)]


def _authorize(second: float, ip: str = "192.0.2.9") -> str:
    return _asked(second, "/oauth2/authorize?response_type=code&client_id=shop&state=x", 302, ip=ip)


def _client_login(second: float, error: str = "", client: str = "batch") -> str:
    if error:
        return _event("CLIENT_LOGIN_ERROR", second, client, error=error, grant_type="client_credentials")
    return _event("CLIENT_LOGIN", second, client, grant_type="client_credentials", token_id=f"t-{second}")


def _login(second: float, user: str, ip: str, error: str = "invalid_user_credentials") -> str:
    return _event("LOGIN_ERROR", second, ip=ip, userId=user, error=error, auth_method="openid-connect")


def _code(second: float, error: str = "", code: str = "c-1") -> str:
    kind = "CODE_TO_TOKEN_ERROR" if error else "CODE_TO_TOKEN"
    details = {"grant_type": "authorization_code", "code_id": code, **({"error": error} if error else {})}
    return _event(kind, second, **details)


FOUND = {
    "refresh_rotation_race": Logs([_refresh(0, "r-1"), _refresh(0.4, "r-1", reason=_USED)]),
    "refresh_token_replayed": Logs(
        [_refresh(0, "r-1"), _refresh(300, "r-2"), _refresh(7200, "r-1", reason=_USED, ip="203.0.113.9")]
    ),
    "code_replayed": Logs([_code(0), _code(1, "invalid_code")]),
    "client_credentials_stopped": Logs(
        [
            *(_client_login(n) for n in range(0, 180, 60)),
            *(_client_login(n, "invalid_client_credentials") for n in range(240, 840, 60)),
        ]
    ),
    "key_rotation": Logs(nginx=[*_callers(5, 0), *_callers(5, 60, 401, _UNKNOWN_KEY), *_callers(5, 120)]),
    "sessions_lost": Logs(
        [
            *(_refresh(n, f"r-{n}", f"u-{n}") for n in range(12)),
            *(_refresh(120 + n, f"r-{n}", f"u-{n}", "Session not active") for n in range(12)),
        ]
    ),
    "retry_storm": Logs([_client_login(n, "client_not_found", "gone") for n in range(40)]),
    "redirect_loop": Logs(nginx=[_authorize(2 * n) for n in range(12)]),
    "clock_of_one_host": Logs(nginx=_callers(6, 0, 401, "The token is not yet valid (nbf)")),
    "credential_stuffing": Logs([_login(n, f"u-{n}", "203.0.113.9") for n in range(12)]),
}
"""For each pattern what shows it."""

NOTHING = {
    "a session of one user ended": Logs(
        [_refresh(0, "r-1"), _refresh(1800, "r-1", reason="Session not active")]
    ),
    "refresh tokens that expired here and there": Logs(
        [_refresh(900 * n, f"r-{n}", f"u-{n}", "Token is not active") for n in range(12)]
    ),
    "a secret that was wrong once": Logs(
        [
            *(_client_login(n) for n in range(3)),
            _client_login(5, "invalid_client_credentials"),
            _client_login(9),
        ]
    ),
    "one caller with a strange key": Logs(
        nginx=[*_callers(5, 0), _asked(60, "/v1/orders", 401, _UNKNOWN_KEY)]
    ),
    "many browsers that sign in": Logs(nginx=[_authorize(n, f"192.0.2.{n + 1}") for n in range(30)]),
    "an office behind one address": Logs([_login(60 * n, f"u-{n % 3}", "192.0.2.1") for n in range(12)]),
    "a client that polls with a pause": Logs(
        [_client_login(30 * n, "client_not_found", "gone") for n in range(20)]
    ),
    "reuse in a log that names neither token nor user": Logs(
        [_told(0), _told(1, "invalid_token"), _told(9000, "invalid_token", "203.0.113.9")]
    ),
    "a busy server where some refreshes are always late": Logs(
        [
            *(_refresh(n, f"r-{n}", f"u-{n}") for n in range(200)),
            *(_refresh(200 + n, f"r-{n}", f"v-{n}", "Session not active") for n in range(12)),
            *(_refresh(200 + n, f"q-{n}", f"w-{n}") for n in range(20)),
        ]
    ),
    "a code that never worked": Logs([_code(0, "invalid_code")]),
}
"""What only looks like one."""


def _diagnosed(workshop: Workshop, logs: Logs) -> list[Diagnosis]:
    workshop.formats = {"nginx": [_FORMAT]}
    if logs.keycloak:
        workshop.write("keycloak.log", "".join(logs.keycloak))
    if logs.nginx:
        workshop.write("nginx.log", "".join(logs.nginx))
    workshop.ingest()
    session = Session(workshop.lake)
    scope = whole_period(session)
    assert scope is not None
    return diagnose(session, scope)


def test_every_pattern_is_tried() -> None:
    assert {pattern.name for pattern in load_patterns()} == set(FOUND)


@pytest.mark.parametrize("name", FOUND)
def test_a_pattern_is_found_and_no_other(workshop: Workshop, name: str) -> None:
    found = _diagnosed(workshop, FOUND[name])
    assert [one.name for one in found] == [name]
    assert found[0].failures > 0
    assert found[0].evidence


@pytest.mark.parametrize("name", NOTHING)
def test_what_only_looks_like_a_pattern_is_none(workshop: Workshop, name: str) -> None:
    assert _diagnosed(workshop, NOTHING[name]) == []
