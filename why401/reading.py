"""Commands that read logs: `ingest` and `sources`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from analysis.questions import worst
from analysis.scope import main_period
from analysis.session import Session
from ingest import Plan, Summary, load_sources
from ingest import ingest as run_ingest
from ingest.pipeline import sizes
from lake.table import Lake
from why401.config import Config, ingest_settings, load_config
from why401.show import err, out, print_json, print_table, printable

LakeOption = Annotated[Path | None, typer.Option("--lake", help="Folder of the lake.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Log files and folders, plain or gzip.")],
    lake: LakeOption = None,
    source: Annotated[
        str | None, typer.Option(help="Read every file as this source, instead of recognising it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read logs into the lake, and say what became of every record."""
    config = load_config(lake=lake)
    plan = Plan(
        sources=load_sources(config.source_folders),
        settings=ingest_settings(config),
        formats=config.formats,
        forced=source,
    )
    with _progress(paths, shown=err.is_terminal and not as_json) as on_bytes:
        summary = run_ingest(paths, Lake(config.lake), plan, on_bytes)
    for problem in summary.problems:
        err.print(f"why401: {printable(problem)}", markup=False, soft_wrap=True)
    if as_json:
        print_json(summary.as_dict())
    else:
        _tell(summary, config)
    if summary.problems:
        raise typer.Exit(1)


@contextmanager
def _progress(paths: list[Path], shown: bool) -> Iterator[Callable[[int], None]]:
    if not shown:
        yield lambda count: None
        return
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("reading", total=sizes(paths))
        yield lambda count: progress.update(task, advance=count)


def _tell(summary: Summary, config: Config) -> None:
    rows: list[dict[str, Any]] = [
        {"source": name, **vars(counts)} for name, counts in sorted(summary.by_source.items())
    ]
    if len(rows) != 1:
        rows.append({"source": "all", **vars(summary.total)})
    columns = ["source", "inputs", "records", "events", "quarantined", "ignored", "duplicates"]
    print_table(rows, columns)
    total = summary.total
    out.print(
        f"\n{total.records:,} records = {total.events:,} events + {total.quarantined:,} quarantined "
        f"+ {total.ignored:,} ignored + {total.duplicates:,} duplicates, in {summary.seconds:.1f} s"
    )
    if summary.unchanged:
        out.print(f"{summary.unchanged:,} files hold nothing new")
    if summary.unrecognised:
        named = ", ".join(printable(name) for name in summary.unrecognised[:3])
        more = f" and {len(summary.unrecognised) - 3:,} more" if len(summary.unrecognised) > 3 else ""
        out.print(f"in no known log format, passed over: {named}{more}", markup=False)
    _tell_worst(config)


def _tell_worst(config: Config) -> None:
    session = Session(Lake(config.lake))
    scope = main_period(session)
    found = worst(session, scope, limit=5) if scope else []
    if not found:
        out.print("\nNo OAuth failure is in the lake.")
        return
    out.print("\n[bold]Worst in the lake[/bold]")
    for place, row in enumerate(found, start=1):
        out.print(
            f"{place}. {row.failures:,} x {printable(row.title)} ({row.cause}) - "
            f"client {printable(row.client)}, {row.endpoint} endpoint",
            markup=False, soft_wrap=True,
        )  # fmt: skip
        out.print(f"   {row.responsible}: {row.remedy}", markup=False, soft_wrap=True)
    suffix = "" if config.lake == Path("data/lake") else f" --lake {config.lake}"
    out.print(f"\nNext: why401 dashboard{suffix}    or: why401 report{suffix}", markup=False)


def sources(as_json: JsonOption = False) -> None:
    """List the log formats that can be read."""
    config = load_config()
    rows = [
        {
            "name": source.name,
            "title": source.title,
            "kind": source.kind,
            "provenance": source.provenance,
            "cannot_tell": source.cannot_tell,
            "documentation": list(source.documentation),
        }
        for source in load_sources(config.source_folders).values()
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["name", "title", "kind", "provenance"])
