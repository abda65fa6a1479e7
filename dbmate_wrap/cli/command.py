"""Registers commands and groups with the common options, so that each option is written once."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, NoReturn

import typer

from dbmate_wrap.cli.help import CommandWithExamples
from dbmate_wrap.cli.options import Common, Env, OutputFormat, ProjectDir, Quiet, ReportFiles, Verbose
from dbmate_wrap.cli.target_option import Target, about_target

if TYPE_CHECKING:
    from dbmate_wrap.domain.outcome import Outcome
    from dbmate_wrap.workspace.context import Context


def _common(
    context: typer.Context,
    *,
    env: Env = None,
    format: OutputFormat = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> Common:
    """Return the common options; Typer's context carries those before the command, the later one wins."""
    before = context.obj if isinstance(context.obj, Common) else Common()
    common = Common(
        environment=before.environment if env is None else env,
        format=before.format if format is None else format,
        quiet=quiet or before.quiet,
        verbose=verbose or before.verbose,
        project=before.project if project is None else project,
    )
    context.obj = common
    return common


# Before and after a command's own options, in the order of `--help`.
_CONTEXT, _ENV, *_LAST = signature(_common).parameters.values()
_TARGET = Parameter("target", Parameter.KEYWORD_ONLY, default=None, annotation=Target)


def command(
    group: typer.Typer, name: str, *, passes_arguments_on: bool = False, takes_target: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a command of `group`; its first parameter is the `Common` of the common options.

    `passes_arguments_on` leaves what looks like an option to the program that the command runs;
    `takes_target`: it can be about one target of a fleet.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _, *own = signature(function).parameters.values()
        context = {"ignore_unknown_options": True, "allow_interspersed_args": False}
        target = [_TARGET] if takes_target else []
        entry = _with_common_options(_about_target(function), _CONTEXT, _ENV, *target, *own, *_LAST)
        settings = context if passes_arguments_on else {}
        group.command(name, cls=CommandWithExamples, context_settings=settings)(entry)
        return function

    return register


def group_options(group: typer.Typer, *own: Parameter) -> None:
    """Let `group` take the common options before the name of a command, and after them its `own`."""
    entry = _with_common_options(lambda common, **given: None, _CONTEXT, _ENV, *_LAST, *own)
    group.callback()(entry)


def run_verb(
    name: str, common: Common, verb: "Callable[[Context, Outcome], None]", reports: ReportFiles | None = None
) -> NoReturn:
    """Run one verb and exit; imported here, so that `--version` and `--help` need none of it."""
    from dbmate_wrap.cli import boundary

    boundary.run_and_exit(name, common, verb, reports)


def run_without_project(
    name: str, common: Common, verb: "Callable[[Outcome], None]", reports: ReportFiles | None = None
) -> NoReturn:
    """Run a verb that works without a project, and exit; imported here as for `run_verb`."""
    from dbmate_wrap.cli import boundary

    boundary.run_without_project(name, common, verb, reports)


def _about_target(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function of a command, whose common options have the target that is named, or refuse it."""

    @wraps(function)
    def run(common: Common, **given: object) -> None:
        taken = _TARGET.name in given
        target = given.pop(_TARGET.name, None)
        assert target is None or isinstance(target, str)
        function(about_target(common, target, taken=taken), **given)

    return run


def _with_common_options(function: Callable[..., None], *parameters: Parameter) -> Callable[..., None]:
    """Return a function for Typer, which reads its signature; `function` gets the options as one value."""
    read: Callable[..., Common] = _common

    def entry(**given: object) -> None:
        common = read(**{each.name: given.pop(each.name) for each in (_CONTEXT, _ENV, *_LAST)})
        function(common, **given)

    entry.__doc__, entry.__name__ = function.__doc__, function.__name__
    entry.__annotations__ = {each.name: each.annotation for each in parameters}
    by_name = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    entry.__signature__ = Signature(by_name)  # type: ignore[attr-defined]
    return entry
