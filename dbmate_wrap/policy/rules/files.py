"""The rules of the family `files`: names, order, encoding and markers, as dbmate will meet them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.migrations.directory import Listing
from dbmate_wrap.migrations.parse import has_statement, parse

_NAME = re.compile(r"\d+_[a-z0-9][a-z0-9_]*\.sql", re.ASCII)
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CheckedFiles:
    """The findings, and every migration that could be parsed, in order."""

    findings: tuple[Finding, ...]
    migrations: tuple[ParsedMigration, ...]


def check_names(listing: Listing, folder: str, *, sequential: bool) -> tuple[Finding, ...]:
    """Findings that need no file's content; `folder` is how the migrations folder is shown to people."""
    findings = [
        _finding(stray.rule, f"{folder}/{stray.name}", 1, f"{stray.name} {stray.reason}", stray.hint)
        for stray in listing.strays
    ]
    findings += _bad_names(listing.files, folder)
    findings += _duplicates(listing.files, folder)
    findings += _text_order(listing.files, folder)
    if sequential:
        findings += _gaps(listing.files, folder)
    return tuple(findings)


def check_contents(files: Sequence[MigrationFile], folder: str) -> CheckedFiles:
    """Findings on encoding and markers, and the parsed migrations."""
    findings: list[Finding] = []
    parsed: list[ParsedMigration] = []
    for file in files:
        where = f"{folder}/{file.name}"
        text = _decode(file, where)
        if isinstance(text, Finding):
            findings.append(text)
            continue
        migration = parse(file, text)
        if isinstance(migration, ParsedMigration):
            parsed.append(migration)
            findings += _sections(migration, where)
        else:
            message = f"{file.name} {migration.message}"
            findings.append(_finding(migration.rule, where, migration.line, message, migration.hint))
    return CheckedFiles(tuple(findings), tuple(parsed))


def _bad_names(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    for file in files:
        if not _NAME.fullmatch(file.name):
            yield _finding(
                "file-name",
                f"{folder}/{file.name}",
                1,
                f"{file.name!r} is not of the form NNN_name.sql (lower case letters, digits and underscores)",
                "rename it before it is applied anywhere; `dbmate-wrap new NAME` makes the right name",
            )


def _duplicates(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for file in files:
        if file.version in first:
            yield _finding(
                "duplicate-version",
                f"{folder}/{file.name}",
                1,
                f"{file.name} has the version of {first[file.version]}: dbmate would run only one of them",
                "give the newer file the next free number",
            )
        first.setdefault(file.version, file.name)


def _text_order(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    for earlier, later in pairwise(files):
        same_number = earlier.version != later.version and int(earlier.version) == int(later.version)
        if int(later.version) < int(earlier.version) or same_number:
            digits = max(len(earlier.version), len(later.version))
            yield _finding(
                "version-width",
                f"{folder}/{earlier.name}",
                1,
                f"dbmate orders by the text of the name, so {earlier.name} would run before {later.name}",
                f"write all versions with {digits} digits; what is applied anywhere keeps its name",
            )


def _gaps(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    numbers = sorted({int(file.version): file for file in files}.items())
    for (before, earlier), (after, later) in pairwise(numbers):
        if after != before + 1:
            missing = str(before + 1).zfill(len(later.version))
            yield _finding(
                "version-gap",
                f"{folder}/{later.name}",
                1,
                f"version {missing} is missing between {earlier.name} and {later.name}",
                f"restore it from version control, or number {later.name} as {missing} before it is applied",
            )


def _decode(file: MigrationFile, where: str) -> str | Finding:
    if file.content.startswith(_UTF8_BOM):
        return _finding(
            "not-utf8",
            where,
            1,
            f"{file.name} begins with a byte order mark, for which dbmate does not see `-- migrate:up`",
            "save it as UTF-8 without BOM",
        )
    nul = file.content.find(b"\0")
    try:
        if nul < 0:
            return file.content.decode("utf-8")
        offset, what = nul, "a NUL byte, which PostgreSQL cannot take"
    except UnicodeDecodeError as error:
        offset, what = error.start, f"byte 0x{file.content[error.start]:02x}, which is not UTF-8"
    line = file.content.count(b"\n", 0, offset) + 1
    return _finding(
        "not-utf8", where, line, f"{file.name} has {what}, in line {line}", "save it as UTF-8 without BOM"
    )


def _sections(migration: ParsedMigration, where: str) -> Iterator[Finding]:
    name = migration.file.name
    for section in migration.sections:
        for directive, block in (("up", section.up), ("down", section.down)):
            if block.stray_options:
                words = " ".join(block.stray_options)
                stray = f"{words[:60]}..." if len(words) > 60 else words
                yield _finding(
                    "unknown-option",
                    where,
                    block.line,
                    f"{name} has {stray!r} after `-- migrate:{directive}`, which dbmate ignores in silence",
                    "the only option is `transaction:false`, lower case, without a space; SQL goes below",
                )
        if not has_statement(section.up.sql):
            yield _finding(
                "empty-migration",
                where,
                section.up.line,
                f"{name} has no statement after `-- migrate:up`",
                "write the statements, or remove the file before it is applied anywhere",
            )


def _finding(rule: str, file: str, line: int, message: str, hint: str) -> Finding:
    return Finding(rule, "error", file, line, 1, message, hint)
