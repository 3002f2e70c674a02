"""The pipeline: paths to a lake. Chunks are parsed and written side by side; one coordinator,
in the order of the input, drops duplicates and commits events and progress together."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingest.engine import Engine, Parsed, Reading
from ingest.errors import IngestError, InputError, SourceError
from ingest.formats_beside import NAME as _FORMATS_FILE
from ingest.formats_beside import formats_beside
from ingest.framing import Chunk, Framing, chunks
from ingest.identity import HEAD_BYTES as _IDENTITY_BYTES
from ingest.identity import Identity, consumed_of, identify, progress_version
from ingest.inputs import Input, discover, open_input
from ingest.inputs import sizes as sizes
from ingest.recognise import HEAD_BYTES, Formats, readings, recognise
from ingest.seen import SeenIds
from ingest.settings import Settings
from ingest.sources import Source
from ingest.summary import Counts, Summary
from lake.schema import EVENTS, QUARANTINE
from lake.table import DataFile, Lake

_COMMIT_BYTES = 256 * 1024 * 1024
_COMMIT_INPUTS = 500
_COMMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Plan:
    """What is read and how: sources by name, the user's format strings, a source to force."""

    sources: Mapping[str, Source]
    settings: Settings
    formats: Formats = field(default_factory=dict)
    forced: str | None = None
    workers: int = field(default_factory=lambda: max(1, min(8, os.cpu_count() or 1)))


@dataclass
class _Reader:
    """An input that is being read."""

    item: Input
    reading: Reading
    identity: Identity
    broken: bool = False


@dataclass
class _Batch:
    """What the next commit carries."""

    files: list[Future[list[DataFile]]] = field(default_factory=list)
    quarantined: list[pa.Table] = field(default_factory=list)
    progress: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    begun: float = field(default_factory=time.monotonic)

    @property
    def full(self) -> bool:
        return (
            self.counts.bytes >= _COMMIT_BYTES
            or len(self.progress) >= _COMMIT_INPUTS
            or (bool(self.progress) and time.monotonic() - self.begun > _COMMIT_SECONDS)
        )


def ingest(
    paths: Sequence[Path],
    lake: Lake,
    plan: Plan,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> Summary:
    """Reads the paths into the lake, and tells what became of every record.

    What cannot be read is told in the summary's problems; the rest goes on. `on_bytes` is called with
    the number of (decompressed) bytes that were done since the last call. Raises LakeError when the
    lake cannot be written, SourceError when a source is unknown.
    """
    if plan.forced is not None and plan.forced not in plan.sources:
        raise SourceError(f"there is no source {plan.forced!r}; `why401 sources` lists them")
    begun = time.monotonic()
    lake.create()
    with ThreadPoolExecutor(plan.workers, thread_name_prefix="parse") as pool:
        run = _Run(lake, plan, pool, on_bytes)
        for item in discover(paths):
            if isinstance(item, InputError):
                run.summary.problems.append(str(item))
            else:
                run.read(item)
        run.finish()
    run.summary.seconds = time.monotonic() - begun
    return run.summary


class _Run:
    def __init__(
        self, lake: Lake, plan: Plan, pool: ThreadPoolExecutor, on_bytes: Callable[[int], None]
    ) -> None:
        self.summary = Summary()
        self._lake = lake
        self._plan = plan
        self._pool = pool
        self._on_bytes = on_bytes
        self._engines = threading.local()
        self._seen = SeenIds(lake)
        self._batch = _Batch()
        self._sealed: _Batch | None = None
        self._progress: dict[str, int] = {}
        self._parsing: deque[tuple[_Reader, Chunk, int, Future[Parsed]]] = deque()

    def read(self, item: Input) -> None:
        """Reads one input; whatever is wrong with it becomes a problem of the summary."""
        try:
            with open_input(item) as stream:
                head = stream.read(HEAD_BYTES)
            self._read(item, head)
        except IngestError as problem:
            text = str(problem)
            self.summary.problems.append(text if str(item) in text else f"{item}: {text}")

    def finish(self) -> None:
        """Waits for what is under way and commits it."""
        while self._parsing:
            self._collect()
        self._seal()
        self._commit()

    def _read(self, item: Input, head: bytes) -> None:
        if not head:
            self.summary.problems.append(f"{item}: the file is empty")
            return
        if Path(item.name).name == _FORMATS_FILE and not item.named:
            return
        if b"\x00" in head[:4096] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            self._pass_over(item, "is binary, not a text log")
            return
        formats = dict(self._plan.formats)
        beside = formats_beside(item.folder) if item.folder is not None else {}
        for source, texts in beside.items():
            formats[source] = [*formats.get(source, ()), *texts]
        candidates = readings(self._plan.sources, formats)
        if self._plan.forced is not None:
            candidates = [entry for entry in candidates if entry.source.name == self._plan.forced]
        found = recognise(self._engine(), head, candidates, forced=self._plan.forced is not None)
        if found is None:
            self._pass_over(item, "is in no log format that why401 knows; --source forces one")
            return
        reading, framing = found
        identity = identify(head[:_IDENTITY_BYTES], self._known, lambda n: _tail_before(item, n))
        self._read_chunks(_Reader(item, reading, identity), framing)

    def _read_chunks(self, reader: _Reader, framing: Framing) -> None:
        start = reader.identity.consumed
        with open_input(reader.item) as stream:
            before = stream.skip(start)
            if before is None:
                self.summary.unchanged += 1
                return
            done, any_chunk = start, False
            for chunk in chunks(stream, framing, start, before):
                any_chunk = True
                future = self._pool.submit(self._parse, reader.reading, chunk)
                self._parsing.append((reader, chunk, chunk.end - done, future))
                done = chunk.end
                while len(self._parsing) > self._plan.workers:
                    self._collect()
            if not any_chunk:
                self._nothing_new(reader, stream_start=start)
        if any_chunk:
            self.summary.count(reader.reading.source.name, Counts(inputs=1))

    def _nothing_new(self, reader: _Reader, stream_start: int) -> None:
        if stream_start:
            self.summary.unchanged += 1
        else:
            self.summary.problems.append(f"{reader.item}: holds no whole record")

    def _pass_over(self, item: Input, why: str) -> None:
        if item.named:
            self.summary.problems.append(f"{item}: {why}")
        else:
            self.summary.unrecognised.append(str(item))

    def _known(self, input_id: str) -> int | None:
        if input_id in self._progress:
            return self._progress[input_id]
        return self._lake.progress(input_id)

    def _engine(self) -> Engine:
        if not hasattr(self._engines, "engine"):
            self._engines.engine = Engine(self._plan.settings)
        engine: Engine = self._engines.engine
        return engine

    def _parse(self, reading: Reading, chunk: Chunk) -> Parsed:
        return self._engine().parse(reading, chunk.records)

    def _collect(self) -> None:
        """Takes the oldest chunk that was parsed, in the order of the input."""
        if self._sealed is not None and all(future.done() for future in self._sealed.files):
            self._commit()
        reader, chunk, size, future = self._parsing.popleft()
        if reader.broken:
            future.cancel()
            return
        try:
            parsed = future.result()
        except IngestError as problem:
            reader.broken = True
            self.summary.problems.append(f"{reader.item}: {problem}")
            return
        if chunk.open_end and parsed.quarantined.num_rows:
            self.summary.problems.append(
                f"{reader.item}: its last {size} bytes are half a line; they wait until the rest is there"
            )
            return
        events = self._seen.first_seen(parsed.events)
        counts = Counts(
            bytes=size,
            records=parsed.records,
            events=events.num_rows,
            quarantined=parsed.quarantined.num_rows,
            ignored=sum(parsed.ignored.values()),
            duplicates=parsed.events.num_rows - events.num_rows,
        )
        self.summary.count(reader.reading.source.name, counts)
        for reason, count in parsed.ignored.items():
            because = self.summary.ignored_because
            because[reason] = because.get(reason, 0) + count
        self._add(reader, chunk, events, parsed.quarantined, counts)
        self._on_bytes(size)

    def _add(
        self, reader: _Reader, chunk: Chunk, events: pa.Table, refused: pa.Table, counts: Counts
    ) -> None:
        name = reader.identity.fingerprint
        if events.num_rows:
            column = pa.repeat(name, events.num_rows)
            place = EVENTS.get_field_index("file")
            whole = events.add_column(place, EVENTS.field("file"), column)
            self._batch.files.append(self._pool.submit(self._lake.write_events, whole))
        if refused.num_rows:
            self._batch.quarantined.append(self._complete(reader, refused))
        version = progress_version(chunk.end, chunk.tail)
        self._batch.progress[name] = self._progress[name] = version
        self._batch.counts.add(counts)
        if self._batch.full:
            self._seal()

    def _complete(self, reader: _Reader, refused: pa.Table) -> pa.Table:
        """Quarantined records with what only the coordinator knows, less those that are there."""
        name = reader.identity.fingerprint
        version = self._lake.quarantine_progress(name)
        fresh = refused.filter(pc.field("offset") >= (consumed_of(version) if version else 0))
        now = pa.scalar(datetime.now(UTC), QUARANTINE.field("ingested").type)
        known = {
            "ingested": pa.repeat(now, fresh.num_rows),
            "input": pa.repeat(Path(reader.item.name).name, fresh.num_rows),
            "file": pa.repeat(name, fresh.num_rows),
        }
        for column, values in known.items():
            fresh = fresh.set_column(fresh.schema.get_field_index(column), QUARANTINE.field(column), values)
        return fresh

    def _seal(self) -> None:
        """Leaves a full batch to be committed when its files are written; reading goes on meanwhile."""
        self._commit()
        self._sealed, self._batch = self._batch, _Batch()

    def _commit(self) -> None:
        """Commits the sealed batch, if there is one; waits for its files."""
        batch, self._sealed = self._sealed, None
        if batch is None or not batch.progress:
            return
        files = [file for future in batch.files for file in future.result()]
        note = {name: getattr(batch.counts, name) for name in vars(batch.counts)}
        refused = [table for table in batch.quarantined if table.num_rows]
        if refused:
            rows = pa.concat_tables(refused)
            touched = set(pc.unique(rows["file"]).to_pylist())
            progress = {name: version for name, version in batch.progress.items() if name in touched}
            self._lake.commit_quarantine(self._lake.write_quarantine(rows), progress, note)
        self._lake.commit_events(files, batch.progress, note)


def _tail_before(item: Input, position: int) -> bytes | None:
    with open_input(item) as stream:
        return stream.skip(position)
