"""The tables of single commands in Markdown; their cells are escaped already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from dbmate_wrap.domain import results
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.render.markdown_text import cell, code

_UNFOLDED = 30


@dataclass(frozen=True)
class Table:
    """Cells are Markdown; a folded table shows its title only until it is clicked."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool


def tables(outcome: Outcome) -> Iterator[Table]:
    """Yield the tables of the command beside findings; tables may be empty."""
    match outcome.result:
        case None | results.UrlResult() | results.NewResult() | results.DumpResult() | results.ExecResult():
            yield _checks(outcome) if outcome.command == "check" else _migrations(outcome.migrations)
        case results.PlanResult(steps):
            rows = [(code(step.version), code(step.file), step.mode) for step in steps]
            yield _table("Pending", ("version", "file", "runs"), rows)
        case results.EnvironmentsResult(environments):
            yield _environments(environments)
        case results.HistoryResult(entries):
            yield _entries(entries)
        case results.DoctorResult(settings):
            yield _checks(outcome)
            cells = [(code(row.name), cell(row.value), cell(row.source)) for row in settings]
            yield Table("Settings", ("setting", "value", "source"), tuple(cells), folded=True)
        case results.MatrixResult(matrix):
            yield from _matrix(matrix)
        case _:
            assert_never(outcome.result)


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(title, header, tuple(rows), folded=len(rows) > _UNFOLDED)


def _environments(environments: Sequence[results.EnvironmentRow]) -> Table:
    rows = [
        (code(row.name), "yes" if row.default else "", "yes" if row.protected else "", cell(row.url or ""))
        for row in environments
    ]
    return _table("Environments", ("environment", "default", "protected", "URL from"), rows)


def _migrations(rows: Sequence[MigrationRow]) -> Table:
    cells = [(code(row.version), code(row.file) if row.file else "no file", row.state) for row in rows]
    return _table("Migrations", ("version", "file", "state"), cells)


def _entries(entries: Sequence[LedgerEntry]) -> Table:
    rows = [
        (
            (line.applied_at or line.recorded_at)[:19].replace("T", " ") + "Z",
            code(line.file or line.version),
            cell(line.how),
            "" if line.duration_ms is None else f"{line.duration_ms} ms",
            cell(f"{line.os_user or line.database_user} on {line.host or '?'}"),
            code((line.git_commit or "")[:10]),
        )
        for line in entries
    ]
    return _table("Ledger", ("when", "migration", "how", "took", "by", "commit"), rows)


def _checks(outcome: Outcome) -> Table:
    rows = [
        (code(check.id), check.status, cell(check.message), cell(check.advice or ""))
        for check in outcome.checks
    ]
    return _table("Checks", ("check", "result", "what was found", "what to do"), rows)


def _matrix(matrix: results.Matrix) -> Iterator[Table]:
    rows = [
        (code(row.file or f"{row.version} (no file)"), *map(cell, row.states)) for row in matrix.migrations
    ]
    yield _table("Environments", ("migration", *map(cell, matrix.environments)), rows)
    errors = [(code(failed.environment), cell(failed.error)) for failed in matrix.errors]
    yield _table("Not reached", ("environment", "why"), errors)
