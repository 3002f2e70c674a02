"""What is inside of envelopes: records out of them, with what they tell of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Records, records_of
from ingest.engine import Engine
from ingest.timing import Around, around_of
from ingest.unwrap import Envelope


@dataclass(frozen=True)
class Unwrapped:
    """Records out of their envelopes: what the envelopes tell of each, and what they had ignored."""

    records: Records
    around: Around | None
    ignored: Counter[str]


def unwrapped(
    engine: Engine, envelopes: Sequence[Envelope], records: Records, reference: datetime
) -> Unwrapped:
    """The records out of the envelopes, the outermost first; `reference`: when the input was written, for
    times without a year."""
    ignored: Counter[str] = Counter()
    if not envelopes:
        return Unwrapped(records, None, ignored)
    table = pa.table({"line": records.lines, "offset": records.offsets})
    for envelope in envelopes:
        table = engine.unwrap(envelope, table)
        for reason in table["ignored"].drop_null().value_counts().to_pylist():
            ignored[str(reason["values"])] += int(reason["counts"])
        table = table.filter(pc.is_null(table["ignored"]))
    lines = pc.fill_null(table["line"].combine_chunks(), "")
    inside = records_of(lines, table["offset"].to_numpy())
    return Unwrapped(inside, around_of(table, reference), ignored)
