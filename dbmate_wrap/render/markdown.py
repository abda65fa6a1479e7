"""Renders a comment for a pull request, or the summary of a step."""

import re
from collections.abc import Iterator, Mapping, Sequence

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import ExecResult
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.markdown_tables import Table, tables
from dbmate_wrap.render.markdown_text import block, cell, code
from dbmate_wrap.render.stderr_text import error_lines, severity_counts
from dbmate_wrap.render.text import is_one_line

# GitHub takes 65,536 characters; counted in bytes, which are never fewer.
LIMIT = 65_000
_RESERVED = 300
# In characters, of which one has at most four bytes: with these there is always room for the rest.
_MAX_ERROR = 5_000
_MAX_OUTPUT = 5_000
_MAX_SUMMARY = 1_000
_UNFOLDED = 10
_TITLES: Mapping[Severity, str] = {"error": "Errors", "warning": "Warnings", "notice": "Notices"}


def render(outcome: Outcome, repository: Repository, limit: int = LIMIT) -> str:
    """Return at most `limit` bytes for a masked outcome: a marker, the verdict, findings, tables.

    A bot finds its comment again by the marker in the first line, which names the command and, except for
    `check`, the environment.
    """
    # Without a command where the command line was wrong.
    title = f"dbmate-wrap {outcome.command}".rstrip()
    parts = [f"{marker(outcome)}\n## {title}: {verdict(outcome)}", *_opening(outcome)]
    left = limit - _RESERVED - sum(_size(part) for part in parts)
    cut = False
    for table in (*_findings(outcome, repository), *tables(outcome)):
        text, whole = _fit(table, left)
        parts += [text] if text else []
        left -= _size(text)
        cut = cut or not whole
    if cut:
        parts.append("Not everything fits here: the log of the run has the rest.")
    return "\n\n".join(parts) + "\n"


def marker(outcome: Outcome) -> str:
    """The HTML comment, which readers do not see, by which a bot finds its comment again."""
    name = outcome.command.replace(" ", "-")
    environment = "" if outcome.command == "check" else f" {outcome.environment or 'none'}"
    # Nothing in it may end the comment.
    return f"<!-- dbmate-wrap {name}{re.sub('[^a-zA-Z0-9_ ]+', '-', environment)} -->"


def verdict(outcome: Outcome) -> str:
    """The end of the run in words."""
    found = severity_counts(outcome.findings)
    if outcome.exit is ExitCode.OK:
        good = "passed" if outcome.command == "check" else "done"
        return f"{good}, {found}" if found else good
    if outcome.exit is ExitCode.PENDING and outcome.error is None:
        return "migrations are pending"
    return f"failed (exit {int(outcome.exit)}, {outcome.exit.label})" + (f": {found}" if found else "")


def _opening(outcome: Outcome) -> Iterator[str]:
    if outcome.target is not None:
        target, environment = outcome.target, code(outcome.environment or "")
        server = f"PostgreSQL {cell(target.server_version)}"
        yield f"{environment}: database {code(target.database)} on {code(target.place)}, {server}"
    if outcome.error is not None:
        yield block("\n".join(error_lines(outcome)), _MAX_ERROR)
    if outcome.summary:
        yield (block if is_one_line(outcome) else cell)(outcome.summary, _MAX_SUMMARY)
    if isinstance(outcome.result, ExecResult) and outcome.result.stdout:
        yield block(outcome.result.stdout, _MAX_OUTPUT)


def _findings(outcome: Outcome, repository: Repository) -> Iterator[Table]:
    for severity, title in _TITLES.items():
        found = [finding for finding in outcome.findings if finding.severity == severity]
        folded = severity == "notice" or len(found) > _UNFOLDED
        rows = tuple(_row(finding, repository) for finding in found)
        yield Table(f"{title} ({len(found)})", ("where", "rule", "what", "what to do"), rows, folded=folded)


def _row(finding: Finding, repository: Repository) -> tuple[str, ...]:
    line = f":{finding.line}" if finding.line is not None else ""
    place = code(f"{repository.path(finding.file)}{line}") if finding.file else ""
    return place, code(finding.rule), cell(finding.message), cell(finding.hint or "")


def _fit(table: Table, room: int) -> tuple[str, bool]:
    """Return the table with as many rows as fit into `room` bytes, and whether these are all."""
    if not table.rows:
        return "", True
    rows: list[str] = []
    room -= _size(_with_title(table, []))
    for row in table.rows:
        line = _line(row)
        room -= _size(line)
        if room < 0:
            break
        rows.append(line)
    return _with_title(table, rows) if rows else "", len(rows) == len(table.rows)


def _with_title(table: Table, rows: Sequence[str]) -> str:
    text = "\n".join([_line(table.header), _line(["---"] * len(table.header)), *rows])
    if table.folded:
        return f"<details>\n<summary>{table.title}</summary>\n\n{text}\n\n</details>"
    return f"### {table.title}\n\n{text}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _size(text: str) -> int:
    # With the line ends around it.
    return len(text.encode("utf-8")) + 2
