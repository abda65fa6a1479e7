"""The command `diagram` as people type it."""

from typing import Annotated

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Common, Output

_Live = Annotated[
    bool, typer.Option("--live", help="The live database's schema; -e NAME alone means this too.")
]
_Schema = Annotated[
    list[str] | None,
    typer.Option("--schema", metavar="PATTERN", help="Only these schemas: 'tenant_*' (may be repeated)."),
]
_Table = Annotated[
    list[str] | None,
    typer.Option("--table", metavar="PATTERN", help="Only these tables: 'crm.deal*' (may be repeated)."),
]
_Hops = Annotated[
    int, typer.Option("--hops", metavar="N", min=0, help="And those around them, over N foreign keys.")
]


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "diagram")(diagram)


def diagram(
    common: Common,
    live: _Live = False,
    schema: _Schema = None,
    table: _Table = None,
    hops: _Hops = 0,
    output: Output = None,
) -> None:
    """Draw the tables and their keys for Mermaid: what the migrations make, or a live schema."""
    if hops and not (schema or table):
        raise typer.BadParameter("it is about what --table or --schema names", param_hint="--hops")
    from dbmate_wrap.commands.diagram import diagram
    from dbmate_wrap.domain.entities import TableSelection

    wanted = TableSelection(tuple(schema or ()), tuple(table or ()), hops)
    is_live = live or common.environment is not None
    run_verb(
        "diagram",
        common,
        lambda context, outcome: diagram(context, outcome, wanted, live=is_live, output=output),
    )
