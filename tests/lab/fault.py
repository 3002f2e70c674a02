"""Faults: one module of tests/lab/faults each.

A module has a docstring that says what goes wrong, `CAUSE` (of the taxonomy), `AT` ("server": injected at
every authorization server; "api": at every gateway and what is behind it), `NEEDS` (what an authorization
server must be able to do, see AuthServer.can) and `inject(site)`, which sends the requests and marks with
`fails=True` those that go wrong.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.lab import faults

if TYPE_CHECKING:
    from tests.lab.site import Site


@dataclass(frozen=True)
class Fault:
    """A fault, by the name of its module."""

    name: str
    title: str
    cause: str
    at: str
    needs: frozenset[str]
    inject: Callable[[Site], None]


@cache
def all_faults() -> tuple[Fault, ...]:
    """Every fault, by name."""
    found = []
    for entry in pkgutil.iter_modules(faults.__path__):
        module = importlib.import_module(f"{faults.__name__}.{entry.name}")
        title = (module.__doc__ or "").strip().splitlines()[0]
        needs = frozenset(getattr(module, "NEEDS", ()))
        found.append(Fault(entry.name, title, module.CAUSE, module.AT, needs, module.inject))
    return tuple(found)
