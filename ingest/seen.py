"""Native event ids that are in the lake already, so that no event is counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.columns import Hashes
from ingest.engine import Engine
from ingest.workers import Workers
from lake.table import Lake

NONE: Hashes = np.empty(0, dtype=np.uint64)
_PREFIX_BITS = 24
_ROWS = 1 << 20
"""Rows of a file of the lake that are looked at in one go."""


class SeenIds:
    """64-bit hashes of (source, event_id): those of the lake, by date, and those of this run."""

    def __init__(self, lake: Lake, workers: Workers) -> None:
        self._lake = lake
        self._workers = workers
        self._dates: set[date] = set()
        self._files: set[str] = set()
        self._sorted: list[Hashes] = []
        # Nearly all ids are new: one look at the prefixes that were seen spares the search for most.
        self._prefixes = np.zeros(1 << _PREFIX_BITS, dtype=bool)

    def first_seen(self, events: pa.Table, hashes: Hashes | None) -> pa.Table:
        """The events whose id was not seen before, here or in the lake; these count as seen now.

        `hashes`: that of each event, as Engine.hashes gives them. Events without an id are all kept.
        """
        if hashes is None:
            return events
        has_id = hashes != 0
        fresh = self._fresh(events, hashes)
        _, first = np.unique(hashes, return_index=True)
        only_first = np.zeros(len(hashes), dtype=bool)
        only_first[first] = True
        kept = ~has_id | (fresh & only_first)
        self._add(np.unique(hashes[kept & has_id]))
        return events if kept.all() else events.filter(pa.array(kept))

    def brings_new(self, events: pa.Table, hashes: Hashes | None) -> bool:
        """Whether one of the events has an id that was not seen; none counts as seen for it."""
        return hashes is not None and bool(((hashes != 0) & self._fresh(events, hashes)).any())

    def hashes(self, events: pa.Table) -> Hashes:
        """The hash of each event; 0 where it has no id."""
        found = self._workers.parse(Engine.hashes, events).result()
        return np.zeros(events.num_rows, dtype=np.uint64) if found is None else found

    def committed(self, files: Iterable[str]) -> None:
        """These files of the lake hold what this run has seen, and nothing else."""
        self._files.update(files)

    def others(self) -> Hashes:
        """The ids (sorted) that others have brought into the lake since the last look; seen from now on."""
        return self._read(self._dates)

    def forget(self, hashes: Hashes) -> None:
        """These ids (sorted) were seen but did not get into the lake after all."""
        self._sorted = [known[~np.isin(known, hashes, assume_unique=True)] for known in self._sorted]
        self._sorted = [known for known in self._sorted if len(known)]

    def _fresh(self, events: pa.Table, hashes: Hashes) -> npt.NDArray[np.bool_]:
        self._load([day for day in pc.unique(events["date"]).to_pylist() if day not in self._dates])
        return ~self._seen(hashes)

    def _load(self, days: Sequence[date]) -> None:
        self._dates.update(days)
        self._read(days)

    def _read(self, days: Iterable[date]) -> Hashes:
        """Reads the ids of those files of the dates that were not read before; returns them."""
        files = [file for day in days for file in self._lake.event_files(day, day) if file not in self._files]
        if not files:
            return NONE
        self._files.update(files)
        found = [ids for file in files for ids in self._ids(file)]
        hashes = np.unique(np.concatenate([NONE, *found]))
        self._add(hashes)
        return hashes

    def _ids(self, file: str) -> Iterator[Hashes]:
        """The hashes of the ids in a file of the lake, some rows at a time."""
        with pq.ParquetFile(file) as opened:
            for batch in opened.iter_batches(_ROWS, columns=["source", "event_id"]):
                hashes = np.unique(self.hashes(pa.Table.from_batches([batch])))
                yield hashes[hashes != 0]

    def _seen(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        seen = self._prefixes[_prefix(hashes)]
        doubtful = np.flatnonzero(seen)
        wanted = hashes[doubtful]
        exact = np.zeros(len(wanted), dtype=bool)
        for known in self._sorted:
            places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            exact |= known[places] == wanted
        seen[doubtful] = exact
        return seen

    def _add(self, hashes: Hashes) -> None:
        """Adds sorted hashes; runs are merged when alike in length, so that few are left."""
        if not len(hashes):
            return
        self._prefixes[_prefix(hashes)] = True
        self._sorted.append(hashes)
        while len(self._sorted) > 1 and len(self._sorted[-2]) <= 2 * len(self._sorted[-1]):
            last = self._sorted.pop()
            self._sorted[-1] = np.sort(np.concatenate([self._sorted[-1], last]), kind="stable")


def _prefix(hashes: Hashes) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _PREFIX_BITS)).astype(np.int64)
