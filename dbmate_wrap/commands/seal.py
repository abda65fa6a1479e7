"""Appends new migrations to the lockfile."""

from dataclasses import replace

from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.migrations import lockfile
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context


def seal(context: Context, outcome: Outcome) -> None:
    """Seal every file that is not sealed yet; refuses (12, 13) when anything sealed has changed."""
    environment = context.environment
    loaded = project_files.load_files(environment, context.project.policy)
    # What is about to be sealed is no fault here.
    about_sealed = tuple(finding for finding in loaded.findings if finding.rule != "unsealed")
    loaded = replace(loaded, findings=about_sealed)
    loaded.report_to(outcome)
    files = loaded.checked()
    sealed = {line.name for line in files.sealed}
    fresh = [migration for migration in files.migrations if migration.name not in sealed]
    path = environment.values.lockfile
    where = environment.display_path(path)
    if not fresh:
        outcome.summary = f"nothing to seal: {len(sealed)} sealed in {where}"
        return
    lockfile.append_lines(path, files.sealed, fresh)
    outcome.migrations = [
        MigrationRow(file.version, file.name, "sealed", None, file.checksum) for file in fresh
    ]
    outcome.summary = f"{len(fresh)} sealed in {where}: commit it with the migrations"
