"""The command `fleet report` as people type it."""

import sys
from typing import Annotated

import typer

from dbmate_wrap.cli.command import run_without_project
from dbmate_wrap.cli.options import Common, Junit, ReportFiles

_Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...", help="What the shards wrote to stdout with `--format json`; - is stdin."
    ),
]


def fleet_report(common: Common, files: _Files, junit: Junit = None) -> None:
    """Merge what the shards of a run wrote; names the databases that none reported. Asks no database."""
    from dbmate_wrap.commands.fleet_report import fleet_report

    stdin = sys.stdin.buffer if sys.stdin is not None else ()
    run_without_project(
        "fleet report",
        common,
        lambda outcome: fleet_report(outcome, files, stdin, common.environment),
        ReportFiles(junit=junit),
    )
