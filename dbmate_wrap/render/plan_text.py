"""Renders a plan for a terminal: a table where that fits, else two lines a statement, whole with -v."""

import textwrap
from collections.abc import Iterator, Sequence

from dbmate_wrap.domain.byte_size import write_size
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.plan_result import PlanResult
from dbmate_wrap.domain.plan_rows import PlannedRelation
from dbmate_wrap.domain.probe import ProbeStatus
from dbmate_wrap.domain.verdict import Blocks, Verdict
from dbmate_wrap.render import plan_cells
from dbmate_wrap.render.plan_cells import COLUMNS, StatementRow
from dbmate_wrap.render.table import Paint, View, table

_LONGEST_STATEMENT = 60
_SHORTEST_STATEMENT = 24
_NO_BREAK = "\xa0"
_NOT_IN_TABLE = frozenset({"took"})  # The table of migrations has it.
_STYLES = {
    Verdict.REWRITES: "red",
    Verdict.BLOCKS_ALL: "red",
    Verdict.BLOCKS_WRITES: "red",
    Verdict.WAITS: "yellow",
    Verdict.SCANS: "yellow",
    Verdict.NOT_JUDGED: "yellow",
}


def plan_text(result: PlanResult, paint: Paint, view: View) -> str:
    """Return the migrations with their verdicts, the statements, and what there is to say of each."""
    rows = plan_cells.rows_of(result)
    parts = [_migrations(result, paint, view.columns)]
    if rows:
        parts.append(_records(rows, paint) if view.verbose else _statements(rows, paint, view.columns))
    parts += _blocks(result, view)
    return "\n\n".join(part for part in parts if part)


def _migrations(result: PlanResult, paint: Paint, columns: int | None) -> str:
    verdicts = [step.verdict for step in result.steps]
    lines = [
        {
            "version": step.version,
            "file": step.file,
            "verdict": step.verdict or "",
            "runs": step.mode,
            "took": ", ".join(map(plan_cells.took, step.took)),
        }
        for step in result.steps
    ]
    header = [
        name for name in ("version", "file", "verdict", "runs", "took") if any(row[name] for row in lines)
    ]
    if not any(verdicts):
        return table(header, [[row[name] for name in header] for row in lines])
    styles = [_style(verdict) for verdict in verdicts]
    kept, cells = header, [[row[name] for name in header] for row in lines]
    for left_out in ("version", "runs"):
        if columns is not None and _width(kept, cells) > columns:
            kept = [name for name in kept if name != left_out]
            cells = [[row[name] for name in kept] for row in lines]
    return table(kept, cells, paint, styles, styled_column=kept.index("verdict"))


def _width(header: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    widths = [max(len(visible(cell)) for cell in column) for column in zip(header, *cells, strict=True)]
    return sum(widths) + 2 * (len(widths) - 1)


def _style(verdict: Verdict | None) -> str:
    return _STYLES.get(verdict, "green") if verdict is not None else "dim"


def _statements(rows: Sequence[StatementRow], paint: Paint, columns: int | None) -> str:
    """Return the widest form that fits."""
    every = [dict(zip(COLUMNS, plan_cells.cells(row), strict=True)) for row in rows]
    for header, cells in (_full(every), _merged(rows, every)):
        if columns is None:
            cells = [_cut(row, _LONGEST_STATEMENT) for row in cells]
        else:
            room = columns - _width([header[0], *header[2:]], [[row[0], *row[2:]] for row in cells]) - 2
            if room < _SHORTEST_STATEMENT:
                continue
            cells = [_cut(row, min(room, _LONGEST_STATEMENT)) for row in cells]
        styles = [_style(row.statement.verdict) for row in rows]
        return table(header, cells, paint, styles, styled_column=header.index("verdict"))
    return "\n".join(line for row in rows for line in _two_lines(row, paint, columns or 80))


def _cut(row: Sequence[str], room: int) -> list[str]:
    """Return the row, its second cell in at most so many characters."""
    text = visible(row[1])
    return [row[0], text if len(text) <= room else f"{text[: room - 3]}...", *row[2:]]


def _full(every: Sequence[dict[str, str]]) -> tuple[list[str], list[list[str]]]:
    """Return all columns that hold something."""
    used = [name for name in COLUMNS if name not in _NOT_IN_TABLE and any(row[name] for row in every)]
    return used, [[visible(row[name]) for name in used] for row in every]


def _merged(
    rows: Sequence[StatementRow], every: Sequence[dict[str, str]]
) -> tuple[list[str], list[list[str]]]:
    """Return fewer columns: what belongs together stands together, and what -v shows is left out."""
    found: list[dict[str, str]] = []
    for row, cells in zip(rows, every, strict=True):
        size = f" ({cells['rows, size']})" if cells["rows, size"] else ""
        until = f" to {cells['until']}" if cells["blocks"] != Blocks.NOTHING else ""
        found.append(
            {
                "where": row.where,
                "statement": cells["statement"],
                "object": f"{cells['object']}{size}",
                "blocks": f"{cells['blocks']}{until}",
                "work": cells["work"],
                "in its way now": cells["in its way now"],
                "verdict": cells["verdict"],
            }
        )
    used = [name for name in found[0] if any(row[name] for row in found)]
    return used, [[visible(row[name]) for name in used] for row in found]


def _two_lines(row: StatementRow, paint: Paint, columns: int) -> Iterator[str]:
    statement = row.statement
    opening = f"{visible(row.where)}  {statement.verdict}  "
    text = visible(statement.statement)
    room = max(columns - len(opening), _SHORTEST_STATEMENT)
    cut = text if len(text) <= room else f"{text[: room - 3]}..."
    yield f"{visible(row.where)}  {paint(_style(statement.verdict), statement.verdict)}  {cut}"
    if statement.relations:
        subject = statement.relations[0]
        size = plan_cells.rows_and_size(subject)
        words = [f"{plan_cells.objects(statement)}{f' ({size})' if size else ''}: {_lock(subject)}"]
        words += [subject.work] if subject.work else []
        words += [f"in its way: {plan_cells.in_way(statement.in_way)}"] if statement.in_way else []
        yield from _wrapped(", ".join(words), columns)


def _lock(relation: PlannedRelation) -> str:
    if relation.blocks is Blocks.NOTHING:
        return "blocks nothing"
    return f"blocks {relation.blocks} until the {plan_cells.until(relation)} ends".replace(
        "the commit ends", "commit"
    )


def _wrapped(text: str, columns: int | None, indent: str = "    ") -> list[str]:
    # Names are never cut: people copy them.
    width = max(columns or 0, 40) if columns else 10_000
    lines = textwrap.wrap(
        visible(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _records(rows: Sequence[StatementRow], paint: Paint) -> str:
    """Return everything, a line for each part of a statement."""
    return "\n\n".join("\n".join(_record(row, paint)) for row in rows)


def _record(row: StatementRow, paint: Paint) -> Iterator[str]:
    statement = row.statement
    yield f"{paint('bold', visible(row.where))}  {paint(_style(statement.verdict), statement.verdict)}"
    yield _line("statement", statement.statement)
    for each in statement.relations:
        yield from _relation(each)
    yield from (_line("makes", name) for name in statement.makes)
    yield from (_line("in its way", plan_cells.session_words(each)) for each in statement.in_way)
    if row.step.took:
        yield _line("took", ", ".join(map(plan_cells.took, row.step.took)))
    yield _line("known from", ", ".join(statement.known_from) or "nothing")
    if statement.because:
        yield _line("because", statement.because)
    if statement.explain:
        yield _line("safe way", f"dbmate-wrap explain {statement.explain}")


def _relation(relation: PlannedRelation) -> Iterator[str]:
    kind = f" ({relation.kind}{', new' if relation.new else ''})" if relation.kind else ""
    yield _line("object", f"{relation.relation}{kind}")
    if relation.size is not None:
        yield _line("  rows, size", _whole_size(relation))
    if flow := plan_cells.traffic(relation):
        yield _line("  traffic", flow)
    if relation.lock is not None:
        yield _line("  lock", f"{relation.lock} until {relation.until}: blocks {relation.blocks}")
    if relation.work is not None:
        yield _line("  work", relation.work)


def _line(name: str, words: str) -> str:
    return f"  {name:12}  {visible_lines(words, ' ' * 16)}"


def _whole_size(relation: PlannedRelation) -> str:
    rows = "" if relation.rows is None else f"about {relation.rows:,} rows, "
    parts = {"heap": relation.heap, "indexes": relation.indexes, "TOAST": relation.toast}
    each = ", ".join(f"{name} {write_size(size)}" for name, size in parts.items() if size)
    return f"{rows}{write_size(relation.size or 0)}" + (f" ({each})" if each else "")


def _blocks(result: PlanResult, view: View) -> Iterator[str]:
    found = plan_cells.sessions(result)
    lines = [f"{plan_cells.session_words(each)}; for {', '.join(places)}" for each, places in found.items()]
    yield _block("In the way now:", lines, view)
    others = [plan_cells.session_words(each) for each in plan_cells.other_transactions(result)]
    yield _block("Long transactions:", others, view)
    if not view.verbose:
        words = [f"{row.where} {said}{_way(row)}" for row, said in plan_cells.reasons(result)]
        yield _block("What to do:", words, view)
    yield _probes(result, view)
    yield _block("Not known:", list(result.notes), view)


def _probes(result: PlanResult, view: View) -> str:
    if not result.probes:
        return ""
    found = any(each.status is not ProbeStatus.NOT_RUN for each in result.probes)
    title = "Rows that would make it fail"
    lines = [f"{title}:" if found else f"{title} (--probe looks for them):"]
    for each in result.probes:
        lines += _hanging(plan_cells.probe_words(each), view.columns)
        if each.probe.query:
            lines.append(f"    {visible(' '.join(each.probe.query.split()))}")
    return "\n".join(lines)


def _way(row: StatementRow) -> str:
    page = row.statement.explain
    # A command is not broken over two lines: people copy it.
    return f": dbmate-wrap{_NO_BREAK}explain{_NO_BREAK}{page}" if page else ""


def _block(title: str, lines: Sequence[str], view: View) -> str:
    shown = ["\n".join(_hanging(line, view.columns)) for line in lines]
    return "\n".join([title, *shown]) if shown else ""


def _hanging(line: str, columns: int | None) -> list[str]:
    first, *more = _wrapped(line, columns, "  ") or [""]
    return [first, *(f"  {each}" for each in more)]
