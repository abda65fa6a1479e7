"""Undoes the last applied migration, where the environment allows it."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.run import attended_run
from dbmate_wrap.execution.undo import last_applied, undo
from dbmate_wrap.workspace import database, dbmate, guard, project_files, schema_file
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import raise_for_disagreement, read_history


def rollback(context: Context, outcome: Outcome) -> None:
    """Run migrate:down of the last applied migration. Raises RefusedError where protected, or without one."""
    environment, console = context.environment, context.console
    guard.refuse_where_protected(environment, "rollback")  # 20
    binary = dbmate.start_verification(context)
    loaded = project_files.load(environment, context.project.policy)
    outcome.findings = list(loaded.findings)
    files = loaded.checked()  # 12, 13
    with database.connect(context) as db:  # 21
        outcome.target = db.target
        found = read_history(db, files, ledger_on=environment.values.ledger)
        outcome.migrations = found.rows
        raise_for_disagreement(db, found)  # 13
        last = last_applied(found, files)
        if last is None:
            outcome.summary = "nothing to roll back: no migration is applied"
            return
        guard.refuse_foreign_stamp(environment, found)  # 20
        texts = [section.down.sql for section in last.sections]
        checks = readiness.run_preflight(context, db, found, texts, rollback=True)
        outcome.checks += checks
        readiness.raise_for_failed(checks, console.say)  # 22
        bound = dbmate.bind(context, binary(), db.url, db.session, db.server.history)  # 11
        with attended_run(db, files, environment, context.invocation, console, bound) as run:  # 23
            try:
                undo(run, last, found)  # 30, 31, 130, 143
            finally:
                outcome.migrations = run.history.rows
        outcome.summary = done = f"rolled back {last.file.name}"
        schema_file.write_where_set(context, db, done)
