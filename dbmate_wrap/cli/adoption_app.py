"""The commands about a database that is there already: snapshot, baseline, drift."""

from typing import Annotated

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Common, DryRun, To, Yes

_Pattern = list[str] | None
ExcludeTable = Annotated[
    _Pattern, typer.Option("--exclude-table", metavar="PATTERN", help="Leave it out, as pg_dump does.")
]
ExcludeSchema = Annotated[
    _Pattern, typer.Option("--exclude-schema", metavar="PATTERN", help="Leave it out, as pg_dump does.")
]
AcceptDifferences = Annotated[
    bool, typer.Option("--accept-differences", help="Record it although the schema differs; with --because.")
]
Because = Annotated[str | None, typer.Option("--because", metavar="TEXT", help="Why; the ledger keeps it.")]
Rights = Annotated[
    bool, typer.Option("--rights", help="Show owners, grants and default privileges that differ too.")
]
Remarks = Annotated[bool, typer.Option("--remarks", help="Show comments that differ too.")]
Reordered = Annotated[
    bool, typer.Option("--reordered", help="Show tables with another order of columns too.")
]
Partitions = Annotated[
    bool, typer.Option("--partitions", help="Show partitions that no migration has made too.")
]


def add(app: typer.Typer) -> None:
    """Add the commands to the program."""
    command(app, "snapshot")(_snapshot)
    command(app, "baseline", takes_target=True)(_baseline)
    command(app, "drift", takes_target=True)(_drift)


def _snapshot(
    common: Common, exclude_table: ExcludeTable = None, exclude_schema: ExcludeSchema = None
) -> None:
    """Write 001 from a live database, proven on a throw-away server; overwrites nothing."""
    from dbmate_wrap.commands.snapshot import snapshot

    excluded = [f"--exclude-schema={pattern}" for pattern in exclude_schema or ()]
    excluded += [f"--exclude-table={pattern}" for pattern in exclude_table or ()]
    run_verb("snapshot", common, lambda context, outcome: snapshot(context, outcome, excluded=excluded))


def _baseline(
    common: Common,
    to: To = None,
    accept_differences: AcceptDifferences = False,
    because: Because = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Adopt a database: prove that its schema is what 001 makes, and record that as applied."""
    if accept_differences != (because is not None):
        raise typer.BadParameter("one needs the other", param_hint="--accept-differences, --because")
    from dbmate_wrap.commands.baseline import baseline

    run_verb(
        "baseline",
        common,
        lambda context, outcome: baseline(context, outcome, to=to, because=because, yes=yes, dry_run=dry_run),
    )


def _drift(
    common: Common,
    rights: Rights = False,
    remarks: Remarks = False,
    reordered: Reordered = False,
    partitions: Partitions = False,
) -> None:
    """Compare a live database with what its applied migrations make."""
    from dbmate_wrap.commands.drift import drift

    classes = {"rights": rights, "remark": remarks, "reordered": reordered, "partition": partitions}
    shown = frozenset(name for name, wanted in classes.items() if wanted)
    run_verb("drift", common, lambda context, outcome: drift(context, outcome, shown=shown))
