"""Adopts a database that is there already: proves its schema, and records the migrations that make it."""

from dataclasses import replace
from functools import partial

from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.ledger import Ledger, Origin
from dbmate_wrap.domain.migration import is_same_version
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.reason import check_reason
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import DriftError, HistoryError, UsageError
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.attended import attended_run
from dbmate_wrap.review.live_comparison import LiveComparison, compare_live
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.workspace import database, guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History, ledger_contradiction, read_history
from dbmate_wrap.workspace.live_schema import read_alone, read_needs, say_other_tools
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import make_setup

_NAMED_AT_MOST = 20


def baseline(
    context: Context, outcome: Outcome, *, to: str | None, because: str | None, yes: bool, dry_run: bool
) -> None:
    """Record the first migration, or those up to version `to`, as applied where the schema is what they make.

    `because` is the reason why differences are accepted. Raises DriftError (33) where it differs, and
    HistoryError (13) where there is a history already.
    """
    environment = context.environment
    reason = check_reason(because) if because is not None else None  # 2
    loaded = project_files.load_files(environment, context.project.policy)
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    wanted = _up_to(files, to)  # 2, 13
    named = _named(wanted)
    with database.open_database(context) as db:  # 21
        outcome.target = db.target
        found = read_history(db, files, environment.values)  # 13, 22
        guard.refuse_foreign_stamp(environment, found)  # 20
        if _is_recorded(found, wanted):
            outcome.migrations = found.rows
            outcome.summary = f"nothing to do: recorded as the baseline before: {named}"
            return
        _raise_for_history(db, found)
        say_other_tools(context, db)
        compared = _compare(context, db, wanted)
        differences = _differences(context, compared)
        outcome.result = DriftResult(differences)
        if differences and because is None:
            raise _difference_error(len(differences), named)
        if dry_run:
            same = "accepted" if differences else f"the same on {compared.origin}"
            outcome.summary = f"{same}: without --dry-run this is recorded, and nothing is run: {named}"
            return
        checks = readiness.run_preflight(context, db, found, ())
        outcome.checks += checks
        readiness.raise_for_failed(checks, context.console.say)  # 22
        _record(context, outcome, db, wanted, _accepted(differences, reason), yes=yes)
    outcome.summary = f"recorded as applied in {db.url.database}, and nothing was run: {named}"


def _up_to(files: ProjectFiles, to: str | None) -> ProjectFiles:
    """The first migration, or those up to version `to`."""
    if not files.parsed:
        raise HistoryError(
            "there is no migration that could be the baseline",
            hint="write one from the database: dbmate-wrap snapshot",
        )
    length = 1
    if to is not None:
        numbers = range(1, len(files.parsed) + 1)
        named = [each.file for each in files.parsed]
        found = [
            number
            for number, file in zip(numbers, named, strict=True)
            if file.name == to or is_same_version(file.version, to)
        ]
        if not found:
            known = f"versions here: {named[0].version} to {named[-1].version}"
            raise UsageError(f"--to {to}: no migration has that version", hint=known)
        length = found[0]
    kept = {each.file.name for each in files.parsed[:length]}
    migrations = tuple(each for each in files.migrations if each.name in kept)
    return replace(files, migrations=migrations, parsed=files.parsed[:length])


def _named(files: ProjectFiles) -> str:
    first, last = files.migrations[0].name, files.migrations[-1].name
    number = len(files.migrations)
    return first if number == 1 else f"{first} to {last} ({count(number, 'migration')})"


def _is_recorded(found: History, wanted: ProjectFiles) -> bool:
    """True where exactly these were recorded by `baseline`, whatever was applied after them."""
    versions = {file.version for file in wanted.migrations}
    if not isinstance(found.ledger, Ledger):
        # Nothing tells how they were recorded.
        return found.ledger is None and versions == set(found.applied)
    lines = found.ledger.current
    recorded = {version for version, line in lines.items() if line.how == Origin.BASELINE}
    return recorded == versions and recorded <= set(found.applied)


def _raise_for_history(db: Database, found: History) -> None:
    if error := ledger_contradiction(found):
        raise error
    if found.applied:
        raise HistoryError(
            f"{db.url.database} has a history of {count(len(found.applied), 'migration')} already:"
            " a baseline is for a database without one",
            hint="see it with `dbmate-wrap status`; what plain dbmate has applied, the next `up` adopts",
        )


def _compare(context: Context, db: Database, wanted: ProjectFiles) -> LiveComparison:
    means = make_means(wanted, context.environment, make_setup(context), context.console)
    read_live = partial(read_alone, context, db)
    compared = compare_live(means, read_needs(db), read_live, "dbmate-wrap baseline")
    return compared.without(context.environment.values.drift_ignore, context.console.say)


def _differences(context: Context, compared: LiveComparison) -> tuple[SchemaDifference, ...]:
    """What keeps it from being recorded; what live has beside its schema is said.

    A file of pg_dump holds no setting of the database: there would be no way to a baseline. `drift` names it.
    """
    facts = [each for each in compared.facts if each.is_drift]
    for fact in facts:
        if fact.change == "extra":
            context.console.say(f"notice: in no migration: {fact.name}")
    kept = [each for each in facts if each.change != "extra"]
    return (*(each for each in compared.objects if each.is_drift), *kept)


def _difference_error(number: int, named: str) -> DriftError:
    return DriftError(
        f"the live schema differs from what {named} makes: {count(number, 'object')}; nothing was recorded",
        hint="write the file from this database: dbmate-wrap snapshot; or bring the database in line; or,"
        " where each difference is known: dbmate-wrap baseline --accept-differences --because TEXT",
    )


def _accepted(differences: tuple[SchemaDifference, ...], because: str | None) -> str:
    """The end of the run's command in the ledger; empty where nothing differs."""
    if not differences:
        return ""
    more = len(differences) - _NAMED_AT_MOST
    labels = [each.label for each in differences[:_NAMED_AT_MOST]]
    names = join_names([*labels, *([f"{more} more"] if more > 0 else [])])
    return f", differences accepted ({names}) because {because}"


def _record(
    context: Context, outcome: Outcome, db: Database, wanted: ProjectFiles, accepted: str, *, yes: bool
) -> None:
    from dbmate_wrap.execution.baseline import record_baseline

    environment, console = context.environment, context.console
    number = count(len(wanted.migrations), "migration")
    what = f"record {number} as applied in its database {db.url.database}"
    guard.confirm(environment, console, what, yes=yes, look="baseline --dry-run")  # 20
    invocation = replace(context.invocation, command=f"{context.invocation.command}{accepted}")
    with attended_run(db, wanted, environment, invocation, console, None) as run:  # 23
        _raise_for_history(db, run.history)
        record_baseline(run)
        outcome.migrations, outcome.wrote = run.history.rows, True
