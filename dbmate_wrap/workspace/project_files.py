"""The project's migrations and lockfile, read and checked before any database is touched."""

from collections.abc import Mapping, Sequence
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
from dbmate_wrap.settings import Environment

_HISTORY_RULES = FAMILIES["lockfile"]


@dataclass(frozen=True)
class ProjectFiles:
    """The migrations on disk and the lines of the lockfile; `folder` is the migrations' as people see it.

    `parsed` has the migrations whose content was asked for and can be read.
    """

    folder: str
    migrations: tuple[MigrationFile, ...]
    sealed: tuple[Sealed, ...]
    parsed: tuple[ParsedMigration, ...]


@dataclass(frozen=True)
class LoadedFiles:
    """The files and what is wrong with them. `broken_lockfile` says why the lockfile could not be read."""

    files: ProjectFiles
    findings: tuple[Finding, ...]
    broken_lockfile: HistoryError | None = None

    def checked(self) -> ProjectFiles:
        """The files, where nothing is wrong. Raises PolicyError (12) before HistoryError (13)."""
        raise_for_findings(self.findings, self.files.folder, self.broken_lockfile)
        return self.files


def load(environment: Environment, policy: Mapping[str, str], *, contents: bool = True) -> LoadedFiles:
    """Read and check everything; findings have the configured severities, allowed ones are left out.

    `contents` also parses the files; without it only names and checksums are looked at, which `status` can
    afford for thousands. Raises ConfigError for a missing or unreadable folder.
    """
    raw = load_raw(environment, contents=contents)
    findings = _resolve(raw.files, raw.findings, policy)
    return LoadedFiles(raw.files, findings, raw.broken_lockfile)


def load_raw(environment: Environment, *, contents: bool = True) -> LoadedFiles:
    """Return the raw findings, before suppressions and configured severities are applied.

    So callers can add their own.
    """
    values = environment.values
    listing = directory.read(values.migrations_dir)
    folder = display_path(environment, values.migrations_dir)
    findings = check_names(listing, folder, sequential=values.numbering == "sequential")
    parsed: tuple[ParsedMigration, ...] = ()
    if contents:
        checked = check_contents(listing.files, folder)
        findings += checked.findings
        parsed = checked.migrations
    try:
        sealed = lockfile.read(values.lockfile)
    except HistoryError as error:
        return LoadedFiles(ProjectFiles(folder, listing.files, (), parsed), findings, error)
    findings += check_lockfile(
        listing.files,
        sealed,
        folder=folder,
        lockfile=display_path(environment, values.lockfile),
        protected=values.protected,
    )
    return LoadedFiles(ProjectFiles(folder, listing.files, sealed, parsed), findings)


def raise_for_findings(
    findings: Sequence[Finding], folder: str, broken_lockfile: HistoryError | None = None
) -> None:
    """Raise for the worst finding: PolicyError (12) before HistoryError (13)."""
    errors = [finding for finding in findings if finding.is_error]
    about_files = [finding for finding in errors if finding.rule not in _HISTORY_RULES]
    if about_files:
        message = _summarize(about_files, "breaks a rule", "break rules")
        name, line = _common_place(about_files, folder)
        raise PolicyError(message, hint=_hint(about_files), migration=name, line=line)
    if broken_lockfile is not None:
        raise broken_lockfile
    about_lockfile = [finding for finding in errors if finding.rule in _HISTORY_RULES]
    if about_lockfile:
        message = _summarize(about_lockfile, "does not fit the history", "do not fit the history")
        name, line = _common_place(about_lockfile, folder)
        raise HistoryError(message, hint=_hint(about_lockfile), migration=name, line=line)


def display_path(environment: Environment, path: Path) -> str:
    """The path as people see it: relative to the project where it lies in it."""
    try:
        return path.relative_to(environment.root).as_posix()
    except ValueError:
        return str(path)


def texts_of(files: ProjectFiles, findings: Sequence[Finding]) -> dict[str, str]:
    """Every file's name as findings give it, with its text where lines of it are to be shown, else ""."""
    named = {finding.file for finding in findings}
    texts: dict[str, str] = {}
    for file in files.migrations:
        name = f"{files.folder}/{file.name}"
        texts[name] = file.content.decode("utf-8", "replace") if name in named else ""
    return texts


def _resolve(
    files: ProjectFiles, findings: Sequence[Finding], policy: Mapping[str, str]
) -> tuple[Finding, ...]:
    """The findings that no comment allows, with the team's severities; `check` reports useless comments."""
    suppressions = suppressions_of(_files_with_findings(files, findings), files.folder)
    usable = [suppression for suppression in suppressions if suppression.fault is None]
    return apply_severities(apply_suppressions(findings, usable, {}, policy), policy)


def _files_with_findings(files: ProjectFiles, findings: Sequence[Finding]) -> tuple[ParsedMigration, ...]:
    """The files with findings, parsed: only these may hold a comment that matters."""
    names = {(finding.file or "").removeprefix(f"{files.folder}/") for finding in findings}
    return check_contents([file for file in files.migrations if file.name in names], files.folder).migrations


def _summarize(findings: Sequence[Finding], one: str, many: str) -> str:
    names = {finding.file for finding in findings}
    if len(findings) == 1:
        return findings[0].message
    return f"{len(names)} file{'s' if len(names) > 1 else ''} {many if len(names) > 1 else one}"


def _common_place(findings: Sequence[Finding], folder: str) -> tuple[str | None, int | None]:
    """The migration and the line that all findings are about; None where they differ."""
    places = {(finding.file or "", finding.line) for finding in findings}
    file, line = next(iter(places)) if len(places) == 1 else ("", None)
    return (file.removeprefix(f"{folder}/"), line) if file.startswith(f"{folder}/") else (None, None)


def _hint(findings: Sequence[Finding]) -> str | None:
    return findings[0].hint if len(findings) == 1 else "fix each of the findings above"
