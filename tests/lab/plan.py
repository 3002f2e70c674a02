"""Which components there are, and which of them stand together."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from tests.lab import components
from tests.lab.component import AuthServer, Component, Gateway


def all_components() -> dict[str, type[Component]]:
    """Every component, by name."""
    found: dict[str, type[Component]] = {}
    for entry in pkgutil.iter_modules(components.__path__):
        module = importlib.import_module(f"{components.__name__}.{entry.name}")
        own = [kind for kind in vars(module).values() if _is_component(kind, module.__name__)]
        found |= {kind.name: kind for kind in own}
    return dict(sorted(found.items()))


def pairs(names: list[str]) -> list[tuple[type[AuthServer], type[Gateway]]]:
    """Authorization servers and gateways of these names, so paired that each of them stands in some pair.

    Those whose logs why401 reads stand together, so that lines of the one meet events of the other.
    """
    every = all_components()
    chosen = sorted((every[name] for name in names), key=lambda kind: kind.source is None)
    servers = [kind for kind in chosen if issubclass(kind, AuthServer)]
    gateways = [kind for kind in chosen if issubclass(kind, Gateway)]
    if not servers or not gateways:
        return []
    count = max(len(servers), len(gateways))
    return [(servers[place % len(servers)], gateways[place % len(gateways)]) for place in range(count)]


def _is_component(value: object, module: str) -> bool:
    """Whether it is a server that this module defines."""
    if not (inspect.isclass(value) and issubclass(value, Component)):
        return False
    return value.__module__ == module and not inspect.isabstract(value)
