"""What a run did, in numbers that balance."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Counts:
    """Records read, and what became of each. records = events + quarantined + ignored + duplicates."""

    inputs: int = 0
    bytes: int = 0
    records: int = 0
    events: int = 0
    quarantined: int = 0
    ignored: int = 0
    duplicates: int = 0

    def add(self, other: Counts) -> None:
        """Adds the counts of `other` to these."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.records == self.events + self.quarantined + self.ignored + self.duplicates


@dataclass
class Summary:
    """A run: its totals and the same by source, what could not be read, what is no log.

    `problems` are sentences that name the input; `unrecognised` are files found in folders that are
    in no known format; `unchanged` counts inputs that hold nothing new.
    """

    total: Counts = field(default_factory=Counts)
    by_source: dict[str, Counts] = field(default_factory=dict)
    ignored_because: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unrecognised: list[str] = field(default_factory=list)
    unchanged: int = 0
    seconds: float = 0.0

    def count(self, source: str, counts: Counts) -> None:
        """Adds counts to the totals and to those of the source."""
        self.total.add(counts)
        self.by_source.setdefault(source, Counts()).add(counts)

    def add(self, other: Summary) -> None:
        """Adds what another run did, less its seconds."""
        self.total.add(other.total)
        for source, counts in other.by_source.items():
            self.by_source.setdefault(source, Counts()).add(counts)
        for reason, count in other.ignored_because.items():
            self.ignored_because[reason] = self.ignored_because.get(reason, 0) + count
        self.problems += other.problems
        self.unrecognised += [name for name in other.unrecognised if name not in self.unrecognised]
        self.unchanged += other.unchanged

    def as_dict(self) -> dict[str, Any]:
        """The run as one JSON object."""
        return {
            **asdict(self.total),
            "seconds": round(self.seconds, 3),
            "by_source": {name: asdict(counts) for name, counts in sorted(self.by_source.items())},
            "ignored_because": dict(sorted(self.ignored_because.items())),
            "unchanged": self.unchanged,
            "unrecognised": self.unrecognised,
            "problems": self.problems,
        }
