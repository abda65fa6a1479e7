"""The command `fleet report` as people type it."""

import sys
from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.command import run_without_project
from dbmate_wrap.cli.options import Common, Junit, ReportFiles

_NAME = "fleet report"
_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="What the shards wrote to stdout with `--format json`; - is stdin.",
        autocompletion=completion_values.files,
    ),
]
_Fleet = Annotated[
    str | None,
    typer.Option(
        "--fleet",
        metavar="NAME",
        help="Take the list of databases from the project: no shard ended.",
        autocompletion=completion_values.fleets,
    ),
]


def fleet_report(common: Common, files: _Files, fleet: _Fleet = None, junit: Junit = None) -> None:
    """Merge what the shards of a run wrote, and name the databases that none reported."""
    from dbmate_wrap.commands import fleet_report as verb

    stdin = sys.stdin.buffer if sys.stdin is not None else ()
    reports = ReportFiles(junit=junit)
    if fleet is None:
        run_without_project(
            _NAME,
            common,
            lambda outcome: verb.fleet_report(outcome, files, stdin, common.environment),
            reports,
        )
    else:
        from dbmate_wrap.cli.fleet_app import run_fleet_verb

        run_fleet_verb(
            _NAME,
            common,
            fleet,
            lambda context, outcome, settings: verb.fleet_report_by_inventory(
                context, outcome, settings, files, stdin
            ),
            reports,
        )
