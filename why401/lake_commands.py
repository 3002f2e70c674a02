"""Commands that care for the lake: `lake stats`, `compact`, `vacuum`, `retain`, `check`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.progress import track

from ingest.secret_scan import Secret, scan
from lake import care
from lake.errors import LakeError
from lake.table import Lake
from why401.config import load_config
from why401.reading import JsonOption, LakeOption
from why401.show import err, out, print_json, print_table, printable

app = typer.Typer(
    no_args_is_help=True, help="Care for the lake: figures, fewer files, less of the past, proof."
)

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]

_LEAKED = (
    "redaction let it through: replace the secret where it is in use, report its shape, and drop the date "
    "with `why401 lake retain` and `why401 lake vacuum --days 0`, or read the logs into a new lake"
)


@app.command()
def stats(lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Tell the lake in figures: files, rows, bytes, dates, sources."""
    where = _open(lake)
    with _status("counting", as_json):
        found = care.figures(where)
    if as_json:
        print_json({"lake": str(where.folder), **asdict(found)})
        return
    tables = sorted(found.tables.items())
    told = {name: _figures(table) for name, table in tables}
    names = list(told)
    rows: list[dict[str, Any]] = [
        {"": what, **{name: told[name][what] for name in names}} for what in told[names[0]]
    ]
    print_table(rows, ["", *names])
    out.print()
    sources = [
        {"table": name, "source": source, "rows": f"{count:,}"}
        for name, table in tables
        for source, count in table.by_source.items()
    ]
    if sources:
        print_table(sources, ["table", "source", "rows"])
        out.print()
    _tell_totals(found.totals)
    if any(table.small_files for table in found.tables.values()):
        out.print("Small files slow questions down: `why401 lake compact` merges them.", markup=False)
    if any(table.unused_files for table in found.tables.values()):
        out.print("Unused files are those of earlier versions: `why401 lake vacuum`.", markup=False)


@app.command()
def compact(
    more_than: Annotated[
        int,
        typer.Option(min=1, help="Merge only where more than so many small files have come together."),
    ] = 1,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge the small files of each date into few; ingest may go on meanwhile."""
    where = _open(lake)
    with _status("compacting", as_json):
        done = care.compact(where, more_than)
    if as_json:
        print_json(asdict(done))
    elif not done.files_before:
        out.print("Nothing to compact.")
    else:
        out.print(
            f"{done.files_before:,} files became {done.files_after:,}: {done.rows:,} rows, "
            f"{decimal(done.bytes_before)} before and {decimal(done.bytes_after)} after.\n"
            "The old files stay for those who read them; `why401 lake vacuum` deletes them after 7 days.",
            markup=False,
            soft_wrap=True,
        )


@app.command()
def vacuum(
    days: Annotated[
        float,
        typer.Option(
            min=0, max=care.RETENTION.days, help="Keep the files of earlier versions for so many days."
        ),
    ] = care.RETENTION.days,
    dry_run: DryRunOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete files of earlier versions, and those that a killed ingest left behind.

    With fewer than 7 days, who still reads an earlier version may find a file gone.
    """
    where = _open(lake)
    with _status("looking for files", as_json):
        done = care.vacuum(where, timedelta(days=days), dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
    elif not (done.replaced or done.orphans):
        out.print("Nothing to delete.")
    else:
        out.print(
            f"{_would(dry_run, 'deleted', 'delete')} {done.replaced:,} files of earlier versions and "
            f"{done.orphans:,} of no version: {decimal(done.bytes)}.",
            markup=False,
        )


@app.command()
def retain(
    days: Annotated[
        int | None, typer.Option(min=1, help="Keep so many days before the newest event.")
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Drop what is from before this date.")
    ] = None,
    dry_run: DryRunOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drop old dates; logs that were read stay read, so they do not come back."""
    if (days is None) == (before is None):
        raise typer.BadParameter("give either --days or --before")
    where = _open(lake)
    with _status("dropping", as_json):
        done = care.retain(where, days, before.date() if before else None, dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
    elif not (done.events or done.quarantined):
        out.print(f"Nothing is from before {_day(done.before)}.")
    else:
        out.print(
            f"{_would(dry_run, 'dropped', 'drop')} {done.events:,} events of {done.dates:,} dates before "
            f"{_day(done.before)}, and {done.quarantined:,} quarantined records.",
            markup=False,
            soft_wrap=True,
        )
        if not dry_run:
            out.print("`why401 lake vacuum` frees the disk when 7 days are over.", markup=False)


@app.command()
def check(
    secrets: Annotated[
        bool, typer.Option("--secrets/--no-secrets", help="Scan all that was written for secrets.")
    ] = True,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that the lake is sound: the balance, every file, no secret. Ends with 1 when it is not."""
    where = _open(lake)
    with _status("checking", as_json):
        found = care.check(where)
    scanned = _files(where.folder) if secrets else []
    for secret in scan(_tracked(scanned, as_json)):
        found.findings.append(_as_finding(secret, where.folder))
    if as_json:
        print_json(
            {"lake": str(where.folder), "sound": found.sound, "scanned": len(scanned), **asdict(found)}
        )
    else:
        _tell(found, len(scanned))
    if not found.sound:
        raise typer.Exit(1)


def _figures(table: care.TableFigures) -> dict[str, str]:
    """The figures of one table as text, by what they are."""
    return {
        "rows": f"{table.rows:,}",
        "files": f"{table.files:,}",
        "size": decimal(table.bytes),
        "dates": f"{table.dates:,}",
        "small files": f"{table.small_files:,}",
        "unused files": f"{table.unused_files:,} ({decimal(table.unused_bytes)})",
        "versions": f"{table.versions:,}",
        "oldest": _moment(table.oldest),
        "newest": _moment(table.newest),
        "last commit": _moment(table.last_commit),
    }


def _open(lake: Path | None) -> Lake:
    where = Lake(load_config(lake=lake).lake)
    if not where.exists():
        raise LakeError(f"{where.folder}: there is no lake here; `why401 ingest PATH` makes one")
    return where


def _tell(found: care.Soundness, scanned: int) -> None:
    _tell_totals(found.totals)
    for name, rows in sorted(found.rows.items()):
        out.print(f"{name}: {rows:,} rows in {found.files[name]:,} files")
    for heading, told in (("", found.notices), ("[bold red]finding[/bold red]  ", found.findings)):
        for item in told:
            label = heading or "[bold]notice[/bold]  "
            out.print(f"\n{label}{item.kind}")
            out.print(f"    {printable(item.sentence)}", markup=False, soft_wrap=True)
            out.print(f"    {printable(item.remedy)}", markup=False, soft_wrap=True)
    looked = f"; {scanned:,} files hold no secret" if scanned else "; not scanned for secrets"
    if found.sound:
        out.print(f"\nThe lake is sound{looked}.")
    else:
        count = len(found.findings)
        out.print(f"\nThe lake is not sound: {count:,} {'finding' if count == 1 else 'findings'}.")


def _tell_totals(totals: care.Totals) -> None:
    out.print(
        f"since the lake began: {totals.records:,} records = {totals.events:,} events + "
        f"{totals.quarantined:,} quarantined + {totals.ignored:,} ignored + "
        f"{totals.duplicates:,} duplicates; {totals.retired_events:,} events retired since",
        soft_wrap=True,
    )


def _as_finding(secret: Secret, folder: Path) -> care.Finding:
    relative = secret.path.relative_to(folder)
    place = f"column {secret.column} of {secret.path}" if secret.column else str(secret.path)
    sentence = f"{secret.kind} in {secret.texts:,} texts of {place}: {secret.hint}"
    return care.Finding("secret", relative.parts[0], str(Path(*relative.parts[1:])), sentence, _LEAKED)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _tracked(paths: list[Path], as_json: bool) -> Iterable[Path]:
    return track(
        paths, "scanning for secrets", console=err, transient=True, disable=as_json or not err.is_terminal
    )


@contextmanager
def _status(doing: str, as_json: bool) -> Iterator[None]:
    if as_json or not err.is_terminal:
        yield
        return
    with err.status(f"{doing} ..."):
        yield


def _would(dry_run: bool, done: str, to_do: str) -> str:
    return f"would {to_do}" if dry_run else done


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _day(day: date | None) -> str:
    return "the beginning" if day is None else day.isoformat()
