"""How much of what vendors and specifications publish gets a cause: each list of benchmarks/published, classified as
if a log had told its codes one by one. A cause is told at the level of its family where it is not `unknown`, and to
a leaf where it is not what stands for a family without more (`..._unspecified`) either.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.classify import classify

PUBLISHED = Path(__file__).parent / "published"
SPECIFICATIONS = "oauth"
_TEXTS = ("source", "endpoint", "grant_type", "error", "error_code", "error_description")


@dataclass(frozen=True)
class Coverage:
    """A list and what becomes of it: how many codes it has, and those that get no cause, or no leaf."""

    name: str
    codes: int
    without_family: tuple[str, ...]
    without_leaf: tuple[str, ...]

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
        causes = [
            row[0] for row in connection.execute("SELECT cause FROM verdicts ORDER BY signature").fetchall()
        ]
    unknown = [row["value"] for row, cause in zip(rows, causes, strict=True) if cause.startswith("unknown.")]
    vague = [row["value"] for row, cause in zip(rows, causes, strict=True) if cause.endswith("_unspecified")]
    return Coverage(path.stem, len(rows), tuple(unknown), (*unknown, *vague))


def main() -> None:
    """Prints a line for each list; exits with 1 where a goal is not reached."""
    print(f"{'list':24} {'codes':>6} {'family':>8} {'leaf':>8}")
    missed = False
    for one in coverage():
        short = one.family < one.family_goal or one.leaf < LEAF_GOAL
        missed |= short
        lacking = one.without_family if one.family < one.family_goal else one.without_leaf
        told = f"   NOT reached: {'; '.join(lacking)}" if short else ""
        print(f"{one.name:24} {one.codes:6} {one.family:8.1%} {one.leaf:8.1%}{told}")
    sys.exit(missed)


if __name__ == "__main__":
    main()
