"""Renders the result that a person reads on stdout; what is wrong is told by `complaints`."""

from collections.abc import Sequence

from dbmate_wrap.domain.outcome import EnvironmentRow, Matrix, MigrationRow, Outcome, Step
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render import ledger
from dbmate_wrap.render.escape import visible, visible_lines
from dbmate_wrap.render.paint import Paint
from dbmate_wrap.render.table import table

_STATE_STYLE = {"applied": "green", "pending": "yellow", "sealed": "green"}
_CHECK_STYLE = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}
# Verbs whose result is one line that scripts take as it is.
_BARE = frozenset({"new", "db url"})


def result(outcome: Outcome, paint: Paint) -> str:
    """The text for stdout; empty when there is nothing to show."""
    if outcome.command in _BARE:
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
    words = f"database {target.database} on {place}, PostgreSQL {target.server_version}"
    return f"{paint('bold', outcome.environment or '')}  {visible(words)}"


def _body(outcome: Outcome, paint: Paint) -> str:
    match outcome.command:
        case "up" | "rollback" if outcome.applied or outcome.exit is not ExitCode.OK:
            return _migrations(_touched(outcome), paint)
        case "up" | "rollback" | "db reset" | "dump":
            return ""
        case "check":
            return _checks(outcome, paint)
        case "plan":
            return _steps(outcome.extra.steps or ())
        case "history":
            return ledger.entries(outcome.extra.entries or (), paint)
        case "envs":
            return _environments(outcome.extra.environments or ())
        case "doctor":
            return _doctor(outcome, paint)
        case "status" if outcome.extra.matrix is not None:
            return _matrix(outcome.extra.matrix, paint)
        case _:
            return _migrations(outcome.migrations, paint)


def _touched(outcome: Outcome) -> list[MigrationRow]:
    """What this run applied, and what is not as it should be."""
    applied = frozenset(outcome.applied)
    return [row for row in outcome.migrations if row.version in applied or row.state != "applied"]


def _migrations(rows: Sequence[MigrationRow], paint: Paint) -> str:
    cells = [(row.version, row.file or "(no file)", row.state) for row in rows]
    styles = [_STATE_STYLE.get(row.state, "red") for row in rows]
    return table(("version", "file", "state"), cells, paint, styles)


def _steps(steps: Sequence[Step]) -> str:
    rows: list[tuple[str, str, str]] = []
    for step in steps:
        how = "in a transaction" if step.transaction else "outside a transaction"
        alone = ", own process" if step.own_process else ""
        rows.append((step.version, step.file, how + alone))
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


def _doctor(outcome: Outcome, paint: Paint) -> str:
    settings = [(row.name, row.value, row.source) for row in outcome.extra.settings or ()]
    return "\n\n".join((table(("setting", "value", "source"), settings), _checks(outcome, paint)))


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
