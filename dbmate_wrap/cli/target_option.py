"""The option --target, and -e fleet:NAME/TARGET: one database of a fleet."""

from dataclasses import replace
from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.options import Common

Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="One target of the environment's fleet.",
        autocompletion=completion_values.targets,
    ),
]


def about_target(common: Common, target: str | None, *, taken: bool) -> Common:
    """Return the common options with the target that the command is about; not `taken`: it has none.

    Raises BadParameter.
    """
    if target is None and not (common.environment or "").startswith("fleet:"):
        return common
    from dbmate_wrap.domain.fleet_reference import FleetReference, read_reference
    from dbmate_wrap.errors import UsageError

    try:
        named = read_reference(common.environment)
    except UsageError as error:
        raise bad_parameter(error, "--env") from None
    if named is None:
        return replace(common, about=FleetReference(None, target))
    if not taken:
        raise typer.BadParameter("this command is not about one target of a fleet", param_hint="--env")
    if target not in (None, named.target):
        message = f"--env names the target {named.target}: leave one of the two out"
        raise typer.BadParameter(message, param_hint="--target")
    return replace(common, environment=None, about=named)


def bad_parameter(error: Exception, option: str) -> typer.BadParameter:
    """Return the error of an option for an error of its value; the hint goes along."""
    refused = typer.BadParameter(str(error), param_hint=option)
    if hint := getattr(error, "hint", None):
        refused.add_note(hint)
    return refused
