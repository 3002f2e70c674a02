"""The pipeline: paths to a lake. Chunks are parsed and written side by side; one coordinator,
in the order of the input, drops duplicates and commits events and progress together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import TracebackType

from ingest.batch import Base, Batch, Committer, Reader, counts_by_source, of_input
from ingest.ending import Ending
from ingest.engine import Reading
from ingest.errors import IngestError, InputError, SourceError
from ingest.formats_beside import NAME as _FORMATS_FILE
from ingest.formats_beside import formats_beside
from ingest.framing import LINES, Chunk, chunks
from ingest.identity import HEAD_BYTES as _IDENTITY_BYTES
from ingest.identity import Identity, beginnings, identify, progress_version
from ingest.inputs import Bounds, Input, discover, open_input
from ingest.memory import RunMemory
from ingest.progress import OnProgress, Progress, tell_nobody
from ingest.reader import Parsed, parse_chunk
from ingest.recognise import (
    HEAD_BYTES,
    Formats,
    Layout,
    alike,
    readings,
    recognise,
    recognise_within,
)
from ingest.seen import SeenIds
from ingest.settings import Settings
from ingest.sources import Source
from ingest.summary import Counts, Summary
from ingest.unwrap import ends_by_count, may_be_partial, unfinished
from ingest.workers import Workers
from lake.table import Lake

_LOOKED_THROUGH = 64 * 1024 * 1024
"""So much of an input whose head tells nothing is looked through for records of a known format."""
_RETRIES = 200
"""How often inputs are read again that another run was quicker with."""
_PAUSE = 0.2
"""Seconds that it is given before that, at most."""
_LOOKED_AT = 4096
_MOST_CONTROLS = 0.05
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x1b")


@dataclass(frozen=True)
class Plan:
    """What is read and how: sources by name, the user's format strings, a source to force, what an
    archive may expand to."""

    sources: Mapping[str, Source]
    settings: Settings
    formats: Formats = field(default_factory=dict)
    forced: str | None = None
    bounds: Bounds = field(default_factory=Bounds)


def ingest(
    paths: Sequence[str | Path],
    lake: Lake,
    plan: Plan,
    on_progress: OnProgress = tell_nobody,
    workers: Workers | None = None,
) -> Summary:
    """Reads the paths into the lake, and tells what became of every record.

    What cannot be read is told in the summary's problems; the rest goes on. `on_progress` is told
    from time to time how far it has come. `workers` may be shared by runs
    that follow each other. Raises LakeError when the lake cannot be written, SourceError when a source is
    unknown.
    """
    begun = time.monotonic()
    if workers is None:
        with Workers(plan.settings) as own:
            return ingest(paths, lake, plan, on_progress, own)
    with Run(lake, plan, workers, on_progress) as run, closing(discover(paths, plan.bounds)) as items:
        for item in items:
            if isinstance(item, InputError):
                run.summary.problems.append(str(item))
            else:
                run.read(item)
        run.finish()
    run.summary.seconds = time.monotonic() - begun
    return run.summary


@dataclass(frozen=True)
class _Pending:
    """A chunk that is being parsed."""

    reader: Reader
    chunk: Chunk
    bytes: int
    parsed: Future[Parsed]


class Run:
    """Reads inputs into a lake, one after another, until it is finished."""

    def __init__(
        self,
        lake: Lake,
        plan: Plan,
        workers: Workers,
        on_progress: OnProgress = tell_nobody,
        live: bool = False,
    ) -> None:
        """`live`: the inputs are being written, so a last line without its newline is never taken for whole.

        Raises SourceError when the plan forces a source that is not there, LakeError for the lake."""
        if plan.forced is not None and plan.forced not in plan.sources:
            raise SourceError(f"there is no source {plan.forced!r}; `why401 sources` lists them")
        lake.create()
        self.summary = Summary()
        self._lake = lake
        self._plan = plan
        self._workers = workers
        self._told = Progress(on_progress)
        self._live = live
        self._seen = SeenIds(lake, workers)
        self._committer = Committer(lake, self._seen)
        self._batch = Batch()
        self._sealed: Batch | None = None
        self._memory = RunMemory(lake)
        self._bases: dict[str, Base] = {}
        self._parsing: deque[_Pending] = deque()
        self._again: list[Input] = []
        self._last_layout: Layout | None = None
        self._layouts: dict[tuple[Path | None, bytes], Layout] = {}

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pending in self._parsing:
            pending.parsed.cancel()
        for batch in (self._sealed, self._batch):
            if batch is not None:
                batch.discard(self._lake)

    def read(self, item: Input) -> None:
        """Reads one input; whatever is wrong with it becomes a problem of the summary."""
        self._told.begin(item.name)
        try:
            self._read(item)
        except IngestError as problem:
            text = str(problem)
            self.summary.problems.append(text if str(item) in text else f"{item}: {text}")

    def finish(self) -> None:
        """Waits for what is under way and commits it. More may be read after that."""
        for attempt in range(_RETRIES):
            self._drain()
            self._seal()
            self._commit()
            again, self._again = self._again, []
            self._memory.committed()
            self._bases.clear()
            self._committer.drained()
            if not again:
                return
            # whoever was quicker gets on meanwhile, and leaves less to be overtaken in
            time.sleep(min(attempt * 0.01, _PAUSE))
            for item in again:
                self.read(item)
        self.summary.problems += [f"{item}: others read it at the same time; run again" for item in again]

    def _read(self, item: Input) -> None:
        with open_input(item) as stream:
            head = stream.read(HEAD_BYTES)
        if not head:
            self.summary.problems.append(f"{item}: the file is empty")
            return
        if PurePath(item.name).name == _FORMATS_FILE and not item.named:
            return
        if _is_binary(head):
            self._pass_over(item, "is binary, not a text log")
            return
        candidates = candidates_for(item, self._plan)
        layout = self._layout(item, head, candidates)
        if layout is None:
            self._pass_over(item, "is in no log format that why401 knows; --source forces one")
            return
        identity = self._identify(item, head, layout, candidates)
        reader = Reader(
            item,
            layout,
            identity.fingerprint,
            self._base(identity.fingerprint),
            [one for one in beginnings(head[:_IDENTITY_BYTES]) if one.end > identity.consumed],
        )
        self._read_chunks(reader, identity, candidates, head[:_IDENTITY_BYTES])

    def _base(self, name: str) -> Base:
        """What the lake tells of an input's progress; the same until all that was read is committed."""
        return self._bases.setdefault(
            name, Base(self._lake.progress(name), self._lake.quarantine_progress(name))
        )

    def _layout(self, item: Input, head: bytes, candidates: Sequence[Reading]) -> Layout | None:
        """How the input is read. What was told of the one before is only asked whether it is true again, and
        what was told of a live one that begins alike is taken as it was."""
        key = (item.folder, head[:_IDENTITY_BYTES])
        if key in self._layouts:
            return self._layouts[key]
        layout = self._last_layout
        if (
            layout is None
            or layout.readings[0] not in candidates
            or not self._workers.here(alike, layout, head, candidates)
        ):
            layout = layout_of(item, head, candidates, self._plan, self._workers)
        self._last_layout = layout
        if layout is not None and len(head) >= _IDENTITY_BYTES and self._live:
            self._layouts[key] = layout
        return layout

    def _identify(self, item: Input, head: bytes, layout: Layout, candidates: Sequence[Reading]) -> Identity:
        ending = Ending(item, head, layout, candidates, self._workers)

        def brings_new() -> bool:
            if not ending.has_ids():
                return False
            self._drain()  # what is being parsed may have the ids
            last = ending.last_records()
            return last is not None and self._seen.brings_new(last.events, last.ids)

        return identify(
            head[:_IDENTITY_BYTES],
            self._memory,
            ending.tail_before,
            lambda: not self._live and ending.is_whole(),
            brings_new,
        )

    def _read_chunks(
        self, reader: Reader, identity: Identity, candidates: Sequence[Reading], head: bytes
    ) -> None:
        layout = reader.layout
        start = identity.consumed
        waits = next((envelope for envelope in layout.envelopes[:1] if may_be_partial(envelope)), None)
        reference = reader.item.modified or datetime.now(UTC)
        any_chunk = False
        with open_input(reader.item) as stream:
            before = stream.skip(start)
            if before is None:
                self.summary.unchanged += 1
                return
            done = start
            parts = chunks(
                stream, layout.framing, start, before,
                unfinished=(lambda lines: unfinished(waits, lines)) if waits else None,
            )  # fmt: skip
            for chunk in parts:
                if not stream.begins_with(head):
                    # it was truncated or overwritten as it was read: what these bytes are, nobody knows
                    self._again.append(reader.item)
                    return
                any_chunk = True
                future = self._workers.parse(parse_chunk, layout, candidates, chunk, reference)
                self._parsing.append(_Pending(reader, chunk, chunk.end - done, future))
                done = chunk.end
                if chunk.open_end or reader.overtaken:
                    break
                self._memory.read(
                    reader.fingerprint, progress_version(chunk.end, chunk.tail), reader.beginnings
                )
                while len(self._parsing) > self._workers.count:
                    self._collect()
        if any_chunk and chunk.open_end:
            # how far the input is read depends on whether its last record is whole, which parsing tells
            self._drain()
        if any_chunk:
            self.summary.count(layout.readings[0].source.name, Counts(inputs=1))
        elif start:
            self.summary.unchanged += 1
        else:
            self.summary.problems.append(f"{reader.item}: holds no whole record")

    def _pass_over(self, item: Input, why: str) -> None:
        if item.named:
            self.summary.problems.append(f"{item}: {why}")
        else:
            self.summary.unrecognised.append(str(item))

    def _drain(self) -> None:
        while self._parsing:
            self._collect()

    def _collect(self) -> None:
        """Takes the oldest chunk that was parsed, in the order of the input."""
        if self._sealed is not None and self._sealed.written:
            self._commit()
        pending = self._parsing.popleft()
        reader, chunk = pending.reader, pending.chunk
        if reader.broken or reader.overtaken:
            pending.parsed.cancel()
            return
        try:
            parsed = pending.parsed.result()
        except IngestError as problem:
            reader.broken = True
            self._memory.forget(reader.fingerprint)
            self.summary.problems.append(f"{reader.item}: {problem}")
            return
        # too long to be read, however it ends: only where it may still grow does it wait
        whole = parsed.whole or bool(chunk.overlong)
        if chunk.open_end and (self._live or not whole) and not ends_by_count(chunk.last_record):
            if parsed.quarantined.num_rows and not self._live:
                self.summary.problems.append(
                    f"{reader.item}: its last {pending.bytes} bytes are half a line; "
                    "they wait until the rest is there"
                )
            return
        self._take(reader, chunk, pending.bytes, parsed)
        self._told.did(pending.bytes, parsed.events.num_rows)

    def _take(self, reader: Reader, chunk: Chunk, size: int, parsed: Parsed) -> None:
        """Puts what became of a chunk into the batch."""
        version = progress_version(chunk.end, chunk.tail)
        self._memory.read(reader.fingerprint, version, reader.beginnings)
        share = self._batch.share(reader, version)
        refused = parsed.quarantined.num_rows
        ignored = sum(parsed.ignored.values())
        share.count(
            parsed.source,
            Counts(bytes=size, records=refused + ignored, quarantined=refused, ignored=ignored),
        )
        share.ignored.update(parsed.ignored)
        if refused:
            share.quarantined.append(parsed.quarantined)
        events = of_input(self._seen.first_seen(parsed.events, parsed.ids), reader.fingerprint)
        kept = counts_by_source(events)
        for source, records in counts_by_source(parsed.events).items():
            fresh = kept.get(source, 0)
            share.count(source, Counts(records=records, events=fresh, duplicates=records - fresh))
        if events.num_rows:
            self._batch.add(events, self._workers, self._lake)
        self._batch.bytes += size
        if self._batch.full:
            self._seal()

    def _seal(self) -> None:
        """Leaves a full batch to be committed when its files are written; reading goes on meanwhile."""
        self._commit()
        self._batch.flush(self._workers, self._lake)
        self._sealed, self._batch = self._batch, Batch()

    def _commit(self) -> None:
        """Commits the sealed batch, if there is one; waits for its files."""
        batch, self._sealed = self._sealed, None
        if batch is None or not batch.shares:
            return
        for reader in self._committer.commit(batch, self.summary):
            self._memory.forget(reader.fingerprint)
            self._again.append(reader.item)


def candidates_for(item: Input, plan: Plan) -> list[Reading]:
    """Every way in which the records of an input may be read, with the format strings that lie beside it."""
    formats = dict(plan.formats)
    beside = formats_beside(item.folder) if item.folder is not None else {}
    for source, texts in beside.items():
        formats[source] = [*formats.get(source, ()), *texts]
    found = readings(plan.sources, formats)
    if plan.forced is not None:
        return [entry for entry in found if entry.source.name == plan.forced]
    return found


def layout_of(
    item: Input, head: bytes, candidates: Sequence[Reading], plan: Plan, workers: Workers
) -> Layout | None:
    """How the input that begins with `head` is read; None when nothing in it is known.

    Behind a head of something else, such as start-up noise, a stretch is looked through. Raises InputError.
    """
    layout = workers.here(recognise, head, candidates, forced=plan.forced is not None)
    if layout is not None or len(head) < HEAD_BYTES:
        return layout
    with open_input(item) as stream:
        for chunk in chunks(stream, LINES, 0):
            layout = workers.here(recognise_within, LINES, chunk, candidates)
            if layout is not None or chunk.end >= _LOOKED_THROUGH:
                break
    return layout


def _is_binary(head: bytes) -> bool:
    """Whether too many control characters stand in it for a text; a hole of NULs counts for none."""
    start = head.lstrip(b"\x00")[:_LOOKED_AT]
    return len(start.translate(None, _CONTROLS)) < (1 - _MOST_CONTROLS) * len(start)
