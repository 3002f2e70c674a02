"""What a component of the lab is: a real server, how it is installed and run, and what its log can tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.lab.pages import Browser
from tests.lab.processes import Process

NOT_LOGGED = "not logged"
"""Instead of a cause: the component writes nothing of this fault."""
ACCEPTED = "accepted"
"""Instead of a cause: the component does not refuse it, so that there is nothing to write."""
SILENT = ("", NOT_LOGGED, ACCEPTED)
"""What stands for no failure in a log."""


class Component(ABC):
    """A server of the lab. Its instance lives for one run."""

    name: ClassVar[str]
    """As in truth.csv and as the name of its folder of logs."""
    title: ClassVar[str]
    """Product, as its makers write it."""
    source: ClassVar[str | None] = None
    """The source of why401 that reads its log; None while there is none."""
    tells: ClassVar[Mapping[str, str]] = {}
    """Fault to cause, NOT_LOGGED or ACCEPTED, where this log tells other than the cause of the fault.

    From what the log says, never from what why401 makes of it.
    """
    louder: ClassVar[str] = ""
    """The setting by which it would write more of what it does not log, or that there is none; for docs/lab.md."""
    formats: ClassVar[Sequence[str]] = ()
    """The format strings that why401 must be told to read its log."""
    can: ClassVar[frozenset[str]] = frozenset()
    """What it can of that which faults need (`NEEDS` in tests/lab/faults)."""

    def __init__(self, folder: Path) -> None:
        """`folder`: of this component alone; its logs and its configuration go there."""
        self.folder = folder
        self._processes: list[Process] = []

    @abstractmethod
    def install(self) -> str:
        """Installs it where it is not yet; its version. Raises install.UnavailableError."""

    @property
    @abstractmethod
    def logs(self) -> Sequence[Path]:
        """The logs that an operator of it would collect."""

    def stop(self) -> None:
        """Ends all of its processes."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()


@dataclass(frozen=True)
class Client:
    """An OAuth client, as it is registered."""

    id: str
    secret: str | None = None
    redirect_uri: str = "https://app.example.com/callback"


WEB = Client("lab-web", "lab-web-secret-4f9a8c1e7b2d")
"""Confidential (client_secret_basic); authorization_code, refresh_token, client_credentials."""
OTHER = Client("lab-other", "lab-other-secret-91c3e5a70f48")
"""Like WEB: another one."""
SPA = Client("lab-spa")
"""Public; authorization_code with PKCE only, and refresh_token."""
DISABLED = Client("lab-disabled", "lab-disabled-secret-5d7e2b90ac13")
"""Like WEB, switched off by an administrator."""
DEVICE = Client("lab-device")
"""Public; the device grant."""
CODE_ONLY = Client("lab-code-only", "lab-code-only-secret-77a0e4d1c9b2")
"""Confidential; authorization_code only."""
CONSENT = Client("lab-consent", "lab-consent-secret-0b8f6c2e93d1")
"""Like WEB; what it asks for needs the user's consent."""
EXPIRED = Client("lab-expired", "lab-expired-secret-a64c19f08e7d")
"""Like WEB; its secret was good until a day in the past."""
SHORT = Client("lab-short", "lab-short-secret-3e91d7b5c02a")
"""Like WEB; its refresh tokens are good for CODE_SECONDS."""

USER, PASSWORD = "alice@example.com", "lab-password-Tr0ub4dor"
LOCKED_USER = "mallory@example.com"
SCOPE = "openid profile"
CODE_SECONDS = 3
"""Seconds for which codes (of users and of devices) are good, at servers where that can be set."""


@dataclass(frozen=True)
class Endpoints:
    """Paths below the issuer's host; None where a server has none (names as in RFC 8414)."""

    token: str
    authorization: str | None = None
    introspection: str | None = None
    revocation: str | None = None
    userinfo: str | None = None
    device_authorization: str | None = None
    jwks: str | None = None
    discovery: str | None = None


class AuthServer(Component):
    """An authorization server with the clients and users above.

    Of these it `can` some: refresh, device, disabled_client, locked_user, consent, expired_secret, rotation
    (a refresh token used twice is refused), short_codes (codes that expire within CODE_SECONDS),
    short_refresh (SHORT), basic_undecoded (a client that encodes its id is not known to it), pkce, introspection, revocation, userinfo, dpop_nonce, prompt_none.
    """

    endpoints: Endpoints
    scope: ClassVar[str] = SCOPE
    """What clients ask for, so that they get a refresh token too."""
    grant: ClassVar[Mapping[str, str]] = {"grant_type": "client_credentials"}
    """The parameters of a token request that needs no browser."""

    @abstractmethod
    def start(self, port: int, public_url: str) -> None:
        """Starts it on loopback; `public_url` (no slash at its end) is where its users see it: a gateway's.

        Returns when it answers and its clients and users are there. Raises processes.StartError.
        """

    def sign_in(self, browser: Browser, user: str, password: str, *, consent: bool = True) -> None:
        """Brings a browser that has opened the authorization endpoint as far as it gets: sign-in, consent.

        Without `consent` the user says no, which fails.
        """
        browser.through(user, password, consent=consent)


@dataclass(frozen=True)
class Routes:
    """What a gateway of the lab does, by the beginning of the path. All URLs are without a slash at the end.

    `/api/` goes to `api`, with a token only where the gateway validates tokens itself (`checks`): of `issuer`
    (keys at `jwks`), for `audience`; without that the API checks. `/down/` goes to `down`, where nothing
    listens; `/slow/` to `slow`, which answers later than the gateway waits (2 s); `/broken-tls/` by TLS to
    `broken_tls`, whose certificate is not trusted. Everything else goes to `server`, the authorization server.
    """

    port: int
    server: str
    api: str
    down: str
    slow: str
    broken_tls: str
    issuer: str
    jwks: str
    audience: str = "https://api.example.com"


class Gateway(Component):
    """A gateway in front of an authorization server and an API.

    Of these it `can` some: limited (a second request within a minute to `/limited/`, which else goes to the
    authorization server without that prefix, gets 429); keyless (`/keyless/` is like `/api/`, for an issuer
    whose keys cannot be had); relying_party (it signs users in itself, by these two paths).
    """

    checks: ClassVar[bool] = False
    """Whether it validates tokens itself."""
    logs_challenge: ClassVar[bool] = False
    """Whether its log has the WWW-Authenticate of an answer."""
    sign_in_path: ClassVar[str] = ""
    callback_path: ClassVar[str] = ""
    logs_location: ClassVar[bool] = False
    """Whether its log has the Location of an answer, and so the error that is sent back by redirect."""

    @abstractmethod
    def start(self, routes: Routes) -> None:
        """Starts it on loopback; returns when it answers. Raises processes.StartError."""
