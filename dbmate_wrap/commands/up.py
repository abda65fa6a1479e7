"""Applies pending migrations under the advisory lock, and reports the result from the database."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import LockedError, RefusedError
from dbmate_wrap.workspace import database, guard, project_files
from dbmate_wrap.workspace.bounds import Bounds, UpRequest
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import (
    History,
    is_adoption_due,
    raise_for_disagreement,
    read_history,
)
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.renewed_url import open_by_known_url
from dbmate_wrap.workspace.tolerated import say_tolerated


def up(context: Context, outcome: Outcome, wanted: Bounds, *, wait: float | None, yes: bool) -> None:
    """Apply the pending migrations that are `wanted`; `wait` seconds for a server that starts."""
    loaded = project_files.load_files(context.environment, context.project.policy)
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    create = context.environment.values.create_database
    with database.open_database(context, wait=wait, create=create) as db:  # 21
        migrate(context, outcome, db, UpRequest(files, wanted, yes))


def up_target(context: Context, outcome: Outcome, url: DatabaseUrl, request: UpRequest) -> None:
    """Apply what is pending in one database of many, whose URL is known; none writes the schema file."""
    values = context.environment.values.model_copy(update={"dump_schema": False})
    context = replace(context, environment=replace(context.environment, values=values))
    create = values.create_database

    def connect(known: DatabaseUrl) -> AbstractContextManager[Database]:
        return database.open_database(context, create=create, url=known)

    with open_by_known_url(context, url, connect) as db:  # 21
        migrate(context, outcome, db, request)


def migrate(context: Context, outcome: Outcome, db: Database, request: UpRequest) -> None:
    """Apply what is pending in one open database, whatever the files were read for."""
    environment, console = context.environment, context.console
    files, wanted = request.files, request.wanted
    outcome.target = db.target
    found = read_history(db, files, environment.values)
    outcome.migrations = found.rows
    raise_for_disagreement(db, found)  # 13
    say_tolerated(context, found)
    # Also where nothing is pending: a pipeline with a wrong URL must not end green.
    guard.refuse_foreign_stamp(environment, found)  # 20
    todo, held = wanted.find(found, files)  # 12
    stop = wanted.describe_stop(held, environment.name)
    if not todo:
        adopted = _adopt(context, db, files, found, yes=request.yes)
        outcome.wrote = bool(adopted)
        outcome.summary = wanted.describe_nothing(found) + adopted + stop
        return
    # Imported when there is something to do: most runs of a pipeline find nothing.
    from dbmate_wrap.execution.apply import apply_pending
    from dbmate_wrap.execution.attended import attended_run
    from dbmate_wrap.workspace import dbmate, schema_file

    binary = dbmate.start_verification(context, request.binary)
    _check_readiness(context, outcome, db, found, todo)  # 22
    names = _name_files(context, db, found, files, todo, asks=not request.yes)  # 130, 143
    guard.confirm_migrations(environment, console, db.target, names, yes=request.yes)  # 20
    bound = dbmate.bind(context, binary(), db.url, db.session, db.server.history)  # 11
    with attended_run(db, files, environment, context.invocation, console, bound) as run:  # 23
        try:
            apply_pending(run, wanted)  # 24, 30, 31, 130, 143
        finally:
            outcome.migrations, outcome.applied = run.history.rows, run.applied
            outcome.wrote = run.writes
    done = f"{count(len(run.applied), 'migration')} applied"
    outcome.summary = (done if run.applied else wanted.describe_nothing(run.history)) + stop
    if run.applied:
        schema_file.write_where_set(context, db, done)


def _adopt(context: Context, db: Database, files: ProjectFiles, found: History, *, yes: bool) -> str:
    """Adopt what plain dbmate has applied, and stamp the database; return what was done, for the summary.

    What hinders it does not end a run that has nothing to apply. Raises RefusedError (20) where another run
    has stamped the database as another environment's meanwhile.
    """
    if not is_adoption_due(found, files):
        return ""
    from dbmate_wrap.execution.adoption import adopt
    from dbmate_wrap.execution.attended import attended_run

    environment, console = context.environment, context.console
    if hindrance := _hindrance(context, db, found):
        console.say(hindrance)
        return ""
    try:
        guard.confirm(environment, console, f"stamp its database {db.url.database}", yes=yes)  # 20
    except RefusedError:
        command = f"dbmate-wrap up -e {environment.name} --yes"
        console.say(f"notice: the database is not stamped as {environment.name} yet: `{command}` stamps it")
        return ""
    # Not waited for: whoever holds the lock stamps the database.
    at_once = replace(environment, values=environment.values.model_copy(update={"advisory_lock_wait": 0.0}))
    try:
        with attended_run(db, files, at_once, context.invocation, console, None) as run:
            return adopt(run)
    except LockedError as error:
        console.say(f"notice: the database is not stamped as {environment.name} yet: {error.message}")
        return ""


def _name_files(
    context: Context,
    db: Database,
    found: History,
    files: ProjectFiles,
    todo: tuple[ParsedMigration, ...],
    *,
    asks: bool,
) -> list[str]:
    """Return the names of the files; where a person is asked, with what each locks, if it can be measured."""
    verdicts: Mapping[str, str] = {}
    if asks and context.environment.values.protected and context.console.can_ask:
        from dbmate_wrap.review.live_plan import LivePlan, measure_verdicts

        verdicts = measure_verdicts(context, LivePlan(db, found, files, todo), "dbmate-wrap up")
    return [
        f"{file.name}: {verdicts[file.version]}" if file.version in verdicts else file.name
        for file in (each.file for each in todo)
    ]


def _hindrance(context: Context, db: Database, found: History) -> str | None:
    """Return what to say where this role may not write the ledger, or the server takes no writes now."""
    from dbmate_wrap.execution import readiness

    if isinstance(found.ledger, Ledger) and (obstacle := found.ledger.access.obstacle):
        return f"warning: {obstacle.reason}" + (f" ({obstacle.hint})" if obstacle.hint else "")
    failed = [each for each in readiness.run_preflight(context, db, found, ()) if each.status == "fail"]
    return f"notice: the database is not stamped: {failed[0].message}" if failed else None


def _check_readiness(
    context: Context, outcome: Outcome, db: Database, found: History, todo: Sequence[ParsedMigration]
) -> None:
    from dbmate_wrap.execution import readiness

    texts = [section.up.sql for migration in todo for section in migration.sections]
    checks = readiness.run_preflight(context, db, found, texts)
    outcome.checks += checks
    readiness.raise_for_failed(checks, context.console.say)
