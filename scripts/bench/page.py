"""The generated parts of docs/benchmarks.md, and its charts, from docs/benchmarks/results.json."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.bench import results
from scripts.bench.chart import Mark, chart
from scripts.bench.machine import Taken
from scripts.bench.peers.found import APPLIED, COUNTS, AtOnce, Condition, Peers
from scripts.bench.results import Part
from scripts.bench.rows import goals_table, missed, seconds, seconds_with_spread, shown
from scripts.markdown import fill, table

OURS = "dbmate-wrap"
MEASURES = ("status", "up, nothing pending", *(f"up of {count:,}" for count in COUNTS))
CHARTS: tuple[tuple[str, str, str, Condition], ...] = (
    ("start", "Start (--version)", "start", "plain"),
    ("status", f"status of {APPLIED} applied", "status", "plain"),
    ("up", "up of 1,000", "up of 1,000", "plain"),
    ("up-flush", "up of 1,000, 2 ms on every flush", "up of 1,000", "flush"),
    ("up-network", "up of 1,000, 5 ms on every round trip", "up of 1,000", "network"),
)
_CONDITIONS: dict[Condition, str] = {
    "plain": "as it is",
    "flush": "2 ms on every flush",
    "network": "5 ms on every round trip",
}


def wanted(docs: Path) -> Iterator[tuple[Path, str]]:
    """The page and the charts, with the text that each should have."""
    parts = results.read(docs / "benchmarks" / "results.json")
    page = docs / "benchmarks.md"
    yield page, filled_page(page.read_text(encoding="utf-8"), parts)
    for part in parts:
        if part.peers is not None:
            for name, title, measure, condition in CHARTS:
                if marks := _marks(part.peers, measure, condition):
                    yield docs / "benchmarks" / f"{name}.svg", chart(title, marks)


def filled_page(page: str, parts: Sequence[Part]) -> str:
    """The page with everything between its markers made anew."""
    rows = [row for part in parts for row in part.rows]
    losses = "\n".join(
        f"- {row.name}: {shown(statistics.median(row.samples), row.unit)}" for row in missed(rows)
    )
    page = fill(page, "machine", _machine(parts))
    page = fill(page, "goals", goals_table(rows))
    page = fill(page, "missed", losses or "None.")
    for part in parts:
        if part.peers is not None:
            page = _with_peers(page, part.peers)
    return page


def _with_peers(page: str, peers: Peers) -> str:
    page = fill(page, "tools", _tools(peers))
    page = fill(page, "delays", _delays(peers))
    page = fill(page, "starts", _starts(peers))
    for condition in _CONDITIONS:
        page = fill(page, condition, _times(peers, condition))
    page = fill(page, "standing", _standing(peers))
    return fill(page, "at-once", table(_AT_ONCE, [_together(each) for each in peers.at_once]))


def _machine(parts: Sequence[Part]) -> str:
    """A row for each machine, with what was measured there."""
    header = ("measured", "on", "cores", "memory", "system", "Python", "PostgreSQL", "load before")
    return table(header, [(part.name, *_facts(part.taken)) for part in parts])


def _facts(at: Taken) -> tuple[str, ...]:
    cores = f"{at.cores}, {at.processor}"
    return at.day, cores, f"{at.memory_gib} GiB", at.system, at.python, at.postgresql, f"{at.load}"


def _tools(peers: Peers) -> str:
    header = ("tool", "version", "how", "one transaction holds", "runs at the same time", "looks at besides")
    rows = []
    for tool in peers.tools:
        if tool.missing is not None:
            rows.append((tool.name, "", f"not measured: {tool.missing}", "", "", ""))
        else:
            rows.append((tool.name, tool.version, tool.how, tool.transactions, tool.locks, tool.checks))
    return table(header, rows)


def _delays(peers: Peers) -> str:
    rows = [
        ("a commit of one row", *(f"{each:.2f} ms" for each in peers.flush_ms)),
        ("`select 1`", *(f"{each:.2f} ms" for each in peers.trip_ms)),
    ]
    return table(("the fastest of 40", "as it is", "delayed"), rows)


def _starts(peers: Peers) -> str:
    rows = [(name, _cell(peers, name, "start", "plain")) for name in _measured(peers)]
    return table(("tool", "start"), rows)


def _times(peers: Peers, condition: Condition) -> str:
    rows = [(name, *(_cell(peers, name, each, condition) for each in MEASURES)) for name in _measured(peers)]
    return table(("tool", *MEASURES), rows)


def _cell(peers: Peers, tool: str, measure: str, condition: Condition) -> str:
    found = peers.cell(tool, measure, condition)
    if found is None or not found.seconds:
        return (found.failed if found else None) or ""
    return seconds_with_spread(found.seconds)


def _measured(peers: Peers) -> list[str]:
    return [tool.name for tool in peers.tools if tool.missing is None]


def _standing(peers: Peers) -> str:
    """Ours beside each that was faster, and each that was slower."""
    rows = []
    kinds: list[tuple[str, Condition]] = [("start", "plain")]
    kinds += [(measure, condition) for condition in _CONDITIONS for measure in MEASURES]
    for measure, condition in kinds:
        ours = peers.cell(OURS, measure, condition)
        if ours is None or not ours.seconds:
            continue
        middle = statistics.median(ours.seconds)
        others = {mark.name: statistics.median(mark.samples) for mark in _marks(peers, measure, condition)}
        ordered = sorted((time / middle, name) for name, time in others.items() if name != OURS)
        faster = ", ".join(f"{name} {1 / share:.1f}x" for share, name in ordered if share < 1)
        slower = ", ".join(f"{name} {share:.1f}x" for share, name in ordered if share >= 1)
        rows.append((f"{measure}, {_CONDITIONS[condition]}", seconds(middle), faster, slower))
    return table(("measured", OURS, "**lost** to, which is so much faster", "so much slower"), rows)


def _marks(peers: Peers, measure: str, condition: Condition) -> list[Mark]:
    found = [peers.cell(name, measure, condition) for name in _measured(peers)]
    return [Mark(cell.tool, cell.seconds, cell.tool == OURS) for cell in found if cell and cell.seconds]


_AT_ONCE = ("tool", "ended well", "the history is whole afterwards", "until the last had ended")


def _together(found: AtOnce) -> tuple[str, ...]:
    well = ", ".join(f"{each} of {found.runs}" for each in found.well)
    whole = f"{sum(found.whole)} of {len(found.whole)} times"
    return found.tool, well, whole, seconds_with_spread(found.seconds)
