"""Appends new migrations to the lockfile."""

from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.migrations import lockfile
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context


def seal(context: Context) -> None:
    """Seal every file that is not sealed yet; refuses (12, 13) when anything sealed has changed."""
    files = project_files.load_and_lint(context, contents=True)
    # What is about to be sealed is no fault here.
    context.outcome.findings = [finding for finding in context.outcome.findings if finding.rule != "unsealed"]
    project_files.raise_for_findings(context)
    sealed = {line.name for line in files.sealed}
    fresh = [migration for migration in files.migrations if migration.name not in sealed]
    path = context.environment.values.lockfile
    if not fresh:
        context.outcome.summary = (
            f"nothing to seal: {len(sealed)} sealed in {project_files.display_path(context, path)}"
        )
        return
    lockfile.append(path, files.sealed, fresh)
    context.outcome.migrations = [
        MigrationRow(file.version, file.name, "sealed", None, file.checksum) for file in fresh
    ]
    context.outcome.summary = (
        f"{len(fresh)} sealed in {project_files.display_path(context, path)}: commit it with the migrations"
    )
