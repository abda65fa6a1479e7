"""Renders the result that a person reads on stdout; findings and the error are in `stderr_text`."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from dbmate_wrap.domain.activity import format_elapsed
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render.migration_table import migration_table
from dbmate_wrap.render.table import WHOLE_LINES, Paint, View, table

if TYPE_CHECKING:
    from dbmate_wrap.domain import results
    from dbmate_wrap.domain.drift import SchemaDifference
    from dbmate_wrap.domain.ledger import LedgerEntry
    from dbmate_wrap.domain.plan_result import PlanResult

_FILE_STYLE = {"written": "green", "appended": "green", "is there": "dim"}
_KINDS = {"rule": "a rule", "exit code": "an exit code", "state": "a state", "guide": "a guide"}
_COMMIT_DIGITS = 10
_DIFF_STYLE = {"-": "red", "+": "green"}
_CHECK_STYLE = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


def render(outcome: Outcome, paint: Paint, view: View = WHOLE_LINES) -> str:
    """Return the text for stdout; empty when there is nothing to show."""
    if (verbatim := verbatim_text(outcome)) is not None:
        return f"{_visible_text(verbatim.removesuffix(chr(10)))}\n"
    if is_one_line(outcome):
        return f"{visible(outcome.summary)}\n" if outcome.summary else ""
    parts = [part for part in (_body(outcome, paint, view), visible_lines(outcome.summary or "")) if part]
    if parts and outcome.target is not None:
        target = outcome.target
        database = f"database {target.database} on {target.place}, PostgreSQL {target.server_version}"
        parts.insert(0, f"{paint('bold', outcome.environment or '')}  {visible(database)}")
    return "\n\n".join(parts) + "\n" if parts else ""


def _visible_text(text: str) -> str:
    lines = (line.removesuffix("\r").split("\t") for line in text.split("\n"))
    return "\n".join("\t".join(map(visible, parts)) for parts in lines)


def verbatim_text(outcome: Outcome) -> str | None:
    """Return the text of a file, for which no terminal is needed and no byte may change; else None."""
    if outcome.result is None:
        return None
    from dbmate_wrap.domain import results

    match outcome.result:
        case results.SchemaResult(text) | results.KeptTextResult(text=text):
            return text
        case _:
            return None


def is_one_line(outcome: Outcome) -> bool:
    """Return True where the result is one line that scripts take as it is."""
    return outcome.command in ("new", "db url")


def _body(outcome: Outcome, paint: Paint, view: View) -> str:
    result = outcome.result
    return _common(outcome, paint) if result is None else _own(outcome, result, paint, view)


def _own(outcome: Outcome, result: "results.Result", paint: Paint, view: View) -> str:
    """Return what a verb shows that has a result of its own."""
    from dbmate_wrap.domain import results
    from dbmate_wrap.domain.plan_result import PlanResult

    match result:
        case PlanResult():
            return _plan(result, paint, view)
        case results.HistoryResult(entries):
            return _ledger(entries, paint)
        case results.DriftResult(differences):
            return _differences(differences, paint)
        case results.EnvironmentsResult(environments):
            return _environments(environments)
        case results.DoctorResult(settings):
            rows = [(row.name, row.value, row.source) for row in settings]
            return f"{table(('setting', 'value', 'source'), rows)}\n\n{_checks(outcome, paint)}"
        case results.MatrixResult(matrix):
            return _matrix(matrix, paint, view)
        case results.ExplainResult(pages):
            return _pages(pages, paint)
        case results.InitResult() | results.RenumberResult():
            return _files(result, paint)
        case (
            results.UrlResult()
            | results.NewResult()
            | results.DumpResult()
            | results.ExecResult()
            | results.KeptTextResult()
            | results.SchemaResult()
        ):
            return ""
        case _:
            assert_never(result)


def _common(outcome: Outcome, paint: Paint) -> str:
    """Return the table of a verb that has no result of its own."""
    match outcome.command:
        case "up" | "redo" | "rollback" if outcome.applied or outcome.exit is not ExitCode.OK:
            # What this run applied, and what is not applied.
            new = frozenset(outcome.applied)
            rows = [
                row for row in outcome.migrations if row.version in new or not row.state.startswith("applied")
            ]
            return migration_table(rows, paint)
        case "check" | "amend":
            return _checks(outcome, paint)
        case "up" | "redo" | "rollback" | "plan" | "history" | "envs" | "doctor":
            return ""
        case _:
            folded = outcome.command == "status" and not outcome.full
            return migration_table(outcome.migrations, paint, folded=folded)


def _plan(result: "PlanResult", paint: Paint, view: View) -> str:
    from dbmate_wrap.render.plan_text import plan_text

    texts = [f"{visible(step.file)}\n{_visible_text(step.sql)}" for step in result.steps if step.sql]
    return "\n\n".join([plan_text(result, paint, view), *texts])


def _differences(differences: "Sequence[SchemaDifference]", paint: Paint) -> str:
    """Return the table of what differs, then each object with its diff and its way out."""
    if not differences:
        return ""
    rows = [(each.change, each.label) for each in differences]
    parts = [table(("change", "object"), rows, paint)]
    for each in differences:
        diff = "\n".join(_diff_line(line, paint) for line in each.diff.split("\n"))
        text = f"{paint('bold', visible(f'{each.change}: {each.label}'))}\n{diff}"
        parts.append(f"{text}\n  {visible_lines(each.hint, '  ')}" if each.hint else text)
    return "\n\n".join(parts)


def _diff_line(line: str, paint: Paint) -> str:
    style = _DIFF_STYLE.get(line[:1])
    return paint(style, visible(line)) if style else visible(line)


def _environments(environments: "Sequence[results.EnvironmentRow]") -> str:
    rows = [
        (f"{row.name}{' (default)' * row.default}", "yes" if row.protected else "no", row.origin or "no URL")
        for row in environments
    ]
    return table(("environment", "protected", "URL from"), rows)


def _checks(outcome: Outcome, paint: Paint) -> str:
    checks = [(check.id, check.status, check.message) for check in outcome.checks]
    styles = [_CHECK_STYLE[check.status] for check in outcome.checks]
    hints = [f"  {check.id}: {visible(check.advice)}" for check in outcome.checks if check.advice]
    text = table(("check", "result", "what was found"), checks, paint, styles, styled_column=1)
    return text + ("\n\nWhat to do:\n" + "\n".join(hints) if hints else "")


def _pages(pages: "Sequence[results.ExplainedPage]", paint: Paint) -> str:
    """Return the pages; where several have one name, each below what it is about."""
    if len(pages) == 1:
        return pages[0].text.rstrip()
    parts = [(paint("bold", f"As {_KINDS[page.kind]}:"), page.text.rstrip()) for page in pages]
    return "\n\n".join(text for part in parts for text in part)


def _files(result: "results.InitResult | results.RenumberResult", paint: Paint) -> str:
    from dbmate_wrap.domain import results

    if isinstance(result, results.InitResult):
        return _scaffold(result.files, paint)
    return table(("was", "is now"), [(each.former, each.file) for each in result.renumbered])


def _scaffold(files: "Sequence[results.ScaffoldedFile]", paint: Paint) -> str:
    cells = [(row.file, f"{row.state}: {row.reason}" if row.reason else row.state) for row in files]
    styles = [_FILE_STYLE.get(row.state, "yellow") for row in files]
    parts = [table(("file", "what is done"), cells, paint, styles)]
    for row in files:
        if row.text:
            lines = (f"    {line}".rstrip() for line in _visible_text(row.text.rstrip()).split("\n"))
            parts.append("\n".join([paint("bold", f"By hand, in {visible(row.file)}:"), *lines]))
    return "\n\n".join(part for part in parts if part)


def _matrix(matrix: "results.Matrix", paint: Paint, view: View) -> str:
    rows = [(row.file or f"{row.version} (no file)", *_states(row, view)) for row in matrix.migrations]
    parts = [table(("migration", *matrix.environments), rows, paint)]
    if view.verbose:
        last = [
            f"  {name}: {visible(line.file or line.version)}  {_run_heading(line)}"
            for name, line in zip(matrix.environments, matrix.deployed, strict=True)
            if line is not None
        ]
        parts += ["Deployed last:\n" + "\n".join(last)] if last else []
    errors = [f"  {failed.environment}: {visible_lines(failed.error, '    ')}" for failed in matrix.errors]
    parts += ["Not reached:\n" + "\n".join(errors)] if errors else []
    return "\n\n".join(parts)


def _states(row: "results.MatrixRow", view: View) -> tuple[str, ...]:
    """Return the states, each with the time that the migration took there where a person wants more."""
    if not view.verbose:
        return row.states
    return tuple(
        state if took is None else f"{state}, {format_elapsed(took / 1000)}"
        for state, took in zip(row.states, row.durations_ms, strict=True)
    )


def _ledger(lines: "Sequence[LedgerEntry]", paint: Paint) -> str:
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


def _run_heading(line: "LedgerEntry") -> str:
    """``2026-01-31 12:00:00Z  up by ada@laptop, commit 0123456789 (dirty)``."""
    time = (line.applied_at or line.recorded_at)[:19].replace("T", " ")
    author = f"{line.os_user or line.database_user}@{line.host or '?'}"
    commit = f", commit {line.git_commit[:_COMMIT_DIGITS]}" if line.git_commit else ""
    dirty = " (dirty)" if line.git_dirty else ""
    agreed = f", an AI agent typed: {line.consent!r}" if line.consent else ""
    return visible(f"{time}Z  {line.command} by {author}{commit}{dirty}{agreed}")
