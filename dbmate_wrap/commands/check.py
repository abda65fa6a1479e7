"""Proves a pull request without a shared database: files, lockfile, base, SQL, hazards, replay."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, CheckStatus, Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import InterruptedRun, WrapError
from dbmate_wrap.policy import engine
from dbmate_wrap.policy.registry import FAMILIES, family_of
from dbmate_wrap.policy.suppressions import Suppression, suppressions_of
from dbmate_wrap.review import lint
from dbmate_wrap.review.branch import BranchDiff, compare, compare_with_base
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles

_OF_THE_REPLAY = frozenset({"down-incomplete", "stale-schema-file"})
_NOT_KNOWN_HERE = "the server takes it, but the SQL parser here does not know it: it was not judged further"


@dataclass(frozen=True)
class CheckWish:
    """What was asked for: a git commit to compare with, old files judged like new ones, a replay."""

    base: str | None = None
    all: bool = False
    shadow: bool = True


def check(context: Context, wish: CheckWish) -> None:
    """Raises PolicyError (12), HistoryError (13), or what the replay raises; findings are in the outcome."""
    files, findings = project_files.load(context)
    comparison = compare(context, files, wish.base, every=wish.all)
    told = lint.rule_context(context, comparison)
    if comparison.base is not None:
        findings = compare_with_base(context, files, comparison.base, findings)
    findings += engine.judge(files.parsed, told)
    hazards = lint.hazards(context, files, comparison)
    findings += hazards.findings
    case = _LintInput(files, told, hazards.check, suppressions_of(files.parsed, told.folder, told.old))
    seen_by = {"squawk": hazards.seen}
    _settle(context, case, findings, seen_by)
    if not wish.shadow:
        _note(context, "shadow", "skip", "nothing was replayed: --no-shadow")
    elif _is_hopeless(context):
        _note(context, "shadow", "skip", "nothing was replayed: mend the errors first")
    else:
        replayed = _replay(context, files, comparison)
        findings = _downgrade_accepted_syntax_errors(files, findings) + replayed
        seen_by["down-incomplete"] = frozenset(f"{told.folder}/{name}" for name in comparison.tried)
        _settle(context, case, findings, seen_by)
    project_files.raise_for_findings(context)
    _sum_up(context, files)


@dataclass(frozen=True)
class _LintInput:
    """What is judged; `squawk` is the check that says where it has looked, `allows` are all the comments."""

    files: ProjectFiles
    told: engine.RuleContext
    squawk: Check
    allows: tuple[Suppression, ...]


def _settle(
    context: Context, case: _LintInput, findings: Sequence[Finding], seen_by: Mapping[str, frozenset[str]]
) -> None:
    context.outcome.findings = lint.resolve_findings(
        context, case.files, case.told, findings, case.allows, seen_by
    )
    project_files.show_sources(context, case.files)
    others = [check for check in context.outcome.checks if check.id not in FAMILIES]
    context.outcome.checks = [
        _counted(check, context.outcome.findings) for check in (*_families(case), *others)
    ]


def _families(case: _LintInput) -> Iterator[Check]:
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


def _is_hopeless(context: Context) -> bool:
    """Whether a replay could tell nothing new; of the grammar the server itself is the judge."""
    return any(finding.is_error and finding.rule != "syntax-error" for finding in context.outcome.findings)


def _replay(context: Context, files: ProjectFiles, comparison: BranchDiff) -> tuple[Finding, ...]:
    from dbmate_wrap.review.replay import replay

    try:
        found = replay(context, files, comparison.tried)
    except WrapError as error:
        _note(context, "shadow", "fail", error.message.split("\n", 1)[0])
        if not isinstance(error, InterruptedRun):
            # The server did not speak for what the parser refuses: a breach of the rules is told as one.
            project_files.raise_for_findings(context)
        raise
    if not any(check.id == "shadow" for check in context.outcome.checks):
        seen = "replayed before, byte for byte: taken from the cache" if files.parsed else "nothing to replay"
        _note(context, "shadow", "pass", seen)
    return found


def _downgrade_accepted_syntax_errors(
    files: ProjectFiles, findings: Sequence[Finding]
) -> tuple[Finding, ...]:
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


def _sum_up(context: Context, files: ProjectFiles) -> None:
    warnings = sum(finding.severity == "warning" for finding in context.outcome.findings)
    noted = f", {count(warnings, 'warning')}" if warnings else ""
    context.outcome.summary = f"{count(len(files.migrations), 'migration')} checked: no errors{noted}"


def _note(context: Context, identifier: str, status: CheckStatus, message: str) -> None:
    context.outcome.checks.append(Check(identifier, status, message))
