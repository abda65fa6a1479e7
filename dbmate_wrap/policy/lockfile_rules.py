"""Runs the rules of the family `lockfile`: sealed files are never edited, removed or inserted before."""

from collections.abc import Mapping, Sequence

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.policy.rules.edited import edited_since_sealed
from dbmate_wrap.policy.rules.not_appended import before_sealed
from dbmate_wrap.policy.rules.removed import removed_since_sealed
from dbmate_wrap.policy.rules.unsealed import unsealed


def check_lockfile(
    files: Sequence[MigrationFile], sealed: Sequence[Sealed], *, folder: str, lockfile: str, protected: bool
) -> tuple[Finding, ...]:
    """Findings in the order of the files; an unsealed migration is an error where `protected`."""
    present = {file.name for file in files}
    lines = {line.name: line for line in sealed}
    last = sealed[-1].name if sealed else ""
    new_names = renamed_files({line.name: line.checksum for line in sealed}, files)
    findings = [
        removed_since_sealed(line, new_names.get(line.name), lockfile)
        for line in sealed
        if line.name not in present
    ]
    for file in files:
        line = lines.get(file.name)
        path = f"{folder}/{file.name}"
        if line is not None and line.checksum != file.checksum:
            findings.append(edited_since_sealed(file, path))
        elif line is None and file.name in new_names.values():
            continue  # `removed` reports it already, with the remedy that fits.
        elif line is None and file.name < last:
            findings.append(before_sealed(file, path, last))
        elif line is None:
            findings.append(unsealed(file, path, protected=protected))
    return tuple(findings)


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
