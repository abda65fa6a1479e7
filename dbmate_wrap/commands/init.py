"""Sets up a repository that is not ours: writes what is missing, appends lines, overwrites nothing."""

import os
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap import __version__
from dbmate_wrap.domain.escape import visible
from dbmate_wrap.domain.migration import version_of
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import InitResult, ScaffoldedFile
from dbmate_wrap.errors import InterruptedRun, RefusedError
from dbmate_wrap.git.checkout import top_folder
from dbmate_wrap.git.remotes import remote_hosts
from dbmate_wrap.scaffold.action import FileAction, done
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Scaffold
from dbmate_wrap.scaffold.plan import plan_files
from dbmate_wrap.scaffold.settings_file import is_own_checkout
from dbmate_wrap.scaffold.survey import KnownProject, survey_folder
from dbmate_wrap.scaffold.writer import write_file
from dbmate_wrap.workspace.context import Context

_AGAIN = "type `dbmate-wrap init` again: it writes what is missing"
_ON_TOP = "."
_FIRST = "dbmate-wrap new add_orders"
_SNAPSHOT = "dbmate-wrap snapshot -e production"


def init(context: Context, outcome: Outcome, *, dry_run: bool, yes: bool) -> None:
    """Write what is missing, after a question on a terminal. Raises RefusedError where the answer is no."""
    root = context.project.root
    known = _known(context)
    files, scaffold = survey_folder(root, known)
    actions: tuple[FileAction, ...] = ()
    # This repository has all of it, under other names.
    if not is_own_checkout(files):
        actions = plan_files(files, scaffold, has_github=(known.top / ".github").is_dir())
    wanted = [each for each in actions if each.content is not None]
    following = _next_command(root, scaffold)
    try:
        if wanted and not (dry_run or yes):
            _confirm(context, wanted)
        written = [] if dry_run else [_write(root, action, files) for action in wanted]
    except KeyboardInterrupt:
        raise InterruptedRun("interrupted: every file is whole, or as it was", hint=_AGAIN) from None
    actions = tuple(next((new for new in written if new.file == each.file), each) for each in actions)
    rows = tuple(ScaffoldedFile(each.file, each.state, each.reason, each.text) for each in actions)
    outcome.result = InitResult(rows, following)
    outcome.summary = _summarize(actions, following)


def _write(root: Path, action: FileAction, files: Files) -> FileAction:
    write_file(root, action, files)
    return done(action)


def _known(context: Context) -> KnownProject:
    project, environment = context.project, context.environment
    rows, values = environment.setting_rows(), environment.values
    top = top_folder(project.root) or project.root
    where = os.path.relpath(os.path.realpath(project.root), os.path.realpath(top))
    return KnownProject(
        values={
            **{row.name: row.value for row in rows},
            "migrations_dir": environment.display_path(values.migrations_dir),
            "lockfile": environment.display_path(values.lockfile),
            "schema_file": environment.display_path(values.schema_file),
        },
        defaults=frozenset(row.name for row in rows if row.source == "default"),
        is_configured=project.config_file is not None,
        top=top,
        where="" if where == _ON_TOP else Path(where).as_posix(),
        hosts=remote_hosts(project.root),
        version=__version__,
    )


def _confirm(context: Context, wanted: Sequence[FileAction]) -> None:
    """Show what would be written, and ask; without a terminal it is agreed, for nothing is overwritten."""
    lines = [f"  {visible(each.file)}: {each.state}" for each in wanted]
    answer = context.console.ask("\n".join([*lines, "Write these files? [Y/n] "]))
    # The end of the input is no agreement.
    if answer is not None and (not answer or answer.strip().lower() not in ("", "y", "yes")):
        hint = "`dbmate-wrap init --dry-run` shows it again, with what is to be done by hand"
        raise RefusedError("not confirmed: nothing was written", hint=hint)


def _summarize(actions: Sequence[FileAction], following: str) -> str:
    if any(each.state.startswith("to be") for each in actions):
        return "nothing was written; next: dbmate-wrap init"
    if following == _FIRST:
        following = f"{_FIRST}, or, where there is a database: {_SNAPSHOT}"
    if any(each.content is not None for each in actions):
        return f"next: {following}"
    left = any(each.text is not None for each in actions)
    return f"nothing is left to {'write' if left else 'do'}; next: {following}"


def _next_command(root: Path, scaffold: Scaffold) -> str:
    """Return what is to be typed next."""
    if not any(version_of(name) for name in scaffold.names):
        return _FIRST
    return "dbmate-wrap check" if (root / scaffold.layout.lockfile).exists() else "dbmate-wrap seal"
