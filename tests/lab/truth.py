"""truth.csv: what the lab did to whom, and what a correct reader of each component's log must say of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One request as one component saw it.

    `time` and `until` (UTC): between them the request was under way. `request_id` is what the request bore
    as X-Request-Id and, without its dashes, as the trace id of its `traceparent`; of one step of a sign-in that
    took several requests, all of them, with blanks between. `cause` is empty where
    nothing failed, and `component.NOT_LOGGED` or `component.ACCEPTED` where the component writes nothing of it.
    """

    time: datetime
    until: datetime
    component: str
    request_id: str
    client: str
    endpoint: str
    fault: str
    cause: str


_NAMES = [field.name for field in fields(Row)]


def write(rows: Iterable[Row], path: Path) -> None:
    """Writes rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _NAMES, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(asdict(row) | {"time": row.time.isoformat(), "until": row.until.isoformat()})


def read(path: Path) -> list[Row]:
    """The rows of a file that `write` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(datetime.fromisoformat(row.pop("time")), datetime.fromisoformat(row.pop("until")), **row)
            for row in csv.DictReader(file)
        ]
