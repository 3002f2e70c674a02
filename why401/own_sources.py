"""Commands for sources of one's own: `new-source` writes a skeleton, `try-source` shows what a log gives."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ingest import (
    IngestError,
    InputError,
    Plan,
    Sight,
    SourceError,
    Workers,
    load_source,
    load_sources,
    look_at,
)
from ingest.inputs import discover
from why401.config import ingest_settings, load_config
from why401.reading import JsonOption, tell_sight
from why401.show import err, out, print_json, printable

_SKELETON = """\
/*
title = "{name}"
# gateway or auth_server
kind = "gateway"
# captured from a server, or composed from its documentation
provenance = "captured"
# a regular expression (RE2) that is true for lines of this log and for no others
recognise = '^\\d{{4}}-\\d\\d-\\d\\dT\\S+ \\S+ (GET|POST|PUT|PATCH|DELETE) \\S+ \\d{{3}} '
# lower is asked earlier
priority = 60
documentation = ["https://example.com/docs/log-format"]
cannot_tell = "Say what this log does not tell, and the setting that makes it tell more."
*/
-- For lines such as: 2026-03-02T02:15:04.120Z 192.0.2.7 GET /orders?page=2 401 12.5
-- `records` has `line` and "offset". Give the columns of docs/events.md by name; what is not given is NULL.
-- `path` becomes endpoint and route; the status, the outcome. See ingest/macros for the words to use.
SELECT
    "offset",
    iso_time(split_part(line, ' ', 1)) AS time,
    split_part(line, ' ', 2) AS client_ip,
    split_part(line, ' ', 3) AS method,
    split_part(line, ' ', 4) AS path,
    http_status(split_part(line, ' ', 5)) AS status,
    TRY_CAST(split_part(line, ' ', 6) AS DOUBLE) AS duration_ms,
    CASE WHEN split_part(line, ' ', 5) = '' THEN 'not a line of this format' END AS quarantined
FROM records
"""


def new_source(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where it is written; the first of source_folders, or sources.")
    ] = None,
) -> None:
    """Write the skeleton of a log format of one's own."""
    if not name.isidentifier() or name != name.lower():
        raise SourceError(f"{name!r} cannot be the name of a source: lower-case letters, digits and _")
    configured = load_config().source_folders
    folder = folder or (configured[0] if configured else Path("sources"))
    path = folder / f"{name}.sql"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_SKELETON.format(name=name))
    except FileExistsError as problem:
        raise SourceError(f"{path}: is there already") from problem
    except OSError as problem:
        raise SourceError(f"{path}: cannot be written: {problem.strerror}") from problem
    out.print(f"{path} is written.\nNext: why401 try-source {path} LOG", markup=False, soft_wrap=True)
    if folder not in configured:
        out.print(f'For ingest to find it, why401.toml needs: source_folders = ["{folder}"]', markup=False)


def try_source(
    file: Annotated[Path, typer.Argument(help="A source, as a .sql file.")],
    log: Annotated[list[str], typer.Argument(help="Logs to read with it.", metavar="LOG...")],
    lines: Annotated[int, typer.Option(help="So many records of each log are shown.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what a source makes of each line of a log, or why not; nothing is written."""
    config = load_config()
    source = load_source(file)
    plan = Plan(
        load_sources(config.source_folders) | {source.name: source},
        ingest_settings(config, stored=False),
        config.formats,
        forced=source.name,
        bounds=config.expansion,
    )
    seen: list[Sight] = []
    problems: list[str] = []
    with Workers(plan.settings, count=1) as workers:
        for item in discover(log, plan.bounds):
            try:
                if isinstance(item, InputError):
                    raise item
                seen.append(look_at(item, plan, workers, lines))
            except SourceError:
                raise
            except IngestError as problem:
                problems.append(str(problem))
    if as_json:
        print_json([asdict(sight) for sight in seen])
    else:
        for sight in seen:
            tell_sight(sight, columns=True)
            results = [line.result for line in sight.lines]
            told = ", ".join(f"{results.count(name)} {name}" for name in ("event", "ignored", "quarantined"))
            out.print(f"{len(results)} records: {told}", markup=False)
    for text in problems:
        err.print(f"why401: {printable(text)}", markup=False, soft_wrap=True)
    if problems or not all(any(line.result == "event" for line in sight.lines) for sight in seen):
        raise typer.Exit(1)
