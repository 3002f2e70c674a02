"""The proof that a lake is whole: what came in is accounted for, and lies in the files."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.care.log import files_on_disk, mentioned
from lake.care.vacuuming import ORPHAN_AGE
from lake.errors import LakeError, plain
from lake.table import TABLES, ActiveFile, Lake
from lake.totals import Totals

_RESTORE = "put the file back from a copy, or read the logs again into a new lake"
_MISCOUNTED = (
    "the table was changed by other hands, or why401 counted wrongly (then please report it); the logs "
    "read again into a new lake tell which"
)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: what, in which table and file, and what to do."""

    kind: str
    table: str
    path: str | None
    sentence: str
    remedy: str


@dataclass
class Soundness:
    """The outcome of a check. `notices` are findings that say no more than what is under way.

    `rows` and `files` are those of the tables by name; `totals` are the events', since the lake began.
    """

    totals: Totals
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notices: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True)
class _State:
    """What the logs tell of both tables at one moment."""

    files: dict[str, list[ActiveFile]]
    totals: dict[str, Totals]


def check(lake: Lake, now: datetime | None = None) -> Soundness:
    """Proves that records = events + quarantined + ignored + duplicates since the lake began, that the
    rows lie in the files, that no file is missing, damaged or an orphan.

    Reads the logs and the footers, not the rows. Raises LakeError when there is no lake or a log cannot
    be read.
    """
    now = now or datetime.now(UTC)
    state = _state(lake)
    found = Soundness(totals=state.totals["events"])
    for name in TABLES:
        found.files[name] = len(state.files[name])
        found.rows[name] = sum(_rows_of(lake, name, file, found.findings) for file in state.files[name])
        _orphans(lake, name, now, found)
    _balance(found)
    _rows_balance(found, state)
    _quarantine_balance(lake, found, state)
    return found


def _state(lake: Lake) -> _State:
    """Both tables between two commits of an ingest, where the lake can be locked."""
    if not lake.exists():
        raise LakeError(f"{lake.folder}: there is no lake here; `why401 ingest PATH` makes one")
    with ExitStack() as held:
        # who may only read cannot lock, and sees the tables as they are
        with suppress(LakeError):
            held.enter_context(lake.locked())
        return _State(
            {name: lake.files(name) for name in TABLES}, {name: lake.totals(name) for name in TABLES}
        )


def _rows_of(lake: Lake, name: str, file: ActiveFile, findings: list[Finding]) -> int:
    """The rows of a file by its footer; what is wrong with the file is added to the findings."""
    place = lake.folder / name / file.path

    def add(kind: str, sentence: str) -> None:
        findings.append(Finding(kind, name, file.path, sentence, _RESTORE))

    try:
        size = place.stat().st_size
        rows = int(pq.read_metadata(place).num_rows)
    except FileNotFoundError:
        add("missing file", f"{place} is part of {name} and is not there")
        return 0
    except (OSError, pa.ArrowException) as problem:
        add("damaged file", f"{place} cannot be read: {plain(problem)}")
        return 0
    if file.rows is not None and rows != file.rows:
        add("footer", f"{place} holds {rows:,} rows where the log counts {file.rows:,}")
    elif size != file.bytes:
        add("footer", f"{place} is {size:,} bytes long where the log counts {file.bytes:,}")
    return rows


def _orphans(lake: Lake, name: str, now: datetime, found: Soundness) -> None:
    """Files that no version refers to; young ones may be those of an ingest that is running."""
    folder = lake.folder / name
    log = mentioned(folder)
    for file in files_on_disk(folder):
        if file.path in log:
            continue
        told = f"{folder / file.path} ({file.bytes:,} bytes) belongs to no version of {name}"
        if now - file.modified > ORPHAN_AGE:
            remedy = "an ingest was killed while it wrote; `why401 lake vacuum` deletes the file"
            found.findings.append(Finding("orphan", name, file.path, told, remedy))
        else:
            remedy = "an ingest is running, or was killed within the hour; nothing to do"
            found.notices.append(Finding("orphan", name, file.path, told, remedy))


def _balance(found: Soundness) -> None:
    totals = found.totals
    if totals.balanced:
        return
    parts = totals.events + totals.quarantined + totals.ignored + totals.duplicates
    sentence = (
        f"{totals.records:,} records were read since the lake began, and {parts:,} are accounted for "
        f"({totals.events:,} events + {totals.quarantined:,} quarantined + {totals.ignored:,} ignored "
        f"+ {totals.duplicates:,} duplicates)"
    )
    found.findings.append(Finding("balance", "events", None, sentence, _MISCOUNTED))


def _rows_balance(found: Soundness, state: _State) -> None:
    """The rows in the files are those that were committed, less those that retention dropped."""
    events, quarantine = state.totals["events"], state.totals["quarantine"]
    for name, came, retired in (
        ("events", events.events, events.retired_events),
        ("quarantine", quarantine.quarantined, quarantine.retired_quarantined),
    ):
        if found.rows[name] != came - retired:
            sentence = (
                f"{came:,} rows came into {name} and {retired:,} were retired, so {came - retired:,} should "
                f"be there; the files hold {found.rows[name]:,}"
            )
            found.findings.append(Finding("rows", name, None, sentence, _MISCOUNTED))


def _quarantine_balance(lake: Lake, found: Soundness, state: _State) -> None:
    """The quarantine is committed before the events: it may be ahead of them, and never behind."""
    ahead = state.totals["quarantine"].quarantined - state.totals["events"].quarantined
    if ahead < 0:
        sentence = f"{-ahead:,} records were counted as quarantined that the quarantine never got"
        found.findings.append(Finding("quarantine", "quarantine", None, sentence, _MISCOUNTED))
    elif ahead > 0:
        waiting = _rows_of_interrupted(lake, state.files["quarantine"])
        sentence = f"{ahead:,} quarantined records are in the lake whose events are not"
        if ahead <= waiting:
            remedy = "an ingest was interrupted; run it again, and it goes on where it ended"
            found.notices.append(Finding("interrupted", "quarantine", None, sentence, remedy))
        else:
            found.findings.append(Finding("quarantine", "quarantine", None, sentence, _MISCOUNTED))


def _rows_of_interrupted(lake: Lake, files: list[ActiveFile]) -> int:
    """The quarantined records of inputs whose quarantine was committed further than their events.

    Versions of progress grow with the bytes that were read, so they can be compared as they are.
    """
    rows = 0
    counts: dict[str, int] = {}
    for file in files:
        place = lake.folder / "quarantine" / file.path
        # what is wrong with a file is told elsewhere
        with suppress(OSError, pa.ArrowException):
            for pair in pc.value_counts(pq.read_table(place, columns=["file"])["file"]).to_pylist():
                counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
    for input_id, count in counts.items():
        refused, read = lake.quarantine_progress(input_id), lake.progress(input_id)
        if refused is not None and (read is None or refused > read):
            rows += count
    return rows
