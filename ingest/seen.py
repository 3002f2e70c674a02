"""Native event ids that are in the lake already, so that no event is counted twice."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lake.table import Lake

Hashes = npt.NDArray[np.uint64]
_PREFIX_BITS = 24


class SeenIds:
    """64-bit hashes of (source, event_id): those of the lake, by date, and those of this run."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._loaded: set[date] = set()
        self._sorted: list[Hashes] = []
        # Nearly all ids are new: one look at the prefixes that were seen spares the search for most.
        self._prefixes = np.zeros(1 << _PREFIX_BITS, dtype=bool)
        self._connection = duckdb.connect(config={"threads": 1})

    def first_seen(self, events: pa.Table) -> pa.Table:
        """The events whose id was not seen before, here or in the lake; these count as seen now.

        Events without an id are all kept.
        """
        if events["event_id"].null_count == events.num_rows:
            return events
        self._load([day for day in pc.unique(events["date"]).to_pylist() if day not in self._loaded])
        self._connection.register("events", events.select(["source", "event_id"]))
        hashes = self._hashes("events")
        has_id = pc.is_valid(events["event_id"]).to_numpy()
        fresh = ~self._seen(hashes)
        _, first = np.unique(hashes, return_index=True)
        only_first = np.zeros(len(hashes), dtype=bool)
        only_first[first] = True
        kept = ~has_id | (fresh & only_first)
        self._add(np.unique(hashes[kept & has_id]))
        return events if kept.all() else events.filter(pa.array(kept))

    def _load(self, days: list[date]) -> None:
        self._loaded.update(days)
        files = [file for day in days for file in self._lake.event_files(day, day)]
        if not files:
            return
        ids = "(SELECT source, event_id FROM read_parquet($1) WHERE event_id IS NOT NULL)"
        found = self._connection.execute(
            f"SELECT DISTINCT hash(source, event_id) AS h FROM {ids} ORDER BY h", [files]
        ).fetchnumpy()
        self._add(np.asarray(found["h"], dtype=np.uint64))

    def _hashes(self, relation: str) -> Hashes:
        found = self._connection.sql(f"SELECT hash(source, event_id) AS h FROM {relation}")
        hashes: Hashes = found.to_arrow_table()["h"].to_numpy()
        return hashes

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
        """Adds sorted hashes that are new; runs are merged when alike in length, so that few are left."""
        if not len(hashes):
            return
        self._prefixes[_prefix(hashes)] = True
        self._sorted.append(hashes)
        while len(self._sorted) > 1 and len(self._sorted[-2]) <= 2 * len(self._sorted[-1]):
            last = self._sorted.pop()
            self._sorted[-1] = np.sort(np.concatenate([self._sorted[-1], last]), kind="stable")


def _prefix(hashes: Hashes) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _PREFIX_BITS)).astype(np.int64)
