"""A chunk of an input to events: out of its envelopes, by the source of each line. A pure function of both.

The main reading reads all lines. What it refuses is offered to the other readings of the input, and a
sample of it to every other known one, since a log changes its content: a container writes start-up noise,
access lines and events into one stream, and a format is changed from one day to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Hashes
from ingest.engine import Engine, Read, Reading, Refused, quarantine_rows
from ingest.framing import Chunk, Overlong
from ingest.inside import Unwrapped, unwrapped
from ingest.recognise import Layout, fit_for_rows
from ingest.timing import Written
from lake.schema import QUARANTINE

_OFFERED = 2_000
"""Refused lines of a chunk that are offered to readings which the input has not shown yet."""
_FOREIGN = "message of a program"
"""Why a source ignores what may be anybody's."""
_BELOW = pa.array(["stack trace", "continuation of a line before", "banner"])
"""Why it ignores what belongs to the line above."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Parsed:
    """What became of records: events (the columns of EVENTS without `file`, text columns dictionary-
    encoded) and their `ids` (see Engine.hashes), refused ones (QUARANTINE), and the number ignored by reason.
    `source` is the one that what was refused is counted for."""

    source: str
    events: pa.Table
    ids: Hashes | None
    quarantined: pa.Table
    ignored: Mapping[str, int]

    @property
    def records(self) -> int:
        """Records read: events, quarantined and ignored ones."""
        return int(self.events.num_rows + self.quarantined.num_rows + sum(self.ignored.values()))

    @property
    def whole(self) -> bool:
        """Whether every record is an event or blank: nothing looks cut."""
        return not self.quarantined.num_rows and not set(self.ignored) - {"blank"}


def parse_chunk(
    engine: Engine, layout: Layout, candidates: Sequence[Reading], chunk: Chunk, reference: datetime
) -> Parsed:
    """Every record of the chunk becomes an event, is quarantined or is ignored.

    `candidates`: every reading that may turn up; `reference`: when the input was written, for times
    without a year or a date.
    """
    main = layout.readings[0]
    content = unwrapped(engine, layout.envelopes, chunk.records, reference)
    written = Written(reference, chunk.closing)
    read = engine.read(main, content.records, content.around, written)
    events, refused = _offer_to_others(engine, layout, candidates, content, read, chunk.open_end, written)
    quarantined = [_overlong(main.source.name, chunk.overlong)] if chunk.overlong else []
    ignored = content.ignored
    if len(refused):
        own = next(engine.claims([main], content.records.take(refused.places).lines))
        shared = layout.shared or len(events) > 1
        kept, noise = engine.judge(main.source.name, content.records, refused, own, shared)
        quarantined.append(kept)
        ignored += Counter(noise)
    whole = events[0] if len(events) == 1 else pa.concat_tables(events).unify_dictionaries()
    return Parsed(
        main.source.name,
        whole,
        engine.hashes(whole),
        pa.concat_tables([QUARANTINE.empty_table(), *quarantined]),
        ignored,
    )


def _offer_to_others(
    engine: Engine,
    layout: Layout,
    candidates: Sequence[Reading],
    content: Unwrapped,
    read: Read,
    open_end: bool,
    written: Written,
) -> tuple[list[pa.Table], Refused]:
    """The events of all readings, and what none of them takes."""
    events, refused = [read.events], read.refused
    main = layout.readings[0]
    others = list(layout.readings[1:])
    # half a line at the end of a log tells of no other source, and may look like a whole one of any program
    if open_end and not main.source.last_resort:
        others = [reading for reading in others if not reading.source.last_resort]
    elif len(refused) and not open_end:
        others += _turned_up(engine, layout, candidates, content, refused)
    owned = np.zeros(len(content.records), dtype=bool)
    for reading in sorted(others, key=lambda reading: reading.source.last_resort):
        if not len(refused):
            break
        lines = content.records.take(refused.places).lines
        of_main, of_other = engine.claims([main, reading], lines)
        guest = reading.source.last_resort and not main.source.last_resort
        if guest:
            free = ~of_main & ~owned[refused.places]
            theirs = _with_traces(of_other & free, _foreign_flags(refused) & free, refused)
        else:
            theirs = of_other & (_ignored_flags(refused) | ~of_main)
        if not reading.source.last_resort:
            owned[refused.places[of_other]] = True
        if not theirs.any():
            continue
        places = refused.places[theirs]
        around = content.around.take(places) if content.around is not None else None
        more = engine.read(reading, content.records.take(places), around, written)
        again = replace(more.refused, places=places[more.refused.places])
        if guest:
            # what it makes no event of is refused for the reason that the main source has
            made = np.setdiff1d(places, again.places)
            if len(made):
                events.append(more.events)
                refused = refused.take(~np.isin(refused.places, made))
            continue
        events.append(more.events)
        refused = _joined(refused.take(~theirs), again)
    return events, refused


def _ignored_flags(refused: Refused) -> Flags:
    """Which were ignored: known to the source and of no interest to it, but perhaps to another."""
    flags: Flags = pc.is_null(refused.quarantined).to_numpy(zero_copy_only=False)
    return flags


def _foreign_flags(refused: Refused) -> Flags:
    """Which were not ignored for a reason of the source's own: anybody may have written them."""
    own = pc.fill_null(pc.not_equal(refused.ignored.cast(pa.string()), _FOREIGN), False)
    flags: Flags = pc.invert(own).to_numpy(zero_copy_only=False)
    return flags


def _below_flags(refused: Refused) -> Flags:
    """Which belong to the line above."""
    flags: Flags = pc.is_in(refused.ignored.cast(pa.string()), _BELOW).to_numpy(zero_copy_only=False)
    return flags


def _with_traces(claimed: Flags, foreign: Flags, refused: Refused) -> Flags:
    """What is claimed and anybody may have written; a line below such a one with the one above it."""
    below = _below_flags(refused)
    told = claimed & below
    theirs = claimed & foreign
    if told.any():
        place = np.arange(len(refused))
        head = np.maximum.accumulate(np.where(below, 0, place))
        # nothing of another source between the two
        told &= foreign[head] & (refused.places - refused.places[head] == place - head)
        theirs[told] = True
        theirs[head[told]] = True
    return theirs


def _turned_up(
    engine: Engine, layout: Layout, candidates: Sequence[Reading], content: Unwrapped, refused: Refused
) -> list[Reading]:
    """Readings that claim some of a sample of refused lines, and that the layout does not name."""
    bare_rows = layout.framing.kind == "csv" and not layout.envelopes
    possible = fit_for_rows(candidates) if bare_rows else candidates
    unknown = [reading for reading in possible if reading not in layout.readings]
    step = max(1, len(refused) // _OFFERED)
    sample = refused.take(np.arange(0, len(refused), step))
    named = [reading for reading in unknown if not reading.source.last_resort]
    claims = list(engine.claims(named, content.records.take(sample.places).lines))
    # those of the last resort are dear to ask, and get only what nobody else claims
    last = [reading for reading in unknown if reading.source.last_resort]
    free = np.ones(len(sample), dtype=bool)
    if not layout.readings[0].source.last_resort:
        free &= _foreign_flags(sample) | _below_flags(sample)
    for claimed in claims:
        free &= ~claimed
    claims += engine.claims(last, content.records.take(sample.places[free]).lines)
    return [reading for reading, claimed in zip([*named, *last], claims, strict=True) if claimed.any()]


def _joined(first: Refused, second: Refused) -> Refused:
    places = np.concatenate([first.places, second.places])
    order = np.argsort(places, kind="stable")
    ignored = pa.concat_arrays([first.ignored, second.ignored])
    quarantined = pa.concat_arrays([first.quarantined, second.quarantined])
    return Refused(places[order], ignored.take(order), quarantined.take(order))


def _overlong(source: str, lines: Sequence[Overlong]) -> pa.Table:
    """Rows for lines that are too long to be read: their size stands for them."""
    sizes = [line.bytes for line in lines]
    reasons = [f"longer than a record may be: {size:,} bytes" for size in sizes]
    offsets = np.array([line.offset for line in lines], dtype=np.int64)
    return quarantine_rows(source, offsets, pa.array(sizes, pa.int64()), reasons, pa.nulls(len(lines)))
