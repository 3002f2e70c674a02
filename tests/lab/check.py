"""Compares what why401 reads from the logs of the lab with the truth: python -m tests.lab.check [FOLDER]

Every kind of log of a component is read by itself, so that none helps another one. Then the log of every gateway
is laid beside that of the authorization server behind it: how many requests have the same id in both.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from analysis.session import Session
from ingest import Plan, Settings, ingest, load_sources
from lake.table import Lake
from tests.lab.component import SILENT
from tests.lab.truth import Row, read

RECALL, RIGHT, WRONG = 0.98, 0.95, 0.01
"""Of the faults that a component logs: found, at least; with the right cause, at least; with a wrong one, at most."""
JOINED = 0.95
"""Of the requests that gateway and authorization server both logged: with one id in both, at least."""
_NEAR = timedelta(milliseconds=5)
_QUERY = """
    SELECT epoch_us(time) AS time, coalesce(request_id, '') AS request_id, coalesce(trace_id, '') AS trace_id,
        outcome = 'failure' AS failed, coalesce(cause, '') AS cause
    FROM events ORDER BY file, "offset"
"""


@dataclass(frozen=True)
class Event:
    """What is compared of an event; `time` in microseconds since 1970."""

    time: int
    request_id: str
    trace_id: str
    failed: bool
    cause: str


@dataclass
class Score:
    """How a log was read."""

    faults: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0
    alarms: int = 0
    """Requests that did not fail, or whose failure the log does not tell, read as failures."""
    joined: int = 0
    """Events that bear the id of a request of the lab, of all that were `seen`."""
    seen: int = 0
    confusion: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Fault, cause that is true of the log, and cause that was read where it is another one."""

    @property
    def holds(self) -> bool:
        return (
            self.found >= RECALL * self.faults
            and self.right >= RIGHT * self.faults
            and self.wrong + self.alarms <= WRONG * max(self.faults, 1)
        )


@dataclass(frozen=True)
class Log:
    """One kind of log of a component, read, and the events of each row of its truth, by the row's place."""

    name: str
    component: str
    rows: Sequence[Row]
    events: Mapping[int, Sequence[Event]]
    score: Score


def main(folder: Path) -> int:
    """0 when every log whose source exists was read as well as it must be."""
    components = json.loads((folder / "components.json").read_text())
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in read(folder / "truth.csv"):
        rows[row.component].append(row)
    logs = []
    for name, told in components.items():
        if told.get("source") is None or not rows[name]:
            continue
        for kind, paths in _by_kind(folder / path for path in told["logs"]).items():
            events = _events(paths, told["source"], told["formats"])
            logs.append(_read(f"{name} {kind}", name, rows[name], events))
    joins = {(one.name, other.name): _joined(one, other) for one in logs for other in logs
             if one.component < other.component}  # fmt: skip
    joins = {names: counts for names, counts in joins.items() if counts[1]}
    held = all(log.score.holds for log in logs)
    held = held and all(same >= JOINED * both for same, both in joins.values())
    _print(logs, joins)
    print(
        f"{'held' if held else 'NOT held'}: found at least {RECALL}, right at least {RIGHT}, wrong at most {WRONG}, "
        f"joined at least {JOINED}"
    )
    return 0 if held else 1


def _joined(one: Log, other: Log) -> tuple[int, int]:
    """Of the requests of which both logs tell: those that have the same request or trace id there, and all.

    A log that never writes an id, as its own table says (`told by id` 0 %), is beside no other.
    """
    if not all(any(_ids(found) for found in log.events.values()) for log in (one, other)):
        return 0, 0
    places = {
        request_id: place for place, row in enumerate(other.rows) for request_id in row.request_id.split()
    }
    same = both = 0
    for place, row in enumerate(one.rows):
        for request_id in row.request_id.split():
            here = one.events.get(place, ())
            there = other.events.get(places.get(request_id, -1), ())
            both += bool(here and there)
            same += not _ids(here).isdisjoint(_ids(there))
    return same, both


def _ids(events: Iterable[Event]) -> set[str]:
    """Request and trace ids, which may be the same one with dashes and without."""
    return {
        given.replace("-", "") for event in events for given in (event.request_id, event.trace_id) if given
    }


def _by_kind(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Logs of one kind, of all the instances of a component."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[path.name].append(path)
    return found


def _events(paths: Sequence[Path], source: str, formats: Sequence[str]) -> list[Event]:
    with tempfile.TemporaryDirectory() as scratch:
        lake = Lake(Path(scratch) / "lake")
        plan = Plan(load_sources(), Settings("a key of the lab"), {source: list(formats)}, forced=source)
        summary = ingest(list(paths), lake, plan)
        if not summary.total.balanced:
            raise AssertionError(f"the counts do not balance: {summary.total}")
        connection: duckdb.DuckDBPyConnection = Session(lake).connection
        return [Event(*row) for row in connection.execute(_QUERY).fetchall()]


def _read(name: str, component: str, rows: Sequence[Row], events: Sequence[Event]) -> Log:
    score = Score()
    by_row = _assigned(rows, events, score)
    for place, row in enumerate(rows):
        causes = [event.cause for event in by_row.get(place, ()) if event.failed]
        if row.cause in SILENT:
            if causes:
                score.alarms += 1
                score.confusion[row.fault, row.cause or "no failure", causes[0]] += 1
            continue
        score.faults += 1
        score.found += bool(causes)
        if row.cause in causes:
            score.right += 1
            continue
        known = next((cause for cause in causes if not cause.startswith("unknown.")), None)
        score.wrong += known is not None
        score.confusion[row.fault, row.cause, known or next(iter(causes), "nothing")] += 1
    return Log(name, component, rows, by_row, score)


def _assigned(rows: Sequence[Row], events: Sequence[Event], score: Score) -> dict[int, list[Event]]:
    """The events of each row: by request or trace id, else by the time; a log of seconds in its order."""
    by_id = {request_id: place for place, row in enumerate(rows) for request_id in row.request_id.split()}
    by_id |= {request_id.replace("-", ""): place for request_id, place in by_id.items()}
    coarse = all(event.time % 1_000_000 == 0 for event in events)
    slack = timedelta(seconds=1) if coarse else _NEAR
    windows = [(_micros(row, -slack), _micros(row, slack)) for row in rows]
    found: dict[int, list[Event]] = defaultdict(list)
    last = 0
    for event in events:
        place = by_id.get(event.request_id, by_id.get(event.trace_id))
        score.seen += 1
        score.joined += place is not None
        if place is None:
            fitting = [at for at, (begun, until) in enumerate(windows) if begun <= event.time <= until]
            if coarse:
                fitting = [
                    at for at in fitting if at >= last and (rows[at].cause not in SILENT) == event.failed
                ]
                fitting = [at for at in fitting if not found[at]] or fitting
            if not fitting:
                continue
            place = fitting[0]
            last = place if coarse else last
        found[place].append(event)
    return found


def _micros(row: Row, slack: timedelta) -> int:
    moment = (row.time if slack < timedelta() else row.until) + slack
    return int(moment.timestamp() * 1_000_000)


def _print(logs: Sequence[Log], joins: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    table = Table("log", "faults", "found", "right", "wrong", "false alarms", "told by id", box=None)
    details = Table("log", "fault", "true of the log", "read", "times", box=None)
    beside = Table("log", "beside", "requests in both", "with one id", box=None)
    for log in logs:
        score = log.score
        share = f"{score.joined / score.seen:.0%}" if score.seen else "-"
        counts = (score.faults, score.found, score.right, score.wrong, score.alarms)
        table.add_row(log.name, *(str(count) for count in counts), share)
        for (fault, true, read_as), times in sorted(score.confusion.items()):
            details.add_row(log.name, fault, true, read_as, str(times))
    for (one, other), (same, both) in joins.items():
        beside.add_row(one, other, str(both), f"{same} ({same / both:.0%})")
    console = Console(width=150)
    console.print(table)
    console.print(details if details.row_count else "no cause is another one than the log tells")
    if beside.row_count:
        console.print(beside)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/lab")))
