"""Commands that ask the lake: `report`, `explain`, `alerts`, `diagnose`, `dashboard`, `sql`, `causes`."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import duckdb
import typer
from rich.text import Text

import dashboard as dashboard_room
from analysis.advice import Advised
from analysis.advice import advise as find_advice
from analysis.diagnoses import by_pattern
from analysis.diagnoses import diagnose as find_patterns
from analysis.explain import explain as explain_text
from analysis.scope import Scope, main_period, whole_period
from analysis.session import Session
from analysis.taxonomy import load_causes
from analysis.wording import diagnosis, occurrences
from ingest import ingest, load_sources
from lake.table import Lake
from why401.config import load_config
from why401.reading import JsonOption, LakeOption, plan_of, tell_problems
from why401.show import err, out, print_csv, print_json, print_table, printable

_AGO = re.compile(r"(\d+)\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class AskError(Exception):
    """What was asked cannot be answered as it stands; the message says why."""


class ReportFormat(StrEnum):
    """The forms of a report."""

    html = "html"
    md = "md"
    json = "json"


class TableFormat(StrEnum):
    """The forms of an answer of `sql`."""

    table = "table"
    json = "json"
    csv = "csv"


SinceOption = Annotated[
    str | None, typer.Option(help="From then on: 2026-03-02, 2026-03-02T10:00, or 1d, 6h, 30m ago.")
]
UntilOption = Annotated[str | None, typer.Option(help="Until then, like --since.")]


def advise(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Logs to judge, instead of the lake.", metavar="[PATH...]")
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what the logs cannot tell, and what to log so that they can."""
    config = load_config(lake=lake)
    with TemporaryDirectory(prefix="why401-") as folder:
        place = Lake(Path(folder) / "lake") if paths else Lake(config.lake)
        if paths:
            tell_problems(ingest(paths, place, plan_of(config, stored=False)))
        session = Session(place, config.rules)
        scope = whole_period(session)
        found = find_advice(session, scope, load_sources(config.source_folders)) if scope else []
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        out.print("No failure is there to be advised about.")
    for one in found:
        _tell_advice(one)


def _tell_advice(one: Advised) -> None:
    out.print(f"\n{one.title} ({one.source})", markup=False, style="bold", soft_wrap=True)
    out.print(
        f"{one.failures:,} failures, of which {one.unexplained:,} are told by their status alone",
        markup=False,
    )
    for item in one.items:
        kind = "would explain up to" if item.unexplained else "is missing in"
        out.print(f"  add {item.add}", markup=False, soft_wrap=True)
        out.print(f"      {item.tells}; {kind} {item.failures:,} of them", markup=False, soft_wrap=True)
    out.print(f"  {one.cannot_tell}", markup=False, soft_wrap=True, style="dim")


def session_of(lake: Path | None) -> Session:
    """A session over the configured lake, with the rules of one's own."""
    config = load_config(lake=lake)
    return Session(Lake(config.lake), config.rules)


def scope_of(session: Session, since: str | None, until: str | None) -> Scope | None:
    """The period that was asked for; 'ago' counts from the last event where the log is old."""
    whole = whole_period(session) if since or until else main_period(session)
    if whole is None:
        return None
    now = datetime.now(UTC).replace(tzinfo=None)
    last = whole.until if whole.until < now else now
    end = _moment(until, last) if until else whole.until
    return replace(whole, since=_moment(since, last) if since else whole.since, until=end)


def _moment(text: str, last: datetime) -> datetime:
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return last - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise AskError(f"{text!r} is no time; write 2026-03-02, 2026-03-02T10:00, or 1d") from None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def report(
    since: SinceOption = None,
    until: UntilOption = None,
    form: Annotated[ReportFormat, typer.Option("--format")] = ReportFormat.html,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, instead of the terminal.")
    ] = None,
    lake: LakeOption = None,
) -> None:
    """Write a report: what fails, for whom, since when, what to do."""
    session = session_of(lake)
    scope = scope_of(session, since, until)
    if scope is None:
        raise AskError("the lake holds no event yet; fill it with `why401 ingest PATH`")
    # templates take a tenth of a second to load, which no other command should wait for
    from analysis.report import report as write_report

    text = write_report(session, scope, form.value)
    if output is None:
        out.print(text, markup=False, soft_wrap=True, end="")
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise AskError(f"{output}: cannot be written: {problem.strerror}") from problem
    err.print(f"written: {output}", markup=False)


def explain(
    text: Annotated[str, typer.Argument(help="An error body, header, code, token or log line; - reads it.")],
    source: Annotated[str | None, typer.Option(help="The source that the text comes from.")] = None,
    issuer: Annotated[str | None, typer.Option(help="The iss that a token in the text must have.")] = None,
    audience: Annotated[str | None, typer.Option(help="The aud that a token in the text must have.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what an error or a token means: the cause, who must act, and what to do."""
    explanations = explain_text(
        sys.stdin.read() if text == "-" else text, source,
        issuer=issuer, audience=audience, own_rules=load_config().rules,
    )  # fmt: skip
    if as_json:
        print_json(
            asdict(explanations[0]) | {"others": [asdict(explanation) for explanation in explanations[1:]]}
        )
        return
    for place, found in enumerate(explanations):
        if place:
            out.print("\nor, in the same text:")
        out.print(f"[bold]{printable(found.title)}[/bold]  ({found.cause}, {found.family})")
        flags = [name for name in ("security", "normal") if getattr(found, name)]
        if found.says:
            out.print(f"The token     {printable(found.says)}", markup=False, soft_wrap=True)
        out.print(f"Who must act  {found.responsible}", markup=False)
        out.print(f"What to do    {found.remedy}", markup=False, soft_wrap=True)
        out.print(f"A retry       {found.retry}", markup=False)
        if flags:
            out.print(f"Concerns      {', '.join(flags)}", markup=False)
        out.print(f"Told by       {found.evidence}", markup=False, soft_wrap=True)
        if found.conflict:
            out.print(f"But           the same text tells {found.conflict} as surely", markup=False)
        for place_of_other, other in enumerate(found.could_be):
            head = "Could also be" if not place_of_other else " " * 13
            out.print(f"{head} {other.title}: {other.evidence}", markup=False, soft_wrap=True)
        out.print(f"Reference     {found.reference}", markup=False)
        by = found.rule or ("the token itself" if found.says else "no rule")
        out.print(f"Said by       {by}, {found.confidence} confidence", markup=False, soft_wrap=True)


def alerts(
    lake: LakeOption = None,
    as_json: JsonOption = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 when there is an alert.")
    ] = False,
) -> None:
    """Find surges of failures, causes that are new for a client, and clients gone silent."""
    # scipy takes half a second to import, and no other command needs it
    from analysis.alerts import find_alerts

    found = find_alerts(session_of(lake).connection)
    if as_json:
        print_json([asdict(alert) for alert in found])
    elif not found:
        out.print("No alert.")
    else:
        for alert in found:
            out.print(Text.assemble((alert.kind, "bold"), f"  {printable(alert.sentence)}"), soft_wrap=True)
            out.print(f"    {printable(alert.remedy)}", markup=False, soft_wrap=True)
    if found and exit_code:
        raise typer.Exit(1)


def diagnose(
    since: SinceOption = None,
    until: UntilOption = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what no single line shows: a race of refreshes, a secret that stopped working, lost sessions."""
    session = session_of(lake)
    scope = scope_of(session, since, until)
    found = find_patterns(session, scope) if scope else []
    if as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        out.print("No pattern is found.")
    for alike in by_pattern(found):
        out.print(Text(printable(diagnosis(alike)), "bold"), soft_wrap=True)
        for one in occurrences(alike, most=len(alike)):
            out.print(f"    {printable(one)}", markup=False, soft_wrap=True)
        out.print(f"    Who must act  {alike[0].responsible}", markup=False)
        out.print(f"    What to do    {alike[0].remedy}", markup=False, soft_wrap=True)


def dashboard(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501, lake: LakeOption = None
) -> None:
    """Open the page on the lake."""
    config = load_config(lake=lake)
    page = Path(dashboard_room.__file__).parent / "app.py"
    command = [
        sys.executable, "-m", "streamlit", "run", str(page),
        "--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true",
        "--browser.gatherUsageStats", "false", "--client.toolbarMode", "viewer",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "WHY401_LAKE": str(config.lake.absolute()),
        "WHY401_RULES": str(config.rules.absolute()),
    }
    # in place of this process: whoever ends it ends the page
    os.execve(sys.executable, command, environment)


def sql(
    query: Annotated[
        str, typer.Argument(help="A SELECT over events, signatures, quarantine, causes, rules.")
    ],
    form: Annotated[TableFormat, typer.Option("--format")] = TableFormat.table,
    lake: LakeOption = None,
) -> None:
    """Ask the lake in SQL (DuckDB's), read-only."""
    try:
        answer = session_of(lake).read_only_sql(query)
    except duckdb.Error as problem:
        raise AskError(str(problem)) from problem
    rows = answer.to_pylist()
    if form is TableFormat.json:
        print_json(rows)
    elif form is TableFormat.csv:
        print_csv(rows, answer.column_names)
    else:
        print_table(rows, answer.column_names)


def causes(as_json: JsonOption = False) -> None:
    """List the causes of OAuth failures: who must act, and what to do."""
    rows = [{"cause": cause.id, **asdict(cause)} for cause in load_causes().values()]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["cause", "title", "responsible", "retry"])
