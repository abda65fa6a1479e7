"""Runs the rules of the family `lockfile`: what is sealed, or in the merge base, stays as it is and first."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile, version_of
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.migrations import lockfile as lockfiles
from dbmate_wrap.policy.rules import edited, not_appended, removed, unsealed

if TYPE_CHECKING:
    from dbmate_wrap.git.merge_base import MergeBase


def check_lockfile(
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    *,
    folder: str,
    lockfile: str,
    protected: bool = False,
    disposable: bool = False,
) -> tuple[Finding, ...]:
    """Findings in the order of the files; an unsealed migration is an error where `protected`.

    Where `disposable`, what was sealed too early may be undone.
    """
    present = {file.name for file in files}
    lines = {line.name: line for line in sealed}
    last = sealed[-1].name if sealed else ""
    new_names = renamed_files({line.name: line.checksum for line in sealed}, files)
    twins = {version_of(line.name): line.name for line in sealed if line.name in present}
    findings = [
        removed.removed_since_sealed(
            line, new_names.get(line.name), twins.get(version_of(line.name)), lockfile
        )
        for line in sealed
        if line.name not in present
    ]
    for file in files:
        line = lines.get(file.name)
        path = f"{folder}/{file.name}"
        if line is not None and line.checksum != file.checksum:
            findings.append(edited.edited_since_sealed(file, path, disposable=disposable))
        elif line is None and file.name in new_names.values():
            continue  # `removed` reports it already, with the remedy that fits.
        elif line is None and file.name < last:
            findings.append(not_appended.before_sealed(file, path, last))
        elif line is None:
            findings.append(unsealed.unsealed(file, path, protected=protected))
    return tuple(findings)


def check_base(
    reported: Sequence[Finding],
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    base: "MergeBase",
    *,
    folder: str,
    lockfile: str,
) -> tuple[Finding, ...]:
    """Compare migrations and lockfile with the base; return `reported`, corrected by that, and what is new.

    Every new finding is an error, and one migration gives one finding, of file and lockfile together. `files`
    are in dbmate's order; `folder` and `lockfile` are the paths as they are shown to people.
    """
    now, lines = {file.name: file.checksum for file in files}, {line.name: line for line in sealed}
    then = _lasting_files(base.files, now)
    new_names = renamed_files(then, files)
    mended = amended_files(files, sealed, base)
    changed = [name for name, sum_ in then.items() if now.get(name) != sum_ and name not in mended]
    changed_lines = _changed_lines(lines, base, base.files.keys() - then.keys())
    about = _with_names(reported, now, sealed, folder, lockfile)
    kept = [*_corrected(about, changed, changed_lines, base, lockfile)]
    findings = []
    for name in changed:
        if name in now:
            lost = lockfile if name in changed_lines else None
            findings.append(edited.edited_since_base(name, f"{folder}/{name}", base, lost))
        elif name in new_names:
            lost = None if name in lines else lockfile
            findings.append(removed.renamed_since_base(name, new_names[name], folder, base, lost))
        else:
            findings.append(removed.removed_since_base(name, folder, base))
    overtaken = [*not_appended.before_base(files, base, folder, new_names.values())]
    kept = [_with_newer_file(each, overtaken) for each in kept]
    findings += [*overtaken, *_of_lines(lines, changed, changed_lines, lockfile, base)]
    known = {found.file for found in kept if found.rule == "not-appended"}
    return (*kept, *(each for each in findings if each.rule != "not-appended" or each.file not in known))


def _with_newer_file(found: Finding, overtaken: Sequence[Finding]) -> Finding:
    """Which of two files with one version is the newer one, the base knows."""
    is_known = bool(overtaken) and found.rule == "duplicate-version"
    return replace(found, hint=overtaken[0].hint) if is_known else found


def _with_names(
    reported: Sequence[Finding], files: Collection[str], sealed: Sequence[Sealed], folder: str, lockfile: str
) -> Sequence[tuple[Finding, str]]:
    """Pair each finding with the name of the migration that it is about, empty for none."""
    names = {(lockfile, line.line): line.name for line in sealed}
    names |= {(f"{folder}/{name}", 1): name for name in files}
    return [(found, names.get((found.file or "", found.line or 0), "")) for found in reported]


def _of_lines(
    lines: Collection[str],
    changed: Collection[str],
    changed_lines: Mapping[str, Sealed | None],
    lockfile: str,
    base: "MergeBase",
) -> Sequence[Finding]:
    if changed_lines and not lines:
        return [removed.removed_lockfile(len(changed_lines), lockfile, base)]
    alone = [item for item in changed_lines.items() if item[0] not in changed]
    return [_line_finding(*item, lockfile, base) for item in alone]


def _line_finding(name: str, line: Sealed | None, lockfile: str, base: "MergeBase") -> Finding:
    return edited.edited_line(line, lockfile, base) if line else removed.removed_line(name, lockfile, base)


def _corrected(
    reported: Sequence[tuple[Finding, str]],
    changed: Sequence[str],
    changed_lines: Mapping[str, Sealed | None],
    base: "MergeBase",
    lockfile: str,
) -> Iterator[Finding]:
    """The findings, each with its migration, that the base does not report too, with its commit."""
    for found, name in reported:
        match found.rule:
            case "edited" | "removed" if name in changed or name in changed_lines:
                continue
            case "unsealed" | "not-appended" if name in changed_lines and changed_lines[name] is None:
                # Its line is gone: the advice to seal the file, or to number it again, would be wrong.
                continue
            case "edited" if name not in base.files:
                yield replace(found, hint=edited.mend_unmerged(name, base, removed.seal_again(lockfile)))
            case "removed" if name not in base.files:
                yield replace(found, hint=f"it is not in {base.ref} yet: {removed.seal_again(lockfile)}")
            case _:
                yield found


def _lasting_files(before: Mapping[str, str], now: Mapping[str, str]) -> Mapping[str, str]:
    """The base's files without those that are gone and whose version another of them has that is still here.

    Two files with one version must not stay, so a branch may give one of them another number.
    """
    versions = {version_of(name) for name, checksum in before.items() if now.get(name) == checksum}
    return {
        name: checksum for name, checksum in before.items() if name in now or version_of(name) not in versions
    }


def _changed_lines(
    lines: Mapping[str, Sealed], base: "MergeBase", freed: Collection[str]
) -> Mapping[str, Sealed | None]:
    """The lines that are not as the base has them, by name; None for one that is gone and not `freed`."""
    before = lines_of_base(base)
    now = {name: lines.get(name) for name in before if name not in freed}
    return {name: line for name, line in now.items() if line is None or not _keeps(line, before[name])}


def _keeps(line: Sealed, before: Sealed) -> bool:
    return (line.checksum, line.former) == (before.checksum, before.former) or line.amends(before)


def lines_of_base(base: "MergeBase") -> Mapping[str, Sealed]:
    """Return the lines of the base's lockfile by name; none where it is broken: a branch can fix it."""
    try:
        return {line.name: line for line in lockfiles.parse_lockfile(base.lockfile or b"", Path())}
    except HistoryError:
        return {}


def amended_files(
    files: Sequence[MigrationFile], sealed: Sequence[Sealed], base: "MergeBase"
) -> frozenset[str]:
    """Return the names of the base's files whose text was replaced, as their lines in the lockfile say."""
    changed = [file for file in files if base.files.get(file.name) not in (None, file.checksum)]
    if not changed:
        return frozenset()  # As nearly always: neither lockfile has to be looked at.
    lines, before = {line.name: line for line in sealed}, lines_of_base(base)
    found = set()
    for file in changed:
        line = lines.get(file.name)
        if line is None or line.checksum != file.checksum:
            continue
        as_merged = Sealed(file.name, base.files[file.name], 0)
        if line.amends(as_merged) and line.amends(before.get(file.name, as_merged)):
            found.add(file.name)
    return frozenset(found)


def renamed_files(before: Mapping[str, str], files: Sequence[MigrationFile]) -> Mapping[str, str]:
    """From the old name to the new one, of the files that were renamed and nothing else.

    `before` has the checksums by name, as they were sealed or are in the base.
    """
    fresh = {file.checksum: file.name for file in files if file.name not in before}
    present = {file.name for file in files}
    return {
        name: fresh[checksum]
        for name, checksum in before.items()
        if name not in present and checksum in fresh
    }
