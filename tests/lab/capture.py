"""Makes samples of the logs of the lab: python -m tests.lab.capture [FOLDER]

Of every fault one request, and some that went well, of each kind of log that why401 reads, into
sample_logs/<source>/lab_<component>.*; what becomes of each record into the expected.csv beside, its cause from
the truth. A failure that is read as another one than it was is left out, and said. Addresses of the loopback and
the name of the machine are replaced by reserved ones. Formats and README of the folder are written by hand.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from analysis.session import Session
from ingest import Plan, Settings, ingest, load_sources
from ingest.formats_beside import formats_beside
from lake.table import Lake
from tests.lab.truth import Row, read
from tests.samples import SAMPLES, as_text, results_of

_GOING_WELL = 8
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}")
_RESERVED = (
    (re.compile(r"127\.0\.0\.1"), "192.0.2.10"),
    (re.compile(r'(?<="hostName":")[^"]*'), "sso.example.com"),
)


def main(folder: Path) -> None:
    """Writes the samples."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in read(folder / "truth.csv"):
        rows[row.component].append(row)
    for name, told in json.loads((folder / "components.json").read_text()).items():
        if told.get("source") is None or not rows[name]:
            continue
        first = Path(told["logs"][0]).parent
        for log in (folder / path for path in told["logs"] if Path(path).parent == first):
            ids = {_digits(one) for one in _ID.findall(log.read_text(encoding="utf-8"))}
            there = [row for row in rows[name] if not ids.isdisjoint(map(_digits, row.request_id.split()))]
            if not there:
                print(f"{log.name}: bears no id of a request, so that no record of one can be told")
                continue
            _capture(log, told["source"], f"lab_{name}{log.suffix}", _chosen(there))


def _chosen(rows: list[Row]) -> dict[str, Row]:
    """Some of the rows, by each of their request ids, as 32 digits."""
    failing = {row.fault: row for row in rows if row.cause}
    well = [row for row in rows if not row.cause][:_GOING_WELL]
    return {_digits(one): row for row in (*failing.values(), *well) for one in row.request_id.split()}


def _digits(request_id: str) -> str:
    return request_id.replace("-", "")


def _capture(log: Path, source: str, sample: str, chosen: dict[str, Row]) -> None:
    rows_of_lines = [
        (line, _row(line, chosen)) for line in log.read_text(encoding="utf-8").splitlines(keepends=True)
    ]
    kept = [(_reserved(line), row) for line, row in rows_of_lines if row is not None]
    target = SAMPLES / source / sample
    target.write_text("".join(line for line, _ in kept), encoding="utf-8")
    causes = _causes(target, source)
    wrong = [
        place for place, (_, row) in enumerate(kept) if row and causes[place] not in (None, "", row.cause)
    ]
    for place in wrong:
        print(f"{sample}: left out, {kept[place][1]} was read as {causes[place]}")
    right = [place for place in range(len(kept)) if place not in wrong]
    target.write_text("".join(kept[place][0] for place in right), encoding="utf-8")
    _expect(source, sample, [causes[place] or "" for place in right])
    print(f"{sample}: {len(right)} records")


def _row(line: str, chosen: dict[str, Row]) -> Row | None:
    found = (chosen.get(_digits(one)) for one in _ID.findall(line))
    return next((row for row in found if row is not None), None)


def _reserved(line: str) -> str:
    for address, instead in _RESERVED:
        line = address.sub(instead, line)
    return line


def _causes(log: Path, source: str) -> list[str | None]:
    """The cause of each record of a log of lines; empty where nothing failed, None where it is no event."""
    with tempfile.TemporaryDirectory() as scratch:
        lake = Lake(Path(scratch) / "lake")
        ingest(
            [log],
            lake,
            Plan(load_sources(), Settings("a key of the lab"), formats_beside(log.parent), forced=source),
        )
        found = (
            Session(lake).connection.execute("SELECT \"offset\", coalesce(cause, '') FROM events").fetchall()
        )
    by_offset = dict(found)
    lines = log.read_bytes().splitlines(keepends=True)
    starts = [sum(map(len, lines[:place])) for place in range(len(lines))]
    return [by_offset.get(start) for start in starts]


def _expect(source: str, sample: str, causes: list[str]) -> None:
    """Puts the records of the sample into expected.csv, instead of those that it had."""
    path = SAMPLES / source / "expected.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or ())
        rows = [row for row in reader if row["sample"] != sample]
    for place, (result, cause) in enumerate(zip(results_of(source, sample), causes, strict=True), 1):
        told = {name: as_text(name, result[name]) for name in names if name in result}
        rows.append(
            {**dict.fromkeys(names, ""), **told, "sample": sample, "record": str(place), "cause": cause}
        )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/lab"))
