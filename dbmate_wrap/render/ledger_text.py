"""Renders for a terminal what the ledgers tell: `history`, and all environments side by side."""

from collections.abc import Sequence
from itertools import groupby

from dbmate_wrap.domain import results
from dbmate_wrap.domain.activity import format_elapsed
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.render.table import Paint, View, table

_COMMIT_DIGITS = 10


def render_ledgers(result: results.HistoryResult | results.MatrixResult, paint: Paint, view: View) -> str:
    """Return the text of one ledger, or of all environments."""
    if isinstance(result, results.MatrixResult):
        return matrix_text(result.matrix, paint, view)
    return ledger_text(result.entries, paint)


def matrix_text(matrix: results.Matrix, paint: Paint, view: View) -> str:
    """Return the states of each migration everywhere, and what was not reached."""
    rows = [(row.file or f"{row.version} (no file)", *_states(row, view)) for row in matrix.migrations]
    parts = [table(("migration", *matrix.environments), rows, paint, columns=view.columns)]
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


def _states(row: results.MatrixRow, view: View) -> tuple[str, ...]:
    """Return the states, each with the time that the migration took there where a person wants more."""
    if not view.verbose:
        return row.states
    return tuple(
        state if took is None else f"{state}, {format_elapsed(took / 1000)}"
        for state, took in zip(row.states, row.durations_ms, strict=True)
    )


def ledger_text(lines: Sequence[LedgerEntry], paint: Paint) -> str:
    """Return a paragraph for each run, oldest first, a line for each migration in it."""
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
    agreed = f", an AI agent typed: {line.consent!r}" if line.consent else ""
    return visible(f"{time}Z  {line.command} by {author}{commit}{dirty}{agreed}")
