"""Shows environments beside each other: which migration has reached which database."""

from dataclasses import dataclass, replace

from dbmate_wrap.cluster import binaries
from dbmate_wrap.domain.history import MigrationEntry, disagreements
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import Matrix, MatrixError, MatrixResult, MatrixRow
from dbmate_wrap.errors import ExitCode, HistoryError, WrapError
from dbmate_wrap.settings.environment import EMBEDDED
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import ledger_contradiction, read_history_if_present


@dataclass(frozen=True)
class _Column:
    name: str
    entries: tuple[MigrationEntry, ...]
    contradiction: HistoryError | None


def status_all(context: Context, outcome: Outcome, *, exit_code: bool) -> None:
    """A matrix of states; an environment that cannot be read is named with its error.

    Raises HistoryError when a history disagrees, else the first error of an environment that has a URL or is
    embedded; else the exit code is 32 as in `status`.
    """
    columns: list[_Column] = []
    failures: list[tuple[str, WrapError]] = []
    for name in context.project.environments:
        try:
            columns.append(_read_column(context, name))
        except WrapError as error:
            failures.append((name, error))
    outcome.result = MatrixResult(_matrix(columns, failures))
    outcome.summary = f"{len(columns)} of {len(context.project.environments)} environments read"
    if worst := _worst(context, columns, failures):
        raise worst
    if exit_code and any(not entry.applied for column in columns for entry in column.entries):
        outcome.exit = ExitCode.PENDING


def _worst(
    context: Context, columns: list[_Column], failures: list[tuple[str, WrapError]]
) -> WrapError | None:
    for column in columns:
        if column.contradiction is not None:
            return column.contradiction.but(message=f"{column.name}: {column.contradiction.message}")
        if wrong := disagreements(column.entries):
            names = ", ".join(entry.file or entry.version for entry in wrong[:5])
            return HistoryError(
                f"{column.name}: files and database disagree: {names}",
                hint=f"see the states with `dbmate-wrap status -e {column.name}`",
            )
    return next((error for name, error in failures if _is_meant(context, name)), None)


def _is_meant(context: Context, name: str) -> bool:
    """Return True where the environment should be reachable from here: production often is not."""
    has_url = context.project.environment(name).url_source() is not None
    return has_url or (name in EMBEDDED and binaries.from_wheel() is not None)


def _read_column(context: Context, name: str) -> _Column:
    own = replace(context, environment=context.project.environment(name))
    loaded = project_files.load(own.environment, context.project.policy, contents=False)
    loaded.raise_if_unreadable()
    found = read_history_if_present(own, loaded.files, wait=None)
    contradiction = ledger_contradiction(found.history)
    if found.not_baselined is not None and contradiction is None:
        raise found.not_baselined
    return _Column(name, found.history.entries, contradiction)


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
