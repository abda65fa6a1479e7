"""Renders a fleet for a pull request or a pipeline: the counts, the failures, the versions, then names."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from dbmate_wrap.domain.fleet_result import FailureGroup, FleetResult, FleetSummary, FleetTargetResult
from dbmate_wrap.render.fleet_text import failure_in_words, shown_versions, size_in_words, state_counts
from dbmate_wrap.render.markdown_text import cell, code

_NAMES = 10
_DIGITS = 12

# Title, header, rows, and whether it is folded.
FleetTable: TypeAlias = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...], bool]


def opening(result: FleetResult | FleetTargetResult) -> Iterator[str]:
    """Yield the paragraphs before the tables: which fleet, how many, and what stopped the run."""
    if isinstance(result, FleetTargetResult):
        row = result.fleet_target
        version = f", version {code(row.version)}" if row.version else ""
        yield f"Fleet {code(row.fleet)}, {code(row.name)}: {cell(row.state)}{version}"
        return
    summary = result.fleet
    digest = code(summary.digest[:_DIGITS])
    yield f"Fleet {code(summary.name)}: {cell(size_in_words(summary))}, inventory {digest}"
    counts = [f"**{number}** {cell(word)}" for word, number in state_counts(summary)]
    yield from [", ".join(counts)] if counts else []
    yield from [f"Stopped: {cell(summary.stopped)}"] if summary.stopped else []


def tables(summary: FleetSummary) -> Iterator[FleetTable]:
    """Yield the failures, the versions, and every name that a person may look for."""
    header: tuple[str, ...] = ("databases", "what", "which", "message", "one alone")
    failures = tuple(map(_failure, summary.failures))
    yield "Failures", header, failures, False
    versions = tuple(
        (code(each.version or "none"), code(each.file or ""), str(each.targets))
        for each in shown_versions(summary)
    )
    yield "Versions", ("version", "file", "databases"), versions, len(versions) > _NAMES
    failed = tuple(
        (code(name), cell(failure_in_words(each))) for each in summary.failures for name in each.targets
    )
    # Where each group names all of its databases in full, this would say it twice.
    if any(len(each.targets) > _NAMES for each in summary.failures):
        yield f"All that failed ({len(failed)})", ("database", "what"), failed, True
    yield _named("Not begun", summary.not_begun)
    yield _named("Reported by no shard", summary.unreported)


def _failure(group: FailureGroup) -> tuple[str, ...]:
    names = ", ".join(code(name) for name in group.targets[:_NAMES])
    more = len(group.targets) - _NAMES
    hint = f"<br>{cell(group.hint)}" if group.hint else ""
    return (
        str(len(group.targets)),
        cell(failure_in_words(group)),
        f"{names} and {more} more" if more > 0 else names,
        f"{code(group.targets[0])}: {cell(group.message)}{hint}",
        code(group.command),
    )


def _named(title: str, names: Sequence[str]) -> FleetTable:
    rows = tuple((code(name),) for name in names)
    return f"{title} ({len(names)})", ("database",), rows, len(names) > _NAMES
