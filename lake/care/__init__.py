"""Care of a lake: few files instead of many, no more than is needed, and the proof that all is there."""

from lake.care.compaction import Compacted, compact
from lake.care.figures import Figures, TableFigures, figures
from lake.care.retention import Retired, retain
from lake.care.soundness import Finding, Soundness, check
from lake.care.vacuuming import Vacuumed, vacuum

__all__ = [
    "Compacted",
    "Figures",
    "Finding",
    "Retired",
    "Soundness",
    "TableFigures",
    "Vacuumed",
    "check",
    "compact",
    "figures",
    "retain",
    "vacuum",
]
