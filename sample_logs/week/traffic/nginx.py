"""The gateway's access log, in nginx's `combined` format: APIs, and the OAuth endpoints of Keycloak."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from traffic.clients import API_NAMES, APIS, CLIENTS
from traffic.fakes import address, code_like, jwt, stranger, uuid
from traffic.faults import FAULTS, NUMBER, Action
from traffic.requests import SCAN_PATHS, Requests
from traffic.rhythm import START

REALM = "/realms/shop"
_TOKEN = f"{REALM}/protocol/openid-connect/token"
_SCANNERS = ("python-requests/2.31.0", "curl/7.88.1", "Mozilla/5.0 zgrab/0.x", "-")
_ERROR_SIZES = {401: 179, 403: 153, 404: 153, 429: 169, 500: 177, 502: 157}
_TOKEN_ACTIONS = (Action.CODE, Action.REFRESH, Action.CREDENTIALS, Action.PASSWORD)


def logged(week: Requests) -> NDArray[np.bool_]:
    """Which requests pass the gateway: all but those for Okta, which is elsewhere."""
    okta = np.isin(week.client, [number for number, client in enumerate(CLIENTS) if client.server == "okta"])
    passes: NDArray[np.bool_] = ~okta | (week.action == Action.API)
    return passes


def client_of(client: int, action: int, fault: int) -> str:
    """The client that a line names: in the query, as the user of HTTP Basic, or in a token; else ''."""
    if fault in (NUMBER["token_in_url"], NUMBER["token_in_url_expired"]):
        return CLIENTS[client].id
    if action in (Action.AUTHORIZE, Action.LOGIN):
        return CLIENTS[client].id
    if action in _TOKEN_ACTIONS and CLIENTS[client].basic:
        return CLIENTS[client].id
    return ""


def lines(week: Requests) -> Iterator[str]:
    """The lines of the requests that pass the gateway, in order."""
    mine = week.where(logged(week))
    days = np.datetime_as_string(START + mine.time.astype("timedelta64[us]"), unit="s")
    tokens = _tokens()
    for stamp, client, action, fault, user, session, api, route in zip(
        days.tolist(), mine.client.tolist(), mine.action.tolist(), mine.fault.tolist(),
        mine.user.tolist(), mine.session.tolist(), mine.api.tolist(), mine.route.tolist(),
        strict=True,
    ):  # fmt: skip
        time = f"{stamp[8:10]}/Mar/2026:{stamp[11:]} +0000"
        status = FAULTS[fault].status
        if action == Action.SCAN:
            agent = _SCANNERS[user % len(_SCANNERS)]
            size = _ERROR_SIZES[status]
            yield f'{stranger(user)} - - [{time}] "GET {SCAN_PATHS[route][0]} HTTP/1.1" {status} {size} "-" "{agent}"'
            continue
        who = CLIENTS[client]
        remote = who.id if who.basic and action in _TOKEN_ACTIONS else "-"
        if action == Action.API:
            method, path = APIS[API_NAMES[api]].routes[route]
            path = path.format(n=4000 + session % 977, p=1 + session % 5)
            if fault == NUMBER["token_in_url"]:
                path = _with_token(path, tokens[session % 4])
            elif fault == NUMBER["token_in_url_expired"]:
                path = _with_token(path, tokens[4 + session % 2])
            size = APIS[API_NAMES[api]].size + session % 7 * 16
            if method in ("POST", "PUT", "PATCH") and fault == 0:
                status, size = (201, 64) if method == "POST" else (204, 0)
        else:
            method, path, status, size = _oauth(who.id, action, session, status)
        if status in _ERROR_SIZES:
            size = _ERROR_SIZES[status]
        yield f'{address(client, user)} - {remote} [{time}] "{method} {path} HTTP/1.1" {status} {size} "-" "{who.agent}"'


def _oauth(client: str, action: int, session: int, status: int) -> tuple[str, str, int, int]:
    """Method, target, status and size of a request to an OAuth endpoint or of its way back."""
    home = f"https%3A%2F%2F{client}.example.com%2Fcallback"
    if action == Action.AUTHORIZE:
        return "GET", (
            f"{REALM}/protocol/openid-connect/auth?client_id={client}&redirect_uri={home}&response_type=code"
            f"&scope=openid%20profile&state={code_like(session, 16)}&code_challenge={code_like(session)}"
            "&code_challenge_method=S256"
        ), status, 4127  # fmt: skip
    if action == Action.LOGIN:
        # a right password is answered with a redirect, a wrong one with the page again
        page = (302, 0) if status == 200 else (status, 2710)
        return "POST", (
            f"{REALM}/login-actions/authenticate?session_code={code_like(session + 1)}"
            f"&execution={uuid(3, 3)}&client_id={client}&tab_id={code_like(session, 11)}"
        ), *page  # fmt: skip
    if action == Action.CALLBACK:
        return "GET", (
            f"/{client}/callback?state={code_like(session, 16)}&session_state={uuid(session, 2)}"
            f"&iss=https%3A%2F%2Fauth.example.com%2Frealms%2Fshop"
            f"&code={uuid(session, 1)}.{uuid(session, 2)}.{uuid(4, 0)}"
        ), 302, 0  # fmt: skip
    return "POST", _TOKEN, status, 2411 + session % 5 if status == 200 else 84


def _with_token(path: str, token: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}access_token={token}"


def _tokens() -> list[str]:
    """Four tokens of the kiosk that outlive the week, and two that had run out before it."""
    return [
        jwt({
            "iss": "https://auth.example.com/realms/shop", "aud": "catalog", "azp": "kiosk",
            "sub": f"store-{number:02d}", "jti": f"trrtcc:{uuid(number, 1)}",
            "exp": 1_780_272_000 if number < 4 else 1_772_150_400,
        })
        for number in range(6)
    ]  # fmt: skip
