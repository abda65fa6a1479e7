"""Registers a command with the options that all commands share, so that each is written once."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, NoReturn

import typer

from dbmate_wrap.cli.options import (
    Common,
    Env,
    Format,
    OutputFormat,
    ProjectDir,
    Quiet,
    ReportFiles,
    Verbose,
)

if TYPE_CHECKING:
    from dbmate_wrap.domain.outcome import Outcome
    from dbmate_wrap.workspace.context import Context


def _shared(name: str, annotation: object, default: object) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


# Before and after a command's own options, in the order of `--help`.
_FIRST = (_shared("env", Env, None),)
_LAST = (
    _shared("format", OutputFormat, Format.TEXT),
    _shared("quiet", Quiet, False),
    _shared("verbose", Verbose, False),
    _shared("project", ProjectDir, None),
)


def command(
    group: typer.Typer, name: str, *, passes_arguments_on: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command of `group`; its first parameter is the `Common` of the shared options.

    Typer reads a function's signature and annotations: it is shown ours and the function's own together.
    `passes_arguments_on` leaves what looks like an option to the program behind.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in signature(function).parameters.values()]
        parameters = [*_FIRST, *own[1:], *_LAST]

        def entry(**given: object) -> None:
            common = Common(*(given.pop(each.name) for each in (*_FIRST, *_LAST)))  # type: ignore[arg-type]
            function(common, **given)

        entry.__doc__, entry.__name__ = function.__doc__, function.__name__
        entry.__annotations__ = {each.name: each.annotation for each in parameters}
        entry.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        context: dict[str, object] = {}
        if passes_arguments_on:
            context = {"ignore_unknown_options": True, "allow_interspersed_args": False}
        group.command(name, context_settings=context)(entry)
        return function

    return register


def run(
    name: str, common: Common, verb: "Callable[[Context, Outcome], None]", reports: ReportFiles | None = None
) -> NoReturn:
    """Run one verb and exit; imported here, so that `--version` and `--help` need none of it."""
    from dbmate_wrap.cli import boundary

    boundary.run(name, common, verb, reports)
