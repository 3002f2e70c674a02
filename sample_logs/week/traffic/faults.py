"""What goes wrong, how often in the ordinary, and how each log tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Action(IntEnum):
    """What is asked for."""

    API = 0
    AUTHORIZE = 1
    LOGIN = 2
    CODE = 3
    REFRESH = 4
    CREDENTIALS = 5
    PASSWORD = 6
    CALLBACK = 7
    SCAN = 8


OAUTH = (
    Action.AUTHORIZE,
    Action.LOGIN,
    Action.CODE,
    Action.REFRESH,
    Action.CREDENTIALS,
    Action.PASSWORD,
)


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    `status`: what nginx logs. `keycloak`: the event's error and reason; `okta`: the outcome's reason;
    None where that server writes no event. `cause`: what the auth server's event tells, `seen` what
    nginx's line tells; None where that log tells of no OAuth failure.
    """

    name: str
    status: int
    cause: str | None = None
    seen: str | None = None
    keycloak: tuple[str, str | None] | None = None
    okta: str | None = None


_TOKEN = "unknown.status_only_token_endpoint"
_AUTHORIZATION = "unknown.status_only_authorization_endpoint"

FAULTS: tuple[Fault, ...] = (
    Fault("none", 200),
    Fault("bad_secret", 401, "client_auth.failed_unspecified", _TOKEN, ("invalid_client_credentials", None), "invalid_client_secret"),
    Fault("wrong_password", 200, "user.bad_credentials", None, ("invalid_user_credentials", None)),
    Fault("wrong_password_grant", 401, "user.bad_credentials", _TOKEN, ("invalid_user_credentials", None)),
    Fault("unknown_user", 200, "user.not_found", None, ("user_not_found", None)),
    Fault("locked_user", 200, "user.locked", None, ("user_temporarily_disabled", None)),
    Fault("consent_denied", 302, "consent.denied", None, ("rejected_by_user", None), "access_denied"),
    Fault("cookie_lost", 400, "session.lost", _AUTHORIZATION, ("cookie_not_found", None)),
    Fault("code_reused", 400, "grant.code_invalid", _TOKEN, ("invalid_code", None), "invalid_authorization_code"),
    Fault("refresh_expired", 400, "grant.refresh_expired", _TOKEN, ("invalid_token", "Token is not active"), "invalid_refresh_token"),
    Fault("session_ended", 400, "grant.session_ended", _TOKEN, ("invalid_token", "Session not active"), "invalid_refresh_token"),
    Fault("refresh_reused", 400, "grant.refresh_reused", _TOKEN, ("invalid_token", "Maximum allowed refresh token reuse exceeded"), "invalid_refresh_token"),
    Fault("silent_login", 302, "protocol.login_required", None, None, "login_required"),
    Fault("not_assigned", 400, "policy.user_not_assigned", None, None, "user_not_assigned"),
    Fault("pkce_failed", 400, "grant.pkce_failed", _TOKEN, ("pkce_verification_failed", "Code mismatch"), "pkce_verification_failed"),
    Fault("server_down", 502, None, "server.unavailable"),
    Fault("unauthorized", 401, None, "unknown.status_only_401"),
    Fault("token_in_url", 200),
    Fault("token_in_url_expired", 401, None, "token.expired"),
    Fault("forbidden", 403, None, "unknown.status_only_403"),
    Fault("limited", 429, None, "rate.limited"),
    Fault("missing", 404),
    Fault("broken", 500),
    Fault("gateway_error", 502),
)  # fmt: skip

NUMBER = {fault.name: number for number, fault in enumerate(FAULTS)}

OKTA_CAUSES = {
    "invalid_client_secret": "client_auth.secret_invalid",
    "access_denied": "policy.access_denied_unspecified",
    "invalid_authorization_code": "grant.code_invalid",
    "invalid_refresh_token": "grant.refresh_invalid",
    "login_required": "protocol.login_required",
    "user_not_assigned": "policy.user_not_assigned",
    "pkce_verification_failed": "grant.pkce_failed",
}
"""What Okta's reasons tell, which is less than Keycloak's for a refresh token and more for a secret."""
