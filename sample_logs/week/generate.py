"""Writes a week of logs of a made-up company: gateway, Keycloak and Okta, with four incidents in it.

    python sample_logs/week/generate.py OUT --seed N [--quiet] [--scale X] [--truth]

writes nginx.log.gz, keycloak.log.gz and okta.json.gz into OUT, and truth.csv with --truth. The same
seed gives the same bytes. --quiet leaves the incidents out; --scale multiplies how much is asked.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from traffic import keycloak, nginx, okta, truth
from traffic.incidents import happen, read_incidents
from traffic.requests import Requests, week
from traffic.rhythm import START

INCIDENTS = Path(__file__).parent / "incidents.toml"
SEED = 401
"""The seed of the committed logs."""


def make(seed: int, quiet: bool = False, scale: float = 1.0) -> Requests:
    """The requests of the week of a seed."""
    ordinary = week(np.random.default_rng([seed, 1]), scale)
    if quiet:
        return ordinary
    return happen(np.random.default_rng([seed, 2]), ordinary, read_incidents(INCIDENTS))


def write(folder: Path, requests: Requests) -> None:
    """Writes the three logs, compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "nginx.log.gz", nginx.lines(requests))
    _write(folder / "keycloak.log.gz", keycloak.lines(requests))
    _write(folder / "okta.json.gz", okta.lines(requests))


def write_truth(path: Path, requests: Requests) -> None:
    """Writes every failure with its cause, source by source, in the order of their times."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(truth.COLUMNS)
        for source in ("nginx", "keycloak", "okta"):
            mine, client, endpoint, cause = truth.rows(requests, source)
            failed = cause != ""
            times = START + mine.time[failed].astype("timedelta64[us]")
            stamps = [
                f"{text}Z"
                for text in np.datetime_as_string(times, unit="s" if source == "nginx" else "ms").tolist()
            ]
            told = (column[failed].tolist() for column in (client, endpoint, cause))
            writer.writerows(zip(stamps, [source] * len(stamps), *told, strict=True))


def _write(path: Path, lines: Iterable[str]) -> None:
    # neither time nor name stands in the gzip header, so that the same lines are the same bytes
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(("\n".join(lines) + "\n").encode())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the logs")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quiet", action="store_true", help="a week without incidents")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how much is asked; 1 is about 270,000 records"
    )
    parser.add_argument(
        "--truth", action="store_true", help="write truth.csv too: every failure and its cause"
    )
    given = parser.parse_args()
    requests = make(given.seed, given.quiet, given.scale)
    write(given.out, requests)
    if given.truth:
        write_truth(given.out / "truth.csv", requests)
    print(f"{len(requests):,} requests in {given.out}")


if __name__ == "__main__":
    main()
