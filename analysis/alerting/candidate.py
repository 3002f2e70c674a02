"""What may become an alert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["surge", "new_cause", "silent"]


@dataclass(eq=False)
class Candidate:
    """Something improbable in the hours from `begin` to before `end`.

    `probability`: of the most improbable hour, under what is normal. `observed` and `expected`: events in
    those hours. `also`: causes of candidates that were folded into this one.
    """

    kind: Kind
    source: str
    client: str | None
    endpoint: str | None
    area: str | None
    cause: str | None
    begin: int
    end: int
    observed: float
    expected: float
    probability: float
    also: list[str] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)

    @property
    def vague(self) -> bool:
        """Whether the log tells a status and not the reason."""
        return self.cause is not None and self.cause.startswith("unknown.")

    @property
    def excess(self) -> float:
        """How much more there was than is normal."""
        return self.observed - self.expected

    def overlaps(self, other: Candidate, slack: int = 1) -> bool:
        """Whether both lie in the same hours, or nearly so."""
        return self.begin < other.end + slack and other.begin < self.end + slack
