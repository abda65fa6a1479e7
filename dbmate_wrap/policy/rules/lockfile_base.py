"""The rules of the family `lockfile` against the base: what it has is never edited, removed or overtaken."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile, version_of
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.migrations import lockfile as lockfiles
from dbmate_wrap.policy.rules.lockfile import renamed

# A version this long is a time, which has no next number.
_TIMESTAMP_DIGITS = 10
# Enough of a commit's id for git and for people.
_SHORT = 12


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

    `reported` has rule and file of what `check_lockfile` found already in these files and lines; those are
    left out. One migration gives one finding, of file and lockfile together.
    """
    now = {line.name: line for line in sealed}
    new_names = renamed(base.files, files)
    gone = [name for name in base.files if name not in {file.name for file in files}]
    edited = [file.name for file in files if base.files.get(file.name, file.checksum) != file.checksum]
    told = {*gone, *edited}
    findings = [
        *(
            _removed(name, new_names.get(name), base, folder, None if name in now else lockfile)
            for name in gone
        ),
        *(_edited(name, base, folder) for name in edited),
        *_overtaking(files, base, folder, new_names.values()),
        *_lines(sealed, base, lockfile, told),
    ]
    return tuple(found for found in findings if (found.rule, found.file) not in reported)


def beyond_base(
    reported: Sequence[Finding],
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    base: MergeBase,
    *,
    folder: str,
    lockfile: str,
) -> tuple[Finding, ...]:
    """What `check_lockfile` found, without what `check_base` tells better: from where to restore it.

    What is sealed and not merged yet may still be changed: there the hint says how.
    """
    now = {line.name: line.checksum for line in sealed}
    here = {file.name: file.checksum for file in files}
    told = {name for name, checksum in base.files.items() if here.get(name) != checksum}
    told |= {line.name for line in _sealed_in(base, lockfile) if now.get(line.name) != line.checksum}
    names = {line.line: line.name for line in sealed}

    def is_told(found: Finding) -> bool:
        in_lockfile = found.file == lockfile
        name = names.get(found.line or 0) if in_lockfile else (found.file or "").removeprefix(f"{folder}/")
        return found.rule in {"edited", "removed"} and name in told

    def mended(found: Finding) -> Finding:
        name = (found.file or "").removeprefix(f"{folder}/")
        if found.rule != "edited" or name not in here or name in base.files:
            return found
        anew = f"take its line out of {lockfile} and run `dbmate-wrap seal`"
        return replace(found, hint=f"it is not in {base.ref} yet: if it was applied nowhere, {anew}")

    return tuple(mended(found) for found in reported if not is_told(found))


def unsealed_since(sealed: Sequence[Sealed], base: MergeBase, folder: str) -> frozenset[str]:
    """The files, as they are shown, whose line the base's lockfile has and today's has not."""
    now = {line.name for line in sealed}
    return frozenset(f"{folder}/{line.name}" for line in _sealed_in(base, "") if line.name not in now)


def _removed(name: str, new_name: str | None, base: MergeBase, folder: str, lockfile: str | None) -> Finding:
    """`lockfile` is the one that has lost the file's line, if it has."""
    if new_name is not None:
        message = f"{name} is in {base.ref} and was renamed to {new_name}"
        paths = shlex.join([f"{folder}/{new_name}", f"{folder}/{name}"])
        hint = f"git mv {paths}"
        hint += f"; {_restore(base, lockfile)}; then `dbmate-wrap seal`" if lockfile else ""
        return _finding("removed", f"{folder}/{new_name}", 1, message, hint)
    message = f"{name} is in {base.ref} and is gone"
    return _finding("removed", f"{folder}/{name}", None, message, _restore(base, f"{folder}/{name}"))


def _edited(name: str, base: MergeBase, folder: str) -> Finding:
    where = f"{folder}/{name}"
    message = f"{name} was changed, but it is in {base.ref} already and may be applied somewhere"
    hint = f"restore it: {_restore(base, where)}; and put the change into a new one: dbmate-wrap new NAME"
    return _finding("edited", where, 1, message, hint)


def _restore(base: MergeBase, where: str) -> str:
    return f"git checkout {base.commit[:_SHORT]} -- {shlex.quote(where)}"


def _overtaking(
    files: Sequence[MigrationFile], base: MergeBase, folder: str, renamed: Collection[str]
) -> Iterator[Finding]:
    """New files that would not run after everything that main has."""
    there = {*base.files, *base.tip_names}
    new = [file for file in files if file.name not in there and file.name not in renamed]
    # Where two versions differ, the text of the names is in the order of their bytes.
    last = max(there, default="")
    versions = {version_of(name): name for name in there}
    for number, file in enumerate(new, 1):
        before = versions.get(file.version)
        if before is None and file.name < last:
            before = last
        if before is not None:
            yield _not_appended(file, before, base, folder, _next_name(file, last, number))


def _not_appended(
    file: MigrationFile, before: str, base: MergeBase, folder: str, name: str | None
) -> Finding:
    is_same = version_of(before) == file.version
    what = f"has the number of {before}" if is_same else f"would run before {before}"
    if before in base.files:
        message = f"{file.name} is new but {what}, which is in {base.ref}"
    else:
        message = f"{base.ref} has gone on: {before} is there, and {file.name} {what}"
    new_number = f"rename {file.name} to {name}" if name else f"give {file.name} a number after {before}"
    merge = "" if before in base.files else f"merge {base.ref}, "
    hint = f"{merge}{new_number}, and those after it likewise; then `dbmate-wrap seal`"
    return _finding("not-appended", f"{folder}/{file.name}", 1, message, hint)


def _next_name(file: MigrationFile, last: str, number: int) -> str | None:
    """The file's name with the `number`-th version after the last one; None where versions are times."""
    version = version_of(last) or ""
    if not version or len(version) >= _TIMESTAMP_DIGITS:
        return None
    return str(int(version) + number).zfill(len(version)) + file.name.removeprefix(file.version)


def _lines(
    sealed: Sequence[Sealed], base: MergeBase, lockfile: str, told: Collection[str]
) -> Iterator[Finding]:
    """The base's lines that are not there any more as they were; `told` are migrations with a finding."""
    before = _sealed_in(base, lockfile)
    now = {line.name: line for line in sealed}
    if before and not now:
        message = f"{lockfile} is empty or gone: in {base.ref} it has {len(before)} lines"
        hint = f"{_restore(base, lockfile)}, then `dbmate-wrap seal`"
        yield _finding("removed", lockfile, None, message, hint)
        return
    for line in before:
        found = now.get(line.name)
        restore = f"it is append only: {_restore(base, lockfile)}, then `dbmate-wrap seal`"
        if line.name in told or (found is not None and found.checksum == line.checksum):
            continue
        if found is None:
            message = f"the line of {line.name} is in {base.ref} and is gone from {lockfile}"
            yield _finding("removed", lockfile, 1, message, restore)
        else:
            message = f"the line of {line.name} is in {base.ref} and was changed in {lockfile}"
            yield _finding("edited", lockfile, found.line, message, restore)


def _sealed_in(base: MergeBase, lockfile: str) -> tuple[Sealed, ...]:
    try:
        return lockfiles.parse(base.lockfile or b"", Path(lockfile))
    except HistoryError:
        # Broken in the base: a branch must be able to mend it.
        return ()


def _finding(rule: str, file: str, line: int | None, message: str, hint: str) -> Finding:
    return Finding(rule, "error", file, line, None if line is None else 1, message, hint)
