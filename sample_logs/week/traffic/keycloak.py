"""Keycloak's log: what its jboss-logging listener writes with success-level=info, in the text format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from traffic.clients import CLIENTS, Client
from traffic.fakes import address, code_like, uuid
from traffic.faults import FAULTS, NUMBER, OAUTH, Action
from traffic.requests import Requests
from traffic.rhythm import START

_TYPES = {
    Action.AUTHORIZE: "LOGIN",
    Action.LOGIN: "LOGIN",
    Action.CODE: "CODE_TO_TOKEN",
    Action.REFRESH: "REFRESH_TOKEN",
    Action.CREDENTIALS: "CLIENT_LOGIN",
    Action.PASSWORD: "LOGIN",
}
_REALM_ID = uuid(1, 3)

Pairs = list[tuple[str, str]]


def logged(week: Requests) -> NDArray[np.bool_]:
    """Which requests leave an event: those to Keycloak, but a page that is only shown leaves none."""
    keycloak = np.isin(
        week.client, [number for number, client in enumerate(CLIENTS) if client.server == "keycloak"]
    )
    shown = (week.action == Action.AUTHORIZE) & (week.fault == 0)
    down = week.fault == NUMBER["server_down"]
    leaves: NDArray[np.bool_] = keycloak & np.isin(week.action, OAUTH) & ~shown & ~down
    return leaves


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
        who = CLIENTS[client]
        error = FAULTS[fault].keycloak
        pairs = _failure(who, client, action, user, session, error) if error else _success(
            who, client, action, user, session, number
        )  # fmt: skip
        level = "WARN " if error else "INFO "
        text = ", ".join(f'{key}="{value}"' for key, value in pairs)
        time = f"{stamp[:10]} {stamp[11:19]},{stamp[20:]}"
        yield f"{time} {level} [org.keycloak.events] (executor-thread-{1 + session % 12}) {text}"


def _head(kind: str, who: Client, user: str, session: str | None, ip: str) -> Pairs:
    pairs = [
        ("type", kind), ("realmId", _REALM_ID), ("realmName", "shop"),
        ("clientId", who.id), ("userId", user),
    ]  # fmt: skip
    if session:
        pairs.append(("sessionId", session))
    return [*pairs, ("ipAddress", ip)]


def _user(client: int, user: int) -> tuple[str, str]:
    """A user's id and name."""
    return uuid(client * 10_000 + user, 2), f"user{client * 10_000 + user}"


def _success(who: Client, client: int, action: int, user: int, session: int, number: int) -> Pairs:
    kind, ip = _TYPES[Action(action)], address(client, user)
    user_id, name = _user(client, user)
    login = uuid(session, 2)
    if action == Action.CREDENTIALS:
        return [
            *_head(kind, who, uuid(client, 3), None, ip), ("token_id", f"trrtcc:{uuid(number, 1)}"),
            ("grant_type", "client_credentials"), ("scope", "profile email"),
            ("client_auth_method", "client-secret"), ("username", f"service-account-{who.id}"),
            ("authSessionParentId", uuid(number, 3)), ("authSessionTabId", code_like(number, 11)),
        ]  # fmt: skip
    if action == Action.PASSWORD:
        return [
            *_head(kind, who, user_id, login, ip), ("auth_method", "openid-connect"),
            ("token_id", f"onltro:{uuid(number, 1)}"), ("grant_type", "password"),
            ("refresh_token_type", "Refresh"), ("scope", "email profile"),
            ("refresh_token_id", uuid(number, 0)), ("client_auth_method", "client-secret"),
            ("username", name), ("authSessionParentId", login), ("authSessionTabId", code_like(number, 11)),
        ]  # fmt: skip
    if action == Action.CODE:
        return [
            *_head(kind, who, user_id, login, ip), ("token_id", f"onrtac:{uuid(number, 1)}"),
            ("grant_type", "authorization_code"), ("refresh_token_type", "Refresh"),
            ("scope", "openid profile email"), ("refresh_token_id", uuid(number, 0)),
            ("code_id", login), ("client_auth_method", "client-secret"),
        ]  # fmt: skip
    if action == Action.REFRESH:
        return [
            *_head(kind, who, user_id, login, ip), ("token_id", f"onrtrt:{uuid(number, 1)}"),
            ("grant_type", "refresh_token"), ("refresh_token_type", "Refresh"),
            ("access_token_expiration_time", "300"), ("updated_refresh_token_id", uuid(number + 1, 0)),
            ("scope", "openid profile email"), ("age_of_refresh_token", str(298 + number % 20)),
            ("refresh_token_id", uuid(number, 0)), ("refresh_token_sub", user_id),
            ("client_auth_method", "client-secret"),
        ]  # fmt: skip
    return [
        *_head(kind, who, user_id, login, ip), ("auth_method", "openid-connect"), ("auth_type", "code"),
        ("response_type", "code"), ("redirect_uri", f"https://{who.id}.example.com/callback"),
        ("consent", "consent_granted" if who.consent else "no_consent_required"), ("code_id", login),
        ("username", name), ("response_mode", "query"), ("authSessionParentId", login),
        ("authSessionTabId", code_like(session, 11)),
    ]  # fmt: skip


def _failure(
    who: Client, client: int, action: int, user: int, session: int, error: tuple[str, str | None]
) -> Pairs:
    code, reason = error
    user_id, name = _user(client, user)
    login = uuid(session, 2)
    known = code not in ("user_not_found", "cookie_not_found", "invalid_client_credentials", "invalid_code")
    known = known and action != Action.REFRESH
    named = action in (Action.CODE, Action.REFRESH) and reason != "Token is not active"
    pairs = _head(
        _TYPES[Action(action)] + "_ERROR", who, user_id if known else "null",
        login if named else None, address(client, user),
    )  # fmt: skip
    pairs.append(("error", code))
    if reason:
        pairs.append(("reason", reason))
    if action == Action.CREDENTIALS:
        return [*pairs, ("grant_type", "client_credentials")]
    if action == Action.PASSWORD:
        return [
            *pairs, ("auth_method", "openid-connect"), ("grant_type", "password"),
            ("client_auth_method", "client-secret"), ("username", name),
        ]  # fmt: skip
    if action == Action.CODE:
        return [
            *pairs, ("grant_type", "authorization_code"), ("code_id", login),
            ("client_auth_method", "client-secret"),
        ]  # fmt: skip
    if action == Action.REFRESH:
        told = [
            ("refresh_token_type", "Refresh"), ("refresh_token_id", uuid(session, 0)),
            ("refresh_token_sub", user_id),
        ] if named else []  # fmt: skip
        return [*pairs, ("grant_type", "refresh_token"), *told, ("client_auth_method", "client-secret")]
    if code == "cookie_not_found":
        return pairs
    return [
        *pairs, ("auth_method", "openid-connect"), ("auth_type", "code"),
        ("redirect_uri", f"https://{who.id}.example.com/callback"), ("code_id", login), ("username", name),
    ]  # fmt: skip
