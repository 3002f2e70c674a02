"""How much of what vendors and specifications publish gets a cause: each list of benchmarks/published, classified as
if a log had told its codes one by one. A cause is told at the level of its family where it is not `unknown`, and to
a leaf where it is not what stands for a family without more (`..._unspecified`) either. Each code has the cause that
it must get.
"""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.classify import classify
from analysis.taxonomy import is_known, is_leaf

PUBLISHED = Path(__file__).parent / "published"
SPECIFICATIONS = "oauth"
_TEXTS = ("source", "endpoint", "grant_type", "error", "error_code", "error_description")


@dataclass(frozen=True)
class Told:
    """A published code or message, the cause that it must get, the one that it gets, and the rule that says so."""

    code: str
    must: str
    cause: str
    rule: str | None


@dataclass(frozen=True)
class Coverage:
    """A list and what becomes of its codes."""

    name: str
    told: tuple[Told, ...]

    @property
    def codes(self) -> int:
        """How many codes the list has."""
        return len(self.told)

    @property
    def without_family(self) -> tuple[str, ...]:
        """Codes that get no cause."""
        return tuple(one.code for one in self.told if not is_known(one.cause))

    @property
    def without_leaf(self) -> tuple[str, ...]:
        """Codes that get no cause, or no more than its family."""
        return tuple(one.code for one in self.told if not is_leaf(one.cause))

    @property
    def moved(self) -> tuple[Told, ...]:
        """Codes that get another cause than they must."""
        return tuple(one for one in self.told if one.cause != one.must)

    @property
    def family(self) -> float:
        """The share of codes with a cause, 0 to 1."""
        return 1 - len(self.without_family) / self.codes

    @property
    def leaf(self) -> float:
        """The share of codes with a cause that is more than its family, 0 to 1."""
        return 1 - len(self.without_leaf) / self.codes

    @property
    def family_goal(self) -> float:
        """What the first share must be at least."""
        return 1.0 if self.name == SPECIFICATIONS else 0.98


LEAF_GOAL = 0.9


def coverage() -> list[Coverage]:
    """What becomes of every list."""
    return [_covered(path) for path in sorted(PUBLISHED.glob("*.csv"))]


def _covered(path: Path) -> Coverage:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    failures = [
        {name: row.get(name) or None for name in _TEXTS} | {row["field"]: row["value"], "signature": place}
        for place, row in enumerate(rows)
    ]
    schema = pa.schema(
        [("signature", pa.int64()), ("status", pa.int16()), *((name, pa.string()) for name in _TEXTS)]
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("rows", pa.Table.from_pylist(failures, schema=schema))
        connection.execute("CREATE TABLE failures AS SELECT * FROM rows")
        classify(connection, "failures", "verdicts")
        verdicts = connection.execute("SELECT cause, rule FROM verdicts ORDER BY signature").fetchall()
    return Coverage(
        path.stem,
        tuple(
            Told(row["value"], row["cause"], cause, rule)
            for row, (cause, rule) in zip(rows, verdicts, strict=True)
        ),
    )


def main() -> None:
    """Prints a line for each list; exits with 1 where a goal is not reached or a code has changed its cause."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="name every code without a leaf")
    every = parser.parse_args().misses
    print(f"{'list':24} {'codes':>6} {'family':>8} {'leaf':>8}")
    missed = False
    lists = coverage()
    for one in lists:
        short = one.family < one.family_goal or one.leaf < LEAF_GOAL
        missed |= short or bool(one.moved)
        lacking = one.without_family if one.family < one.family_goal else one.without_leaf
        told = f"   NOT reached: {'; '.join(lacking)}" if short else ""
        if every and not short:
            told = f"   {'; '.join(one.without_leaf)}"
        print(f"{one.name:24} {one.codes:6} {one.family:8.1%} {one.leaf:8.1%}{told}")
        for changed in one.moved:
            print(f"    {changed.code}: {changed.must} became {changed.cause} by {changed.rule}")
    codes = sum(one.codes for one in lists)
    family = 1 - sum(len(one.without_family) for one in lists) / codes
    leaf = 1 - sum(len(one.without_leaf) for one in lists) / codes
    print(f"{'together':24} {codes:6} {family:8.1%} {leaf:8.1%}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
