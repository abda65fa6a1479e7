"""Renders for a terminal what became of a fleet: versions, states, and failures that are alike."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.fleet_result import FailureGroup, FleetSummary, FleetTargetRow, VersionCount
from dbmate_wrap.domain.fleet_summary import RETRIABLE
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.render.table import Paint, View, table

_USUAL_COLUMNS = 80
# Lines of names, rows of versions and groups of failures, of which more are told as their number.
_NAME_LINES = 3
_VERSIONS = 20
_GROUPS = 20
# Characters of the message in the line of one target.
_LONGEST_MESSAGE = 300
_STYLES = {
    **dict.fromkeys(("applied", "up to date", "same"), "green"),
    **dict.fromkeys(("pending", "not begun", "not reported"), "yellow"),
}


def fleet_text(outcome: Outcome, summary: FleetSummary, paint: Paint, view: View) -> str:
    """Return what a person sees of a whole run; names are folded unless all is asked for."""
    shown = View(view.columns or _USUAL_COLUMNS, verbose=view.verbose or outcome.full)
    states = [
        paint(_STYLES.get(word, "red"), f"{number} {visible(word)}") for word, number in state_counts(summary)
    ]
    parts = [_heading(outcome, summary, paint), _versions(summary, paint, shown), ", ".join(states)]
    groups = summary.failures if shown.verbose else summary.failures[:_GROUPS]
    parts += ["\n".join(_group(each, paint, shown)) for each in groups]
    if left := summary.failures[len(groups) :]:
        databases = count(sum(len(each.targets) for each in left), "database")
        parts.append(f"and {len(left)} more kinds of failure, of {databases} (--verbose)")
    parts += _names("not begun", summary.not_begun, shown)
    parts += _names("reported by no shard", summary.unreported, shown)
    files = [each for each in outcome.checks if shown.verbose or each.status in ("warn", "fail")]
    parts.append("\n".join(line for each in files for line in _file(each)))
    parts += [f"stopped: {visible_lines(summary.stopped)}"] if summary.stopped else []
    return "\n\n".join(part for part in parts if part)


def state_counts(summary: FleetSummary) -> Iterator[tuple[str, int]]:
    """Yield each state in words with its number of targets; a difference of the schema is no failure."""
    differing = sum(len(each.targets) for each in summary.failures if each.code == ExitCode.DRIFT)
    for each in summary.states:
        if each.state != "failed":
            yield each.state, each.targets
            continue
        yield from [("different", differing)] if differing else []
        yield from [("failed", each.targets - differing)] if each.targets > differing else []
    yield from [("not reported", len(summary.unreported))] if summary.unreported else []


def shown_versions(summary: FleetSummary) -> tuple[VersionCount, ...]:
    """Return the versions; none where a run compared schemas, or asked nobody."""
    if all(each.version is None for each in summary.versions) and summary.failures:
        return ()
    drifted = any(each.code == ExitCode.DRIFT for each in summary.failures)
    return () if drifted or any(each.state == "same" for each in summary.states) else summary.versions


def size_in_words(summary: FleetSummary) -> str:
    """``200 databases``, or ``25 of 200 databases, shard 2/8, region=eu``."""
    told = sum(number for _, number in state_counts(summary))
    part = f"{told} of " if told != summary.size else ""
    shard = [f"shard {summary.shard}"] if summary.shard else []
    return ", ".join([f"{part}{count(summary.size, 'database')}", *shard, *summary.where])


def failure_in_words(group: FailureGroup) -> str:
    """``exit 30 (failed), 002_add_orders.sql, SQLSTATE 23505``."""
    sqlstate = f"SQLSTATE {group.sqlstate}" if group.sqlstate else None
    return ", ".join(filter(None, (f"exit {group.code} ({group.name})", group.migration, sqlstate)))


def target_line(outcome: Outcome, row: FleetTargetRow, paint: Paint) -> str:
    """Return one line about one target: its name, state, version and error."""
    state = f"{row.pending} pending" if row.state == "pending" else row.state
    version = f" at {visible(row.version)}" if row.version else ""
    line = f"{visible(row.name)}  {paint(_STYLES.get(row.state, 'red'), visible(state))}{version}"
    if outcome.error is None:
        return line
    message = " ".join(outcome.error.message.split())
    cut = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."
    code = f" ({outcome.error.sqlstate})" if outcome.error.sqlstate else ""
    return f"{line}, exit {int(outcome.exit)}: {visible(cut + code)}"


def _heading(outcome: Outcome, summary: FleetSummary, paint: Paint) -> str:
    environment = paint("bold", visible(outcome.environment or ""))
    return f"{environment}  fleet {visible(f'{summary.name}: {size_in_words(summary)}')}"


def _versions(summary: FleetSummary, paint: Paint, view: View) -> str:
    header = ("version", "file", "databases")
    found = shown_versions(summary)
    rows = [
        (each.version or "none", each.file or ("(no file)" if each.version else ""), each.targets)
        for each in (found if view.verbose else found[:_VERSIONS])
    ]
    if left := found[len(rows) :]:
        rows.append(("...", f"{len(left)} more versions (--verbose)", sum(each.targets for each in left)))
    cells = [(version, file, f"{number:>{len(header[2])}}") for version, file, number in rows]
    return table(header, cells, paint, columns=view.columns)


def _group(group: FailureGroup, paint: Paint, view: View) -> Iterator[str]:
    title = f"{count(len(group.targets), 'database')}: {failure_in_words(group)}"
    yield paint("yellow" if group.code in RETRIABLE else "red", visible(title))
    # One alone is named with its message.
    yield from _folded(group.targets, view) if len(group.targets) > 1 else ()
    yield f"  {visible(group.targets[0])}: {visible_lines(group.message, '    ')}"
    if group.hint:
        yield f"  hint: {visible_lines(group.hint, '    ')}"
    yield f"  one alone: {visible(group.command)}"


def _file(check: Check) -> Iterator[str]:
    yield visible_lines(check.message)
    if check.advice:
        yield f"  hint: {visible_lines(check.advice, '    ')}"


def _names(title: str, names: Sequence[str], view: View) -> list[str]:
    return ["\n".join([f"{count(len(names), 'database')} {title}:", *_folded(names, view)])] if names else []


def _folded(names: Sequence[str], view: View) -> Iterator[str]:
    """Yield lines of names as wide as the view; no name is cut, because people copy them."""
    more = f"and {len(names)} more (--verbose)"
    lines: list[str] = []
    line, told = "", 0
    for name in map(visible, names):
        is_last = not view.verbose and len(lines) == _NAME_LINES - 1
        room = (view.columns or _USUAL_COLUMNS) - (len(more) + 1) * is_last
        if line and len(line) + len(name) + 3 > room:
            if is_last:
                break
            lines.append(f"{line},")
            line = ""
        line = f"{line}, {name}" if line else f"  {name}"
        told += 1
    left = len(names) - told
    yield from lines
    yield line + (f" and {left} more (--verbose)" if left else "")
