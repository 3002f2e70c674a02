"""Spring Authorization Server by Spring Boot from Maven Central: its log as text and as JSON (ECS)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.lab import install
from tests.lab.component import (
    CODE_ONLY,
    CODE_SECONDS,
    LOCKED_USER,
    OTHER,
    PASSWORD,
    SCOPE,
    SPA,
    USER,
    WEB,
    AuthServer,
    Client,
    Endpoints,
)
from tests.lab.processes import Process, answers

_PROJECT = Path(__file__).with_suffix("")
_SERVER = "spring.security.oauth2.authorizationserver"
_GRANTS = ("authorization_code", "refresh_token", "client_credentials")
_BOOT = 180.0
"""Seconds that it has to start."""


class Spring(AuthServer):
    """Spring Authorization Server."""

    name = "spring"
    source = "spring"
    title = "Spring Authorization Server"
    louder = "`server.tomcat.accesslog.enabled=true` writes an access log with the status of every request."
    endpoints = Endpoints(
        token="/oauth2/token",
        authorization="/oauth2/authorize",
        introspection="/oauth2/introspect",
        revocation="/oauth2/revoke",
        userinfo="/userinfo",
        jwks="/oauth2/jwks",
        discovery="/.well-known/openid-configuration",
    )
    can = frozenset(
        ("refresh", "locked_user", "rotation", "short_codes", "pkce", "introspection", "revocation", "userinfo")
    )  # fmt: skip
    tells: ClassVar[Mapping[str, str]] = {
        # the name of the grant, and "Token request failed: [invalid_grant]"
        "code_expired": "grant.code_invalid",
        "refresh_of_another_client": "grant.refresh_invalid",
        # "refresh_token is invalid"; "refresh_token is not active", for one that has expired as well
        **dict.fromkeys(("refresh_reused", "refresh_revoked"), "grant.refresh_invalid"),
        # "requested scope is not allowed for registered client"
        "invalid_scope": "policy.scope_not_allowed",
        # "OAuth 2.0 Parameter: grant_type", for one that is missing and for one that is there twice
        **dict.fromkeys(("wrong_content_type", "duplicate_parameter"), "request.missing_parameter"),
        # "Malformed token"
        "userinfo_bad_token": "token.malformed",
        # no client is recognized: the entry point of the token endpoint answers, "Executing ...HttpStatusEntryPoint"
        **dict.fromkeys(("missing_secret", "pkce_verifier_missing"), "client_auth.missing_credentials"),
    }

    def install(self) -> str:
        self._jar, version = install.maven_project(
            "server", _PROJECT, "spring-security-oauth2-authorization-server"
        )
        return version

    def start(self, port: int, public_url: str) -> None:
        settings = self.folder / "application.properties"
        settings.write_text("\n".join(self._settings(port, public_url)) + "\n", encoding="utf-8")
        process = Process(
            ["java", "-Xmx384m", "-jar", self._jar, f"--spring.config.location=file:{settings}"],
            self.folder / "spring.log",
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: answers(f"http://127.0.0.1:{port}{self.endpoints.discovery}"), _BOOT)

    @property
    def logs(self) -> Sequence[Path]:
        return [self.folder / "spring.log", self.folder / "spring.json"]

    def _settings(self, port: int, public_url: str) -> Iterator[str]:
        """The lines of application.properties."""
        yield from (
            "spring.application.name=sso",
            "server.address=127.0.0.1",
            f"server.port={port}",
            "server.forward-headers-strategy=framework",
            "server.servlet.session.tracking-modes=cookie",
            f"logging.file.name={self.folder / 'spring.json'}",
            "logging.structured.format.file=ecs",
            "management.otlp.metrics.export.enabled=false",
            "logging.level.org.springframework.security=DEBUG",
            "logging.level.org.springframework.security.oauth2.server.authorization=TRACE",
            f"lab.user={USER}",
            f"lab.disabled-user={LOCKED_USER}",
            f"lab.password={PASSWORD}",
            f"{_SERVER}.issuer={public_url}",
        )
        for client in (WEB, OTHER):
            yield from _client(client, _GRANTS)
        yield from _client(SPA, _GRANTS[:2])
        yield from _client(CODE_ONLY, _GRANTS[:1])


def _client(client: Client, grants: Sequence[str]) -> Iterator[str]:
    """A client's lines."""
    own = f"{_SERVER}.client.{client.id}"
    registration = {
        "client-id": client.id,
        "client-authentication-methods": "client_secret_basic" if client.secret else "none",
        "authorization-grant-types": ",".join(grants),
        "redirect-uris": client.redirect_uri,
        "scopes": SCOPE.replace(" ", ","),
    }
    if client.secret:
        registration["client-secret"] = "{noop}" + client.secret
    yield from (f"{own}.registration.{key}={value}" for key, value in registration.items())
    yield f"{own}.require-proof-key={str(client.secret is None).lower()}"
    yield f"{own}.token.authorization-code-time-to-live={CODE_SECONDS}s"
    yield f"{own}.token.reuse-refresh-tokens=false"
