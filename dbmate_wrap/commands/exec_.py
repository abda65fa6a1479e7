"""Runs the pinned dbmate itself, with the environment resolved."""

from collections.abc import Sequence

from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.errors import ExitCode, FailedError, UsageError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import ledger
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace import dbmate as runner
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.guard import confirm, refuse_foreign_stamp_for_dbmate

# These read only; `dump` is not among them: it creates the history table where there is none.
_READING = frozenset({"status", "wait", "help", "h"})
_ASKING = frozenset({"--help", "-h", "--version", "-v"})
_TARGET_OPTIONS = frozenset({"url", "u", "env", "e", "env-file", "driver", "migrations-table"})
_PENDING = 1


def exec_(context: Context, arguments: Sequence[str], *, yes: bool) -> None:
    """Run dbmate with `arguments`; its output is shown as it comes. dbmate's failure is FailedError (30).

    Raises RefusedError (20) where they may write and the environment is protected and not confirmed, or the
    database bears the stamp of another one, which `yes` does not override.
    """
    _refuse_other_targets(arguments)
    writes = not _only_reads(arguments)
    if writes:
        confirm(context, f"run `dbmate {' '.join(arguments)}`", yes=yes)
    binary = runner.start_verification(context)
    place = database.resolve_url(context)
    values = context.environment.values
    with database.open_session(context, place.url) as session:
        if writes:
            _demand_stamp(context, session)
        dbmate = runner.bind(context, binary(), place.url, session)
    with stage([]) as empty:
        done = dbmate.run(
            ("--schema-file", str(values.schema_file), *arguments),
            directory=values.migrations_dir,
            cwd=context.project.root,
            scratch=empty,
            on_line=context.show,
        )
    context.outcome.extra.returncode = done.returncode
    context.outcome.extra.stdout = done.stdout
    context.outcome.extra.stderr = done.stderr
    for line in done.stderr.splitlines():
        context.say(line)
    if done.returncode == _PENDING and "status" in arguments:
        context.outcome.exit = ExitCode.PENDING
    elif done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise FailedError(f"dbmate ended with {done.returncode}" + (f": {said[-1]}" if said else ""))


def _demand_stamp(context: Context, session: Session) -> None:
    if not context.environment.values.ledger:
        return
    found = ledger.read(session)
    if isinstance(found, LedgerUnavailable):
        # As for `up`: who may not read the stamp is not kept from working.
        context.say(f"warning: the stamp of this database was not looked at: {found.reason}")
        return
    refuse_foreign_stamp_for_dbmate(context, found)


def _refuse_other_targets(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if argument == "--":
            return  # What follows is pg_dump's.
        name = argument.split("=", 1)[0]
        # dbmate takes an option with one dash or two: -url is --url (Go's flag package).
        if argument.startswith("-") and name.lstrip("-") in _TARGET_OPTIONS:
            raise UsageError(
                f"{name} would point dbmate elsewhere",
                hint="the environment chooses the database: --env NAME",
            )


def _only_reads(arguments: Sequence[str]) -> bool:
    # Only the first word counts: `up -v` is verbose and asks for no version, and an option before the command
    # may take the next word as its value.
    return arguments[0] in _READING or (len(arguments) == 1 and arguments[0] in _ASKING)
