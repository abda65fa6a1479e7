"""Runs the pinned dbmate itself, with the environment resolved; what may write passes the guards of `up`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dbmate_wrap.dbmate.arguments import DbmateCommand, parse_arguments
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import ExecResult
from dbmate_wrap.errors import ExitCode, FailedError, UnreachableError, UsageError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.process import Completed
from dbmate_wrap.workspace import database, dbmate, guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History, pending, read_history
from dbmate_wrap.workspace.project_files import ProjectFiles

_MIGRATING = frozenset({"up", "migrate", "rollback"})
_PENDING = 1


def exec_(context: Context, outcome: Outcome, arguments: Sequence[str], *, yes: bool) -> None:
    """Run dbmate with `arguments`; its output is shown as it comes. dbmate's failure is FailedError (30).

    What may write passes stamp, preflight and confirmation, holds the advisory lock, and is told in the
    ledger. Raises RefusedError (20), PreflightError (22), LockedError (23).
    """
    command = parse_arguments(arguments)
    if command.other_target is not None:
        message = f"--{command.other_target} would point dbmate elsewhere"
        raise UsageError(message, hint="the environment chooses the database: --env NAME")
    typed = _TypedCommand(context, outcome, command, arguments, yes, dbmate.start_verification(context))
    if command.only_reads:
        typed.read()
    elif command.verb == "create":
        typed.create()
    else:
        typed.write()


@dataclass(frozen=True)
class _TypedCommand:
    """One dbmate command on the environment's database."""

    context: Context
    outcome: Outcome
    command: DbmateCommand
    arguments: Sequence[str]
    yes: bool
    binary: Callable[[], Binary]

    def read(self) -> None:
        """Run what changes nothing."""
        with database.open_database(self.context) as db:
            bound = dbmate.bind(self.context, self.binary(), db.url, db.session, db.server.history)
        self.report(self.run(bound))

    def create(self) -> None:
        """Run `create`, which alone may find no database."""
        try:
            self.write()
        except UnreachableError as error:
            if error.kind != "database_missing":
                raise
            self.confirm()
            url = database.resolve_url(self.context)
            self.outcome.wrote = True
            self.report(self.run(dbmate.bind_to_missing(self.context, self.binary(), url)))

    def write(self) -> None:
        """Run what may write, behind the guards and under the advisory lock."""
        from dbmate_wrap.execution.attended import attended_run
        from dbmate_wrap.workspace import project_files, schema_file

        context, environment = self.context, self.context.environment
        files = project_files.load_raw_files(environment).files
        create = environment.values.create_database and self.command.verb == "up"
        with database.open_database(context, create=create) as db:  # 21
            self.outcome.target = db.target
            found = read_history(db, files, environment.values)  # 13, 22
            self.refuse_foreign_stamp(found)  # 20
            if self.command.verb == "rollback":
                guard.refuse_unrecorded_rollback(found, found.applied[-1:])  # 22
            self.check_readiness(db, found, files)  # 22
            self.confirm(db.url.database)  # 20
            bound = dbmate.bind(context, self.binary(), db.url, db.session, db.server.history)  # 11
            invocation, console = context.invocation, context.console
            with attended_run(db, files, environment, invocation, console, bound) as run:  # 23
                self.refuse_foreign_stamp(run.history)
                if self.command.verb != "drop":
                    from dbmate_wrap.execution.typed_command import run_typed

                    self.outcome.wrote = True
                    own_files = not self.command.options & {"migrations-dir", "d"}
                    done = run_typed(run, lambda stop: self.run(bound, stop), own_files=own_files)
                    self.outcome.migrations, self.outcome.applied = run.history.rows, run.applied
                    self.report(done)
            if self.command.verb in _MIGRATING:
                schema_file.write_where_set(context, db, f"dbmate {self.command.verb} was run")
        if self.command.verb == "drop":
            self.outcome.wrote = True
            # Nobody else was at work. Only now nothing of ours is connected: one in use is not dropped.
            self.report(self.run(bound))

    def refuse_foreign_stamp(self, found: History) -> None:
        """Raise RefusedError where the database belongs to another environment."""
        context = self.context
        guard.refuse_foreign_stamp_by_hand(
            context.project, context.environment, context.console, found.ledger
        )

    def check_readiness(self, db: Database, found: History, files: ProjectFiles) -> None:
        """Run the preflight for what dbmate would run."""
        from dbmate_wrap.execution import readiness

        rollback = self.command.verb == "rollback"
        texts: list[str] = []
        if rollback and found.applied:
            last = [each for each in files.parsed if each.file.version == found.applied[-1]]
            texts = [section.down.sql for each in last for section in each.sections]
        elif self.command.verb in _MIGRATING:
            todo = pending(found, files, None)
            texts = [section.up.sql for each in todo for section in each.sections]
        checks = readiness.run_preflight(self.context, db, found, texts, rollback=rollback)
        self.outcome.checks += checks
        readiness.raise_for_failed(checks, self.context.console.say)

    def confirm(self, name: str | None = None) -> None:
        """Ask where the environment is protected; `name` is that of the database that would be dropped."""
        environment, console = self.context.environment, self.context.console
        what = f"run `dbmate {' '.join(self.arguments)}`"
        guard.confirm(environment, console, what, yes=self.yes, agents_everywhere=True)
        if self.command.verb == "drop" and name is not None:
            guard.confirm_drop(environment, console, name)

    def run(self, bound: Dbmate, should_stop: Callable[[], bool] | None = None) -> Completed:
        """Run dbmate; the schema file is ours to write."""
        values, options = self.context.environment.values, self.command.options
        given = ["--schema-file", str(values.schema_file)]
        if self.command.verb in _MIGRATING and not options & {"schema-file", "s"}:
            given.append("--no-dump-schema")
        with stage([]) as empty:
            return bound.run(
                (*given, *self.arguments),
                directory=values.migrations_dir,
                cwd=self.context.project.root,
                scratch=empty,
                on_line=self.context.console.show,
                should_stop=should_stop,
            )

    def report(self, done: Completed) -> None:
        """Report how dbmate ended. Raises FailedError."""
        self.outcome.result = ExecResult(done.returncode, done.stdout, done.stderr)
        for line in done.stderr.splitlines():
            self.context.console.say(line)
        if done.returncode == _PENDING and self.command.verb == "status":
            self.outcome.exit = ExitCode.PENDING
        elif done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise FailedError(f"dbmate ended with {done.returncode}" + (f": {lines[-1]}" if lines else ""))
