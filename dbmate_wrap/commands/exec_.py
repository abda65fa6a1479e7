"""Runs the pinned dbmate itself, with the environment resolved."""

from collections.abc import Sequence

from dbmate_wrap.domain import stamp
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import ExecResult
from dbmate_wrap.errors import ExitCode, FailedError, UsageError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import ledger
from dbmate_wrap.workspace import database, dbmate, guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database

# These read only; `dump` is not among them: it creates the history table where there is none.
_READING = frozenset({"status", "wait", "help", "h"})
_ASKING = frozenset({"--help", "-h", "--version", "-v"})
_TARGET_OPTIONS = frozenset({"url", "u", "env", "e", "env-file", "driver", "migrations-table"})
_PENDING = 1


def exec_(context: Context, outcome: Outcome, arguments: Sequence[str], *, yes: bool) -> None:
    """Run dbmate with `arguments`; its output is shown as it comes. dbmate's failure is FailedError (30).

    Raises RefusedError (20) where they may write and the environment is protected and not confirmed, or the
    database bears the stamp of another one, which `yes` does not override.
    """
    _refuse_other_targets(arguments)
    values, console = context.environment.values, context.console
    writes = not _only_reads(arguments)
    if writes:
        guard.confirm(context.environment, console, f"run `dbmate {' '.join(arguments)}`", yes=yes)
    binary = dbmate.start_verification(context)
    with database.connect(context) as db:
        if writes:
            _refuse_foreign_stamp(context, db)
        bound = dbmate.bind(context, binary(), db.url, db.session, db.server.history)
    with stage([]) as empty:
        done = bound.run(
            ("--schema-file", str(values.schema_file), *arguments),
            directory=values.migrations_dir,
            cwd=context.project.root,
            scratch=empty,
            on_line=console.show,
        )
    outcome.result = ExecResult(done.returncode, done.stdout, done.stderr)
    for line in done.stderr.splitlines():
        console.say(line)
    if done.returncode == _PENDING and "status" in arguments:
        outcome.exit = ExitCode.PENDING
    elif done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise FailedError(f"dbmate ended with {done.returncode}" + (f": {lines[-1]}" if lines else ""))


def _refuse_foreign_stamp(context: Context, db: Database) -> None:
    environment, project = context.environment, context.project
    if not environment.values.ledger:
        return
    found = ledger.read(db.session, db.server.history.name)
    if isinstance(found, LedgerUnavailable):
        # As for `up`: a role that may not read the stamp is not kept from working.
        context.console.say(f"warning: the stamp of this database was not looked at: {found.reason}")
        return
    protected = [each.name for each in project.environments.values() if each.values.protected]
    verdict = found.verdict(environment.name, protected=environment.values.protected)
    if error := stamp.refusal_for_dbmate(verdict, environment.name, protected):
        raise error


def _refuse_other_targets(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if argument == "--":
            return  # What follows is pg_dump's.
        name = argument.split("=", 1)[0]
        # dbmate takes an option with one dash or two: -url is --url (Go's flag package).
        if argument.startswith("-") and name.lstrip("-") in _TARGET_OPTIONS:
            hint = "the environment chooses the database: --env NAME"
            raise UsageError(f"{name} would point dbmate elsewhere", hint=hint)


def _only_reads(arguments: Sequence[str]) -> bool:
    # Only the first word counts: `up -v` is verbose and asks for no version, and an option before the command
    # may take the next word as its value.
    return arguments[0] in _READING or (len(arguments) == 1 and arguments[0] in _ASKING)
