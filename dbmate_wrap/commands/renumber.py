"""Gives a new migration that lost its number to another branch the next free one."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.command_hint import renumber_command
from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, is_same_version
from dbmate_wrap.domain.numbering import (
    RenamedFile,
    Renumbered,
    RenumberResult,
    in_order_of_renaming,
    name_after_version,
    plan_renumbering,
)
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.errors import ConfigError, HistoryError, RefusedError, UnreachableError, UsageError
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.attended import attended_run
from dbmate_wrap.execution.undo import undo
from dbmate_wrap.execution.what_ran import read_what_ran
from dbmate_wrap.migrations import directory, lockfile
from dbmate_wrap.migrations.lockfile_merge import renumber_lines
from dbmate_wrap.review.branch import compare_with_base
from dbmate_wrap.review.renumbering import NewFiles, find_new, raise_for_unknown, raise_for_wanted
from dbmate_wrap.workspace import database, dbmate, guard, project_files
from dbmate_wrap.workspace.applied_in import ran_as, refuse_where_ran
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History, raise_for_disagreement, read_history
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.tolerated import reset_command


def renumber(context: Context, outcome: Outcome, file: str, *, base: str | None) -> None:
    """Rename the file and the new ones after it, and put their lines last in the lockfile.

    Where the environment is disposable and has applied them, they are rolled back there first. Raises
    UsageError, RefusedError (20) for what is merged or applied where rows matter, HistoryError (13).
    """
    values = context.environment.values
    directory.take_back_half_renames(values.migrations_dir)
    loaded = project_files.load_raw_files(context.environment)
    files = loaded.files
    branch = compare_with_base(files, values, context.project.config_file, base, every=False)
    outcome.checks += branch.checks
    every_new = loaded.broken_lockfile is not None
    wanted = _find(files, file, find_new(files, None, branch, values.migrations_dir))
    found = find_new(files, wanted, branch, values.migrations_dir)
    raise_for_wanted(files.migrations, wanted, found, branch)  # 13, 20
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    plan = plan_renumbering(
        files.migrations, found.names, wanted, every_new=every_new, numbering=values.numbering, now=now
    )  # 10
    raise_for_unknown(found, [each.file for each in plan])  # 2
    work = _Work(context, outcome, files, plan, found.is_known)
    present = {each.name for each in files.migrations}
    before = lockfile.read_content(values.lockfile)
    content = renumber_lines(before, plan, present, values.lockfile)  # 13
    if not work.renamed and content is None:
        outcome.summary = f"nothing to renumber: {wanted.name} has the next number"
        return
    work.refuse_where_rows_matter()  # 20, 21
    undone = work.roll_back()  # 20, 21, 22, 23, 30, 31
    # The lockfile first: until its file is renamed, a line is one that no file has, and is found again.
    if content is not None:
        lockfile.write_content(values.lockfile, content)
    for each in in_order_of_renaming(work.renamed):
        directory.rename_migration(values.migrations_dir, each.file.name, each.new_name)
    work.report(undone)


def _find(files: ProjectFiles, typed: str, new: NewFiles) -> MigrationFile:
    """Return the file that is named by path, name or version; also one that has its new number already."""
    name = typed.replace("\\", "/").rpartition("/")[2]
    named = [each for each in files.migrations if each.name == name]
    named = named or [each for each in files.migrations if is_same_version(each.version, name)]
    if len(named) > 1:
        named = [each for each in named if each.name in new.names] or named
    if len(named) == 1:
        return named[0]
    if named:
        commands = " or ".join(renumber_command(each.name) for each in named)
        raise UsageError(f"{typed}: {len(named)} migrations have that number", hint=f"name one: {commands}")
    # As after a run that was killed, or one that went well.
    slug = name.lstrip("0123456789")
    again = [each for each in files.migrations if each.name in new.names and slug == name_after_version(each)]
    if len(again) == 1:
        return again[0]
    last = f": {renumber_command(files.migrations[-1].name)}" if files.migrations else ""
    raise UsageError(f"{typed}: there is no such migration", hint=f"name one that is new here{last}")


@dataclass(frozen=True)
class _Work:
    context: Context
    outcome: Outcome
    files: ProjectFiles
    plan: Sequence[Renumbered]
    is_known: bool

    @property
    def renamed(self) -> list[Renumbered]:
        return [each for each in self.plan if each.is_changed]

    def refuse_where_rows_matter(self) -> None:
        """Raise RefusedError (20) where an environment whose rows matter has applied one of the files."""
        files = [each.file for each in self.renamed]
        asked = refuse_where_ran(self.context, self.files, files, must_answer=not self.is_known)
        for check in asked if files else ():
            self.outcome.checks.append(check)

    @property
    def _names(self) -> str:
        return join_names([each.file.name for each in self.renamed])

    def roll_back(self) -> tuple[str, ...]:
        """Undo in the environment what has run there under an old number; return the files' names.

        Nothing is done where rows matter. An environment that cannot be reached is told, with the command.
        """
        context, environment = self.context, self.context.environment
        if not self.renamed or not environment.values.disposable or not _may_have_data(context):
            return ()
        with ExitStack() as stack:
            try:
                db = stack.enter_context(database.open_database_if_present(context))
            except (ConfigError, UnreachableError) as error:
                first = error.message.split("\n", 1)[0]
                context.console.say(
                    f"{environment.name} could not be asked ({first}): where {self._names} is applied there,"
                    " `dbmate-wrap redo` undoes it by the text that ran, or `dbmate-wrap rollback --unknown`"
                )
                return ()
            return self._roll_back(db) if db is not None else ()

    def _roll_back(self, db: Database) -> tuple[str, ...]:
        context, environment = self.context, self.context.environment
        found = read_history(db, self.files, environment.values)
        known = {each.file.name: ran_as(found, each.file, self.files.migrations) for each in self.renamed}
        ran = [each.file for each in self.renamed if known[each.file.name]]
        if unknown := [name for name, answer in known.items() if answer is None]:
            context.console.say(
                f"no ledger of {environment.name} tells whether {join_names(unknown)} or another file of that"
                f" number is applied there: where it is this one, {self._start_over()}"
            )
        if not ran:
            return ()
        self.outcome.target = db.target
        oldest = min(file.version for file in ran)
        files = _without_others(self.files, found, oldest)
        found = read_history(db, files, environment.values)
        raise_for_disagreement(db, found)  # 13
        guard.refuse_foreign_stamp(environment, found)  # 20
        versions = tuple(version for version in reversed(found.applied) if version >= oldest)
        guard.refuse_unrecorded_rollback(found, versions)  # 22
        try:
            todo = read_what_ran(db, found, files, versions, "")  # 13, 20
        except (HistoryError, RefusedError) as error:
            raise error.but(hint=self._start_over()) from None
        bound = self._bind(db, found, todo)
        with attended_run(db, files, environment, context.invocation, context.console, bound) as run:  # 23
            undo(run, todo, found)  # 30, 31, 130, 143
        return tuple(each.file.name for each in todo)

    def _bind(self, db: Database, found: History, todo: Sequence[ParsedMigration]) -> Dbmate:
        binary = dbmate.start_verification(self.context)
        texts = [section.down.sql for each in todo for section in each.sections]
        checks = readiness.run_preflight(self.context, db, found, texts, rollback=True)
        self.outcome.checks += checks
        readiness.raise_for_failed(checks, self.context.console.say)  # 22
        return dbmate.bind(self.context, binary(), db.url, db.session, db.server.history)  # 11

    def _start_over(self) -> str:
        environment, first = self.context.environment, self.plan[0].file.name
        reset = reset_command(environment)
        return f"lose all rows of {environment.name}: `{reset}`, then `{renumber_command(first)}`"

    def report(self, undone: Sequence[str]) -> None:
        """Tell what has which number now, and the next command."""
        environment = self.context.environment
        self.outcome.migrations = [
            MigrationRow(each.version, each.new_name, "renumbered", None, each.file.checksum)
            for each in self.renamed
        ]
        self.outcome.result = RenumberResult(
            tuple(RenamedFile(each.file.name, each.new_name) for each in self.renamed), tuple(undone)
        )
        where = environment.display_path(environment.values.lockfile)
        done = [
            f"{count(len(self.renamed), 'migration')} renumbered"
            if self.renamed
            else f"the lines of {where} are in order"
        ]
        done += [f"{len(undone)} rolled back in {environment.name}"] if undone else []
        apply = f"dbmate-wrap up -e {environment.name}, then " if undone else ""
        self.outcome.summary = f"{', '.join(done)}\nnext: {apply}dbmate-wrap check, and commit them"


def _may_have_data(context: Context) -> bool:
    """Return False where the embedded server was never started: it would be made to be asked nothing."""
    if context.environment.url_source() is not None:
        return True
    from dbmate_wrap.cluster import server

    return server.state(context.embedded_home).data is not None


def _without_others(files: ProjectFiles, found: History, oldest: str) -> ProjectFiles:
    """Return the files as they were before the merge: without later ones that have not run here.

    A later version that is applied may be another branch's, and its own file is what disagrees then.
    """
    kept = {
        each.name
        for each in files.migrations
        if each.version < oldest or ran_as(found, each, files.migrations)
    }
    return replace(
        files,
        migrations=tuple(each for each in files.migrations if each.name in kept),
        sealed=tuple(line for line in files.sealed if line.name in kept),
        parsed=tuple(each for each in files.parsed if each.file.name in kept),
    )
