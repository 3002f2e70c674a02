"""The causes: what can go wrong with OAuth, who must act and what fixes it.

One file for each family, analysis/causes/<family>.toml; the folder is the registry.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from analysis.errors import TaxonomyError

CAUSES = Path(__file__).parent / "causes"

RESPONSIBLE = (
    "client developer",
    "client operator",
    "end user",
    "auth-server operator",
    "gateway operator",
    "attacker",
)
"""Who must act."""

RETRY = ("never", "new_token", "backoff", "yes")
"""Whether sending it again helps: not before something changed, with a new token, grant or sign-in,
after a while, or at once."""

MISSIONS = (
    "client credentials",
    "expired or revoked tokens",
    "malformed request",
    "server errors",
)
"""The kinds of failure that people ask for first; some families belong to one of them."""

UNCLASSIFIED = "unknown.unclassified"
"""The verdict where no rule explains a failure."""


def is_known(cause: str) -> bool:
    """Whether a cause names a family at least."""
    return not cause.startswith("unknown.")


def is_leaf(cause: str) -> bool:
    """Whether a cause names more than its family."""
    return is_known(cause) and not cause.endswith("_unspecified")


_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True)
class Family:
    """A family of causes: its file's name, its title, and the mission that it belongs to, if any."""

    name: str
    title: str
    mission: str | None = None


@dataclass(frozen=True)
class Cause:
    """One cause.

    `responsible` is one of RESPONSIBLE, `retry` one of RETRY. `security`: worth a look by security
    people. `normal`: a step of the protocol, not a fault. `reference`: section of the specification.
    `evidence`: what tells it from its neighbours. `derived`: found across events, never by a rule.
    """

    id: str
    family: str
    title: str
    responsible: str
    retry: str
    security: bool
    normal: bool
    remedy: str
    reference: str
    evidence: str
    derived: bool = False


_TEXTS = ("title", "responsible", "retry", "remedy", "reference", "evidence")
_FLAGS = ("security", "normal")
_KNOWN = {field.name for field in fields(Cause)} - {"id", "family"}


def read_causes(folder: Path) -> tuple[dict[str, Family], dict[str, Cause]]:
    """The families and causes of a folder of `<family>.toml` files, by their ids.

    Raises TaxonomyError, naming the file and the cause, when something is missing or not allowed.
    """
    families: dict[str, Family] = {}
    causes: dict[str, Cause] = {}
    prefixes: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as problem:
            raise TaxonomyError(f"{path.name}: not TOML: {problem}") from problem
        families[path.stem] = _family(path, content.get("family"))
        for key, entry in content.get("cause", {}).items():
            cause = _cause(path, key, entry)
            if key in causes:
                raise TaxonomyError(f"{path.name}: {key} stands in {causes[key].family}.toml too")
            owner = prefixes.setdefault(key.split(".")[0], path.stem)
            if owner != path.stem:
                raise TaxonomyError(f"{path.name}: {key} has the prefix of {owner}.toml")
            causes[key] = cause
    if UNCLASSIFIED not in causes:
        raise TaxonomyError(f"{folder}: {UNCLASSIFIED} is missing")
    return families, causes


@cache
def _taxonomy() -> tuple[Mapping[str, Family], Mapping[str, Cause]]:
    families, causes = read_causes(CAUSES)
    return MappingProxyType(families), MappingProxyType(causes)


def load_causes() -> Mapping[str, Cause]:
    """All causes by id, read once. Raises TaxonomyError."""
    return _taxonomy()[1]


def load_families() -> Mapping[str, Family]:
    """All families by name, read once. Raises TaxonomyError."""
    return _taxonomy()[0]


def _family(path: Path, entry: object) -> Family:
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise TaxonomyError(f"{path.name}: needs a [family] table with a title")
    unknown = set(entry) - {"title", "mission"}
    if unknown:
        raise TaxonomyError(f"{path.name}: [family] has unknown keys: {', '.join(sorted(unknown))}")
    mission = entry.get("mission")
    if mission is not None and mission not in MISSIONS:
        raise TaxonomyError(f"{path.name}: mission must be one of: {', '.join(MISSIONS)}")
    return Family(path.stem, entry["title"], mission)


def _cause(path: Path, key: str, entry: Mapping[str, Any]) -> Cause:
    where = f"{path.name}: {key}"
    if not _ID.fullmatch(key):
        raise TaxonomyError(f"{where}: an id looks like family.leaf, in lower case")
    unknown = set(entry) - _KNOWN
    if unknown:
        raise TaxonomyError(f"{where}: unknown keys: {', '.join(sorted(unknown))}")
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise TaxonomyError(f"{where}: needs a {name}")
    for name in _FLAGS:
        if not isinstance(entry.get(name), bool):
            raise TaxonomyError(f"{where}: {name} must be true or false")
    if entry["responsible"] not in RESPONSIBLE:
        raise TaxonomyError(f"{where}: responsible must be one of: {', '.join(RESPONSIBLE)}")
    if entry["retry"] not in RETRY:
        raise TaxonomyError(f"{where}: retry must be one of: {', '.join(RETRY)}")
    if not isinstance(entry.get("derived", False), bool):
        raise TaxonomyError(f"{where}: derived must be true or false")
    return Cause(id=key, family=path.stem, **entry)
