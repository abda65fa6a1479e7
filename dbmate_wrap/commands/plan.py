"""Shows the steps of `up`, and runs none."""

from collections.abc import Sequence

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import PlanResult, Step
from dbmate_wrap.execution import readiness
from dbmate_wrap.sql.batching import changes_session
from dbmate_wrap.workspace import dbmate, guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database, open_database_if_present
from dbmate_wrap.workspace.history import (
    History,
    disagreement,
    not_baselined,
    pending,
    read_history,
    without_database,
)
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.tolerated import say_tolerated


def plan(context: Context, outcome: Outcome, *, to: str | None, wait: float | None, sql: bool) -> None:
    """List the pending migrations and how each would run, with their statements where `sql`.

    Raises what `up` would before it asks and writes.
    """
    environment = context.environment
    loaded = project_files.load_files(environment, context.project.policy)
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    with open_database_if_present(context, wait=wait) as db:  # 21
        if db is None:
            _report(outcome, pending(without_database(files), files, to), sql=sql)
            return
        outcome.target = db.target
        found = read_history(db, files, environment.values)
        outcome.migrations = found.rows
        todo = _compare(context, db, found, files, to)  # 13, 20
        _report(outcome, todo, sql=sql)
        if todo:
            texts = [section.up.sql for each in todo for section in each.sections]
            checks = readiness.run_preflight(context, db, found, texts)
            outcome.checks += checks
            readiness.raise_for_failed(checks, context.console.say)  # 22
            dbmate.start_verification(context)()  # 11


def _compare(
    context: Context, db: Database, found: History, files: ProjectFiles, to: str | None
) -> tuple[ParsedMigration, ...]:
    """Return what is pending. Raises where history or stamp are not this project's or environment's."""
    environment = context.environment
    say_tolerated(context, found)
    if error := disagreement(found) or not_baselined(db):
        raise error
    guard.refuse_foreign_stamp(environment, found)
    if warning := guard.stamp_warning(environment, found):
        context.console.say(f"warning: {warning}")
    return pending(found, files, to)


def _report(outcome: Outcome, todo: Sequence[ParsedMigration], *, sql: bool) -> None:
    outcome.result = PlanResult(tuple(_step(each, sql=sql) for each in todo))
    outcome.summary = f"{len(todo)} pending; nothing was changed" if todo else "nothing is pending"


def _step(migration: ParsedMigration, *, sql: bool) -> Step:
    text = "\n".join(section.up.sql.rstrip() for section in migration.sections) if sql else None
    file, alone = migration.file, changes_session(migration)
    return Step(file.version, file.name, migration.transactional, alone, text)
