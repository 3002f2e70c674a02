"""Recognition: how an input is read, from its content and never from its name.

A sample of an input's first lines tells its framing, the envelopes around its records and the sources that
wrote them. What stands further in is recognised again where it comes (ingest/reader.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Positions, Records, padded, records_of
from ingest.engine import Engine, Reading
from ingest.framing import LINES, Chunk, Framing, Readable, chunks, detect_framing
from ingest.inside import unwrapped
from ingest.sources import Source
from ingest.unwrap import Envelope, load_envelopes

HEAD_BYTES = 256 * 1024
_FIRST = 200
_SPREAD = 300
_ENOUGH = 0.2
_SOME = 0.01
_SEVERAL = 3
_NEARLY_ALL = 0.9
_DEEPEST = 4
_GOES_ON = r'^(\s|[}\])"\\]|(Caused by|Suppressed): |[\w.$]+(Exception|Error)(: |$))'
"""A line that goes on from the one before: of a stack trace, or of an object that a message shows."""
_COMMON = 50
"""The priority from which on an envelope's shape may be that of a bare line as well."""
_LOOSE = 95
"""The priority from which on an envelope's shape is that of many a program's own records as well."""
_BY_ENVELOPE = {"time", "date", "instance"}
"""Columns that an envelope fills by itself."""

Formats = Mapping[str, Sequence[str]]
"""Format strings of the user's own, by source."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """How an input is read: its framing, the envelopes around its records from the outermost on, and the
    readings that know them, the main one first. In a `shared` stream other programs write as well."""

    framing: Framing
    envelopes: tuple[Envelope, ...]
    readings: tuple[Reading, ...]
    shared: bool


@dataclass(frozen=True)
class Found:
    """What a sample tells: envelopes, readings, how many of its lines each of the two claims, and how many
    lines that makes with those that nobody claims and that do not go on from the one before."""

    envelopes: tuple[Envelope, ...]
    readings: tuple[Reading, ...]
    claimed: tuple[int, ...]
    lines: int

    @property
    def known(self) -> int:
        """The number of lines that some reading claims."""
        return sum(self.claimed)

    @property
    def named(self) -> int:
        """The number of lines that some reading claims which is not of the last resort."""
        pairs = zip(self.readings, self.claimed, strict=True)
        return sum(count for reading, count in pairs if not reading.source.last_resort)

    @property
    def surely_named(self) -> bool:
        """Whether one of these is a source's own, and not a format string of the user's, which may look like
        anything."""
        return any(not (reading.own or reading.source.last_resort) for reading in self.readings)

    @property
    def enough(self) -> bool:
        """Whether a sample like this is worth reading: a fifth of it, or some lines of many."""
        return self.known >= max(1.0, _ENOUGH * self.lines) or (
            self.known >= max(_SEVERAL, _SOME * self.lines)
        )


def readings(sources: Mapping[str, Source], formats: Formats) -> list[Reading]:
    """Every way to read a line: each source, or each of its format strings, the user's own first.

    Lines may go on behind a format, so of two that fit the same lines the longer one is tried first. The
    combined format of nginx is that of Apache too: who names it for a source means that source.
    """
    found = []
    for source in sorted(sources.values(), key=lambda source: (source.priority, source.name)):
        if source.format_language is None:
            found.append(Reading(source))
            continue
        own = formats.get(source.name, ())
        found += [Reading(source, text, own=True) for text in _longest_first(own)]
        others = [text for text in source.formats.values() if text not in own]
        found += [Reading(source, text) for text in _longest_first(others)]
    return sorted(found, key=lambda reading: not reading.own)


def _longest_first(formats: Iterable[str]) -> list[str]:
    return sorted(dict.fromkeys(formats), key=len, reverse=True)


def recognise(
    engine: Engine, head: bytes, candidates: Sequence[Reading], *, forced: bool = False
) -> Layout | None:
    """How to read an input that begins with `head`; None when no candidate knows it.

    With `forced` the best candidate wins in any case.
    """
    framing = detect_framing(head)
    sample = _sample(head, framing)
    if not sample.num_rows:
        return Layout(LINES, (), tuple(candidates[:1]), shared=False) if forced and candidates else None
    found = look(engine, sample, candidates)
    if not found.envelopes and not forced and framing.kind == "csv":
        found = look(engine, sample, fit_for_rows(candidates))
    if not found.enough and not forced:
        return None
    chosen = found.readings or tuple(candidates[:1])
    # lines of any program are no sign that another one writes there as well
    named = [reading for reading in found.readings if not reading.source.last_resort]
    return Layout(framing, found.envelopes, chosen, shared=bool(found.envelopes) or len(named) > 1)


def fit_for_rows(candidates: Sequence[Reading]) -> list[Reading]:
    """Those that may have written rows of CSV: no format string of a line does, and a table of anything is
    no log of any program."""
    return [reading for reading in candidates if reading.format is None and not reading.source.last_resort]


def recognise_within(
    engine: Engine, framing: Framing, chunk: Chunk, candidates: Sequence[Reading]
) -> Layout | None:
    """The same for a stretch further in of an input whose head told nothing."""
    found = look(engine, spread(chunk.records), candidates)
    return Layout(framing, found.envelopes, found.readings, shared=True) if found.enough else None


def look(engine: Engine, sample: pa.Table, candidates: Sequence[Reading], depth: int = 0) -> Found:
    """What the lines of a sample (`line`, "offset") tell, as they are and inside of an envelope.

    An envelope in which lines are known is believed, unless only readings of the last resort know them there,
    and others without it. One whose shape is common, such as a time before the line, only where as much is
    known in it as without it, or no less becomes of the lines; a loose one only where no less becomes of
    them.
    """
    lines = sample["line"].combine_chunks()
    envelope = _envelope(engine, lines) if depth < _DEEPEST else None
    if envelope is None:
        return _claimed(engine, lines, candidates)
    inside = engine.unwrap(envelope, sample)
    if envelope.priority >= _LOOSE and inside.num_rows == sample.num_rows and not _taken_off(inside, sample):
        return _claimed(engine, lines, candidates)
    found = look(engine, inside.filter(pc.is_null(inside["ignored"])), candidates, depth + 1)
    wrapped = replace(found, envelopes=(envelope, *found.envelopes))
    believed = found.enough and envelope.priority <= _COMMON
    if believed and found.named:
        return wrapped
    bare = _claimed(engine, lines, candidates)
    if believed:
        return bare if bare.surely_named else wrapped
    if not found.named and bare.named >= max(1, found.known):
        return bare
    better = (envelope.priority < _LOOSE and _knows_as_much(found, bare)) or (
        _yields(engine, wrapped, sample) >= max((1, 0), _yields(engine, bare, sample))
    )
    return wrapped if found.enough and better else bare


def _taken_off(inside: pa.Table, sample: pa.Table) -> bool:
    """Whether something was around a fifth of the lines, of which each is in one record."""
    other = pc.not_equal(inside["line"], sample["line"].cast(pa.string()))
    return bool(pc.sum(other).as_py() >= max(1.0, _ENOUGH * sample.num_rows))


def _knows_as_much(inside: Found, bare: Found) -> bool:
    """Whether no fewer lines are known inside of an envelope, or nearly all where only readings of the last
    resort know any: they do not know a line that goes on from the one before."""
    if inside.named or bare.named:
        return inside.named >= bare.named
    return inside.known >= _NEARLY_ALL * bare.known


def _yields(engine: Engine, found: Found, sample: pa.Table) -> tuple[int, int]:
    """How many lines of a sample become events by what was found, and how many values these have."""
    records = records_of(sample["line"].combine_chunks(), sample["offset"].to_numpy())
    content = unwrapped(engine, found.envelopes, records, datetime.now(UTC))
    taken = np.empty(0, dtype=np.int64)
    values = 0
    free = np.ones(len(content.records), dtype=bool)
    for reading, claims in zip(
        found.readings, engine.claims(found.readings, content.records.lines), strict=True
    ):
        # one of the last resort gets what no other claims
        places = np.flatnonzero(claims & free) if reading.source.last_resort else np.arange(len(free))
        free &= ~claims
        around = content.around.take(places) if content.around is not None else None
        events = engine.read(reading, content.records.take(places), around).events
        offsets = events["offset"].to_numpy()
        fresh = events.filter(pa.array(~np.isin(offsets, taken)))
        taken = np.union1d(taken, offsets)
        told = [name for name in fresh.column_names if name not in _BY_ENVELOPE]
        values += sum(fresh.num_rows - fresh[name].null_count for name in told)
    return len(taken), values


def alike(engine: Engine, layout: Layout, head: bytes, candidates: Sequence[Reading]) -> bool:
    """Whether an input that begins with `head` is surely read like another one, without asking what else it
    might be: nearly all of its first lines are of that layout's main reading, in its envelopes, and none of
    the same source that comes before it knows as many. One of the last resort knows the lines of others as
    well, so it tells nothing."""
    framing = detect_framing(head)
    main = layout.readings[0]
    if framing != layout.framing or main.source.last_resort:
        return False
    table = _sample(head, framing)
    for envelope in (*layout.envelopes, None):
        lines = table["line"].combine_chunks()
        if not len(lines) or _envelope(engine, lines) != envelope:
            return False
        if envelope is not None:
            table = engine.unwrap(envelope, table)
            table = table.filter(pc.is_null(table["ignored"]))
    rivals = [reading for reading in candidates if reading.source.name == main.source.name]
    rivals = rivals[: rivals.index(main) + 1]
    *before, claimed = (int(flags.sum()) for flags in engine.claims(rivals, lines))
    return claimed >= _NEARLY_ALL * len(lines) and claimed > max(before, default=0)


def _envelope(engine: Engine, lines: pa.Array) -> Envelope | None:
    """The envelope that most of the lines are in; None when that is less than a fifth of them. A loose one is
    asked where there is no other."""
    for loose in (False, True):
        asked = [one for one in load_envelopes().values() if (one.priority >= _LOOSE) == loose]
        counts = [int(flags.sum()) for flags in engine.matches([one.recognise for one in asked], lines)]
        best = int(np.argmax(counts))
        if counts[best] >= max(1.0, _ENOUGH * len(lines)):
            return asked[best]
    return None


def _claimed(engine: Engine, lines: pa.Array, candidates: Sequence[Reading]) -> Found:
    """The readings that claim lines, the one with the most first, and then those of the last resort that
    claim others; each line counts for one of them."""
    readings: list[Reading] = []
    counts: list[int] = []
    free = np.ones(len(lines), dtype=bool)
    for last_resort in (False, True):
        if not free.any():
            break
        asked = [reading for reading in candidates if reading.source.last_resort == last_resort]
        claims = []
        for flags in engine.claims(asked, lines):
            claims.append(flags)
            if flags.all():
                # whoever comes after it has no more
                break
        while claims:
            left = [int((flags & free).sum()) for flags in claims]
            best = int(np.argmax(left))
            if not left[best]:
                break
            readings.append(asked[best])
            counts.append(left[best])
            free &= ~claims[best]
    (goes_on,) = engine.matches([_GOES_ON], lines)
    return Found((), tuple(readings), tuple(counts), len(lines) - int((free & goes_on).sum()))


def spread(records: Records, most: int = _FIRST + _SPREAD) -> pa.Table:
    """Records (`line`, "offset") evenly spread over those that are not blank."""
    return _table(records, _evenly(_filled(records), most))


def _sample(head: bytes, framing: Framing) -> pa.Table:
    """The first records of `head` and some of the others; a last one that may be cut only if alone."""
    found = list(chunks(Bytes(head), framing, 0, size=len(head) + 1))
    whole = [chunk.records for chunk in found if not chunk.open_end] or [chunk.records for chunk in found]
    if not whole:
        return _table(
            Records(padded(b""), *(np.empty(0, dtype=np.int64) for _ in range(3))), np.empty(0, int)
        )
    filled = _filled(whole[0])
    return _table(whole[0], np.concatenate([filled[:_FIRST], _evenly(filled[_FIRST:], _SPREAD)]))


def _filled(records: Records) -> Positions:
    return np.flatnonzero(records.ends - records.starts > 1)


def _evenly(places: Positions, most: int) -> Positions:
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(np.int64)]


def _table(records: Records, places: Positions) -> pa.Table:
    chosen = records.take(places)
    return pa.table({"line": chosen.lines, "offset": chosen.offsets})


class Bytes(Readable):
    """Bytes in memory as a stream."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fills the buffer from its start; bytes read, 0 at the end."""
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
