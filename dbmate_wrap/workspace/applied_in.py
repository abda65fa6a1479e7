"""Asks other environments' databases whether a migration is applied there."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from dbmate_wrap.domain.history import amend_command
from dbmate_wrap.errors import UnreachableError, WrapError
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace import guard
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import ledger_contradiction, read_history_if_present
from dbmate_wrap.workspace.project_files import ProjectFiles


@dataclass(frozen=True)
class Answer:
    """The answer of one environment; `applied` is None where it could not be asked, `failure` says why."""

    environment: str
    applied: bool | None
    failure: WrapError | None = None

    @property
    def reason(self) -> str:
        """The first line of the failure; empty without one."""
        return self.failure.message.split("\n", 1)[0] if self.failure is not None else ""


def ask_environments(
    context: Context, files: ProjectFiles, version: str, environments: Iterable[Environment]
) -> Iterator[Answer]:
    """Ask each environment in turn; none is written to."""
    for environment in environments:
        try:
            applied = _is_applied(replace(context, environment=environment), files, version)
        except WrapError as error:
            yield Answer(environment.name, None, error)
        else:
            yield Answer(environment.name, applied)


def _is_applied(context: Context, files: ProjectFiles, version: str) -> bool:
    found = read_history_if_present(context, files, wait=None)
    # The answer of another environment's database, or of one without a usable history, says nothing.
    guard.refuse_foreign_stamp(context.environment, found.history)
    if error := ledger_contradiction(found.history) or found.not_baselined:
        raise error
    return version in found.history.applied


def unasked_error(answer: Answer, file: str, named: Collection[str]) -> WrapError:
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
