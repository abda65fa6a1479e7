"""Decides which findings of a branch count, and the status of each family of rules; a pure function."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Check, CheckStatus, Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.policy import sql_rules
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.policy.registry import family_of
from dbmate_wrap.policy.suppressions import Suppression, resolve_findings, suppressions_of
from dbmate_wrap.review.branch import BranchDiff
from dbmate_wrap.review.hazards import Hazards
from dbmate_wrap.review.sql_findings import SqlFindings
from dbmate_wrap.workspace.project_files import ProjectFiles

_OF_THE_REPLAY = frozenset({"down-incomplete", "no-effect", "stale-schema-file"})
_ACCEPTED = "the server accepts it, but the SQL parser here does not know it: it was not checked further"


@dataclass(frozen=True)
class LintInput:
    """Everything known before suppressions and severities are applied.

    `reported` are the findings of files, lockfile and base; `rules` has the migrations that are merged.
    """

    files: ProjectFiles
    reported: tuple[Finding, ...]
    branch: BranchDiff
    rules: sql_rules.RuleContext
    in_sql: SqlFindings
    hazards: Hazards
    policy: Policy

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that are reported already, those of the SQL rules and squawk's."""
        return self.reported + self.in_sql.findings + self.hazards.findings

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """All comments that allow something."""
        return suppressions_of(self.files.parsed, self.rules.folder, self.rules.merged)


@dataclass(frozen=True)
class LintResult:
    """The findings that count, by place, and one check for each family of rules."""

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]

    @property
    def stops_replay(self) -> bool:
        """True where a replay could find nothing new; the server has the last word on syntax."""
        return any(finding.is_error and finding.rule != "syntax-error" for finding in self.findings)


def lint(given: LintInput, replayed: Sequence[Finding] | None = None) -> LintResult:
    """Apply suppressions and severities, and count by family.

    `replayed` are the findings of a replay that applied the whole history; None before the replay.
    """
    findings, read_by = given.findings, {"squawk": given.hazards.files}
    if replayed is not None:
        findings = (*_downgrade_accepted_syntax_errors(given.files.parsed, findings), *replayed)
        new = frozenset(f"{given.rules.folder}/{name}" for name in given.branch.round_trip)
        read_by |= {"down-incomplete": new, "no-effect": new}
    checked = _checked_rules(given, read_by)
    kept = resolve_findings(findings, given.suppressions, given.policy.severities, checked)
    kept = given.policy.without_spared(kept, given.rules.folder, given.files.migrations)
    checks = (*_family_checks(given.files), given.hazards.check)
    return LintResult(kept, tuple(count_findings(check, kept) for check in checks))


def count_findings(check: Check, findings: Sequence[Finding]) -> Check:
    """Add the number of errors and warnings that belong to the check, which set its status."""
    if check.status in ("skip", "fail"):
        return check
    own = [finding for finding in findings if _check_of(finding.rule) == check.id]
    errors = sum(finding.is_error for finding in own)
    warnings = sum(finding.severity == "warning" for finding in own)
    status: CheckStatus = "fail" if errors else "warn" if warnings else "pass"
    counts = [count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number]
    message = f"{check.message}: {', '.join(counts)}" if counts else check.message
    return replace(check, status=status, message=message)


def _check_of(rule: str) -> str:
    return "shadow" if rule in _OF_THE_REPLAY else family_of(rule)


def _checked_rules(given: LintInput, read_by: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """The rules that were checked, by file; `read_by` has the files that squawk and the replay have seen."""
    files, with_sql = given.files.parsed, given.in_sql.were_checked
    checked = sql_rules.checked_rules(files, given.rules, with_sql=with_sql)
    return {
        file: rules | frozenset(rule for rule, files in read_by.items() if file in files)
        for file, rules in checked.items()
    }


def _family_checks(files: ProjectFiles) -> Iterator[Check]:
    number = count(len(files.migrations), "migration")
    names = {line.name for line in files.sealed}
    sealed = sum(file.name in names for file in files.migrations)
    yield Check("files", "pass", f"names, order, markers and encoding of {number}")
    yield Check("lockfile", "pass", f"{sealed} of {number} sealed")
    yield Check("sql", "pass", f"the statements of {number}")


def _downgrade_accepted_syntax_errors(
    migrations: Sequence[ParsedMigration], findings: Sequence[Finding]
) -> Iterator[Finding]:
    """Make notices of syntax errors in migrate:up: the server has accepted what only our parser refuses."""
    by_name = {migration.file.name: migration for migration in migrations}
    for finding in findings:
        migration = by_name.get((finding.file or "").rpartition("/")[2])
        if finding.rule == "syntax-error" and migration is not None and _is_in_up(migration, finding.line):
            yield replace(finding, severity="notice", hint=_ACCEPTED)
        else:
            yield finding


def _is_in_up(migration: ParsedMigration, line: int | None) -> bool:
    return line is not None and any(each.up.line <= line < each.down.line for each in migration.sections)
