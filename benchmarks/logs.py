"""Large logs in true formats, made from a seed: nginx combined text and Okta System Log JSON lines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

_MONTH = "Mar/2026"
_AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{number}.0.0.0 "
    "Safari/537.36"
    for number in range(100, 140)
] + ["okhttp/4.12.0", "curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0"]
_PATHS = [
    "/orders/v1/list",
    "/v1/me",
    "/v1/users/{}/orders/{}",
    "/oauth2/token",
    "/oauth2/introspect",
    "/static/{}.js",
]


def write_log(path: Path, megabytes: int, lines: Callable[[random.Random], Iterator[str]]) -> None:
    """Writes lines until the file has that many megabytes (10^6 bytes), if it does not exist yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    size, block = 0, list[str]()
    with draft.open("w", encoding="utf-8") as file:
        for line in lines(random.Random(401)):
            block.append(line)
            if len(block) == 10_000:
                size += file.write("".join(block))
                block.clear()
                if size >= megabytes * 1_000_000:
                    break
    draft.rename(path)


def nginx_lines(chance: random.Random) -> Iterator[str]:
    """Lines of the combined format over some days; one request in fourteen fails."""
    statuses = [200] * 11 + [201, 304, 401]
    number = 0
    while True:
        number += 1
        second = number // 40
        stamp = f"{2 + second // 86400:02}/{_MONTH}:{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
        path = chance.choice(_PATHS).format(number % 5000, number)
        query = f"?page={number % 9}&limit=50" if number % 3 == 0 else ""
        yield (
            f'203.0.113.{number % 250} - - [{stamp} +0000] "GET {path}{query} HTTP/1.1" '
            f'{chance.choice(statuses)} {number % 9000} "https://app.example.com/" "{chance.choice(_AGENTS)}"\n'
        )


def okta_lines(chance: random.Random) -> Iterator[str]:
    """Events of the shape and size of Okta's documentation; one in twelve fails."""
    number = 0
    while True:
        number += 1
        second = number // 7
        failed = number % 12 == 0
        event = _okta_event(number, second, failed, chance)
        yield json.dumps(event, separators=(",", ":")) + "\n"


def _okta_event(number: int, second: int, failed: bool, chance: random.Random) -> dict[str, object]:
    client = f"0oa{number % 40:017}"
    place = {"city": "Springfield", "state": "Ohio", "country": "United States", "postalCode": "45501",
             "geolocation": {"lat": 39.9, "lon": -83.8}}  # fmt: skip
    address = f"198.51.100.{number % 250}"
    published = f"2026-03-{2 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.120Z"
    return {
        "actor": {"id": client, "type": "PublicClientApp", "alternateId": client, "displayName": f"app-{number % 40}",
                  "detailEntry": None},
        "client": {"userAgent": {"rawUserAgent": chance.choice(_AGENTS), "os": "Windows 10", "browser": "CHROME"},
                   "zone": "null", "device": "Computer", "id": None, "ipAddress": address,
                   "geographicalContext": place},
        "device": None,
        "authenticationContext": {"authenticationProvider": None, "credentialProvider": None, "credentialType": None,
                                  "issuer": None, "interface": None, "authenticationStep": 0, "rootSessionId": None,
                                  "externalSessionId": f"102{number % 9999:022}"},
        "displayMessage": "OAuth2 token request",
        "eventType": "app.oauth2.as.token.grant",
        "outcome": {"result": "FAILURE" if failed else "SUCCESS",
                    "reason": "pkce_verification_failed" if failed else None},
        "published": published,
        "securityContext": {"asNumber": 64500, "asOrg": "example", "isp": "example", "domain": "example.com",
                            "isProxy": False},
        "severity": "WARN" if failed else "INFO",
        "debugContext": {"debugData": {"authorizationServer": "aus0000000000000main", "clientAuthType": "none",
                         "dtHash": f"{number:064x}", "grantType": "authorization_code",
                         "redirectUri": "https://app.example.com/callback", "requestId": f"req-{number:020}",
                         "requestUri": "/oauth2/default/v1/token", "requestedScopes": "openid profile offline_access",
                         "threatSuspected": "false", "url": "/oauth2/default/v1/token?"}},
        "legacyEventType": "app.oauth2.as.token.grant_success",
        "transaction": {"type": "WEB", "id": f"req-{number:020}", "detail": {}},
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "version": "0",
        "request": {"ipChain": [{"ip": address, "geographicalContext": place, "version": "V4", "source": None}]},
        "target": [{"id": f"at.{number:020}", "type": "access_token", "alternateId": None,
                    "displayName": "Access Token", "detailEntry": {"expires": published, "subject": client}},
                   {"id": f"00u{number % 9999:017}", "type": "User", "alternateId": f"user{number % 9999}@example.com",
                    "displayName": "A User", "detailEntry": None}],
    }  # fmt: skip
