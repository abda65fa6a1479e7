"""The rules of the family `lockfile`: sealed files are never edited, removed or inserted before."""

from collections.abc import Mapping, Sequence

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile


def check_lockfile(
    files: Sequence[MigrationFile], sealed: Sequence[Sealed], *, folder: str, lockfile: str, protected: bool
) -> tuple[Finding, ...]:
    """Findings in the order of the files; an unsealed migration is an error where `protected`."""
    present = {file.name: file for file in files}
    lines = {line.name: line for line in sealed}
    last = sealed[-1].name if sealed else ""
    new_names = renamed({line.name: line.checksum for line in sealed}, files)
    findings = [
        _removed(line, new_names.get(line.name), lockfile) for line in sealed if line.name not in present
    ]
    for file in files:
        line = lines.get(file.name)
        where = f"{folder}/{file.name}"
        if line is not None and line.checksum != file.checksum:
            findings.append(_edited(file, where))
        elif line is None and file.name in new_names.values():
            continue  # `removed` says it already, with the remedy that fits.
        elif line is None and file.name < last:
            findings.append(_not_appended(file, where, last))
        elif line is None:
            findings.append(_unsealed(file, where, "error" if protected else "warning"))
    return tuple(findings)


def renamed(before: Mapping[str, str], files: Sequence[MigrationFile]) -> Mapping[str, str]:
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


def _removed(line: Sealed, new_name: str | None, lockfile: str) -> Finding:
    message = f"{line.name} is sealed and " + (f"was renamed to {new_name}" if new_name else "is gone")
    restore = f"rename {new_name} back to {line.name}" if new_name else "restore it from version control"
    return Finding("removed", "error", lockfile, line.line, 1, message, restore)


def _edited(file: MigrationFile, where: str) -> Finding:
    return Finding(
        "edited",
        "error",
        where,
        1,
        1,
        f"{file.name} was changed after it was sealed",
        f"restore it from version control (git checkout -- {where}) and write a new migration instead",
    )


def _not_appended(file: MigrationFile, where: str, last: str) -> Finding:
    return Finding(
        "not-appended",
        "error",
        where,
        1,
        1,
        f"{file.name} is new but would run before {last}, which is sealed",
        f"give it a number after {last}",
    )


def _unsealed(file: MigrationFile, where: str, severity: Severity) -> Finding:
    return Finding(
        "unsealed",
        severity,
        where,
        1,
        1,
        f"{file.name} is not in the lockfile",
        "review it, then run `dbmate-wrap seal` and commit the lockfile",
    )
