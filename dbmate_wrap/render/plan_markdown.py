"""Renders a plan for a pull request: the worst statement first, then a folded table of all."""

from collections.abc import Iterator

from dbmate_wrap.domain.plan_result import PlanResult
from dbmate_wrap.domain.verdict import Verdict, worst
from dbmate_wrap.render import plan_cells
from dbmate_wrap.render.markdown_text import cell, code
from dbmate_wrap.render.plan_cells import COLUMNS, StatementRow

_CODE = frozenset({"where", "statement", "object"})
_LONGEST_STATEMENT = 200

# Title, header, rows, and whether it is folded.
PlanTable = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...], bool]


def opening(result: PlanResult) -> Iterator[str]:
    """Yield the paragraph about the worst statement, and what is not known."""
    rows = plan_cells.rows_of(result)
    verdict = worst(row.statement.verdict for row in rows)
    if verdict is not None:
        yield _worst(next(row for row in rows if row.statement.verdict is verdict))
    unjudged = sum(row.statement.verdict is Verdict.NOT_JUDGED for row in rows)
    if unjudged and verdict is not Verdict.NOT_JUDGED:
        yield f"Not judged: {unjudged} of {len(rows)} statements."
    yield from (cell(note) for note in result.notes)


def tables(result: PlanResult) -> Iterator[PlanTable]:
    """Yield the migrations, the statements, and who is in the way now."""
    steps = result.steps
    header: tuple[str, ...] = ("version", "file", "runs")
    lines: list[tuple[str, ...]] = [(code(step.version), code(step.file), step.mode) for step in steps]
    if any(step.verdict for step in steps):
        header += ("verdict", "took")
        lines = [
            (*line, step.verdict or "", cell(", ".join(map(plan_cells.took, step.took))))
            for line, step in zip(lines, steps, strict=True)
        ]
    yield "Pending", header, tuple(lines), len(lines) > 1 and any(step.verdict for step in steps)
    yield _statements(plan_cells.rows_of(result))
    yield _probes(result)
    found = plan_cells.sessions(result)
    lines = [
        (cell(plan_cells.session_words(each)), ", ".join(map(code, places))) for each, places in found.items()
    ]
    lines += [(cell(plan_cells.session_words(each)), "") for each in plan_cells.other_transactions(result)]
    yield "In the way now", ("session", "of"), tuple(lines), len(lines) > 1


def _probes(result: PlanResult) -> PlanTable:
    lines = tuple(
        (cell(plan_cells.probe_words(each)), _cell("statement", each.probe.query or ""))
        for each in result.probes
    )
    return "Rows that would make it fail", ("constraint", "query"), lines, True


def _statements(rows: tuple[StatementRow, ...]) -> PlanTable:
    every = [dict(zip(COLUMNS, plan_cells.cells(row), strict=True)) for row in rows]
    used = [name for name in COLUMNS if any(each[name] for each in every)]
    lines = [
        (*(_cell(name, each[name]) for name in used), _safe_way(row))
        for row, each in zip(rows, every, strict=True)
    ]
    return f"Statements ({len(rows)})", (*used, "safe way"), tuple(lines), True


def _cell(name: str, words: str) -> str:
    if name not in _CODE:
        return cell(words)
    return code(words if len(words) <= _LONGEST_STATEMENT else f"{words[:_LONGEST_STATEMENT]}...")


def _worst(row: StatementRow) -> str:
    statement, subject = row.statement, row.statement.object
    of = ""
    if subject is not None:
        size = plan_cells.rows_and_size(subject)
        of = f" on {code(subject.relation)}" + (f" ({size})" if size else "")
    because = f": {cell(statement.because)}" if statement.because else ""
    way = f" The safe way: {_safe_way(row)}." if statement.explain else ""
    text = _cell("statement", statement.statement)
    return f"Worst: **{statement.verdict}**{of}{because}, {code(row.where)}: {text}.{way}"


def _safe_way(row: StatementRow) -> str:
    page = row.statement.explain
    return code(f"dbmate-wrap explain {page}") if page else ""
