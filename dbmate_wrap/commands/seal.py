"""Appends new migrations to the lockfile."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands.call import Call
from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.migrations import lockfile


def seal(call: Call) -> None:
    """Seal every file that is not sealed yet; refuses (12, 13) when anything sealed has changed."""
    files = project_files.read(call, contents=True)
    # What is about to be sealed is no fault here.
    call.outcome.findings = [finding for finding in call.outcome.findings if finding.rule != "unsealed"]
    project_files.demand(call)
    sealed = {line.name for line in files.sealed}
    fresh = [migration for migration in files.migrations if migration.name not in sealed]
    path = call.environment.values.lockfile
    if not fresh:
        call.outcome.summary = f"nothing to seal: {len(sealed)} sealed in {project_files.shown(call, path)}"
        return
    lockfile.append(path, files.sealed, fresh)
    call.outcome.migrations = [
        MigrationRow(file.version, file.name, "sealed", None, file.checksum) for file in fresh
    ]
    call.outcome.summary = (
        f"{len(fresh)} sealed in {project_files.shown(call, path)}: commit it with the migrations"
    )
