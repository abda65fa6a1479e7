"""Runs the rules of the family `lockfile` against the merge base instead of the lockfile."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.migrations import lockfile as lockfiles
from dbmate_wrap.policy.lockfile_rules import renamed_files
from dbmate_wrap.policy.rules.edited import edited_line, edited_since_base
from dbmate_wrap.policy.rules.not_appended import before_base
from dbmate_wrap.policy.rules.removed import (
    removed_line,
    removed_lockfile,
    removed_since_base,
    renamed_since_base,
)


def check_base(
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    base: MergeBase,
    *,
    folder: str,
    lockfile: str,
    reported: Collection[tuple[str, str | None]] = (),
) -> tuple[Finding, ...]:
    """Compare migrations and lockfile with the base, `files` in dbmate's order; every finding is an error.

    `reported` has rule and file of the findings of `check_lockfile` in these files and lines; those are left
    out. One migration gives one finding, of file and lockfile together.
    """
    lines = {line.name for line in sealed}
    new_names = renamed_files(base.files, files)
    present = {file.name for file in files}
    gone = [name for name in base.files if name not in present]
    edited = [file.name for file in files if base.files.get(file.name, file.checksum) != file.checksum]
    findings = [
        *(
            renamed_since_base(name, new_names[name], folder, base, None if name in lines else lockfile)
            if name in new_names
            else removed_since_base(name, folder, base)
            for name in gone
        ),
        *(edited_since_base(name, f"{folder}/{name}", base) for name in edited),
        *before_base(files, base, folder, new_names.values()),
        *_changed_lines(sealed, base, lockfile, {*gone, *edited}),
    ]
    return tuple(found for found in findings if (found.rule, found.file) not in reported)


def refine_for_base(
    reported: Sequence[Finding],
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    base: MergeBase,
    *,
    folder: str,
    lockfile: str,
) -> tuple[Finding, ...]:
    """The findings of `check_lockfile` without those that `check_base` reports too: it knows the commit.

    A migration that is sealed and not merged may still be changed: the hint then has the steps.
    """
    by_base = _names_found_by_base(files, sealed, base)
    names = {line.line: line.name for line in sealed}
    here = {file.name for file in files}

    def is_found_by_base(found: Finding) -> bool:
        in_lockfile = found.file == lockfile
        name = names.get(found.line or 0) if in_lockfile else (found.file or "").removeprefix(f"{folder}/")
        return found.rule in {"edited", "removed"} and name in by_base

    def refined(found: Finding) -> Finding:
        name = (found.file or "").removeprefix(f"{folder}/")
        if found.rule != "edited" or name not in here or name in base.files:
            return found
        seal_again = f"take its line out of {lockfile} and run `dbmate-wrap seal`"
        return replace(found, hint=f"it is not in {base.ref} yet: if it was applied nowhere, {seal_again}")

    return tuple(refined(found) for found in reported if not is_found_by_base(found))


def files_without_line(sealed: Sequence[Sealed], base: MergeBase, folder: str) -> frozenset[str]:
    """The files, as they are shown, whose line the base's lockfile has and today's has not."""
    lines = {line.name for line in sealed}
    return frozenset(f"{folder}/{line.name}" for line in _sealed_in(base) if line.name not in lines)


def _names_found_by_base(
    files: Sequence[MigrationFile], sealed: Sequence[Sealed], base: MergeBase
) -> frozenset[str]:
    """The migrations whose file or line is not as the base has it."""
    lines = {line.name: line.checksum for line in sealed}
    here = {file.name: file.checksum for file in files}
    changed = {name for name, checksum in base.files.items() if here.get(name) != checksum}
    return frozenset(
        changed | {line.name for line in _sealed_in(base) if lines.get(line.name) != line.checksum}
    )


def _changed_lines(
    sealed: Sequence[Sealed], base: MergeBase, lockfile: str, reported: Collection[str]
) -> Iterator[Finding]:
    """The base's lines that are gone or changed; `reported` are migrations that have a finding already."""
    before = _sealed_in(base)
    lines = {line.name: line for line in sealed}
    if before and not lines:
        yield removed_lockfile(len(before), lockfile, base)
        return
    for line in before:
        found = lines.get(line.name)
        if line.name in reported or (found is not None and found.checksum == line.checksum):
            continue
        yield removed_line(line, lockfile, base) if found is None else edited_line(found, lockfile, base)


def _sealed_in(base: MergeBase) -> tuple[Sealed, ...]:
    try:
        return lockfiles.parse(base.lockfile or b"", Path())
    except HistoryError:
        # Broken in the base: a branch must be able to fix it.
        return ()
