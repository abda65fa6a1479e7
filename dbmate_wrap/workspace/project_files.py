"""Reads the project's migrations and lockfile and judges them, before any database is touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.errors import HistoryError, PolicyError
from dbmate_wrap.migrations import directory, lockfile
from dbmate_wrap.policy.registry import FAMILIES
from dbmate_wrap.policy.rules.files import check_contents, check_names
from dbmate_wrap.policy.rules.lockfile import check_lockfile
from dbmate_wrap.policy.severity import apply_severities
from dbmate_wrap.policy.suppressions import apply_suppressions, suppressions_of
from dbmate_wrap.workspace.context import Context


@dataclass(frozen=True)
class ProjectFiles:
    """The migrations as they lie on disk; `parsed` has those whose content was asked for and can be read."""

    migrations: tuple[MigrationFile, ...]
    sealed: tuple[Sealed, ...]
    parsed: tuple[ParsedMigration, ...]


def load_and_lint(context: Context, *, contents: bool) -> ProjectFiles:
    """Read and check everything; findings go to the outcome. A broken rule raises nothing: see `demand`.

    `contents` also parses the files; without it only names and checksums are looked at, which `status` can
    afford for thousands.
    Raises ConfigError for a missing or unreadable folder, HistoryError for a broken lockfile.
    """
    files, findings = load(context, contents=contents)
    context.outcome.findings = _settled(context, files, findings)
    return files


def load(context: Context, *, contents: bool = True) -> tuple[ProjectFiles, tuple[Finding, ...]]:
    """The same, but the findings are handed back as they are: for who has more to add before they are judged.

    They have neither the team's severities yet nor were allow comments listened to.
    """
    values = context.environment.values
    listing = directory.read(values.migrations_dir)
    folder = display_path(context, values.migrations_dir)
    findings = check_names(listing, folder, sequential=values.numbering == "sequential")
    parsed: tuple[ParsedMigration, ...] = ()
    if contents:
        checked = check_contents(listing.files, folder)
        findings += checked.findings
        parsed = checked.migrations
    unsealed = ProjectFiles(listing.files, (), parsed)
    sealed = _sealed(context, values.lockfile, unsealed, findings)
    findings += check_lockfile(
        listing.files,
        sealed,
        folder=folder,
        lockfile=display_path(context, values.lockfile),
        protected=values.protected,
    )
    return ProjectFiles(listing.files, sealed, parsed), findings


def raise_for_findings(context: Context, *, history: bool = True) -> None:
    """Raise for the worst finding: PolicyError (12) before HistoryError (13)."""
    errors = [finding for finding in context.outcome.findings if finding.is_error]
    ours = [finding for finding in errors if finding.rule in _HISTORY_RULES]
    files = [finding for finding in errors if finding.rule not in _HISTORY_RULES]
    if files:
        message, (name, line) = _sum(files, "breaks a rule", "break rules"), _place(context, files)
        raise PolicyError(message, hint=_hint(files), migration=name, line=line)
    if ours and history:
        message, (name, line) = (
            _sum(ours, "does not fit the history", "do not fit the history"),
            _place(context, ours),
        )
        raise HistoryError(message, hint=_hint(ours), migration=name, line=line)


def display_path(context: Context, path: Path) -> str:
    """The path as people see it: relative to the project where it lies in it."""
    try:
        return path.relative_to(context.project.root).as_posix()
    except ValueError:
        return str(path)


def show_sources(context: Context, files: ProjectFiles) -> None:
    """Hand the outcome every file that was looked at, with the text of those whose lines are to be shown."""
    folder = display_path(context, context.environment.values.migrations_dir)
    named = {finding.file for finding in context.outcome.findings}
    for file in files.migrations:
        name = f"{folder}/{file.name}"
        context.outcome.sources[name] = file.content.decode("utf-8", "replace") if name in named else ""


_HISTORY_RULES = FAMILIES["lockfile"]


def _sealed(
    context: Context, path: Path, files: ProjectFiles, findings: tuple[Finding, ...]
) -> tuple[Sealed, ...]:
    try:
        return lockfile.read(path)
    except HistoryError:
        # File faults are reported before lockfile faults, a broken lockfile included.
        context.outcome.findings = _settled(context, files, findings)
        raise_for_findings(context, history=False)
        raise


def _settled(context: Context, files: ProjectFiles, findings: Sequence[Finding]) -> list[Finding]:
    """What no comment allows, with the team's severities; whether comments are needed, `check` judges."""
    folder = display_path(context, context.environment.values.migrations_dir)
    allows = suppressions_of(_broken(files, folder, findings), folder)
    kept = apply_suppressions(
        findings, [allow for allow in allows if allow.fault is None], {}, context.project.policy
    )
    return list(apply_severities(kept, context.project.policy))


def _broken(files: ProjectFiles, folder: str, findings: Sequence[Finding]) -> tuple[ParsedMigration, ...]:
    """The files with findings, parsed: only these may hold a comment that matters."""
    names = {(finding.file or "").removeprefix(f"{folder}/") for finding in findings}
    return check_contents([file for file in files.migrations if file.name in names], folder).migrations


def _sum(findings: Sequence[Finding], one: str, many: str) -> str:
    names = {finding.file for finding in findings}
    if len(findings) == 1:
        return findings[0].message
    return f"{len(names)} file{'s' if len(names) > 1 else ''} {many if len(names) > 1 else one}"


def _place(context: Context, findings: Sequence[Finding]) -> tuple[str | None, int | None]:
    """The migration and its line, where it is about one."""
    folder = display_path(context, context.environment.values.migrations_dir)
    places = {(finding.file or "", finding.line) for finding in findings}
    file, line = next(iter(places)) if len(places) == 1 else ("", None)
    return (file.removeprefix(f"{folder}/"), line) if file.startswith(f"{folder}/") else (None, None)


def _hint(findings: Sequence[Finding]) -> str | None:
    return findings[0].hint if len(findings) == 1 else "mend each of the findings above"
