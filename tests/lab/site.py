"""A site: an authorization server behind a gateway, with clients that send it requests, right or wrong.

Every request is told to the truth: when it was under way, and what each of the two must have logged of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.lab.component import DEVICE, NOT_LOGGED, PASSWORD, SCOPE, USER, WEB, AuthServer, Client, Gateway
from tests.lab.fault import Fault, all_faults
from tests.lab.pages import Browser
from tests.lab.tokens import Issuer
from tests.lab.truth import Row

_APART = 0.004
"""Seconds between two requests, so that their times in logs of milliseconds differ."""
_PATIENCE = 15.0


_BY_ERROR = {
    "invalid_token": "token.invalid_unspecified",
    "request_unauthorized": "token.invalid_unspecified",
    "insufficient_scope": "policy.insufficient_scope",
    "invalid_client": "client_auth.failed_unspecified",
    "login_required": "protocol.login_required",
    "invalid_scope": "request.invalid_scope",
    "unsupported_response_type": "request.unsupported_response_type",
    "invalid_request": "request.invalid_parameter",
}
"""What an error says by itself."""
_BY_DESCRIPTION = {
    # RFC 6750, section 3.1, in its own words
    "expired, revoked, malformed, or invalid": "token.invalid_unspecified",
    "expired": "token.expired",
    "client does not exist": "client_auth.unknown_client",
}
"""What the words of a description say more than its error."""


@dataclass(frozen=True)
class Seen:
    """A request that was sent, and of its answer the status (0: none), the challenge and the Location."""

    begun: datetime
    request_id: str
    client: str
    endpoint: str
    status: int
    challenge: str
    location: str


class NoAnswerError(Exception):
    """A request of the way to a fault did not give what the next one needs."""


class Site:
    """Where a fault is injected."""

    def __init__(self, server: AuthServer, gateway: Gateway, url: str, issuer: Issuer) -> None:
        self.server = server
        self.gateway = gateway
        self.url = url
        self.issuer = issuer
        self.rows: list[Row] = []
        self._fault: Fault | None = None
        self._session = requests.Session()

    def inject(self, fault: Fault) -> None:
        """Injects a fault; what it sent is in `rows`, also when it did not come to its end."""
        self._fault = fault
        self._session = requests.Session()
        try:
            fault.inject(self)
        finally:
            self._session.close()

    def send(
        self, method: str, url: str, *, client: str = "", endpoint: str = "", fails: bool = False,
        at_server: bool = True, session: requests.Session | None = None, fault: str | None = None, **more: Any,
    ) -> requests.Response:  # fmt: skip
        """One request, by requests.request(method, url, **more).

        `at_server`: the server behind sees it too. `fault`: what it fails by, where that is not the one that
        is being injected.
        """
        given = session or self._session
        given.mount(
            "http://", _Telling(self, client, endpoint, fails=fails, at_server=at_server, fault=fault)
        )
        more.setdefault("timeout", _PATIENCE)
        more.setdefault("allow_redirects", False)
        headers = {"User-Agent": "lab-client/1.0", **(more.pop("headers", None) or {})}
        return given.request(method, url, headers=headers, **more)

    def watch(self, session: requests.Session, client: Client, endpoint: str) -> None:
        """Tells the truth of what a client library sends by its session, all of which is right."""
        session.mount("http://", _Telling(self, client.id, endpoint))

    def token(
        self, client: Client = WEB, *, secret: str | None = None, fails: bool = False,
        headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None,
        body: str | None = None, **parameters: Any,
    ) -> requests.Response:  # fmt: skip
        """A token request. A confidential client names itself by HTTP Basic, a public one by `client_id`."""
        given = secret if secret is not None else client.secret
        if auth is None and given is not None:
            auth = (client.id, given)
        if given is None:
            parameters.setdefault("client_id", client.id)
        return self.send(
            "POST", self.at("token"), client=client.id, endpoint="token", fails=fails,
            data=body if body is not None else parameters, auth=auth, headers=headers,
        )  # fmt: skip

    @property
    def grant(self) -> Mapping[str, str]:
        """The parameters of a token request that needs no browser."""
        return self.server.grant

    def at(self, endpoint: str) -> str:
        """The URL of an endpoint of the server, through the gateway."""
        path = getattr(self.server.endpoints, endpoint)
        if path is None:
            raise NoAnswerError(f"{self.server.name} has no {endpoint} endpoint")
        return f"{self.url}{path}"

    def authorization_url(self, client: Client = WEB, **parameters: str | None) -> str:
        """The URL of an authorization request; None leaves a parameter out."""
        right: dict[str, str | None] = {
            "response_type": "code", "client_id": client.id, "redirect_uri": client.redirect_uri,
            "scope": self.server.scope, "state": secrets.token_urlsafe(12),
        }  # fmt: skip
        given = {name: value for name, value in (right | parameters).items() if value is not None}
        return f"{self.at('authorization')}?{urlencode(given)}"

    def browser(self, client: Client = WEB, *, fails: bool = False) -> Browser:
        """A new browser of a user on the way to `client`, who fails at once or once `browser.fails` is set."""
        session = requests.Session()
        session.headers["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"

        def send(method: str, url: str, **more: Any) -> requests.Response:
            response = self.send(
                method, url, client=client.id, session=session, fails=browser.fails,
                **{"endpoint": "authorization", **more},
            )  # fmt: skip
            for cookie in session.cookies:
                cookie.secure = False  # to a browser loopback is as good as TLS
            return response

        browser = Browser(send, self.url, fails=fails)
        return browser

    def refused(self, url: str, client: Client = WEB) -> None:
        """An authorization request that is refused, by some servers only after the sign-in."""
        browser = self.browser(client, fails=True)
        browser.open(url)
        if browser.end is None:
            self.server.sign_in(browser, USER, PASSWORD)

    def authorize(self, client: Client = WEB, **parameters: str | None) -> dict[str, str]:
        """A whole authorization request: what the client gets at its redirect URI."""
        browser = self.browser(client)
        browser.open(self.authorization_url(client, **parameters))
        if browser.end is None:
            self.server.sign_in(browser, USER, PASSWORD)
        if browser.end is None:
            raise NoAnswerError(f"{self.server.name}: the sign-in did not come to its end")
        parts = urlsplit(browser.end)
        return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}

    def code(self, client: Client = WEB, **parameters: str | None) -> str:
        """An authorization code."""
        answer = self.authorize(client, **parameters)
        if "code" not in answer:
            raise NoAnswerError(f"{self.server.name}: no code but {answer}")
        return answer["code"]

    def redeem(
        self, code: str, client: Client = WEB, *, fails: bool = False, **parameters: Any
    ) -> requests.Response:
        """A code for tokens."""
        wanted = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri}
        return self.token(client, fails=fails, **(wanted | parameters))

    def tokens(self, client: Client = WEB, **parameters: str | None) -> dict[str, Any]:
        """Tokens of a user for a client."""
        response = self.redeem(self.code(client, **parameters), client)
        if response.status_code != 200:
            raise NoAnswerError(
                f"{self.server.name}: no tokens but {response.status_code} {response.text[:200]}"
            )
        found: dict[str, Any] = response.json()
        return found

    def device_code(self) -> str:
        """The code of a device whose user has not answered yet (RFC 8628)."""
        response = self.send(
            "POST", self.at("device_authorization"), client=DEVICE.id, endpoint="device_authorization",
            data={"client_id": DEVICE.id, "scope": SCOPE},
        )  # fmt: skip
        if response.status_code != 200:
            raise NoAnswerError(
                f"{self.server.name}: no device code but {response.status_code} {response.text[:200]}"
            )
        return str(response.json()["device_code"])

    def poll(self, device_code: str, *, fault: str | None = None) -> requests.Response:
        """A device asks, and does not get its tokens; `fault` as for `send`."""
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return self.send(
            "POST", self.at("token"), client=DEVICE.id, endpoint="token", fails=True, fault=fault,
            data={"grant_type": grant, "device_code": device_code, "client_id": DEVICE.id},
        )  # fmt: skip

    def api(self, token: str | None, *, fails: bool = False, path: str = "/api/orders") -> requests.Response:
        """A call of the API with an access token."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.send(
            "GET",
            f"{self.url}{path}",
            client=WEB.id,
            endpoint="api",
            fails=fails,
            headers=headers,
            at_server=False,
        )

    def tell(self, seen: Seen, *, fails: bool, at_server: bool, fault: str | None) -> None:
        """Puts a request into the truth; the arguments as of `send`."""
        self._tell(seen, self._failing(fault) if fails else None, at_server=at_server)

    def _failing(self, name: str | None) -> Fault:
        assert self._fault is not None
        return next((fault for fault in all_faults() if fault.name == name), self._fault)

    def _tell(self, seen: Seen, fault: Fault | None, *, at_server: bool) -> None:
        assert self._fault is not None
        causes = {self.gateway.name: self._at_gateway(seen, fault)}
        if at_server:
            causes[self.server.name] = self.server.tells.get(fault.name, fault.cause) if fault else ""
        until = datetime.now(UTC)
        for component, cause in causes.items():
            row = Row(
                seen.begun, until, component, seen.request_id, seen.client, seen.endpoint, self._fault.name, cause
            )  # fmt: skip
            if fault and seen.endpoint == "authorization" and component == self.server.name:
                row = self._one_step(row)
            self.rows.append(row)

    def _one_step(self, row: Row) -> Row:
        """The row together with that of the failing request before it, in the same sign-in: the server tells once."""
        before = next((one for one in reversed(self.rows) if one.component == row.component), None)
        if before is None or (before.fault, before.endpoint, before.cause) != (
            row.fault,
            row.endpoint,
            row.cause,
        ):
            return row
        self.rows.remove(before)
        return replace(row, time=before.time, request_id=f"{before.request_id} {row.request_id}")

    def _at_gateway(self, seen: Seen, fault: Fault | None) -> str:
        """What the log of a gateway tells: a cause where it checks the token, else what the status tells."""
        if fault is None:
            return ""
        if fault.name in self.gateway.tells:
            return self.gateway.tells[fault.name]
        if seen.endpoint == "api" and self.gateway.checks and seen.status in (401, 403):
            return fault.cause
        if self.gateway.logs_challenge and (told := by_challenge(seen.challenge, seen.status)):
            return told
        if self.gateway.logs_location and (told := by_redirect(seen.location)):
            return fault.cause if "error_description=" in seen.location else told
        return by_status(seen.endpoint, seen.status)


class _Telling(HTTPAdapter):
    """Sends requests with the ids that logs may keep, and tells the truth of each."""

    def __init__(self, site: Site, client: str, endpoint: str, *, fails: bool = False, at_server: bool = True,
                 fault: str | None = None) -> None:  # fmt: skip
        super().__init__()
        self._site, self._client, self._endpoint = site, client, endpoint
        self._fails, self._at_server, self._fault = fails, at_server, fault

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        request_id = str(uuid.uuid4())
        request.headers["X-Request-Id"] = request_id
        request.headers["traceparent"] = f"00-{uuid.UUID(request_id).hex}-{secrets.token_hex(8)}-01"
        begun = datetime.now(UTC)
        status, challenge, location = 0, "", ""
        try:
            response = super().send(request, *args, **more)
            status, challenge = response.status_code, response.headers.get("WWW-Authenticate", "")
            location = response.headers.get("Location", "")
            return response
        finally:
            time.sleep(_APART)
            seen = Seen(begun, request_id, self._client, self._endpoint, status, challenge, location)
            self._site.tell(seen, fails=self._fails, at_server=self._at_server, fault=self._fault)
            time.sleep(_APART)


def by_challenge(challenge: str, status: int) -> str | None:
    """The cause that a WWW-Authenticate tells (RFC 6750, section 3); None where it tells none."""
    error = re.search(r'error="(\w+)"', challenge)
    if error is None:
        return "token.missing" if challenge.lower().startswith("bearer") and status == 401 else None
    said = next((cause for words, cause in _BY_DESCRIPTION.items() if words in challenge), None)
    return said or _BY_ERROR.get(error[1])


def by_redirect(location: str) -> str | None:
    """The cause that the error in a redirect tells (RFC 6749, section 4.1.2.1); None where there is none."""
    error = parse_qs(urlsplit(location).query).get("error", [""])[0]
    return _BY_ERROR.get(error, "unknown.unclassified") if error else None


def by_status(endpoint: str, status: int) -> str:
    """The cause that a line tells which has nothing but an endpoint and a status."""
    if 0 < status < 400:
        return NOT_LOGGED
    if status == 429:
        return "rate.limited"
    if endpoint in ("discovery", "jwks") and (status == 0 or status >= 500):
        return "infra.metadata_unavailable"
    if status in (0, 502, 503, 504):
        return "server.unavailable"
    if status >= 500:
        return "server.internal_error"
    if endpoint == "introspection" and status == 401:
        return "client_auth.failed_unspecified"  # RFC 7662, section 2.3
    if endpoint in ("api", "userinfo", "sign_in"):
        return f"unknown.status_only_{status}" if status in (401, 403) else NOT_LOGGED
    if endpoint == "authorization":
        return "unknown.status_only_authorization_endpoint"
    if status == 404:
        return "request.wrong_tenant_or_endpoint"
    return "unknown.status_only_token_endpoint"


def pkce() -> tuple[str, dict[str, str]]:
    """A verifier, and the parameters of the authorization request that belong to it (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return verifier, {"code_challenge": digest, "code_challenge_method": "S256"}
