"""Care of a lake: few files instead of many, no more than is needed, and the proof that all is there."""

from lake.care.compaction import Compacted, compact
from lake.care.figures import Figures, TableFigures, figures
from lake.care.retention import Retired, retain
from lake.care.soundness import Finding, Soundness, check
from lake.care.vacuuming import RETENTION, Vacuumed, vacuum
from lake.totals import Totals

__all__ = [
    "RETENTION",
    "Compacted",
    "Figures",
    "Finding",
    "Retired",
    "Soundness",
    "TableFigures",
    "Totals",
    "Vacuumed",
    "check",
    "compact",
    "figures",
    "retain",
    "vacuum",
]
