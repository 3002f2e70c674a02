"""What came into the lake since it began: totals that every commit carries, beside its own counts.

Delta forgets old commits, so the sum over all of them cannot be made later; the last one tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

_COUNT = "why401."
_TOTAL = "why401.total."


@dataclass(frozen=True)
class Totals:
    """Counts since the lake began. `retired_*` are rows that retention dropped, `bytes` decompressed.

    Commits of events tell all but `retired_quarantined`. Commits of the quarantine tell
    `quarantined`, here the rows that were written, and `retired_quarantined`.
    """

    records: int = 0
    events: int = 0
    quarantined: int = 0
    ignored: int = 0
    duplicates: int = 0
    bytes: int = 0
    retired_events: int = 0
    retired_quarantined: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every record became an event, was quarantined, ignored or a duplicate."""
        return self.records == self.events + self.quarantined + self.ignored + self.duplicates

    def plus(self, counts: Mapping[str, Any]) -> Totals:
        """With the counts of one more commit; names that are no total are passed over."""
        added = {name: getattr(self, name) + int(counts[name]) for name in _NAMES if name in counts}
        return replace(self, **added)

    def metadata(self, table: str) -> dict[str, str]:
        """As the custom metadata of a commit of the table."""
        return {
            _TOTAL + name: str(value)
            for name, value in asdict(self).items()
            if (name in _OF_QUARANTINE if table == "quarantine" else name != "retired_quarantined")
        }


_NAMES = tuple(Totals.__dataclass_fields__)
_OF_QUARANTINE = ("quarantined", "retired_quarantined")


def has_totals(commits: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the commits carries totals."""
    return any(key.startswith(_TOTAL) for commit in commits for key in commit)


def totals_of(commits: Iterable[Mapping[str, Any]]) -> Totals:
    """The totals that the commits of a table tell, newest first.

    Commits before the last that has totals do not count; commits of other engines have neither totals
    nor counts, and those of a lake from before there were totals have counts only.
    """
    since = Totals()
    for commit in commits:
        if has_totals([commit]):
            return since.plus(_numbers(commit, _TOTAL))
        since = since.plus(_numbers(commit, _COUNT))
    return since


def _numbers(commit: Mapping[str, Any], prefix: str) -> dict[str, int]:
    """The commit's whole numbers under the prefix; what is no number counts as none."""
    named = {key.removeprefix(prefix): value for key, value in commit.items() if key.startswith(prefix)}
    return {name: int(value) for name, value in named.items() if str(value).lstrip("-").isdecimal()}
