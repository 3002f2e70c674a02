"""Raw log to Parquet: why401 beside DuckDB's own readers and lnav, on the same files, in turn."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.logs import nginx_lines, okta_lines, write_log

BUILD = Path("build/benchmarks")

_READ_CSV = """
COPY (
    SELECT try_strptime(column3, '[%d/%b/%Y:%H:%M:%S') AS time, column0 AS client_ip, column2 AS user_name,
        split_part(column5, ' ', 1) AS method, split_part(split_part(column5, ' ', 2), '?', 1) AS route,
        TRY_CAST(column6 AS SMALLINT) AS status, column9 AS user_agent
    FROM read_csv('{log}', header = false, delim = ' ', quote = '"', escape = '"', all_varchar = true,
        auto_detect = false, columns = {{{columns}}})
) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
"""
_READ_JSON = """
COPY (
    SELECT published AS time, uuid AS event_id, eventType, outcome.result AS outcome, outcome.reason AS error_code,
        actor.id AS client_id, actor.displayName AS client_name, client.ipAddress AS client_ip,
        client.userAgent.rawUserAgent AS user_agent, authenticationContext.externalSessionId AS session_id,
        debugContext.debugData.requestId AS request_id, debugContext.debugData.grantType AS grant_type,
        debugContext.debugData.redirectUri AS redirect_uri, debugContext.debugData.requestedScopes AS scope,
        debugContext.debugData.requestUri AS path, debugContext.debugData.dtHash AS credential,
        list_filter(target, lambda one: one.type = 'User')[1].alternateId AS user_name
    FROM read_json('{log}', format = 'newline_delimited', columns = {{
        published: 'TIMESTAMP', uuid: 'VARCHAR', eventType: 'VARCHAR',
        outcome: 'STRUCT(result VARCHAR, reason VARCHAR)',
        actor: 'STRUCT(id VARCHAR, type VARCHAR, alternateId VARCHAR, displayName VARCHAR)',
        client: 'STRUCT(ipAddress VARCHAR, userAgent STRUCT(rawUserAgent VARCHAR))',
        authenticationContext: 'STRUCT(externalSessionId VARCHAR)',
        debugContext: 'STRUCT(debugData STRUCT(requestId VARCHAR, grantType VARCHAR, redirectUri VARCHAR,
            requestedScopes VARCHAR, requestUri VARCHAR, dtHash VARCHAR, authorizationServer VARCHAR))',
        transaction: 'STRUCT(id VARCHAR)',
        target: 'STRUCT(id VARCHAR, type VARCHAR, alternateId VARCHAR, displayName VARCHAR)[]'}})
) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
"""
_LNAV = {
    "nginx": ";SELECT sc_status, count(*) FROM access_log GROUP BY sc_status",
    "okta": ";SELECT log_level, count(*) FROM all_logs GROUP BY log_level",
}


@dataclass
class Contender:
    """A command, and what its runs took: wall seconds and peak memory in MB.

    `reading` are the seconds that a command says it read for, without its start.
    """

    name: str
    command: Sequence[str]
    leaves: Path | None = None
    seconds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)

    def run(self) -> None:
        """One run, from a clean state."""
        if self.leaves is not None and self.leaves.exists():
            shutil.rmtree(self.leaves) if self.leaves.is_dir() else self.leaves.unlink()
        begun = time.monotonic()
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(self.command, stdout=printed, stdin=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            if status:
                sys.exit(f"{self.name} failed: {' '.join(self.command)[:300]}")
            self.seconds.append(time.monotonic() - begun)
            self.peaks.append(usage.ru_maxrss / 1024)
            if "--json" in self.command:
                printed.seek(0)
                self.reading.append(json.load(printed)["seconds"])


def _contenders(kind: str, log: Path) -> list[Contender]:
    lake, parquet = BUILD / f"{kind}.lake", BUILD / f"{kind}.parquet"
    columns = ", ".join(f"'column{number}': 'VARCHAR'" for number in range(10))
    query = (_READ_CSV if kind == "nginx" else _READ_JSON).format(log=log, parquet=parquet, columns=columns)
    script = f"import duckdb; c = duckdb.connect(config={{'threads': 2}}); c.execute({query!r})"
    found = [
        Contender(
            "why401",
            [sys.executable, "-m", "why401", "ingest", str(log), "--lake", str(lake), "--json"],
            lake,
        ),
        Contender(
            f"duckdb {'read_csv' if kind == 'nginx' else 'read_json'}",
            [sys.executable, "-c", script],
            parquet,
        ),
    ]
    lnav = shutil.which("lnav")
    if lnav is None:
        print("lnav is not installed (Debian package lnav); it is left out")
    elif kind == "nginx":
        found.append(Contender("lnav", [lnav, "-n", "-c", _LNAV[kind], str(log)]))
    return found


def _rate(size: float, seconds: Sequence[float]) -> str:
    return f"{size / statistics.median(seconds):.0f}" if seconds else ""


def main() -> None:
    """Prints a table for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1000, help="megabytes of each log")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for kind, lines in (("nginx", nginx_lines), ("okta", okta_lines)):
        log = BUILD / f"{kind}-{arguments.mb}mb.log"
        write_log(log, arguments.mb, lines)
        size = log.stat().st_size / 1e6
        contenders = _contenders(kind, log)
        for _ in range(arguments.runs):
            for contender in contenders:
                contender.run()
        ours = statistics.median(contenders[0].seconds)
        print(f"\n{kind}: {size:.0f} MB, {arguments.runs} runs each, in turn; {os.cpu_count()} cores")
        print(f"{'':18} {'seconds':>8} {'MB/s':>7} {'reading':>8} {'peak MB':>8}   why401 is")
        for contender in contenders:
            seconds = statistics.median(contender.seconds)
            print(
                f"{contender.name:18} {seconds:8.2f} {size / seconds:7.0f}"
                f" {_rate(size, contender.reading):>8} {max(contender.peaks):8.0f}"
                f"   {seconds / ours:.2f} times as fast"
            )


if __name__ == "__main__":
    main()
