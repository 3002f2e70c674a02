"""A browser without a screen: follows redirects through a server's own pages, fills in what they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

_STEPS = 12
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Form:
    """A form of a page: where it goes, and its fields with the values that they have."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    passwords: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Browser:
    """One user's browser. `send` makes its requests, so that each of them is in the truth."""

    def __init__(self, send: Callable[..., requests.Response], own: str, *, fails: bool = False) -> None:
        """`own`: the URL under which all of the server's pages are; a redirect elsewhere is the end."""
        self.send = send
        self._own = own
        self.fails = fails
        """Whether what it sends is to fail, for the truth."""
        self.response: requests.Response | None = None
        self.end: str | None = None
        """Where the browser was sent outside the server: the client's redirect URI with its answer."""

    def open(self, url: str) -> None:
        """Opens a page of the server and follows its redirects."""
        self._go("GET", url)

    def through(self, user: str, password: str, *, consent: bool = True) -> None:
        """Signs in, says yes (or no, which fails) to consent, until the browser is sent away or nothing goes on."""
        signed_in = False
        for _ in range(_STEPS):
            form = self.form()
            if self.end or form is None or (form.passwords and signed_in):
                return
            signed_in = signed_in or bool(form.passwords)
            self.fails = self.fails or not (consent or form.passwords)
            self.submit(form, self.answers(form, user, password, consent=consent))

    def form(self) -> Form | None:
        """The page's first form that wants an answer."""
        if self.response is None or "html" not in self.response.headers.get("Content-Type", ""):
            return None
        reader = _Forms()
        reader.feed(self.response.text)
        asking = [form for form in reader.forms if form.passwords or form.buttons or form.method == "POST"]
        return max(asking, key=lambda form: bool(form.passwords), default=None)

    def answers(self, form: Form, user: str, password: str, *, consent: bool) -> dict[str, str]:
        """What a user fills in: name and password, or one of the buttons."""
        given = dict(form.fields)
        if form.passwords:
            given |= dict.fromkeys(form.texts[:1], user) | dict.fromkeys(form.passwords, password)
            return given | dict(form.buttons[:1])
        words = (
            ("deny", "cancel", "no", "reject")
            if not consent
            else ("allow", "accept", "yes", "approve", "grant")
        )
        fitting = [
            button for button in form.buttons if any(word in " ".join(button).lower() for word in words)
        ]
        # a form that has no button of that name is sent as by one without a name
        return given | dict((fitting or (form.buttons if consent else []))[:1])

    def submit(self, form: Form, answers: Mapping[str, str]) -> None:
        """Sends a form of the page."""
        assert self.response is not None
        url = urljoin(self.response.url, form.action)
        if form.method == "POST":
            self._go("POST", url, data=dict(answers))
        else:
            self._go("GET", url, params=dict(answers))

    def _go(self, method: str, url: str, **more: object) -> None:
        for _ in range(_STEPS):
            self.response = self.send(method, url, allow_redirects=False, **more)
            if self.response.status_code not in _REDIRECTS:
                return
            url = urljoin(url, self.response.headers["Location"])
            if not url.startswith(self._own) and urlsplit(url).netloc != urlsplit(self._own).netloc:
                self.end = url
                return
            method, more = ("GET", {}) if self.response.status_code != 307 else (method, more)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        if not self.forms or tag not in ("input", "button"):
            return
        form, name, value = self.forms[-1], given.get("name", ""), given.get("value", "")
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        if kind in ("submit", "button", "image"):
            if name:
                form.buttons.append((name, value))
            return
        if not name or (kind in ("radio",) and "checked" not in given):
            return
        if kind == "password":
            form.passwords.append(name)
        elif kind in ("text", "email"):
            form.texts.append(name)
        form.fields[name] = value or ("on" if kind == "checkbox" else "")
