"""Turns what the shards have written into the report of one run over all targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb, TargetEnd
from dbmate_wrap.domain.fleet_result import FleetSummary
from dbmate_wrap.domain.fleet_summary import RETRIABLE, SUMS_UP, error_of, exit_of, summarize
from dbmate_wrap.errors import ConfigError, ErrorReport, ExitCode
from dbmate_wrap.fleet.merge import Merged, ShardFile

_SHARD_AGAIN = "run that shard again"
_HINTS = {
    ExitCode.AGAIN: "run the shards again that are not done: nothing is done twice",
    ExitCode.SOME_FAILED: "mend what failed, then run its shards again: nothing is done twice",
}
# With these a run has done what it was to do, or may do it the next time.
_TOLD = SUMS_UP | RETRIABLE | {ExitCode.OK, ExitCode.PENDING, ExitCode.INTERRUPTED}


@dataclass(frozen=True)
class Report:
    """What `fleet report` says; the checks are about the files that it was given."""

    summary: FleetSummary
    ends: Sequence[TargetEnd]
    exit: ExitCode
    error: ErrorReport | None
    checks: tuple[Check, ...]


def report(merged: Merged) -> Report:
    """Return the report. Raises ConfigError where no file says which targets there are."""
    verb = next((verb for verb in get_args(FleetVerb) if f"fleet {verb}" == merged.origin.command), None)
    if verb is None:
        message = f"the files are of `{merged.origin.command}`, which asks no database"
        raise ConfigError(message, hint="give those of `fleet up`, `fleet status` or `fleet drift`")
    if merged.names is None:
        raise ConfigError(
            "no file has the last document of a run, which names all databases",
            hint="give the file of one shard that ended too, or name the fleet:"
            f" dbmate-wrap fleet report --fleet {merged.origin.fleet} FILE...",
        )
    missing = merged.missing
    origin, is_whole = merged.origin, not missing and not merged.not_begun
    scope = FleetScope(
        verb, origin.fleet, origin.environment, origin.digest, merged.size, merged.names, merged.where
    )
    summary = summarize(
        scope,
        merged.ends,
        merged.files,
        not_begun=merged.not_begun,
        unreported=missing,
        stopped=merged.stopped if merged.not_begun else None,
    )
    code = _exit(merged)
    error = error_of(summary, code)
    if error is not None:
        error = replace(error, hint=_HINTS.get(code, error.hint))
    return Report(summary, merged.ends, code, error, tuple(_checks(merged, is_whole=is_whole)))


def _exit(merged: Merged) -> ExitCode:
    """Return the code of one run over all; what is not reported is to be tried again."""
    code = exit_of(merged.ends, (*merged.not_begun, *merged.missing))
    ended = {each.exit for each in merged.shard_files if each.exit is not None}
    if code is ExitCode.OK and ExitCode.PENDING in ended:
        return ExitCode.PENDING if any(end.row.state == "pending" for end in merged.ends) else code
    # A shard whose settings are wrong does not come to its targets the next time either.
    return ExitCode.SOME_FAILED if code is ExitCode.AGAIN and not ended <= _TOLD else code


def _checks(merged: Merged, *, is_whole: bool) -> Iterator[Check]:
    for file in merged.shard_files:
        yield _file_check(file, is_whole=is_whole)
    yield from _line_checks(merged.shard_files)
    if lacking := _lacking_shards(merged) if merged.missing else ():
        message = f"no file is of {'the shards' if len(lacking) > 1 else 'shard'} {join_names(lacking)}"
        yield Check("report-shards", "warn", message, "give its file too, or run it")


def _file_check(file: ShardFile, *, is_whole: bool) -> Check:
    shard = f" of shard {file.shard}" if file.shard else ""
    told = f"{file.name}: {count(file.targets, 'database')}{shard}"
    if file.exit is None:
        # Where all is known, another file has what a run that was killed has not told.
        if not file.targets:
            return Check("report-file", "warn", f"{file.name}: no JSON lines of a run over a fleet")
        hint = f"its run was killed or is not done; {_SHARD_AGAIN}"
        return Check("report-file", "pass" if is_whole else "warn", f"{told}, no last document", hint)
    ended = f"{told}, ended with {int(file.exit)} ({file.exit.label})"
    if file.exit in _TOLD and file.failure is None:
        return Check("report-file", "pass", ended)
    message = f"{ended}: {file.failure}" if file.failure else ended
    return Check("report-file", "pass" if is_whole else "fail", message, f"mend that, then {_SHARD_AGAIN}")


def _line_checks(files: Sequence[ShardFile]) -> Iterator[Check]:
    cut_off = [file.name for file in files if file.cut_off]
    if cut_off:
        lines = count(sum(file.cut_off for file in files), "document")
        yield Check("report-lines", "warn", f"{lines} cut off, in {join_names(cut_off)}")
    skipped = [file.name for file in files if file.skipped]
    if skipped:
        lines = count(sum(file.skipped for file in files), "line")
        yield Check("report-lines", "warn", f"{lines} of other text skipped, in {join_names(skipped)}")


def _lacking_shards(merged: Merged) -> tuple[str, ...]:
    """Return the shards that no file is of, ``3/8``; none where they were not all made by one division."""
    found = {end.row.shard for end in merged.ends} | {file.shard for file in merged.shard_files}
    counts = {shard.partition("/")[2] for shard in found if shard}
    if len(counts) != 1 or not (number := counts.pop()).isdecimal():
        return ()
    return tuple(each for index in range(int(number)) if (each := f"{index + 1}/{number}") not in found)
