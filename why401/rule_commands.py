"""Commands for causes that are not told yet: `unclassified` lists them, `rule add` teaches why401 one."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from analysis.questions import Unclassified, unclassified
from analysis.rules import CONFIDENCES
from analysis.session import Session
from analysis.taxonomy import UNCLASSIFIED
from analysis.trial import Change, changes, keep_rule, made_rules, newly_told, row_for
from ingest import load_sources
from lake.table import Lake
from why401.asking import AskError, SinceOption, UntilOption, scope_of, session_of
from why401.config import load_config
from why401.reading import JsonOption, LakeOption
from why401.show import err, out, print_json, printable

app = typer.Typer(no_args_is_help=True, help="Rules of your own: what a code or message of your logs means.")

_SHOWN = 20


def list_unclassified(
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Distinct failures at most.")] = 50,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the failures that no rule explains, with the rules that come nearest."""
    session = session_of(lake)
    scope = scope_of(session, since, until)
    found = unclassified(session, scope, limit) if scope else []
    rows = [row for row in found if row.cause == UNCLASSIFIED]
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        out.print("Every failure that says anything has a cause.")
    else:
        for row in rows:
            _tell_unclassified(row)
        out.print(
            "\nA rule for one: `why401 rule add --signature NUMBER --cause CAUSE --reference WHERE`",
            markup=False,
        )


def _tell_unclassified(row: Unclassified) -> None:
    out.print(
        f"\n{row.failures:,} x {row.source}, {row.endpoint} endpoint, since {row.first_seen:%Y-%m-%d %H:%M}"
        f"   signature {row.signature}",
        markup=False, style="bold", soft_wrap=True,
    )  # fmt: skip
    told = {"status": row.status, "error": row.error, "code": row.error_code, "message": row.example}
    for name, value in told.items():
        if value is not None:
            out.print(f"  {name:8} {printable(value)}", markup=False, soft_wrap=True)
    for near in row.nearest:
        out.print(
            f"  near     {near['cause']}, by {printable(near['rule'])}",
            markup=False,
            soft_wrap=True,
            style="dim",
        )


@app.command("add")
def add_rule(
    cause: Annotated[str, typer.Option(help="What it means: an id of `why401 causes`.")],
    reference: Annotated[str, typer.Option(help="Where that is written, or who found it out.")],
    signature: Annotated[
        int | None, typer.Option(help="A failure of `why401 unclassified`; gives source and pattern.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Whose words they are; every source's where it is not given.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="error_code, error_description, error or status.")] = None,
    match: Annotated[str | None, typer.Option(help="exact, prefix or regex (RE2).")] = None,
    pattern: Annotated[str | None, typer.Option(help="What must be there.")] = None,
    endpoint: Annotated[str, typer.Option(help="Only at this endpoint; several with |.")] = "",
    status: Annotated[str, typer.Option(help="Only with this HTTP status; several with |.")] = "",
    grant_type: Annotated[str, typer.Option(help="Only with this grant; several with |.")] = "",
    error: Annotated[str, typer.Option(help="Only with this OAuth error; several with |.")] = "",
    confidence: Annotated[str, typer.Option(help=", ".join(CONFIDENCES))] = "high",
    yes: Annotated[bool, typer.Option("--yes", help="Keep it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would change.")] = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a rule would change in all of history, then keep it."""
    config = load_config(lake=lake)
    if source is not None and source not in load_sources(config.source_folders):
        raise AskError(f"there is no source {source!r}; `why401 sources` lists them")
    session = Session(Lake(config.lake), config.rules)
    whose, row = row_for(session, signature) if signature is not None else (None, {"match": "exact"})
    given = {"field": field, "match": match, "pattern": pattern}
    row |= {name: value for name, value in given.items() if value is not None}
    row |= {"endpoint": endpoint, "status": status, "grant_type": grant_type, "error": error}
    row |= {"cause": cause, "confidence": confidence, "reference": reference}
    missing = [f"--{name}" for name in ("field", "pattern") if not row.get(name)]
    if missing:
        raise AskError(f"a rule needs {' and '.join(missing)}, or --signature")
    stem = source or whose or "_own"
    tried = session.rulebook.with_own(made_rules(stem, row))
    found = changes(session, tried)
    kept = None
    if not as_json:
        _tell_changes(found)
    if not dry_run and (yes or _agreed()):
        kept = keep_rule(config.rules, stem, row)
    if as_json:
        print_json(_as_json(row, found, kept))
    elif kept:
        out.print(f"kept in {kept}; every question answers by it from now on", markup=False)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise AskError(
            "nobody is there to ask; --yes keeps the rule, --dry-run only shows what it would change"
        )
    return typer.confirm("Keep it?", err=True)


def _as_json(row: dict[str, str], found: list[Change], kept: Path | None) -> dict[str, Any]:
    return {"rule": row, "kept": str(kept) if kept else None, "changes": [asdict(change) for change in found]}


def _tell_changes(found: list[Change]) -> None:
    moved = [change for change in found if change.cause_before != change.cause_after]
    if not found:
        err.print("It would decide no failure that is in the lake.")
        return
    events = sum(change.events for change in found)
    out.print(
        f"It would decide {len(found):,} distinct failures, {events:,} events; "
        f"{newly_told(found):,} of them no rule explains now.",
        markup=False,
    )
    for change in moved[:_SHOWN]:
        says = change.error_code or change.example or change.error or change.status
        out.print(
            f"\n{change.events:,} x {change.source}, {change.endpoint} endpoint, since "
            f"{change.first_seen:%Y-%m-%d %H:%M}: {printable(says)}\n"
            f"  now   {change.cause_before}, by {printable(change.rule_before or 'no rule')}\n"
            f"  then  {change.cause_after}",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    if len(moved) > _SHOWN:
        out.print(f"and {len(moved) - _SHOWN:,} more")
    if len(moved) < len(found):
        out.print(f"{len(found) - len(moved):,} keep their cause, and get another rule.")
