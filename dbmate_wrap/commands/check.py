"""Proves a pull request without a shared database: files, lockfile, base, SQL, hazards, replay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import policing
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.comparison import Comparison, against_base, compare
from dbmate_wrap.commands.files import Files
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, CheckStatus, Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import InterruptedRun, WrapError
from dbmate_wrap.policy import engine
from dbmate_wrap.policy.allow import Allow, allows_of
from dbmate_wrap.policy.rules import FAMILIES, family_of

_OF_THE_REPLAY = frozenset({"down-incomplete", "stale-schema-file"})
_NOT_KNOWN_HERE = "the server takes it, but the SQL parser here does not know it: it was not judged further"


@dataclass(frozen=True)
class CheckWish:
    """What was asked for: a git commit to compare with, old files judged like new ones, a replay."""

    base: str | None = None
    all: bool = False
    shadow: bool = True


def check(call: Call, wish: CheckWish) -> None:
    """Raises PolicyError (12), HistoryError (13), or what the replay raises; findings are in the outcome."""
    files, findings = project_files.gather(call)
    comparison = compare(call, files, wish.base, every=wish.all)
    told = policing.ruling(call, comparison)
    if comparison.base is not None:
        findings = against_base(call, files, comparison.base, findings)
    findings += engine.judge(files.parsed, told)
    hazards = policing.hazards(call, files, comparison)
    findings += hazards.findings
    case = _Case(files, told, hazards.check, allows_of(files.parsed, told.folder, told.old))
    seen_by = {"squawk": hazards.seen}
    _settle(call, case, findings, seen_by)
    if not wish.shadow:
        _note(call, "shadow", "skip", "nothing was replayed: --no-shadow")
    elif _is_hopeless(call):
        _note(call, "shadow", "skip", "nothing was replayed: mend the errors first")
    else:
        replayed = _replay(call, files, comparison)
        findings = _believe_the_server(files, findings) + replayed
        seen_by["down-incomplete"] = frozenset(f"{told.folder}/{name}" for name in comparison.tried)
        _settle(call, case, findings, seen_by)
    project_files.demand(call)
    _sum_up(call, files)


@dataclass(frozen=True)
class _Case:
    """What is judged; `squawk` is the check that says where it has looked, `allows` are all the comments."""

    files: Files
    told: engine.Ruling
    squawk: Check
    allows: tuple[Allow, ...]


def _settle(
    call: Call, case: _Case, findings: Sequence[Finding], seen_by: Mapping[str, frozenset[str]]
) -> None:
    call.outcome.findings = policing.settle(call, case.files, case.told, findings, case.allows, seen_by)
    project_files.show_sources(call, case.files)
    others = [check for check in call.outcome.checks if check.id not in FAMILIES]
    call.outcome.checks = [_counted(check, call.outcome.findings) for check in (*_families(case), *others)]


def _families(case: _Case) -> Iterator[Check]:
    """What each family of rules has looked at."""
    files = case.files.migrations
    number = count(len(files), "migration")
    names = {line.name for line in case.files.sealed}
    yield Check("files", "pass", f"names, order, markers and encoding of {number}")
    yield Check("lockfile", "pass", f"{sum(file.name in names for file in files)} of {number} sealed")
    yield Check("sql", "pass", f"the statements of {number}")
    yield case.squawk


def _counted(check: Check, findings: Sequence[Finding]) -> Check:
    """The check with what is left of its findings after comments and severities."""
    if check.status in ("skip", "fail") or check.id == "base":
        return check
    found = [finding for finding in findings if _checked_by(finding.rule) == check.id]
    errors = sum(finding.is_error for finding in found)
    warnings = sum(finding.severity == "warning" for finding in found)
    status: CheckStatus = "fail" if errors else "warn" if warnings else "pass"
    told = [count(errors, "error")] if errors else []
    told += [count(warnings, "warning")] if warnings else []
    return replace(check, status=status, message=check.message + (f": {', '.join(told)}" if told else ""))


def _checked_by(rule: str) -> str:
    return "shadow" if rule in _OF_THE_REPLAY else family_of(rule)


def _is_hopeless(call: Call) -> bool:
    """Whether a replay could tell nothing new; of the grammar the server itself is the judge."""
    return any(finding.is_error and finding.rule != "syntax-error" for finding in call.outcome.findings)


def _replay(call: Call, files: Files, comparison: Comparison) -> tuple[Finding, ...]:
    from dbmate_wrap.commands.replay import replay

    try:
        found = replay(call, files, comparison.tried)
    except WrapError as error:
        _note(call, "shadow", "fail", error.message.split("\n", 1)[0])
        if not isinstance(error, InterruptedRun):
            # The server did not speak for what the parser refuses: a breach of the rules is told as one.
            project_files.demand(call)
        raise
    if not any(check.id == "shadow" for check in call.outcome.checks):
        seen = "replayed before, byte for byte: taken from the cache" if files.parsed else "nothing to replay"
        _note(call, "shadow", "pass", seen)
    return found


def _believe_the_server(files: Files, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """After a replay that took everything: what only the parser refuses is no error of the migration."""
    by_name = {migration.file.name: migration for migration in files.parsed}

    def lowered(finding: Finding) -> Finding:
        name = (finding.file or "").rpartition("/")[2]
        if finding.rule != "syntax-error" or name not in by_name or not _is_up(by_name[name], finding.line):
            return finding
        return replace(finding, severity="notice", hint=_NOT_KNOWN_HERE)

    return tuple(lowered(finding) for finding in findings)


def _is_up(migration: ParsedMigration, line: int | None) -> bool:
    return line is not None and any(each.up.line <= line < each.down.line for each in migration.sections)


def _sum_up(call: Call, files: Files) -> None:
    warnings = sum(finding.severity == "warning" for finding in call.outcome.findings)
    noted = f", {count(warnings, 'warning')}" if warnings else ""
    call.outcome.summary = f"{count(len(files.migrations), 'migration')} checked: no errors{noted}"


def _note(call: Call, identifier: str, status: CheckStatus, message: str) -> None:
    call.outcome.checks.append(Check(identifier, status, message))
