"""Shows environments beside each other: which migration has reached which database."""

from dataclasses import dataclass, replace

from dbmate_wrap.cluster import binaries
from dbmate_wrap.commands.status import history_or_nothing
from dbmate_wrap.domain.history import Entry, disagreements
from dbmate_wrap.domain.outcome import Matrix, MatrixError, MatrixRow, Outcome
from dbmate_wrap.errors import ExitCode, HistoryError, WrapError
from dbmate_wrap.settings.environment import EMBEDDED
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context


@dataclass(frozen=True)
class _Column:
    name: str
    entries: tuple[Entry, ...]
    lost: HistoryError | None


def status_all(context: Context, *, exit_code: bool) -> None:
    """A matrix of states; an environment that cannot be read is named with its error.

    Raises HistoryError when a history disagrees, else the first error of an environment that has a URL or is
    embedded; else the exit code is 32 as in `status`.
    """
    columns: list[_Column] = []
    failures: list[tuple[str, WrapError]] = []
    for name in context.project.environments:
        try:
            columns.append(_column(context, name))
        except WrapError as error:
            failures.append((name, error))
    context.outcome.extra.matrix = _matrix(columns, failures)
    context.outcome.summary = f"{len(columns)} of {len(context.project.environments)} environments read"
    if worst := _worst(context, columns, failures):
        raise worst
    if exit_code and any(not entry.applied for column in columns for entry in column.entries):
        context.outcome.exit = ExitCode.PENDING


def _worst(
    context: Context, columns: list[_Column], failures: list[tuple[str, WrapError]]
) -> WrapError | None:
    for column in columns:
        if column.lost is not None:
            return HistoryError(f"{column.name}: {column.lost.message}", hint=column.lost.hint)
        if wrong := disagreements(column.entries):
            names = ", ".join(entry.file or entry.version for entry in wrong[:5])
            return HistoryError(
                f"{column.name}: files and database disagree: {names}",
                hint=f"see the states with `dbmate-wrap status -e {column.name}`",
            )
    return next((error for name, error in failures if _is_meant(context, name)), None)


def _is_meant(context: Context, name: str) -> bool:
    """Whether the environment can be meant to be reached from here: production often is not."""
    has_url = context.project.environment(name).url_source() is not None
    return has_url or (name in EMBEDDED and binaries.from_wheel() is not None)


def _column(context: Context, name: str) -> _Column:
    environment = context.project.environment(name)
    outcome = Outcome("status", name, context.outcome.run_id, context.outcome.started_at)
    own = replace(context, environment=environment, outcome=outcome)
    files = project_files.load_and_lint(own, contents=False)
    found, foreign = history_or_nothing(own, database.resolve_url(own), files, wait=None)
    lost = histories.ledger_contradiction(found)
    if foreign and lost is None:
        raise foreign
    return _Column(name, found.entries, lost)


def _matrix(columns: list[_Column], failures: list[tuple[str, WrapError]]) -> Matrix:
    keys = sorted({(entry.version, entry.file) for column in columns for entry in column.entries}, key=_order)
    states = [
        {(entry.version, entry.file): entry.state.value for entry in column.entries} for column in columns
    ]
    rows = [
        MatrixRow(version, file, tuple(state.get((version, file), "-") for state in states))
        for version, file in keys
    ]
    errors = [MatrixError(name, int(error.code), error.message) for name, error in failures]
    return Matrix(tuple(column.name for column in columns), tuple(rows), tuple(errors))


def _order(key: tuple[str, str | None]) -> str:
    return key[1] or key[0]
