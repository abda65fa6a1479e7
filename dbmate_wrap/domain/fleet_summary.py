"""Sums up a run over a fleet: states, versions, failures that are alike, and the exit code of all."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from dbmate_wrap.domain.command_hint import name_environment
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.fleet_end import FleetScope, TargetEnd
from dbmate_wrap.domain.fleet_result import (
    FailureGroup,
    FleetSummary,
    StateCount,
    TargetState,
    VersionCount,
)
from dbmate_wrap.errors import ErrorReport, ExitCode

# What may go away by itself, so that a later run of the same command may do.
RETRIABLE = frozenset({ExitCode.UNREACHABLE, ExitCode.LOCKED, ExitCode.BLOCKED, ExitCode.TERMINATED})
# The codes of a run whose error only sums up what its targets have.
SUMS_UP = frozenset({ExitCode.DRIFT, ExitCode.AGAIN, ExitCode.SOME_FAILED})
RUN_AGAIN = "run the same command again: nothing is done twice"
_HINTS = {
    ExitCode.DRIFT: "each command above shows what differs, and the way out",
    ExitCode.AGAIN: RUN_AGAIN,
    ExitCode.SOME_FAILED: f"mend what failed, then {RUN_AGAIN}",
}

_Key: TypeAlias = tuple[ExitCode, str | None, str | None, str]
# The states in the order in which they are told.
_STATES: tuple[TargetState, ...] = ("applied", "up to date", "same", "pending", "failed", "not begun")
# What differs between two messages about one cause: times, the ids of runs, numbers that stand alone.
_VARYING = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-][\d:]+)?"
    r"|\bdbmate-wrap/\w+"
    r"|(?<![\w.:/-])\d+(?:\.\d+)?(?:ms|s|m|h)?(?![\w:/-]|\.\w)"
)
_QUOTED = re.compile(r'"[^"\n]*"')


def summarize(
    scope: FleetScope,
    ends: Iterable[TargetEnd],
    files: Mapping[str, str],
    *,
    not_begun: Iterable[str] = (),
    unreported: Sequence[str] = (),
    stopped: str | None = None,
) -> FleetSummary:
    """Return the summary of a run; the order of `ends` is of no importance.

    `files` are the names of the migration files by version. `not_begun` are the targets that have no end
    because the run was stopped, `unreported` those of which a report knows nothing.
    """
    places = {name: number for number, name in enumerate(scope.names)}
    ordered = sorted(ends, key=lambda end: (places.get(end.row.name, len(places)), end.row.name))
    left = dict.fromkeys([*not_begun, *(end.row.name for end in ordered if not end.was_begun)])
    return FleetSummary(
        name=scope.fleet,
        digest=scope.digest,
        size=scope.size,
        shard=scope.shard,
        where=scope.where,
        inventory=tuple(scope.names),
        states=_states(ordered, len(left)),
        versions=_versions(ordered, files),
        failures=_failures(scope, ordered),
        not_begun=tuple(left),
        unreported=tuple(unreported),
        stopped=stopped,
    )


def exit_of(ends: Iterable[TargetEnd], not_begun: Sequence[str]) -> ExitCode:
    """Return the exit code of a run over many targets.

    34 where every failure may go away by itself, for which a target counts that was not begun; 33 where all
    failures are differences of the schema; 35 for any other failure. 32 where nothing failed and a target
    ended so.
    """
    ended = [*ends]
    codes = {end.exit for end in ended if end.has_failed}
    left = bool(not_begun) or not all(end.was_begun for end in ended)
    if not codes and not left:
        return max((end.exit for end in ended), default=ExitCode.OK)
    if codes <= RETRIABLE:
        return ExitCode.AGAIN
    return ExitCode.DRIFT if codes == {ExitCode.DRIFT} and not left else ExitCode.SOME_FAILED


def error_of(summary: FleetSummary, code: ExitCode) -> ErrorReport | None:
    """Return the error of a run that ended with a code of `exit_of`; None where nothing failed."""
    if code not in SUMS_UP:
        return None
    failed = [each for each in summary.failures if each.code != ExitCode.DRIFT]
    numbers = (
        (sum(len(each.targets) for each in failed), "failed"),
        (sum(len(each.targets) for each in summary.failures if each not in failed), "differ"),
        (len(summary.not_begun), "not begun"),
        (len(summary.unreported), "reported by no shard"),
    )
    of = sum(each.targets for each in summary.states) + len(summary.unreported)
    (first, what), *rest = [each for each in numbers if each[0]]
    more = "".join(f", {number} {words}" for number, words in rest)
    return ErrorReport(f"{first} of {count(of, 'database')} {what}{more}", _HINTS[code])


def _states(ends: Sequence[TargetEnd], not_begun: int) -> tuple[StateCount, ...]:
    found = Counter(end.row.state for end in ends)
    found["not begun"] = not_begun
    return tuple(StateCount(state, found[state]) for state in _STATES if found[state])


def _versions(ends: Sequence[TargetEnd], files: Mapping[str, str]) -> tuple[VersionCount, ...]:
    """Return the newest first, as dbmate orders: by the text. Where nothing is applied comes last."""
    found = Counter(end.row.version for end in ends)
    known = sorted((version for version in found if version is not None), reverse=True)
    counts = [VersionCount(version, files.get(version), found[version]) for version in known]
    return (*counts, *([VersionCount(None, None, found[None])] if found[None] else []))


def _failures(scope: FleetScope, ends: Sequence[TargetEnd]) -> tuple[FailureGroup, ...]:
    """Return the groups, the largest first."""
    groups: dict[_Key, list[TargetEnd]] = {}
    for end in ends:
        if end.has_failed:
            groups.setdefault(_key(end), []).append(end)
    found = [_group(scope, alike) for alike in groups.values()]
    return tuple(sorted(found, key=lambda each: (-len(each.targets), each.code, each.migration or "")))


def _key(end: TargetEnd) -> _Key:
    error = end.error
    if error is None:
        return end.exit, None, None, ""
    alike = error.migration or error.sqlstate
    return end.exit, error.migration, error.sqlstate, "" if alike else _shape(end, error)


def _shape(end: TargetEnd, error: ErrorReport) -> str:
    """Return the message without what differs from target to target: a server that is down is one failure."""
    text = _without_name(error.message, end.row.name)
    if end.exit is ExitCode.UNREACHABLE:
        # The name of the database, which need not be the target's; elsewhere quotes hold what is wrong.
        text = _QUOTED.sub('"NAME"', text)
    return _VARYING.sub("N", text)


def _without_name(text: str, name: str) -> str:
    """Return `text` without the name of a target, where that is no part of a longer word."""
    parts = text.split(name) if name else [text]
    found = parts[0]
    # A pattern of its own for each of ten thousand names would take a second to compile.
    for before, after in pairwise(parts):
        is_word = before[-1:].isalnum() or after[:1].isalnum()
        found += (name if is_word else "NAME") + after
    return found


def _group(scope: FleetScope, alike: Sequence[TargetEnd]) -> FailureGroup:
    first = alike[0]
    error = first.error or ErrorReport(first.exit.meaning)
    place = scope.place_of(first.row.name)
    return FailureGroup(
        code=int(first.exit),
        name=first.exit.label,
        migration=error.migration,
        sqlstate=error.sqlstate,
        message=error.message,
        hint=name_environment(error.hint, place) if error.hint else None,
        targets=tuple(end.row.name for end in alike),
        command=f"dbmate-wrap {scope.verb} {place}",
    )
