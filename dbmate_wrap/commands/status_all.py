"""Shows environments beside each other: which migration has reached which database."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from dbmate_wrap.cluster import binaries, server
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.history import MigrationEntry, disagreements
from dbmate_wrap.domain.ledger import LedgerEntry, last_applied
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import Matrix, MatrixError, MatrixResult, MatrixRow
from dbmate_wrap.errors import ConfigError, ExitCode, HistoryError, WrapError
from dbmate_wrap.postgres import ledger
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.at_once import ask_at_once
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import open_database_if_present, resolve_url
from dbmate_wrap.workspace.history import (
    History,
    ledger_contradiction,
    not_baselined,
    read_history,
    without_database,
)
from dbmate_wrap.workspace.project_files import ProjectFiles


@dataclass(frozen=True)
class _Column:
    """The history of one environment, and the last line of each version that a run applied there."""

    history: History
    lines: Mapping[str, LedgerEntry]


def status_all(context: Context, outcome: Outcome, *, exit_code: bool) -> None:
    """Show the states as a matrix; an environment that cannot be read is named with its error.

    Raises HistoryError when a history disagrees, else the first error of an environment that is configured:
    it has a URL, or an embedded server that was made; else the exit code is 32 as in `status`.
    """
    columns, failures = _read_columns(context)
    histories = {name: column.history for name, column in columns.items()}
    errors = tuple(
        MatrixError(each.name, int(error.code), error.message.removeprefix(f"{each.name}, "))
        for each, error in failures
    )
    deployed = tuple(next(reversed(tuple(each.lines.values())), None) for each in columns.values())
    outcome.result = MatrixResult(Matrix(tuple(columns), _rows(columns.values()), errors, deployed))
    outcome.summary = f"{len(columns)} of {len(context.project.environments)} environments read"
    if worst := _worst(context, histories, failures):
        raise worst
    if exit_code and any(not entry.applied for each in histories.values() for entry in each.entries):
        outcome.exit = ExitCode.PENDING


def _worst(
    context: Context, columns: Mapping[str, History], failures: list[tuple[Environment, WrapError]]
) -> WrapError | None:
    for name, column in columns.items():
        if contradiction := ledger_contradiction(column):
            return contradiction.but(message=f"{name}: {contradiction.message}")
        if wrong := disagreements(column.entries):
            files = ", ".join(entry.file or entry.version for entry in wrong[:5])
            hint = f"see the states with `dbmate-wrap status -e {name}`"
            return HistoryError(f"{name}: files and database disagree: {files}", hint=hint)
    return next((error for environment, error in failures if _is_meant(context, environment)), None)


def _is_meant(context: Context, environment: Environment) -> bool:
    """Return True where the environment should be reachable from here: production often is not."""
    if environment.url_source() is not None:
        return True
    is_made = environment.is_embedded and server.state(context.embedded_home).data is not None
    return is_made and binaries.from_wheel() is not None


def _read_columns(context: Context) -> tuple[dict[str, _Column], list[tuple[Environment, WrapError]]]:
    """Return the histories of the environments that can be read, and why the others cannot be.

    All are asked at once. What may run a command, start a server, or learn a secret is done before, in turn.
    """
    questions: dict[str, Callable[[], _Column]] = {}
    unusable: dict[str, WrapError] = {}
    for environment in context.project.environments.values():
        try:
            questions[environment.name] = _question(replace(context, environment=environment))
        except WrapError as error:
            unusable[environment.name] = error
    answers = unusable | ask_at_once(questions)
    columns: dict[str, _Column] = {}
    failures: list[tuple[Environment, WrapError]] = []
    for name, environment in context.project.environments.items():
        answer = answers[name]
        if isinstance(answer, WrapError):
            failures.append((environment, answer))
        else:
            columns[name] = answer
    return columns, failures


def _question(context: Context) -> Callable[[], _Column]:
    """Return what reads the history of the environment's database, and touches nothing that others use."""
    environment = context.environment
    if environment.is_embedded and server.state(context.embedded_home).data is None:
        hint = f"dbmate-wrap up -e {environment.name}"
        raise ConfigError(f"the embedded server is not created yet: `{hint}` does it", hint=hint)
    loaded = project_files.load_files(context.environment, context.project.policy, contents=False)
    loaded.raise_if_unreadable()
    return partial(_read_column, context, loaded.files, resolve_url(context))


def _read_column(context: Context, files: ProjectFiles, url: DatabaseUrl) -> _Column:
    values = context.environment.values
    with open_database_if_present(context, url=url) as db:
        if db is None:
            return _Column(without_database(files), {})
        found = read_history(db, files, values)
        if ledger_contradiction(found) is None and (error := not_baselined(db)):
            raise error
        entries = ledger.entries(db.session) if values.ledger else ()
        # One that cannot be read is a value: the states do not depend on it.
        lines = (
            {} if isinstance(entries, LedgerUnavailable) else last_applied(entries, db.server.history.name)
        )
        return _Column(found, lines)


def _rows(columns: Collection[_Column]) -> tuple[MatrixRow, ...]:
    states = [{(each.version, each.file): each for each in column.history.entries} for column in columns]
    keys = sorted({key for column in states for key in column}, key=lambda key: key[1] or key[0])
    return tuple(
        MatrixRow(
            *key,
            states=tuple(column[key].state.value if key in column else "-" for column in states),
            durations_ms=tuple(
                _duration(column, each.get(key)) for column, each in zip(columns, states, strict=True)
            ),
        )
        for key in keys
    )


def _duration(column: _Column, entry: MigrationEntry | None) -> int | None:
    line = column.lines.get(entry.version) if entry is not None and entry.applied else None
    return line.duration_ms if line is not None else None
