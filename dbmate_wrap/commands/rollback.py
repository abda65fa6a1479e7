"""Undoes the last applied migration, or those that have no file, where the environment allows it."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.attended import attended_run
from dbmate_wrap.execution.undo import undo
from dbmate_wrap.execution.what_ran import last_applied, read_what_ran, without_file
from dbmate_wrap.workspace import database, dbmate, guard, project_files, schema_file
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import raise_for_disagreement, read_history
from dbmate_wrap.workspace.tolerated import start_over


def rollback(context: Context, outcome: Outcome, *, unknown: bool) -> None:
    """Run migrate:down of the last applied migration, or of every version without a file (`unknown`).

    Raises RefusedError where protected, where it has none, and for `unknown` where rows matter.
    """
    environment, console = context.environment, context.console
    guard.refuse_rollback_where_protected(environment)  # 20
    if unknown:
        guard.refuse_where_rows_matter(environment, "rollback --unknown")  # 20
    binary = dbmate.start_verification(context)
    loaded = project_files.load_files(environment, context.project.policy)
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    with database.open_database(context) as db:  # 21
        outcome.target = db.target
        found = read_history(db, files, environment.values)
        outcome.migrations = found.rows
        raise_for_disagreement(db, found)  # 13
        versions = without_file(found) if unknown else last_applied(found)
        if not versions:
            what = "every applied version has its file" if unknown else "no migration is applied"
            outcome.summary = f"nothing to roll back: {what}"
            return
        guard.refuse_foreign_stamp(environment, found)  # 20
        guard.refuse_unrecorded_rollback(found, versions)  # 22
        todo = read_what_ran(db, found, files, versions, start_over(environment))  # 13, 20
        texts = [section.down.sql for migration in todo for section in migration.sections]
        checks = readiness.run_preflight(context, db, found, texts, rollback=True)
        outcome.checks += checks
        readiness.raise_for_failed(checks, console.say)  # 22
        what = f"roll back {', '.join(migration.file.name for migration in todo)}"
        guard.ask_person(environment, console, what)  # 20, for agents
        bound = dbmate.bind(context, binary(), db.url, db.session, db.server.history)  # 11
        with attended_run(db, files, environment, context.invocation, console, bound) as run:  # 23
            try:
                undo(run, todo, found)  # 30, 31, 130, 143
            finally:
                outcome.migrations, outcome.wrote = run.history.rows, run.writes
        outcome.summary = done = f"rolled back {', '.join(each.file.name for each in todo)}"
        schema_file.write_where_set(context, db, done)
