"""Undoes what was edited since it ran, by the text that ran, and applies the new text."""

from collections.abc import Sequence

from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.attended import attended_run
from dbmate_wrap.execution.undo import undo_and_apply
from dbmate_wrap.execution.what_ran import read_what_ran, since_edited
from dbmate_wrap.migrations import lockfile
from dbmate_wrap.review.sealed_early import as_edited, find_sealed_early
from dbmate_wrap.workspace import database, dbmate, guard, project_files, schema_file
from dbmate_wrap.workspace.applied_in import ask_where_rows_matter
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import raise_for_disagreement, read_history
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.tolerated import start_over


def redo(context: Context, outcome: Outcome) -> None:
    """Undo down to the oldest migration that was edited (else the last one), and apply what is pending then.

    What was sealed too early, and nobody else has yet, is sealed again. Raises RefusedError where the rows
    matter, or where one of them has nothing to undo it.
    """
    environment, console = context.environment, context.console
    guard.refuse_where_rows_matter(environment, "redo")  # 20
    binary = dbmate.start_verification(context)
    files, early = _load_files(context, outcome)  # 12, 13, 20, 21
    with database.open_database(context) as db:  # 21
        outcome.target = db.target
        found = as_edited(read_history(db, files, environment.values), early)
        outcome.migrations = found.rows
        raise_for_disagreement(db, found)  # 13
        versions = since_edited(found, else_last=not early)
        if not versions and not early:
            outcome.summary = "nothing to redo: no migration is applied"
            return
        guard.refuse_foreign_stamp(environment, found)  # 20
        guard.refuse_unrecorded_rollback(found, versions)  # 22
        old = read_what_ran(db, found, files, versions, start_over(environment))  # 13, 20
        undone = {each.file.version for each in old}
        names = {each.file for each in found.pending}
        new = [each for each in files.parsed if each.file.version in undone or each.file.name in names]
        texts = [section.down.sql for each in old for section in each.sections]
        texts += [section.up.sql for each in new for section in each.sections]
        checks = readiness.run_preflight(context, db, found, texts, rollback=True)
        outcome.checks += checks
        readiness.raise_for_failed(checks, console.say)  # 22
        bound = dbmate.bind(context, binary(), db.url, db.session, db.server.history)  # 11
        with attended_run(db, files, environment, context.invocation, console, bound) as run:  # 23
            try:
                undo_and_apply(run, old, found)  # 24, 30, 31, 130, 143
            finally:
                outcome.migrations, outcome.applied = run.history.rows, run.applied
                outcome.wrote = run.writes
        done = f"{count(len(old), 'migration')} rolled back, {count(len(run.applied), 'migration')} applied"
        outcome.summary = done = done + _seal_again(context, files, early)
        schema_file.write_where_set(context, db, done)


def _load_files(context: Context, outcome: Outcome) -> tuple[ProjectFiles, tuple[MigrationFile, ...]]:
    """Read the files; return those too that were sealed too early, and are to be sealed again."""
    loaded = project_files.load_files(context.environment, context.project.policy)
    early = find_sealed_early(loaded, context.environment.values, context.project.config_file)
    loaded = loaded.as_sealed_again(early.files)
    loaded.report_to(outcome)
    files = loaded.checked()
    for file in early.files:
        for check in ask_where_rows_matter(context, files, file, must_answer=not early.has_base):
            outcome.checks.append(check)
    return files, early.files


def _seal_again(context: Context, files: ProjectFiles, early: Sequence[MigrationFile]) -> str:
    if not early:
        return ""
    lockfile.seal_again(context.environment.values.lockfile, files.sealed, early)
    return f", {join_names([file.name for file in early])} sealed again"
