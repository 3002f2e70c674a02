"""Okta's System Log, one JSON event per line, as GET /api/v1/logs gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from traffic.clients import CLIENTS
from traffic.fakes import address, okta_id, scrambled, uuid
from traffic.faults import FAULTS, OAUTH, Action
from traffic.requests import Requests
from traffic.rhythm import START

_SERVER = "aus4xmp1eDEFAULT0d7"
_GRANTS = {
    Action.CODE: "authorization_code",
    Action.REFRESH: "refresh_token",
    Action.CREDENTIALS: "client_credentials",
}


def logged(week: Requests) -> NDArray[np.bool_]:
    """Which requests leave an event: those to Okta."""
    okta = np.isin(week.client, [number for number, client in enumerate(CLIENTS) if client.server == "okta"])
    return okta & np.isin(week.action, OAUTH)


def lines(week: Requests) -> Iterator[str]:
    """The events of the requests that leave one, in order."""
    mine = week.where(logged(week))
    stamps = np.datetime_as_string(START + mine.time.astype("timedelta64[us]"), unit="ms")
    for number, (stamp, client, action, fault, user, session) in enumerate(
        zip(
            stamps.tolist(), mine.client.tolist(), mine.action.tolist(), mine.fault.tolist(),
            mine.user.tolist(), mine.session.tolist(), strict=True,
        )
    ):  # fmt: skip
        event = _event(f"{stamp}Z", number, client, action, FAULTS[fault].okta, user, session)
        yield json.dumps(event, separators=(",", ":"))


def _event(
    time: str, number: int, client: int, action: int, reason: str | None, user: int, session: int
) -> dict[str, Any]:
    who = CLIENTS[client]
    authorize = action == Action.AUTHORIZE
    person = {
        "id": okta_id("00u", client * 10_000 + user), "type": "User",
        "alternateId": f"user{client * 10_000 + user}@example.com",
        "displayName": f"User {client * 10_000 + user}", "detailEntry": None,
    }  # fmt: skip
    app = {
        "id": who.id, "type": "PublicClientApp", "alternateId": who.id,
        "displayName": who.name, "detailEntry": None,
    }  # fmt: skip
    kind, message = _kind(action, reason)
    debug: dict[str, Any] = {
        "requestId": f"{scrambled(number)}f0c1a2b3d4e5f60718293a4b",
        "dtHash": "4f2d5c1e8a9b0c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d",
        "requestUri": f"/oauth2/{_SERVER}/v1/{'authorize' if authorize else 'token'}",
        "url": f"/oauth2/{_SERVER}/v1/{'authorize' if authorize else 'token'}?",
    }  # fmt: skip
    if authorize:
        debug |= {
            "responseType": "code",
            "requestedScopes": "openid, profile",
            "redirectUri": _home(who.name),
        }
    else:
        debug |= {"grantType": _GRANTS[Action(action)], "requestedScopes": "openid, profile"}
        if action == Action.CODE:
            debug["redirectUri"] = _home(who.name)
        if not reason:
            debug["grantedScopes"] = "openid, profile"
    targets = [] if action == Action.CREDENTIALS else [app if authorize else person]
    if not reason:
        targets.append({
            "id": f"{'AC' if authorize else 'AT'}.{scrambled(number)}Qx0pLw3vZr8uYt5sKj2nHg",
            "type": "code" if authorize else "access_token", "alternateId": None,
            "displayName": "Authorization Code" if authorize else "Access Token", "detailEntry": None,
        })  # fmt: skip
    return {
        "actor": person if authorize else app,
        "client": {
            "userAgent": {"rawUserAgent": who.agent, "os": "Unknown", "browser": "UNKNOWN"},
            "zone": "null", "device": "Unknown", "id": who.id,
            "ipAddress": address(client, user), "geographicalContext": None,
        },
        "device": None,
        "authenticationContext": {
            "authenticationProvider": None, "credentialProvider": None, "credentialType": None,
            "issuer": None, "interface": None, "authenticationStep": 0, "rootSessionId": None,
            "externalSessionId": "unknown" if action == Action.CREDENTIALS
            else f"idx{scrambled(session)}QmZ0Tn4s",
        },
        "displayMessage": message,
        "eventType": kind,
        "outcome": {"result": "FAILURE" if reason else "SUCCESS", "reason": reason},
        "published": time,
        "securityContext": {
            "asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None,
        },
        "severity": "WARN" if reason else "INFO",
        "debugContext": {"debugData": debug},
        "legacyEventType": f"{kind}_{'failure' if reason else 'success'}",
        "transaction": {"type": "WEB", "id": f"aB{scrambled(number)}x3Kd0mVw7Rt", "detail": {}},
        "uuid": uuid(number, 0),
        "version": "0",
        "request": {"ipChain": [
            {"ip": address(client, user), "geographicalContext": None, "version": "V4", "source": None}
        ]},
        "target": targets,
    }  # fmt: skip


def _kind(action: int, reason: str | None) -> tuple[str, str]:
    """Event type and display message; a grant that fails has a type of its own."""
    if action == Action.AUTHORIZE:
        return ("app.oauth2.as.authorize", "OAuth2 authorization request") if reason else (
            "app.oauth2.as.authorize.code", "OAuth2 authorization code request"
        )  # fmt: skip
    if reason:
        return "app.oauth2.as.token.grant", "OAuth2 token request"
    return "app.oauth2.as.token.grant.access_token", "OAuth2 access token is granted"


def _home(name: str) -> str:
    return f"https://{name.lower().replace(' ', '-')}.example.com/callback"
