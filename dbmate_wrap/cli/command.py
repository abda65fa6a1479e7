"""Registers commands and groups with the common options, so that each option is written once."""

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature, signature
from pathlib import Path
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


def _parameter(name: str, annotation: object, default: object) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_CONTEXT = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
# Before and after a command's own options, in the order of `--help`.
_FIRST = (_parameter("env", Env, None),)
_LAST = (
    _parameter("format", OutputFormat, None),
    _parameter("quiet", Quiet, False),
    _parameter("verbose", Verbose, False),
    _parameter("project", ProjectDir, None),
)


def command(
    group: typer.Typer, name: str, *, passes_arguments_on: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command of `group`; its first parameter is the `Common` of the common options.

    `passes_arguments_on` leaves what looks like an option to the program that the command runs.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = tuple(signature(function).parameters.values())[1:]
        context: dict[str, object] = {}
        if passes_arguments_on:
            context = {"ignore_unknown_options": True, "allow_interspersed_args": False}
        entry = _with_common_options(function, (*_FIRST, *_keyword_only(own), *_LAST))
        group.command(name, context_settings=context)(entry)
        return function

    return register


def group_options(group: typer.Typer, *own: Parameter) -> None:
    """Let `group` take the common options before the name of a command, and after them its `own`."""

    def ignore_own(common: Common, **given: object) -> None:
        pass

    group.callback()(_with_common_options(ignore_own, (*_FIRST, *_LAST, *own)))


def run(
    name: str, common: Common, verb: "Callable[[Context, Outcome], None]", reports: ReportFiles | None = None
) -> NoReturn:
    """Run one verb and exit; imported here, so that `--version` and `--help` need none of it."""
    from dbmate_wrap.cli import boundary

    boundary.run(name, common, verb, reports)


def _keyword_only(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    return tuple(each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters)


def _with_common_options(function: Callable[..., None], options: Sequence[Parameter]) -> Callable[..., None]:
    """Return a function for Typer, which reads its signature; `function` gets the options as one value.

    They may have been given before the command too: Typer's context carries those, and the later one wins.
    """

    def entry(
        context: typer.Context,
        *,
        env: str | None,
        format: Format | None,
        quiet: bool,
        verbose: bool,
        project: Path | None,
        **own: object,
    ) -> None:
        before = context.obj if isinstance(context.obj, Common) else Common()
        common = Common(
            environment=before.environment if env is None else env,
            format=before.format if format is None else format,
            quiet=quiet or before.quiet,
            verbose=verbose or before.verbose,
            project=before.project if project is None else project,
        )
        context.obj = common
        function(common, **own)

    parameters = (_CONTEXT, *options)
    entry.__doc__, entry.__name__ = function.__doc__, function.__name__
    entry.__annotations__ = {each.name: each.annotation for each in parameters}
    entry.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return entry
