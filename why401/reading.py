"""Commands that read logs: `ingest` and `sources`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from analysis.questions import logs, worst
from analysis.scope import main_period
from analysis.session import Session
from ingest import (
    Follower,
    IngestError,
    InputError,
    Plan,
    Sight,
    Summary,
    Workers,
    formats_of,
    load_sources,
    look_at,
)
from ingest import ingest as run_ingest
from ingest.inputs import discover, sizes
from ingest.progress import Progressed
from lake.table import Lake
from why401.config import Config, ingest_settings, load_config
from why401.show import err, out, print_json, print_table, printable

LakeOption = Annotated[Path | None, typer.Option("--lake", help="Folder of the lake.")]
NginxConfOption = Annotated[
    list[Path] | None,
    typer.Option("--nginx-conf", help="An nginx.conf, for the log formats that it defines."),
]
ServerConfOption = Annotated[
    list[str] | None,
    typer.Option(
        "--server-conf",
        metavar="SOURCE=FILE",
        help="A configuration file of the server that wrote the logs, for the formats that it defines, "
        "such as haproxy=/etc/haproxy/haproxy.cfg.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders and patterns, packed or not; - for standard input; URLs such as s3://bucket/logs.",
            metavar="PATH...",
        ),
    ],
    lake: LakeOption = None,
    source: Annotated[
        str | None, typer.Option(help="Read every file as this source, instead of recognising it.")
    ] = None,
    nginx_conf: NginxConfOption = None,
    server_conf: ServerConfOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on reading what is added, until SIGTERM or Ctrl-C.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read logs into the lake, and say what became of every record."""
    config = load_config(lake=lake)
    plan = plan_of(config, source, nginx_conf, server_conf)
    if follow:
        summary = _follow(paths, config, plan, quiet=as_json)
    else:
        with _progress(paths, shown=err.is_terminal and not as_json) as on_progress:
            summary = run_ingest(paths, Lake(config.lake), plan, on_progress)
        tell_problems(summary)
    if as_json:
        print_json(summary.as_dict())
    else:
        _tell(summary, config)
    if summary.problems and not follow:
        raise typer.Exit(1)


def plan_of(
    config: Config,
    source: str | None = None,
    nginx_conf: list[Path] | None = None,
    server_conf: list[str] | None = None,
    *,
    stored: bool = True,
) -> Plan:
    """What is read and how, by the configuration; `source` forces one, `stored`: the events are kept."""
    sources = load_sources(config.source_folders)
    files = {name: list(paths) for name, paths in config.server_configs.items()}
    for path in nginx_conf or ():
        files.setdefault("nginx", []).append(path)
    for given in server_conf or ():
        name, sign, file = given.partition("=")
        if not (name and sign and file):
            raise InputError(f"--server-conf {given}: must be SOURCE=FILE")
        files.setdefault(name, []).append(Path(file))
    formats = {name: list(texts) for name, texts in config.formats.items()}
    for name, texts in formats_of(sources, files).items():
        formats[name] = [*formats.get(name, ()), *texts]
    return Plan(
        sources=sources,
        settings=ingest_settings(config, stored),
        formats=formats,
        forced=source,
        bounds=config.expansion,
    )


def tell_problems(summary: Summary) -> None:
    """Prints what could not be read."""
    for problem in summary.problems:
        err.print(f"why401: {printable(problem)}", markup=False, soft_wrap=True)


def _follow(paths: list[str], config: Config, plan: Plan, quiet: bool) -> Summary:
    """Follows until SIGTERM or SIGINT; what is new is told on a terminal."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    if not quiet:
        err.print("following; SIGTERM or Ctrl-C ends it")

    def told(summary: Summary) -> None:
        tell_problems(summary)
        total = summary.total
        if err.is_terminal and not quiet and total.records:
            err.print(f"{total.records:,} records, {total.events:,} events")

    return Follower(paths, Lake(config.lake), plan, told).run(stop)


@contextmanager
def _progress(paths: list[str], shown: bool) -> Iterator[Callable[[Progressed], None]]:
    """A line on the terminal: files, bytes, events a second, and the time that is left."""
    if not shown:
        yield lambda progressed: None
        return
    columns = (
        TextColumn("{task.fields[files]:,} files"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[read]}, {task.fields[events]:,} events, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    begun = time.monotonic()
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(
            "reading", total=sizes(paths) or None, files=0, read="0 MB", events=0, rate=0
        )

        def update(done: Progressed) -> None:
            progress.update(
                task,
                completed=done.stored,
                files=done.inputs,
                read=f"{done.bytes / 1e6:,.0f} MB",
                events=done.events,
                rate=done.events / max(0.001, time.monotonic() - begun),
            )

        yield update


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
    session = Session(Lake(config.lake), config.rules)
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
    unexplained = sum(log.unexplained for log in logs(session, scope)) if scope else 0
    if unexplained:
        out.print(f"\n{unexplained:,} failures have no told cause; why401 advise says what to log.")
    suffix = "" if config.lake == Path("data/lake") else f" --lake {config.lake}"
    out.print(f"\nNext: why401 dashboard{suffix}    or: why401 report{suffix}", markup=False)


def recognise(
    paths: Annotated[
        list[str], typer.Argument(help="Files, folders and patterns, packed or not.", metavar="PATH...")
    ],
    source: Annotated[str | None, typer.Option(help="Read as this source.")] = None,
    nginx_conf: NginxConfOption = None,
    server_conf: ServerConfOption = None,
    lines: Annotated[int, typer.Option(help="So many records of each input are shown.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Say what logs are taken for and why, line by line; nothing is written."""
    plan = plan_of(load_config(), source, nginx_conf, server_conf, stored=False)
    seen: list[Sight] = []
    problems: list[str] = []
    with Workers(plan.settings, count=1) as workers:
        for item in discover(paths, plan.bounds):
            try:
                if isinstance(item, InputError):
                    raise item
                seen.append(look_at(item, plan, workers, lines))
            except IngestError as problem:
                problems.append(str(problem))
            else:
                if not as_json:
                    tell_sight(seen[-1])
    if as_json:
        print_json([asdict(sight) for sight in seen])
    for text in problems:
        err.print(f"why401: {printable(text)}", markup=False, soft_wrap=True)
    if problems or not all(sight.sources for sight in seen):
        raise typer.Exit(1)


def tell_sight(sight: Sight, columns: bool = False) -> None:
    """Prints what was seen in an input; `columns`: with all that is filled of each event."""
    out.print(f"\n{printable(sight.name)}", markup=False, style="bold", soft_wrap=True)
    if sight.sources:
        around = "".join(f" in {title}" for title in reversed(sight.envelopes))
        out.print(f"{sight.framing}{around}", markup=False, soft_wrap=True)
        for text in sight.sources:
            out.print(f"  {printable(text)}", markup=False, soft_wrap=True)
    out.print(f"why: {printable(sight.why)}", markup=False, soft_wrap=True)
    for line in sight.lines:
        said = f"{line.source}: {line.why}" if line.source else line.why
        out.print(f"{line.offset:>10}  {line.result}: {printable(said)}", markup=False, soft_wrap=True)
        out.print(f"{'':12}{printable(line.text[:160])}", markup=False, soft_wrap=True, style="dim")
        for name, value in line.columns.items() if columns else ():
            out.print(f"{'':12}{name} = {printable(value)}", markup=False, soft_wrap=True)


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
