"""What one commit carries: events of several inputs, how far each was read, and what became of its records.

Other processes may write to the same lake. So a commit first looks at what they have committed: an input
that someone else has read meanwhile was overtaken, and its part is left out, to be read again from where it
is now; an event whose native id someone else has brought is left out as a duplicate.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.columns import Hashes
from ingest.identity import Beginning, beginnings_transaction, consumed_of
from ingest.inputs import Input
from ingest.recognise import Layout
from ingest.seen import NONE, SeenIds
from ingest.summary import Counts, Summary
from ingest.workers import Workers
from lake.schema import EVENTS, QUARANTINE
from lake.table import DataFile, Lake

_BATCH_BYTES = 256 * 1024 * 1024
_BATCH_INPUTS = 500
_BATCH_SECONDS = 20.0
_FILE_ROWS = 50_000


@dataclass
class Base:
    """The progress of an input in the lake as this run found or left it, as transaction versions: that of
    its events, and that of its quarantine, which a run that is killed may leave ahead of them."""

    version: int | None
    begun: int | None


@dataclass
class Reader:
    """An input that is being read. `base` is shared by all readers of the same input, until what they read
    is committed. `beginnings` are those that the lake does not know yet; `broken`: what comes of it any more
    is dropped; `overtaken`: another process has read on in it."""

    item: Input
    layout: Layout
    fingerprint: str
    base: Base
    beginnings: list[Beginning] = field(default_factory=list)
    broken: bool = False
    overtaken: bool = False


@dataclass
class Share:
    """The part of a batch that comes from one input: its records up to `version`, by source.

    Several files may be one input, the copy of a log and the log itself; each has a reader.
    """

    readers: list[Reader]
    version: int
    counts: dict[str, Counts] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    quarantined: list[pa.Table] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The fingerprint of the input."""
        return self.readers[0].fingerprint

    @property
    def overtaken(self) -> bool:
        """Whether another process has read on in the input."""
        return any(reader.overtaken for reader in self.readers)

    def count(self, source: str, counts: Counts) -> None:
        """Adds to the counts of a source."""
        self.counts.setdefault(source, Counts()).add(counts)


@dataclass
class Batch:
    """Shares by fingerprint, and their events: those that wait, and those that are being written."""

    shares: dict[str, Share] = field(default_factory=dict)
    waiting: list[pa.Table] = field(default_factory=list)
    files: list[Future[list[DataFile]]] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    bytes: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to commit."""
        return (
            self.bytes >= _BATCH_BYTES
            or len(self.shares) >= _BATCH_INPUTS
            or (bool(self.shares) and time.monotonic() - self.begun > _BATCH_SECONDS)
        )

    @property
    def written(self) -> bool:
        """Whether all of its files are there."""
        return all(future.done() for future in self.files)

    def share(self, reader: Reader, version: int) -> Share:
        """The share of an input, which now goes up to `version`."""
        share = self.shares.setdefault(reader.fingerprint, Share([], version))
        if reader not in share.readers:
            share.readers.append(reader)
        share.version = version
        return share

    def add(self, events: pa.Table, workers: Workers, lake: Lake) -> None:
        """Adds events (schema EVENTS); few wait for more, so that small inputs do not make a file each."""
        self.waiting.append(events)
        if sum(table.num_rows for table in self.waiting) >= _FILE_ROWS:
            self.flush(workers, lake)

    def flush(self, workers: Workers, lake: Lake) -> None:
        """Has what waits written."""
        if self.waiting:
            whole = self.waiting[0] if len(self.waiting) == 1 else _joined(self.waiting)
            self.files.append(workers.submit(lake.write_events, whole))
            self.waiting = []

    def discard(self, lake: Lake) -> None:
        """Removes its files, since it will not be committed."""
        for future in self.files:
            if not future.cancel() and future.exception() is None:
                lake.discard(future.result())


class Committer:
    """Commits batches to a lake that others may write to as well."""

    def __init__(self, lake: Lake, seen: SeenIds) -> None:
        self._lake = lake
        self._seen = seen
        with lake.locked():
            self._version = lake.catch_up()
        # ids that others have brought while this run had events in its hands
        self._theirs: Hashes = NONE

    def commit(self, batch: Batch, summary: Summary) -> list[Reader]:
        """Commits what was not overtaken, and counts it in the summary; returns the readers that were.

        Waits for the files of the batch. Raises LakeError.
        """
        files = [file for future in batch.files for file in future.result()]
        with self._lake.locked():
            if self._lake.catch_up() != self._version:
                self._theirs = np.union1d(self._theirs, self._seen.others())
            overtaken = self._overtaken(batch)
            files = self._without_others(batch, files)
            shares = [share for share in batch.shares.values() if not share.overtaken]
            if shares:
                self._write(shares, files)
            self._version = self._lake.version()
        self._seen.committed(str(file.place.resolve()) for file in files)
        for share in shares:
            for reader in share.readers:
                reader.base.version = share.version
                reader.base.begun = self._lake.quarantine_progress(share.name)
                reader.beginnings = [one for one in reader.beginnings if one.end > consumed_of(share.version)]
            for source, counts in share.counts.items():
                summary.count(source, counts)
            for reason, count in share.ignored.items():
                summary.ignored_because[reason] = summary.ignored_because.get(reason, 0) + count
        return overtaken

    def _overtaken(self, batch: Batch) -> list[Reader]:
        """Marks the inputs whose progress in the lake is not what this run left or found there."""
        found = []
        for name, share in batch.shares.items():
            now = Base(self._lake.progress(name), self._lake.quarantine_progress(name))
            if not share.overtaken and now == share.readers[0].base:
                continue
            fresh = [reader for reader in share.readers if not reader.overtaken]
            for reader in fresh:
                reader.overtaken = True
            found += fresh
        return found

    def drained(self) -> None:
        """All that was read is committed: what is read from now on is compared with the lake as it is."""
        self._theirs = NONE

    def _without_others(self, batch: Batch, files: Sequence[DataFile]) -> list[DataFile]:
        """The files without the events of overtaken inputs and without those that others have brought."""
        dropped = {name for name, share in batch.shares.items() if share.overtaken}
        theirs = self._theirs
        if not dropped and not len(theirs):
            return list(files)
        kept = []
        for file in files:
            events = self._lake.events_of(file)
            hashes = self._seen.hashes(events)
            gone = pc.is_in(events["file"], pa.array(sorted(dropped), pa.string())).to_numpy()
            twice = np.isin(hashes, theirs) & (hashes != 0) & ~gone
            if not (gone | twice).any():
                kept.append(file)
                continue
            self._seen.forget(np.setdiff1d(hashes[gone & (hashes != 0)], theirs))
            _recount(batch, events.filter(pa.array(twice)))
            rest = events.filter(pa.array(~(gone | twice)))
            if rest.num_rows:
                kept += self._lake.write_events(rest)
            self._lake.discard([file])
        return kept

    def _write(self, shares: Sequence[Share], files: Sequence[DataFile]) -> None:
        total = Counts()
        for share in shares:
            for counts in share.counts.values():
                total.add(counts)
        note = vars(total)
        progress = {share.name: share.version for share in shares}
        told = {share.name: _new_beginnings(share) for share in shares}
        progress |= _told(told)
        refused = [(share, self._refused(share)) for share in shares if share.quarantined]
        rows = pa.concat_tables([QUARANTINE.empty_table(), *(table for _, table in refused)])
        if refused:
            touched = {share.name: self._refused_up_to(share) for share, _ in refused}
            touched |= _told({name: told[name] for name in touched})
            self._lake.commit_quarantine(self._lake.write_quarantine(rows), touched, note)
        self._lake.commit_events(files, progress, note)

    def _refused_up_to(self, share: Share) -> int:
        """How far the input's quarantine goes: a run that was interrupted may have left more there."""
        left = self._lake.quarantine_progress(share.name)
        return left if left is not None and consumed_of(left) > consumed_of(share.version) else share.version

    def _refused(self, share: Share) -> pa.Table:
        """The share's quarantined records, complete, less those that an interrupted run has left there."""
        name = share.name
        version = self._lake.quarantine_progress(name)
        rows = pa.concat_tables(share.quarantined)
        fresh = rows.filter(pc.field("offset") >= (consumed_of(version) if version else 0))
        now = pa.scalar(datetime.now(UTC), QUARANTINE.field("ingested").type)
        known = {
            "ingested": pa.repeat(now, fresh.num_rows),
            "input": pa.repeat(PurePath(share.readers[0].item.name).name, fresh.num_rows),
            "file": pa.repeat(name, fresh.num_rows),
        }
        for column, values in known.items():
            fresh = fresh.set_column(fresh.schema.get_field_index(column), QUARANTINE.field(column), values)
        return fresh


def _new_beginnings(share: Share) -> list[Beginning]:
    """The beginnings of the input that this share has read, and that the lake does not know yet."""
    known = {one for reader in share.readers for one in reader.beginnings}
    return sorted((one for one in known if one.end <= consumed_of(share.version)), key=lambda one: one.end)


def _told(found: Mapping[str, Sequence[Beginning]]) -> dict[str, int]:
    """Transactions that tell the beginnings of inputs."""
    return {beginnings_transaction(name, told): 0 for name, told in found.items() if told}


def of_input(events: pa.Table, fingerprint: str) -> pa.Table:
    """Events as the lake has them (schema EVENTS): with the fingerprint of their input."""
    column = pa.repeat(fingerprint, events.num_rows)
    return events.add_column(EVENTS.get_field_index("file"), EVENTS.field("file"), column)


def counts_by_source(events: pa.Table) -> Mapping[str, int]:
    """How many events there are of each source."""
    return {
        str(entry["values"]): int(entry["counts"]) for entry in pc.value_counts(events["source"]).to_pylist()
    }


def _recount(batch: Batch, twice: pa.Table) -> None:
    """Events that turned out to be duplicates, in the counts of their shares."""
    groups = Counter((row["file"], row["source"]) for row in twice.select(["file", "source"]).to_pylist())
    for (name, source), count in groups.items():
        batch.shares[name].count(source, Counts(events=-count, duplicates=count))


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([table.cast(EVENTS) for table in tables])
