"""Who is measured: why401, and others that make the same columns of the same log, where they are installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

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
_CHDB = {
    "nginx": """
SELECT parseDateTimeOrNull(words[4], '[%d/%b/%Y:%H:%i:%s') AS time, words[1] AS client_ip, words[3] AS user_name,
    request[1] AS method, splitByChar('?', request[2])[1] AS route, toInt16OrNull(splitByChar(' ', parts[3])[2]) AS status,
    parts[6] AS user_agent
FROM (SELECT splitByChar('"', line) AS parts, splitByChar(' ', parts[1]) AS words, splitByChar(' ', parts[2]) AS request
    FROM file('{log}', 'LineAsString', 'line String'))
INTO OUTFILE '{parquet}' TRUNCATE FORMAT Parquet
SETTINGS output_format_parquet_compression_method = 'zstd', max_threads = 2
""",
    "okta": """
SELECT parseDateTime64BestEffortOrNull(published) AS time, uuid AS event_id, eventType, outcome.result AS result,
    outcome.reason AS error_code, actor.id AS client_id, actor.displayName AS client_name,
    client.ipAddress AS client_ip, client.userAgent.rawUserAgent AS user_agent,
    authenticationContext.externalSessionId AS session_id, debugContext.debugData.requestId AS request_id,
    debugContext.debugData.grantType AS grant_type, debugContext.debugData.redirectUri AS redirect_uri,
    debugContext.debugData.requestedScopes AS scope, debugContext.debugData.requestUri AS path,
    debugContext.debugData.dtHash AS credential,
    arrayFirst(one -> one.type = 'User', target).alternateId AS user_name
FROM file('{log}', 'JSONEachRow', 'published String, uuid String, eventType String,
    outcome Tuple(result Nullable(String), reason Nullable(String)),
    actor Tuple(id Nullable(String), displayName Nullable(String)),
    client Tuple(ipAddress Nullable(String), userAgent Tuple(rawUserAgent Nullable(String))),
    authenticationContext Tuple(externalSessionId Nullable(String)),
    debugContext Tuple(debugData Tuple(requestId Nullable(String), grantType Nullable(String),
        redirectUri Nullable(String), requestedScopes Nullable(String), requestUri Nullable(String),
        dtHash Nullable(String))),
    target Array(Tuple(type Nullable(String), alternateId Nullable(String)))')
INTO OUTFILE '{parquet}' TRUNCATE FORMAT Parquet
SETTINGS input_format_skip_unknown_fields = 1, output_format_parquet_compression_method = 'zstd', max_threads = 2
""",
}
_POLARS = {
    "nginx": """
import polars as pl
words = pl.col("c5").str.split(" ")
pl.scan_csv({log!r}, separator=" ", quote_char='"', has_header=False, infer_schema=False,
    new_columns=[f"c{{number}}" for number in range(10)]).select(
    pl.col("c3").str.to_datetime("[%d/%b/%Y:%H:%M:%S", strict=False).alias("time"),
    pl.col("c0").alias("client_ip"), pl.col("c2").alias("user_name"),
    words.list.get(0, null_on_oob=True).alias("method"),
    words.list.get(1, null_on_oob=True).str.split("?").list.first().alias("route"),
    pl.col("c6").cast(pl.Int16, strict=False).alias("status"), pl.col("c9").alias("user_agent"),
).sink_parquet({parquet!r}, compression="zstd", compression_level=1)
""",
    "okta": """
import polars as pl
text = pl.String
one = pl.Struct({{"id": text, "type": text, "alternateId": text, "displayName": text}})
debug = ("requestId", "grantType", "redirectUri", "requestedScopes", "requestUri", "dtHash")
shape = {{
    "published": text, "uuid": text, "eventType": text, "outcome": pl.Struct({{"result": text, "reason": text}}),
    "actor": one, "client": pl.Struct({{"ipAddress": text, "userAgent": pl.Struct({{"rawUserAgent": text}})}}),
    "authenticationContext": pl.Struct({{"externalSessionId": text}}),
    "debugContext": pl.Struct({{"debugData": pl.Struct({{name: text for name in debug}})}}),
    "target": pl.List(one),
}}
def at(column, *names):
    found = pl.col(column)
    for name in names:
        found = found.struct.field(name)
    return found
user = pl.col("target").list.eval(
    pl.element().filter(pl.element().struct.field("type") == "User")).list.first()
pl.scan_ndjson({log!r}, schema=shape).select(
    pl.col("published").str.to_datetime(time_zone="UTC", strict=False).alias("time"), pl.col("uuid").alias("event_id"), "eventType",
    at("outcome", "result").alias("outcome"), at("outcome", "reason").alias("error_code"),
    at("actor", "id").alias("client_id"), at("actor", "displayName").alias("client_name"),
    at("client", "ipAddress").alias("client_ip"), at("client", "userAgent", "rawUserAgent").alias("user_agent"),
    at("authenticationContext", "externalSessionId").alias("session_id"),
    *(at("debugContext", "debugData", name).alias(name) for name in debug),
    user.struct.field("alternateId").alias("user_name"),
).sink_parquet({parquet!r}, compression="zstd", compression_level=1)
""",
}
_LNAV = ";SELECT sc_status, count(*) FROM access_log GROUP BY sc_status"


@dataclass
class Contender:
    """A command, and what its runs took: wall seconds and peak memory in MB.

    `reading` are the seconds that a command says it read for, without its start. `problem`: what it said
    when it failed; it then runs no more.
    """

    name: str
    command: Sequence[str]
    leaves: Path | None = None
    seconds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)
    problem: str | None = None

    def run(self) -> None:
        """One run, from a clean state."""
        if self.problem is not None:
            return
        if self.leaves is not None and self.leaves.exists():
            shutil.rmtree(self.leaves) if self.leaves.is_dir() else self.leaves.unlink()
        begun = time.monotonic()
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                self.command, stdout=printed, stderr=complaints, stdin=subprocess.DEVNULL
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if status:
                complaints.seek(0)
                said = complaints.read().decode("utf-8", "replace").strip().splitlines()
                self.problem = said[-1] if said else f"ended with {process.returncode}"
                return
            self.seconds.append(time.monotonic() - begun)
            self.peaks.append(usage.ru_maxrss / 1024)
            if "--json" in self.command:
                printed.seek(0)
                self.reading.append(json.load(printed)["seconds"])


def contenders(kind: str, log: Path, build: Path) -> list[Contender]:
    """why401 first, then all others that are installed and can read such a log (of `kind` nginx or okta,
    plain or gzip). What they write goes to the folder `build`. Prints who is missing."""
    lake = build / f"{kind}.lake"
    ours = [sys.executable, "-m", "why401", "ingest", str(log), "--lake", str(lake), "--json"]
    return [Contender("why401", ours, lake), *_databases(kind, log, build), *_tools(kind, log, build)]


def _databases(kind: str, log: Path, build: Path) -> list[Contender]:
    parquet = build / f"{kind}.parquet"
    columns = ", ".join(f"'column{number}': 'VARCHAR'" for number in range(10))
    query = (_READ_CSV if kind == "nginx" else _READ_JSON).format(log=log, parquet=parquet, columns=columns)
    reader = "read_csv" if kind == "nginx" else "read_json"
    found = [
        Contender(
            f"duckdb {reader}",
            _python(f"import duckdb; c = duckdb.connect(config={{'threads': 2}}); c.execute({query!r})"),
            parquet,
        )
    ]
    places = {"log": str(log.resolve()), "parquet": str(parquet.resolve())}
    if log.suffix == ".gz":
        return found
    if _installed("chdb"):
        found.append(
            Contender("chdb", _python(f"import chdb; chdb.query({_CHDB[kind].format(**places)!r})"), parquet)
        )
    if _installed("polars"):
        found.append(Contender("polars", _python(_POLARS[kind].format(**places)), parquet))
    return found


def _tools(kind: str, log: Path, build: Path) -> list[Contender]:
    """Tools that read access logs alone, and write no table."""
    if kind != "nginx" or log.suffix == ".gz":
        return []
    report = build / "goaccess.json"
    commands = {
        "lnav": ["-n", "-c", _LNAV, str(log)],
        "goaccess": [str(log), "--log-format=COMBINED", "--no-progress", "-o", str(report)],
    }
    found = []
    for name, arguments in commands.items():
        path = shutil.which(name)
        if path is None:
            print(f"{name} is not installed (Debian package {name}); it is left out")
        else:
            found.append(Contender(name, [path, *arguments], report if name == "goaccess" else None))
    return found


def _python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def _installed(name: str) -> bool:
    there = importlib.util.find_spec(name) is not None
    if not there:
        print(f"{name} is not installed (`pip install 'why401[bench]'`); it is left out")
    return there
