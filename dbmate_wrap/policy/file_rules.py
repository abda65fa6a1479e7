"""Runs the rules of the family `files`: names, order, encoding and markers, as dbmate will meet them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.migrations.directory import Listing
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.policy.registry import is_lenient
from dbmate_wrap.policy.rules import (
    duplicate_version,
    empty_migration,
    file_name,
    not_utf8,
    unknown_option,
    version_gap,
    version_width,
)

_OLD = "it is merged or sealed, and may be applied: leave the file as it is"


@dataclass(frozen=True)
class CheckedFiles:
    """The findings, and every migration that could be parsed, in order."""

    findings: tuple[Finding, ...]
    migrations: tuple[ParsedMigration, ...]


def check_names(listing: Listing, folder: str, *, sequential: bool) -> tuple[Finding, ...]:
    """Findings that need no file's content; `folder` is how the migrations folder is shown to people."""
    strays = (
        Finding(each.rule, "error", f"{folder}/{each.name}", 1, 1, f"{each.name} {each.reason}", each.hint)
        for each in listing.strays
    )
    return (
        *strays,
        *file_name.find(listing.files, folder),
        *duplicate_version.find(listing.files, folder),
        *version_width.find(listing.files, folder),
        *(version_gap.find(listing.files, folder) if sequential else ()),
    )


def check_contents(files: Sequence[MigrationFile], folder: str) -> CheckedFiles:
    """Findings on encoding and markers, and the parsed migrations."""
    findings: list[Finding] = []
    parsed: list[ParsedMigration] = []
    for file in files:
        path = f"{folder}/{file.name}"
        text = not_utf8.decode(file, path)
        if isinstance(text, Finding):
            findings.append(text)
            continue
        migration = parse_migration(file, text)
        if isinstance(migration, ParsedMigration):
            parsed.append(migration)
            findings += unknown_option.find(migration, path)
            findings += empty_migration.find(migration, path)
        else:
            fault, message = migration, f"{file.name} {migration.message}"
            findings.append(Finding(fault.rule, "error", path, fault.line, 1, message, fault.hint))
    return CheckedFiles(tuple(findings), tuple(parsed))


def notices_in_old_files(
    findings: Sequence[Finding], folder: str, old: Collection[str]
) -> tuple[Finding, ...]:
    """The findings, those in files whose names are in `old` as notices: nobody may change such a file.

    What dbmate refuses, skips or runs in another order stays what it is, however old the file.
    """
    paths = {f"{folder}/{name}" for name in old}
    return tuple(
        replace(finding, severity="notice", hint=_OLD)
        if finding.file in paths and is_lenient(finding.rule)
        else finding
        for finding in findings
    )


def has_lenient(findings: Sequence[Finding], folder: str, old: Collection[str]) -> bool:
    """Return True where a finding would be a notice if its file were in `old` too."""
    paths = {f"{folder}/{name}" for name in old}
    return any(is_lenient(finding.rule) and finding.file not in paths for finding in findings)
