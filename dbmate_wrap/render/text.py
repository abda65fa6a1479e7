"""Renders the result that a person reads on stdout; findings and the error are in `stderr_text`."""

from collections.abc import Sequence
from itertools import groupby
from typing import assert_never

from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.results import (
    DoctorResult,
    DumpResult,
    EnvironmentRow,
    EnvironmentsResult,
    ExecResult,
    HistoryResult,
    Matrix,
    MatrixResult,
    NewResult,
    PlanResult,
    SettingRow,
    Step,
    UrlResult,
)
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render.table import Paint, table

_STATE_STYLE = {"applied": "green", "pending": "yellow", "sealed": "green"}
_COMMIT_DIGITS = 10
_CHECK_STYLE = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


def render(outcome: Outcome, paint: Paint) -> str:
    """The text for stdout; empty when there is nothing to show."""
    if is_one_line(outcome):
        return f"{outcome.summary}\n" if outcome.summary else ""
    parts = [_body(outcome, paint), visible_lines(outcome.summary or "")]
    text = "\n\n".join(part for part in parts if part)
    heading = _heading(outcome, paint)
    return "\n\n".join(part for part in (heading, text) if part) + "\n" if text else ""


def _heading(outcome: Outcome, paint: Paint) -> str:
    if outcome.target is None:
        return ""
    target = outcome.target
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = host if host.startswith("/") else f"{host}:{target.port}"
    database = f"database {target.database} on {place}, PostgreSQL {target.server_version}"
    return f"{paint('bold', outcome.environment or '')}  {visible(database)}"


def is_one_line(outcome: Outcome) -> bool:
    """Return whether the result is one line that scripts take as it is."""
    return outcome.command in ("new", "db url")


def _body(outcome: Outcome, paint: Paint) -> str:
    match outcome.result:
        case None:
            return _common(outcome, paint)
        case PlanResult(steps):
            return _steps(steps)
        case HistoryResult(entries):
            return _ledger(entries, paint)
        case EnvironmentsResult(environments):
            return _environments(environments)
        case DoctorResult(settings):
            return _doctor(settings, outcome, paint)
        case MatrixResult(matrix):
            return _matrix(matrix, paint)
        case UrlResult() | NewResult() | DumpResult() | ExecResult():
            return ""
        case _:
            assert_never(outcome.result)


def _common(outcome: Outcome, paint: Paint) -> str:
    """The table of a verb that has no result of its own."""
    match outcome.command:
        case "up" | "rollback" if outcome.applied or outcome.exit is not ExitCode.OK:
            return _migrations(_touched(outcome), paint)
        case "up" | "rollback":
            return ""
        case "check":
            return _checks(outcome, paint)
        case "plan" | "history" | "envs" | "doctor":
            return ""
        case _:
            return _migrations(outcome.migrations, paint)


def _touched(outcome: Outcome) -> list[MigrationRow]:
    """The migrations that this run applied, and those that are not applied."""
    applied = frozenset(outcome.applied)
    return [row for row in outcome.migrations if row.version in applied or row.state != "applied"]


def _migrations(rows: Sequence[MigrationRow], paint: Paint) -> str:
    cells = [(row.version, row.file or "(no file)", row.state) for row in rows]
    styles = [_STATE_STYLE.get(row.state, "red") for row in rows]
    return table(("version", "file", "state"), cells, paint, styles)


def _steps(steps: Sequence[Step]) -> str:
    rows: list[tuple[str, str, str]] = []
    for step in steps:
        mode = "in a transaction" if step.transaction else "outside a transaction"
        process = ", own process" if step.own_process else ""
        rows.append((step.version, step.file, mode + process))
    return table(("version", "file", "runs"), rows)


def _environments(environments: Sequence[EnvironmentRow]) -> str:
    rows = [
        (
            row.name + (" (default)" if row.default else ""),
            "yes" if row.protected else "no",
            row.url or "no URL",
        )
        for row in environments
    ]
    return table(("environment", "protected", "URL from"), rows)


def _doctor(settings: Sequence[SettingRow], outcome: Outcome, paint: Paint) -> str:
    rows = [(row.name, row.value, row.source) for row in settings]
    return "\n\n".join((table(("setting", "value", "source"), rows), _checks(outcome, paint)))


def _checks(outcome: Outcome, paint: Paint) -> str:
    checks = [(check.id, check.status, check.message) for check in outcome.checks]
    styles = [_CHECK_STYLE[check.status] for check in outcome.checks]
    hints = [
        f"  {check.id}: {visible(check.hint)}"
        for check in outcome.checks
        if check.hint and check.status != "pass"
    ]
    text = table(("check", "result", "what was found"), checks, paint, styles, styled_column=1)
    return text + ("\n\nWhat to do:\n" + "\n".join(hints) if hints else "")


def _matrix(matrix: Matrix, paint: Paint) -> str:
    rows = [(row.file or f"{row.version} (no file)", *row.states) for row in matrix.migrations]
    text = table(("migration", *matrix.environments), rows, paint)
    errors = [f"  {failed.environment}: {visible_lines(failed.error, '    ')}" for failed in matrix.errors]
    return text + ("\n\nNot reached:\n" + "\n".join(errors) if errors else "")


def _ledger(lines: Sequence[LedgerEntry], paint: Paint) -> str:
    """A paragraph for each run, oldest first, a line for each migration in it."""
    if not lines:
        return ""
    names = [visible(line.file or f"{line.version} (no file)") for line in lines]
    width = max(map(len, names))
    origin_width = max(len(visible(line.how)) for line in lines)
    parts: list[str] = []
    shown = iter(names)
    for _, run in groupby(lines, key=lambda line: line.run_id):
        of_run = list(run)
        parts.append("\n" * bool(parts) + paint("bold", _run_heading(of_run[0])))
        for line in of_run:
            duration = "" if line.duration_ms is None else f"{line.duration_ms} ms"
            row = f"  {next(shown):{width}}  {visible(line.how):{origin_width}}  {duration:>9}"
            parts.append(row.rstrip())
    return "\n".join(parts)


def _run_heading(line: LedgerEntry) -> str:
    """``2026-01-31 12:00:00Z  up by ada@laptop, commit 0123456789 (dirty)``."""
    time = (line.applied_at or line.recorded_at)[:19].replace("T", " ")
    author = f"{line.os_user or line.database_user}@{line.host or '?'}"
    commit = f", commit {line.git_commit[:_COMMIT_DIGITS]}" if line.git_commit else ""
    dirty = " (dirty)" if line.git_dirty else ""
    return visible(f"{time}Z  {line.command} by {author}{commit}{dirty}")
