"""Reads the project's migrations and lockfile and judges them, before any database is touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.commands.call import Call
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.errors import HistoryError, PolicyError
from dbmate_wrap.migrations import directory, lockfile
from dbmate_wrap.policy.files import check_contents, check_names
from dbmate_wrap.policy.lockfile import check_lockfile
from dbmate_wrap.policy.severity import apply_severities


@dataclass(frozen=True)
class Files:
    """The migrations as they lie on disk; `parsed` has those whose content was asked for and can be read."""

    migrations: tuple[MigrationFile, ...]
    sealed: tuple[Sealed, ...]
    parsed: tuple[ParsedMigration, ...]


def read(call: Call, *, contents: bool) -> Files:
    """Read and check everything; findings go to the outcome. A broken rule raises nothing: see `demand`.

    `contents` also parses the files; without it only names and checksums are looked at, which `status` can
    afford for thousands.
    Raises ConfigError for a missing or unreadable folder, HistoryError for a broken lockfile.
    """
    values = call.environment.values
    listing = directory.read(values.migrations_dir)
    folder = shown(call, values.migrations_dir)
    findings = list(check_names(listing, folder, sequential=values.numbering == "sequential"))
    parsed: tuple[ParsedMigration, ...] = ()
    if contents:
        checked = check_contents(listing.files, folder)
        findings += checked.findings
        parsed = checked.migrations
    _record(call, findings)
    sealed = _sealed(call, values.lockfile)
    lock_findings = check_lockfile(
        listing.files,
        sealed,
        folder=folder,
        lockfile=shown(call, values.lockfile),
        protected=values.protected,
    )
    _record(call, lock_findings)
    return Files(listing.files, sealed, parsed)


def demand(call: Call, *, history: bool = True) -> None:
    """Raise for the worst finding: PolicyError (12) before HistoryError (13)."""
    errors = [finding for finding in call.outcome.findings if finding.is_error]
    ours = [finding for finding in errors if finding.rule in _HISTORY_RULES]
    files = [finding for finding in errors if finding.rule not in _HISTORY_RULES]
    if files:
        raise PolicyError(_sum(files, "breaks a rule", "break rules"), hint=_hint(files))
    if ours and history:
        raise HistoryError(
            _sum(ours, "does not fit the lockfile", "do not fit the lockfile"), hint=_hint(ours)
        )


def shown(call: Call, path: Path) -> str:
    """The path as people see it: relative to the project where it lies in it."""
    try:
        return path.relative_to(call.project.root).as_posix()
    except ValueError:
        return str(path)


_HISTORY_RULES = frozenset({"edited", "removed", "not-appended", "unsealed"})


def _sealed(call: Call, path: Path) -> tuple[Sealed, ...]:
    try:
        return lockfile.read(path)
    except HistoryError:
        # File faults are reported before lockfile faults, a broken lockfile included.
        demand(call, history=False)
        raise


def _record(call: Call, findings: Sequence[Finding]) -> None:
    call.outcome.findings += apply_severities(findings, call.project.policy)


def _sum(findings: Sequence[Finding], one: str, many: str) -> str:
    names = {finding.file for finding in findings}
    if len(findings) == 1:
        return findings[0].message
    return f"{len(names)} file{'s' if len(names) > 1 else ''} {many if len(names) > 1 else one}"


def _hint(findings: Sequence[Finding]) -> str | None:
    return findings[0].hint if len(findings) == 1 else "mend each of the findings above"
