"""The command line. Exit codes: 0 all well; 1 some input could not be read, or what --exit-code asks
for was found; 2 the command, the configuration or the lake cannot be used as it is."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from analysis.errors import AnalysisError
from ingest import IngestError
from lake.errors import LakeError
from why401 import asking, lake_commands, own_sources, reading, rule_commands
from why401.config import ConfigError
from why401.show import err, out, printable


def _tell_version(asked: bool) -> None:
    if asked:
        out.print(version("why401"))
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tells from the logs of API gateways and authorization servers why OAuth fails, "
    "for whom, where, since when, and what fixes it.",
)
for command in (
    reading.ingest,
    asking.report,
    asking.explain,
    asking.advise,
    asking.alerts,
    asking.diagnose,
    asking.dashboard,
    asking.sql,
    reading.recognise,
    reading.sources,
    own_sources.new_source,
    own_sources.try_source,
    asking.causes,
):
    app.command()(command)
app.command("unclassified")(rule_commands.list_unclassified)
app.add_typer(rule_commands.app, name="rule")
app.add_typer(lake_commands.app, name="lake")


@app.callback()
def _options(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Options of the command itself."""


def main() -> None:
    """Runs the command that the arguments name."""
    try:
        app()
    except (ConfigError, IngestError, LakeError, AnalysisError, asking.AskError) as problem:
        err.print(f"why401: {printable(problem)}", markup=False)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
