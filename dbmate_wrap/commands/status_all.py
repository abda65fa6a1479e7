"""Shows environments beside each other: which migration has reached which database."""

from dataclasses import dataclass, replace

from dbmate_wrap.cluster import binaries
from dbmate_wrap.domain.history import MigrationEntry, disagreements
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import Matrix, MatrixError, MatrixResult, MatrixRow
from dbmate_wrap.errors import ExitCode, HistoryError, WrapError
from dbmate_wrap.settings.environment import EMBEDDED, Environment
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import ledger_contradiction, read_history_if_present


@dataclass(frozen=True)
class _Column:
    name: str
    entries: tuple[MigrationEntry, ...]
    contradiction: HistoryError | None


def status_all(context: Context, outcome: Outcome, *, exit_code: bool) -> None:
    """Show the states as a matrix; an environment that cannot be read is named with its error.

    Raises HistoryError when a history disagrees, else the first error of an environment that has a URL or is
    embedded; else the exit code is 32 as in `status`.
    """
    columns: list[_Column] = []
    failures: list[tuple[Environment, WrapError]] = []
    for environment in context.project.environments.values():
        try:
            columns.append(_read_column(replace(context, environment=environment)))
        except WrapError as error:
            failures.append((environment, error))
    errors = tuple(MatrixError(each.name, int(error.code), error.message) for each, error in failures)
    names = tuple(column.name for column in columns)
    outcome.result = MatrixResult(Matrix(names, _rows(columns), errors))
    outcome.summary = f"{len(columns)} of {len(context.project.environments)} environments read"
    if worst := _worst(columns, failures):
        raise worst
    if exit_code and any(not entry.applied for column in columns for entry in column.entries):
        outcome.exit = ExitCode.PENDING


def _worst(columns: list[_Column], failures: list[tuple[Environment, WrapError]]) -> WrapError | None:
    for column in columns:
        if column.contradiction is not None:
            return column.contradiction.but(message=f"{column.name}: {column.contradiction.message}")
        if wrong := disagreements(column.entries):
            names = ", ".join(entry.file or entry.version for entry in wrong[:5])
            hint = f"see the states with `dbmate-wrap status -e {column.name}`"
            return HistoryError(f"{column.name}: files and database disagree: {names}", hint=hint)
    return next((error for environment, error in failures if _is_meant(environment)), None)


def _is_meant(environment: Environment) -> bool:
    """Return True where the environment should be reachable from here: production often is not."""
    has_url = environment.url_source() is not None
    return has_url or (environment.name in EMBEDDED and binaries.from_wheel() is not None)


def _read_column(context: Context) -> _Column:
    loaded = project_files.load(context.environment, context.project.policy, contents=False)
    loaded.raise_if_unreadable()
    found = read_history_if_present(context, loaded.files, wait=None)
    contradiction = ledger_contradiction(found.history)
    if found.not_baselined is not None and contradiction is None:
        raise found.not_baselined
    return _Column(context.environment.name, found.history.entries, contradiction)


def _rows(columns: list[_Column]) -> tuple[MatrixRow, ...]:
    states = [
        {(entry.version, entry.file): entry.state.value for entry in column.entries} for column in columns
    ]
    keys = sorted({key for column in states for key in column}, key=lambda key: key[1] or key[0])
    return tuple(
        MatrixRow(version, file, tuple(column.get((version, file), "-") for column in states))
        for version, file in keys
    )
