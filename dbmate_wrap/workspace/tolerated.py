"""What ends a run with 13 where rows matter, and is only said where they may be lost."""

from collections.abc import Sequence

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.history import MigrationEntry, MigrationState
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History

_NAMED_AT_MOST = 5


def start_over(environment: Environment) -> str:
    """The last way out of a database whose rows may be lost."""
    return f"or lose all of its rows: `{reset_command(environment)}`, then `dbmate-wrap up`"


def reset_command(environment: Environment) -> str:
    """Return the command that takes the environment's database away, with all of its rows."""
    return "dbmate-wrap db reset" if environment.url_source() is None else "dbmate-wrap exec -- drop"


def say_tolerated(context: Context, found: History) -> None:
    """Warn of migrations that were edited since they ran, and of those that have no file here."""
    for warning in tolerated_warnings(context, found):
        context.console.say(f"warning: {warning}")


def tolerated_warnings(context: Context, found: History) -> tuple[str, ...]:
    """One warning for each kind, with the command that ends it."""
    edited = [each for each in found.tolerated if each.state is MigrationState.EDITED]
    unknown = [each for each in found.tolerated if each.state is MigrationState.UNKNOWN]
    warnings = []
    if edited:
        verb = "was edited after it" if len(edited) == 1 else "were edited after they"
        names = join_names([each.file or each.version for each in edited])
        warnings.append(
            f"{names} {verb} ran here: `dbmate-wrap redo` undoes what ran and applies the new text"
        )
    if unknown:
        verb = "is applied and has" if len(unknown) == 1 else "are applied and have"
        names = join_names(_names_with_branches(context, found, unknown))
        warnings.append(f"{names} {verb} no file here: `dbmate-wrap rollback --unknown` undoes what ran")
    return tuple(warnings)


def _names_with_branches(context: Context, found: History, unknown: Sequence[MigrationEntry]) -> list[str]:
    from dbmate_wrap.git.branches import branches_with  # git is needed by few runs.

    lines = found.ledger.current if isinstance(found.ledger, Ledger) else {}
    files = {each.version: line.file for each in unknown if (line := lines.get(each.version)) and line.file}
    folder, root = context.environment.values.migrations_dir, context.project.root
    shown = [files.get(each.version, each.version) for each in unknown[:_NAMED_AT_MOST]]
    paths = {folder / name: name for name in shown if name in files.values()}
    branches = {paths[path]: names for path, names in branches_with(root, list(paths)).items()}
    more = [each.version for each in unknown[_NAMED_AT_MOST:]]
    return [f"{name} (of {', '.join(branches[name])})" if name in branches else name for name in shown] + more
