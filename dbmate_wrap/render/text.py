"""Renders the result that a person reads on stdout; findings and the error are in `stderr_text`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render.migration_table import migration_table
from dbmate_wrap.render.table import WHOLE_LINES, Paint, View, table

if TYPE_CHECKING:
    from dbmate_wrap.domain import results
    from dbmate_wrap.domain.drift import SchemaDifference
    from dbmate_wrap.domain.fleet_result import FleetAnswer
    from dbmate_wrap.domain.numbering import RenumberResult
    from dbmate_wrap.domain.plan_result import PlanResult

_FILE_STYLE = {"written": "green", "appended": "green", "is there": "dim"}
_KINDS = {"rule": "a rule", "exit code": "an exit code", "state": "a state", "guide": "a guide"}
_DIFF_STYLE = {"-": "red", "+": "green"}
_CHECK_STYLE = {"pass": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


def render(outcome: Outcome, paint: Paint, view: View = WHOLE_LINES) -> str:
    """Return the text for stdout; empty when there is nothing to show."""
    if (verbatim := verbatim_text(outcome)) is not None:
        return f"{_visible_text(verbatim.removesuffix(chr(10)))}\n"
    if is_one_line(outcome):
        return f"{visible(outcome.summary)}\n" if outcome.summary else ""
    parts = [part for part in (_body(outcome, paint, view), visible_lines(outcome.summary or "")) if part]
    # Of a target of a fleet there is one line, without the place.
    if parts and outcome.target is not None and not outcome.command.startswith("fleet "):
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
    from dbmate_wrap.domain.entities import DiagramResult

    match outcome.result:
        case (
            results.SchemaResult(text)
            | results.KeptTextResult(text=text)
            | DiagramResult(diagram=text, file=None)
        ):
            return text
        case _:
            return None


def is_one_line(outcome: Outcome) -> bool:
    """Return True where the result is one line that scripts take as it is."""
    return outcome.command in ("new", "db url")


def _body(outcome: Outcome, paint: Paint, view: View) -> str:
    result = outcome.result
    if result is None:
        return _common(outcome, paint, view.columns)
    from dbmate_wrap.domain.fleet_result import FleetAnswer

    if isinstance(result, FleetAnswer):
        return _fleet(outcome, result, paint, view)
    return _own(outcome, result, paint, view)


def _own(outcome: Outcome, result: "results.VerbResult", paint: Paint, view: View) -> str:
    """Return what a verb shows that has a result of its own."""
    from dbmate_wrap.domain import results
    from dbmate_wrap.domain.entities import DiagramResult
    from dbmate_wrap.domain.numbering import RenumberResult
    from dbmate_wrap.domain.plan_result import PlanResult
    from dbmate_wrap.render import ledger_text

    match result:
        case PlanResult():
            return _plan(result, paint, view)
        case results.DriftResult(differences):
            return _differences(differences, paint, view.columns)
        case results.EnvironmentsResult(environments):
            return _environments(environments, view.columns)
        case results.DoctorResult(settings):
            rows = [(row.name, row.value, row.source) for row in settings]
            settings_table = table(("setting", "value", "source"), rows, columns=view.columns)
            return f"{settings_table}\n\n{_checks(outcome, paint, view.columns)}"
        case results.HistoryResult() | results.MatrixResult():
            return ledger_text.render_ledgers(result, paint, view)
        case results.ExplainResult(pages):
            return _pages(pages, paint)
        case results.InitResult() | RenumberResult():
            return _files(result, paint, view.columns)
        case (
            results.UrlResult()
            | results.NewResult()
            | DiagramResult()
            | results.DumpResult()
            | results.ExecResult()
            | results.KeptTextResult()
            | results.SchemaResult()
        ):
            return ""
        case _:
            assert_never(result)


def _fleet(
    outcome: Outcome,
    result: "FleetAnswer",
    paint: Paint,
    view: View,
) -> str:
    from dbmate_wrap.domain import fleet_result
    from dbmate_wrap.render import fleet_list_text, fleet_text

    match result:
        case fleet_result.FleetResult(summary):
            return fleet_text.fleet_text(outcome, summary, paint, view)
        case fleet_result.FleetTargetResult(row) | fleet_result.FleetDriftResult(row):
            return fleet_text.target_line(outcome, row, paint)
        case fleet_result.FleetListResult(inventory):
            return fleet_list_text.fleet_list_text(inventory, paint, view.columns)


def _common(outcome: Outcome, paint: Paint, columns: int | None) -> str:
    """Return the table of a verb that has no result of its own."""
    match outcome.command:
        case "up" | "redo" | "rollback" if outcome.applied or outcome.exit is not ExitCode.OK:
            # What this run applied, and what is not applied.
            new = frozenset(outcome.applied)
            rows = [row for row in outcome.migrations if row.version in new or not row.is_applied]
            return migration_table(rows, paint, columns)
        case "check" | "amend":
            return _checks(outcome, paint, columns)
        case "up" | "redo" | "rollback" | "plan" | "history" | "envs" | "doctor" | "wait":
            return ""
        case _:
            folded = outcome.command == "status" and not outcome.full
            return migration_table(outcome.migrations, paint, columns, folded=folded)


def _plan(result: "PlanResult", paint: Paint, view: View) -> str:
    from dbmate_wrap.render.plan_text import plan_text

    texts = [f"{visible(step.file)}\n{_visible_text(step.sql)}" for step in result.steps if step.sql]
    return "\n\n".join([plan_text(result, paint, view), *texts])


def _differences(differences: "Sequence[SchemaDifference]", paint: Paint, columns: int | None) -> str:
    """Return the table of what differs, then each object with its diff and its way out."""
    if not differences:
        return ""
    rows = [(each.change, each.label) for each in differences]
    parts = [table(("change", "object"), rows, paint, columns=columns)]
    for each in differences:
        diff = "\n".join(_diff_line(line, paint) for line in each.diff.split("\n"))
        text = f"{paint('bold', visible(f'{each.change}: {each.label}'))}\n{diff}"
        parts.append(f"{text}\n  {visible_lines(each.hint, '  ')}" if each.hint else text)
    return "\n\n".join(parts)


def _diff_line(line: str, paint: Paint) -> str:
    style = _DIFF_STYLE.get(line[:1])
    return paint(style, visible(line)) if style else visible(line)


def _environments(environments: "Sequence[results.EnvironmentRow]", columns: int | None) -> str:
    rows = [
        (f"{row.name}{' (default)' * row.default}", "yes" if row.protected else "no", row.origin or "no URL")
        for row in environments
    ]
    return table(("environment", "protected", "URL from"), rows, columns=columns)


def _checks(outcome: Outcome, paint: Paint, columns: int | None) -> str:
    checks = [(check.id, check.status, check.message) for check in outcome.checks]
    styles = [_CHECK_STYLE[check.status] for check in outcome.checks]
    hints = [f"  {check.id}: {visible(check.advice)}" for check in outcome.checks if check.advice]
    text = table(("check", "result", "what was found"), checks, paint, styles, 1, columns)
    return text + ("\n\nWhat to do:\n" + "\n".join(hints) if hints else "")


def _pages(pages: "Sequence[results.ExplainedPage]", paint: Paint) -> str:
    """Return the pages; where several have one name, each below what it is about."""
    if len(pages) == 1:
        return pages[0].text.rstrip()
    parts = [(paint("bold", f"As {_KINDS[page.kind]}:"), page.text.rstrip()) for page in pages]
    return "\n\n".join(text for part in parts for text in part)


def _files(result: "results.InitResult | RenumberResult", paint: Paint, columns: int | None) -> str:
    from dbmate_wrap.domain import results

    if isinstance(result, results.InitResult):
        return _scaffold(result.files, paint, columns)
    pairs = [(each.former, each.file) for each in result.renumbered]
    return table(("was", "is now"), pairs, columns=columns)


def _scaffold(files: "Sequence[results.ScaffoldedFile]", paint: Paint, columns: int | None) -> str:
    cells = [(row.file, f"{row.state}: {row.reason}" if row.reason else row.state) for row in files]
    styles = [_FILE_STYLE.get(row.state, "yellow") for row in files]
    parts = [table(("file", "what is done"), cells, paint, styles, columns=columns)]
    for row in files:
        if row.text:
            lines = (f"    {line}".rstrip() for line in _visible_text(row.text.rstrip()).split("\n"))
            parts.append("\n".join([paint("bold", f"By hand, in {visible(row.file)}:"), *lines]))
    return "\n\n".join(part for part in parts if part)
