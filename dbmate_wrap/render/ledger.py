"""Renders the ledger for people: a paragraph for each run, a line for each migration in it."""

from collections.abc import Sequence
from itertools import groupby

from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.render.escape import visible
from dbmate_wrap.render.paint import Paint

_COMMIT_DIGITS = 10


def entries(lines: Sequence[LedgerEntry], paint: Paint) -> str:
    """Oldest first; empty when there are none. A run says who, from where and from which commit."""
    if not lines:
        return ""
    names = [visible(line.file or f"{line.version} (no file)") for line in lines]
    width = max(map(len, names))
    how_width = max(len(visible(line.how)) for line in lines)
    parts: list[str] = []
    shown = iter(names)
    for _, run in groupby(lines, key=lambda line: line.run_id):
        of_run = list(run)
        parts.append("\n" * bool(parts) + paint("bold", _heading(of_run[0])))
        for line in of_run:
            took = "" if line.duration_ms is None else f"{line.duration_ms} ms"
            row = f"  {next(shown):{width}}  {visible(line.how):{how_width}}  {took:>9}"
            parts.append(row.rstrip())
    return "\n".join(parts)


def _heading(line: LedgerEntry) -> str:
    """``2026-01-31 12:00:00Z  up by ada@laptop, commit 0123456789 (dirty)``."""
    when = (line.applied_at or line.recorded_at)[:19].replace("T", " ")
    who = f"{line.os_user or line.database_user}@{line.host or '?'}"
    commit = f", commit {line.git_commit[:_COMMIT_DIGITS]}" if line.git_commit else ""
    dirty = " (dirty)" if line.git_dirty else ""
    return visible(f"{when}Z  {line.command} by {who}{commit}{dirty}")
