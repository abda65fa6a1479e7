"""Asks other environments' databases whether a migration is applied there."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.history import amend_command
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import RefusedError, UnreachableError, WrapError
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace import guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History, ledger_contradiction, read_history_if_present
from dbmate_wrap.workspace.project_files import ProjectFiles


@dataclass(frozen=True)
class EnvironmentAnswer:
    """The answer of one environment; `applied` is None where it could not be asked.

    `failure` says why, and is None where there is no URL to ask at.
    """

    environment: str
    applied: bool | None
    failure: WrapError | None = None

    @property
    def reason(self) -> str:
        """Why it could not be asked: the first line of the failure, or that nothing says where it is."""
        return self.failure.message.split("\n", 1)[0] if self.failure is not None else "it has no URL here"


def ask_environments(
    context: Context, files: ProjectFiles, version: str, environments: Iterable[Environment]
) -> Iterator[EnvironmentAnswer]:
    """Ask each environment in turn; none is written to."""
    for environment in environments:
        try:
            applied = version in read_history_of(context, environment, files).applied
        except WrapError as error:
            yield EnvironmentAnswer(environment.name, None, error)
            continue
        unasked = None if applied else unasked_fleet(context, environment)
        yield EnvironmentAnswer(environment.name, applied if unasked is None else None, unasked)


def unasked_fleet(context: Context, environment: Environment) -> WrapError | None:
    """Return why an environment's own database does not speak for all that it has: it has a fleet as well."""
    names = [each.name for each in context.project.fleets.values() if each.environment == environment.name]
    if not names:
        return None
    hint = f"see what its databases have: dbmate-wrap fleet status {names[0]}"
    return UnreachableError(f"its fleet {join_names(names)} was not asked", kind="other", hint=hint)


def ask_where_rows_matter(
    context: Context, files: ProjectFiles, file: MigrationFile, *, must_answer: bool
) -> Iterator[Check]:
    """Ask each environment whose rows matter and whose URL is known here; yield every answer.

    Raises RefusedError (20) where one has applied the file, and UnreachableError (21) where one cannot be
    asked and `must_answer`; else that is said.
    """
    others = [each for each in context.project.environments.values() if not each.values.disposable]
    asked = [each for each in others if each.url_source() is not None]
    unasked = [EnvironmentAnswer(each.name, None) for each in others if each not in asked]
    silent = []
    for answer in (*unasked, *ask_environments(context, files, file.version, asked)):
        yield answer_check(answer, file.name)
        if answer.applied is None:
            silent.append(answer.environment)
        if answer.applied:
            raise applied_error(file.name, files.folder, answer.environment)
        if answer.failure is not None and must_answer:
            raise unasked_error(answer, file.name, ())
    if silent:
        context.console.say(
            f"{join_names(silent)} could not be asked whether {file.name} is applied there: where it is,"
            " `up` ends with 13 from now on"
        )


def ran_as(found: History, file: MigrationFile, files: Sequence[MigrationFile]) -> bool | None:
    """Return True where this file ran as its version, False where another did; None where no ledger tells."""
    if file.version not in found.applied:
        return False
    line = found.ledger.current.get(file.version) if isinstance(found.ledger, Ledger) else None
    if line is not None and (line.checksum or line.file):
        return file.checksum == line.checksum or file.name == line.file
    return None if any(each.version == file.version and each != file for each in files) else True


def refuse_where_ran(
    context: Context, files: ProjectFiles, wanted: Sequence[MigrationFile], *, must_answer: bool
) -> Iterator[Check]:
    """Ask each environment whose rows matter whether one of the files has run there; yield every answer.

    Raises RefusedError (20) where one has, and what the asking raises where one cannot be asked and
    `must_answer`; else that is said.
    """
    names, silent = join_names([file.name for file in wanted]), []
    for environment in context.project.environments.values():
        if environment.values.disposable:
            continue
        failure = found = None
        if environment.url_source() is not None:
            try:
                found = read_history_of(context, environment, files)
            except WrapError as error:
                failure = error
        if found is not None:
            yield from _refuse_where_ran(context, environment.name, found, files, wanted)
            failure = unasked_fleet(context, environment)
            if failure is None:
                continue
        yield answer_check(EnvironmentAnswer(environment.name, None, failure), names)
        if failure is not None and must_answer:
            raise failure
        silent.append(environment.name)
    if silent:
        verb = "is" if len(wanted) == 1 else "are"
        context.console.say(
            f"{join_names(silent)} could not be asked whether {names} {verb} applied there: where that is so,"
            " `up` ends with 13 from now on"
        )


def _refuse_where_ran(
    context: Context, where: str, found: History, files: ProjectFiles, wanted: Sequence[MigrationFile]
) -> Iterator[Check]:
    for file in wanted:
        ran = ran_as(found, file, files.migrations)
        yield answer_check(EnvironmentAnswer(where, ran is True), file.name)
        if ran is None:
            context.console.say(
                f"{where} has applied {file.version}, and no ledger tells which file of that number: where it"
                f" was {file.name}, `up` ends with 13 there from now on"
            )
        if ran:
            raise RefusedError(
                f"{file.name} is applied in {where}: it keeps its number",
                hint="the file that is applied nowhere yet gets another one, on its own branch; what is"
                f" applied there: dbmate-wrap status -e {where}",
                migration=file.name,
            )


def read_history_of(context: Context, environment: Environment, files: ProjectFiles) -> History:
    """Return the history of another environment, which is only read.

    Raises WrapError where it cannot be asked: the answer of another environment's database, or of one without
    a usable history, says nothing.
    """
    context = replace(context, environment=environment)
    found = read_history_if_present(context, files, wait=None)
    guard.refuse_foreign_stamp(environment, found.history)
    if error := ledger_contradiction(found.history) or found.not_baselined:
        raise error
    return found.history


def answer_check(answer: EnvironmentAnswer, file: str, otherwise: str = "") -> Check:
    """Return the answer as a check; `otherwise` is what is known where there is none."""
    where = answer.environment
    if answer.applied is not None:
        state = "is applied" if answer.applied else "is not applied"
        return Check("applied-in", "warn" if answer.applied else "pass", f"{where}: {file} {state}")
    reason = "; ".join(filter(None, (answer.reason, otherwise)))
    return Check("applied-in", "skip", f"{where}: could not be asked about {file}: {reason}")


def applied_error(file: str, folder: str, where: str) -> RefusedError:
    """Return the error (20) for a file that has to stay as it was sealed."""
    return RefusedError(
        f"{file} is applied in {where}: it stays as it was sealed",
        hint=f"restore it: git checkout -- {folder}/{file}; and put the change into a new"
        " migration: dbmate-wrap new NAME",
        migration=file,
    )


def unasked_error(answer: EnvironmentAnswer, file: str, named: Collection[str]) -> WrapError:
    """Return the error (21) for an environment that could not be asked; `named` need not be."""
    name, failure = answer.environment, answer.failure
    options = " ".join(f"--not-applied-in {each}" for each in (*named, name))
    known = f"where you know that it is not applied there, say so: {amend_command(file)} {options}"
    return UnreachableError(
        f"{name} could not be asked whether {file} is applied there: {answer.reason}",
        kind="other",
        hint=f"{failure.hint}; or, {known}" if failure is not None and failure.hint else known,
        migration=file,
    )
