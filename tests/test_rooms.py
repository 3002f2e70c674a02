"""Five rooms, one direction: a room imports only rooms below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("lake", "ingest", "analysis", "dashboard", "why401")
_MAY_IMPORT = {
    "lake": set(),
    "ingest": {"lake"},
    "analysis": {"lake", "ingest"},
    "dashboard": {"lake", "analysis"},
    "why401": {"lake", "ingest", "analysis", "dashboard"},
}
_FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names & set(ROOMS)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_rooms_below_it(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    assert _imported(path) - {room} <= _MAY_IMPORT[room]


@pytest.mark.parametrize("path", sorted((ROOT / "dashboard").rglob("*.py")), ids=lambda path: path.name)
def test_the_page_holds_no_sql(path: Path) -> None:
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [text for text in texts if "SELECT " in text]
