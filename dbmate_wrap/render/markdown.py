"""Renders a comment for a pull request, or the summary of a step."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from dbmate_wrap.domain import results
from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.entities import DiagramResult
from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.fleet_result import (
    FleetAnswer,
    FleetDriftResult,
    FleetListResult,
    FleetResult,
    FleetTargetResult,
)
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.numbering import RenumberResult
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.plan_result import PlanResult
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render import fleet_list_text, fleet_markdown, plan_markdown
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.markdown_opening import opening
from dbmate_wrap.render.markdown_text import cell, code, size_of
from dbmate_wrap.render.stderr_text import severity_counts

# GitHub takes 65,536 characters; counted in bytes, which are never fewer.
LIMIT = 65_000
_RESERVED = 300
_UNFOLDED_FINDINGS = 10
_UNFOLDED_ROWS = 30
_TITLES: Mapping[Severity, str] = {"error": "Errors", "warning": "Warnings", "notice": "Notices"}


@dataclass(frozen=True)
class _Table:
    """Cells are Markdown; a folded table shows its title only until it is clicked."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    folded: bool


def render(outcome: Outcome, repository: Repository, limit: int = LIMIT) -> str:
    """Return at most `limit` bytes for a masked outcome: a marker, the verdict, findings, tables.

    A bot finds its comment again by the marker in the first line, which names the command and, except for
    `check`, the environment; and of a run over a fleet the fleet and the shard.
    """
    # Without a command where the command line was wrong.
    title = f"dbmate-wrap {outcome.command}".rstrip()
    parts = [f"{marker(outcome)}\n## {title}: {verdict(outcome)}", *opening(outcome, limit - _RESERVED)]
    left = limit - _RESERVED - sum(size_of(part) for part in parts)
    cut = False
    for table in (*_findings(outcome, repository), *_tables(outcome)):
        text, whole = _fit(table, left)
        parts += [text] if text else []
        left -= size_of(text)
        cut = cut or not whole
    if cut:
        parts.append("Not everything fits here: the log of the run has the rest.")
    return "\n\n".join(parts) + "\n"


def marker(outcome: Outcome) -> str:
    """Return the HTML comment, which readers do not see, by which a bot finds its comment again."""
    name = outcome.command.replace(" ", "-")
    environment = "" if outcome.command == "check" else f" {outcome.environment or 'none'}"
    if isinstance(outcome.result, FleetResult):
        fleet = outcome.result.fleet
        environment += f" {fleet.name}" + (f" {fleet.shard}" if fleet.shard else "")
    # Nothing in it may end the comment.
    return f"<!-- dbmate-wrap {name}{re.sub('[^a-zA-Z0-9_ ]+', '-', environment)} -->"


def verdict(outcome: Outcome) -> str:
    """Return the end of the run in words."""
    found = severity_counts(outcome.told)
    if outcome.exit is ExitCode.OK:
        good = "passed" if outcome.command == "check" else "done"
        return f"{good}, {found}" if found else good
    if outcome.exit is ExitCode.PENDING and outcome.error is None:
        return "migrations are pending"
    return f"failed (exit {int(outcome.exit)}, {outcome.exit.label})" + (f": {found}" if found else "")


def _findings(outcome: Outcome, repository: Repository) -> Iterator[_Table]:
    for severity, title in _TITLES.items():
        found = [finding for finding in outcome.told if finding.severity == severity]
        folded = severity == "notice" or len(found) > _UNFOLDED_FINDINGS
        rows = tuple(_row(finding, repository) for finding in found)
        yield _Table(f"{title} ({len(found)})", ("where", "rule", "what", "what to do"), rows, folded=folded)


def _row(finding: Finding, repository: Repository) -> tuple[str, ...]:
    line = f":{finding.line}" if finding.line is not None else ""
    place = code(f"{repository.path(finding.file)}{line}") if finding.file else ""
    return place, code(finding.rule), cell(finding.message), cell(finding.hint or "")


def _tables(outcome: Outcome) -> Iterator[_Table]:
    """Yield the tables of the command; they may be empty."""
    match outcome.result:
        case results.KeptTextResult() | results.SchemaResult() | results.ExplainResult() | DiagramResult():
            return
        case None | results.UrlResult() | results.NewResult() | results.DumpResult() | results.ExecResult():
            has_checks = outcome.command in ("check", "amend")
            yield _check_table(outcome) if has_checks else _migration_table(outcome.migrations)
        case PlanResult():
            yield from (_Table(*each) for each in plan_markdown.tables(outcome.result))
        case FleetResult() | FleetTargetResult() | FleetDriftResult() | FleetListResult():
            yield from _fleet_tables(outcome, outcome.result)
        case results.InitResult() | RenumberResult():
            yield _file_table(outcome.result)
        case results.DriftResult(differences):
            yield _difference_table(differences)
        case results.EnvironmentsResult() | results.MatrixResult():
            yield from _environment_tables(outcome.result)
        case results.HistoryResult(entries):
            yield _ledger_table(entries)
        case results.DoctorResult(settings):
            yield _check_table(outcome)
            cells = [(code(row.name), cell(row.value), cell(row.source)) for row in settings]
            yield _Table("Settings", ("setting", "value", "source"), tuple(cells), folded=True)
        case _:
            assert_never(outcome.result)


def _file_table(result: results.InitResult | RenumberResult) -> _Table:
    if isinstance(result, RenumberResult):
        pairs = [(code(each.former), code(each.file)) for each in result.renumbered]
        return _table("Renumbered", ("was", "is now"), pairs)
    lines = [(code(row.file), cell(row.state), cell(row.reason or "")) for row in result.files]
    return _table("Files", ("file", "what is done", "why"), lines)


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> _Table:
    return _Table(title, header, tuple(rows), folded=len(rows) > _UNFOLDED_ROWS)


def _environment_tables(result: results.EnvironmentsResult | results.MatrixResult) -> Iterator[_Table]:
    if isinstance(result, results.MatrixResult):
        yield from _matrix_tables(result.matrix)
        return
    rows = [
        (code(row.name), "yes" if row.default else "", "yes" if row.protected else "", cell(row.origin or ""))
        for row in result.environments
    ]
    yield _table("Environments", ("environment", "default", "protected", "URL from"), rows)


def _fleet_tables(outcome: Outcome, result: FleetAnswer) -> Iterator[_Table]:
    match result:
        case FleetResult(summary):
            yield from (_Table(*each) for each in fleet_markdown.tables(summary))
            warned = [each for each in outcome.checks if each.status in ("warn", "fail")]
            yield _check_table(replace(outcome, checks=warned))
        case FleetTargetResult():
            yield _migration_table(outcome.migrations)
        case FleetDriftResult(differences=differences):
            yield _difference_table(differences)
        case FleetListResult(inventory):
            yield _table("Targets", *fleet_list_text.markdown_columns(inventory))


def _difference_table(differences: Sequence[SchemaDifference]) -> _Table:
    rows = [(cell(each.change), code(each.label), cell(each.hint)) for each in differences]
    return _table("Differences", ("change", "object", "what to do"), rows)


def _migration_table(rows: Sequence[MigrationRow]) -> _Table:
    cells = [(code(row.version), code(row.file) if row.file else "no file", cell(row.label)) for row in rows]
    return _table("Migrations", ("version", "file", "state"), cells)


def _ledger_table(entries: Sequence[LedgerEntry]) -> _Table:
    rows = [
        (
            cell((line.applied_at or line.recorded_at)[:19].replace("T", " ") + "Z"),
            code(line.file or line.version),
            cell(line.how),
            "" if line.duration_ms is None else f"{line.duration_ms} ms",
            cell(f"{line.os_user or line.database_user} on {line.host or '?'}"),
            code((line.git_commit or "")[:10]),
        )
        for line in entries
    ]
    return _table("Ledger", ("when", "migration", "how", "took", "by", "commit"), rows)


def _check_table(outcome: Outcome) -> _Table:
    rows = [
        (code(check.id), check.status, cell(check.message), cell(check.advice or ""))
        for check in outcome.checks
    ]
    return _table("Checks", ("check", "result", "what was found", "what to do"), rows)


def _matrix_tables(matrix: results.Matrix) -> Iterator[_Table]:
    rows = [
        (code(row.file or f"{row.version} (no file)"), *map(cell, row.states)) for row in matrix.migrations
    ]
    yield _table("Environments", ("migration", *map(cell, matrix.environments)), rows)
    last = [
        (
            code(name),
            code(line.file or line.version),
            cell(line.os_user or line.database_user),
            cell(line.host or ""),
        )
        for name, line in zip(matrix.environments, matrix.deployed, strict=True)
        if line is not None
    ]
    yield _table("Deployed last", ("environment", "migration", "by", "on"), last)
    errors = [(code(failed.environment), cell(failed.error)) for failed in matrix.errors]
    yield _table("Not reached", ("environment", "why"), errors)


def _fit(table: _Table, room: int) -> tuple[str, bool]:
    """Return the table with as many rows as fit into `room` bytes, and whether these are all."""
    if not table.rows:
        return "", True
    rows: list[str] = []
    room -= size_of(_with_title(table, []))
    for row in table.rows:
        line = _line(row)
        room -= size_of(line)
        if room < 0:
            break
        rows.append(line)
    return _with_title(table, rows) if rows else "", len(rows) == len(table.rows)


def _with_title(table: _Table, rows: Sequence[str]) -> str:
    text = "\n".join([_line(table.header), _line(["---"] * len(table.header)), *rows])
    if table.folded:
        return f"<details>\n<summary>{table.title}</summary>\n\n{text}\n\n</details>"
    return f"### {table.title}\n\n{text}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
