"""Writes the environment's name into its database, on purpose."""

from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, PreflightError
from dbmate_wrap.execution.attended import attended_run
from dbmate_wrap.workspace import database, guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import read_history


def stamp(context: Context, outcome: Outcome, *, yes: bool) -> None:
    """Stamp the database as this environment's, whatever it was stamped as before.

    Raises RefusedError where protected and not confirmed, PreflightError where the schema cannot be written.
    """
    environment, console = context.environment, context.console
    if not environment.values.ledger:
        message = f"{environment.name} keeps no ledger, and so no stamp"
        raise ConfigError(message, hint="set ledger = true")
    loaded = project_files.load_files(environment, context.project.policy, contents=False)
    loaded.report_to(outcome)
    loaded.raise_if_unreadable()
    with database.open_database(context) as db:
        outcome.target = db.target
        found = read_history(db, loaded.files, environment.values)
        outcome.migrations = found.rows
        before = found.ledger.stamp if isinstance(found.ledger, Ledger) else None
        was = f" (it is stamped as {before.environment})" if before else ""
        what = f"stamp database {db.url.database}{was}"
        guard.confirm(environment, console, what, yes=yes, agents_everywhere=True, look="doctor")
        with attended_run(db, loaded.files, environment, context.invocation, console, None) as run:
            outcome.migrations = run.history.rows
            ledger = run.open_ledger()
            outcome.wrote = True
            run.lock.verify()
            if not ledger.stamp():
                message = "the stamp was not written: this role may not write the schema dbmate_wrap"
                problem = found.ledger.access.obstacle if isinstance(found.ledger, Ledger) else found.ledger
                hint = problem.hint if problem else None
                raise PreflightError(message, hint=hint)
    outcome.summary = f"stamped as {environment.name}{was.replace('it is', 'it was')}"
