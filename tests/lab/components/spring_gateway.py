"""Spring Cloud Gateway (WebFlux) by Spring Boot from Maven Central: its log, and the access log of Reactor Netty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.lab import install
from tests.lab.component import Gateway, Routes
from tests.lab.processes import Process, listens

_PROJECT = Path(__file__).with_suffix("")
_ROUTES = "spring.cloud.gateway.server.webflux.routes"
_RESOURCE_SERVER = "spring.security.oauth2.resourceserver.jwt"
_BOOT = 180.0
"""Seconds that it has to start."""


class SpringGateway(Gateway):
    """Spring Cloud Gateway, which validates tokens as a resource server of Spring Security."""

    name = "spring_gateway"
    source = "spring"
    title = "Spring Cloud Gateway"
    louder = (
        "A `NettyServerCustomizer` with an access log of its own, by `AccessLogArgProvider.responseHeader`, "
        "brings these."
    )
    checks = True
    can = frozenset(("keyless",))
    tells: ClassVar[Mapping[str, str]] = {
        # "Authorization failed: Access Denied", then 403; the scope that it wants is not named
        "insufficient_scope": "policy.permission_denied",
        # 500, and of what exception
        "jwks_down": "infra.metadata_unavailable",
        "tls_failure": "infra.tls_failed",
        "upstream_down": "server.unavailable",
    }

    def install(self) -> str:
        self._jar, version = install.maven_project("gateway", _PROJECT, "spring-cloud-gateway-server-webflux")
        return version

    def start(self, routes: Routes) -> None:
        settings = self.folder / "application.properties"
        settings.write_text("\n".join(self._settings(routes)) + "\n", encoding="utf-8")
        process = Process(
            [
                "java", "-Xmx384m", "-Dreactor.netty.http.server.accessLogEnabled=true", "-jar", self._jar,
                f"--spring.config.location=file:{settings}",
            ],
            self.folder / "output.txt",
        )  # fmt: skip
        self._processes.append(process)
        process.wait_for(lambda: listens(routes.port), _BOOT)

    @property
    def logs(self) -> Sequence[Path]:
        # access.log is written too; it has neither an id nor more than a status, so it is no log to lay beside the truth
        return [self.folder / "gateway.log"]

    def _settings(self, routes: Routes) -> Iterator[str]:
        """The lines of application.properties."""
        yield from (
            "spring.application.name=gateway",
            "server.address=127.0.0.1",
            f"server.port={routes.port}",
            "spring.reactor.context-propagation=auto",
            f"logging.file.name={self.folder / 'gateway.log'}",
            f"lab.access-log={self.folder / 'access.log'}",
            "management.otlp.metrics.export.enabled=false",
            "logging.level.org.springframework.security=DEBUG",
            # every request and the status of its answer
            "logging.level.org.springframework.web.server.adapter.HttpWebHandlerAdapter=DEBUG",
            f"{_RESOURCE_SERVER}.issuer-uri={routes.issuer}",
            f"{_RESOURCE_SERVER}.jwk-set-uri={routes.jwks}",
            f"{_RESOURCE_SERVER}.audiences={routes.audience}",
            f"lab.keyless={routes.down}/jwks.json",
        )
        targets = {
            "/api/": routes.api, "/keyless/": routes.api, "/down/": routes.down, "/slow/": routes.slow,
            "/broken-tls/": routes.broken_tls, "/": routes.server,
        }  # fmt: skip
        for place, (path, url) in enumerate(targets.items()):
            route = f"{_ROUTES}[{place}]"
            yield f"{route}.id={path.strip('/') or 'server'}"
            yield f"{route}.uri={url}"
            yield f"{route}.predicates[0]=Path={path}**"
            yield f"{route}.filters[0]=PreserveHostHeader"
            if path == "/slow/":
                yield f"{route}.metadata.response-timeout=2000"
