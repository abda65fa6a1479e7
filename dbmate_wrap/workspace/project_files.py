"""The project's migrations and lockfile, read and checked before any database is touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, is_sequential
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, HistoryError
from dbmate_wrap.migrations import directory, lockfile
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.policy.file_rules import check_contents, check_names, has_lenient, notices_in_old_files
from dbmate_wrap.policy.findings_error import findings_error
from dbmate_wrap.policy.lockfile_rules import check_lockfile
from dbmate_wrap.settings import Environment


@dataclass(frozen=True)
class ProjectFiles:
    """The migrations on disk and the lines of the lockfile; `folder` is the migrations' as people see it.

    `parsed` has the migrations whose content was asked for and can be read. `staged` are private folders with
    exactly these files, by their names, which a run over many databases has made beforehand.
    """

    folder: str
    migrations: tuple[MigrationFile, ...]
    sealed: tuple[Sealed, ...]
    parsed: tuple[ParsedMigration, ...]
    staged: Mapping[tuple[str, ...], Path] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedFiles:
    """The files and what is wrong with them. `broken_lockfile`: the error of an unreadable lockfile.

    `old` are the names of migrations that can no longer be changed, as far as anybody asked.
    """

    files: ProjectFiles
    findings: tuple[Finding, ...]
    broken_lockfile: HistoryError | None = None
    old: frozenset[str] = frozenset()

    def as_sealed_again(self, files: Sequence[MigrationFile]) -> "LoadedFiles":
        """Return it as if the lockfile's lines had the checksums that `files`, all edited since, have now."""
        paths = {f"{self.files.folder}/{file.name}" for file in files}
        kept = [found for found in self.findings if found.rule != "edited" or found.file not in paths]
        sums = {file.name: file.checksum for file in files}
        lines = [
            replace(line, checksum=sums[line.name], former=()) if line.name in sums else line
            for line in self.files.sealed
        ]
        return replace(self, files=replace(self.files, sealed=tuple(lines)), findings=tuple(kept))

    def report_to(self, outcome: Outcome) -> None:
        """Put the findings into the outcome, which tells those about old files only to who asks."""
        outcome.findings = list(self.findings)
        outcome.old_files = [f"{self.files.folder}/{name}" for name in self.old]

    def raise_if_unreadable(self) -> None:
        """Raise as `checked`, but only where the lockfile could not be read."""
        if self.broken_lockfile is not None:
            self.checked()

    def readable(self) -> ProjectFiles:
        """Return the files, whatever the lockfile says of them. Raises PolicyError (12)."""
        error = findings_error(self.findings, self.files.folder, history=False)
        if error is not None:
            raise error
        return self.files

    def checked(self) -> ProjectFiles:
        """Return the files. Raises PolicyError (12) before HistoryError (13) for what is wrong with them."""
        readable = self.broken_lockfile is None
        error = findings_error(self.findings, self.files.folder, history=readable) or self.broken_lockfile
        if error is not None:
            raise error
        return self.files


def load_files(environment: Environment, policy: Policy, *, contents: bool = True) -> LoadedFiles:
    """Read and check everything; findings have the configured severities, allowed ones are left out.

    What the rules of files find in a merged or sealed file is a notice. `contents` also parses the files;
    without it only names and checksums are looked at, which `status` can afford for thousands.

    Raises ConfigError for a missing or unreadable folder.
    """
    raw = load_raw_files(environment, contents=contents)
    old = sealed_names(raw.files)
    if has_lenient(raw.findings, raw.files.folder, old):
        old |= _merged_names(environment, raw.files)
    return resolve(raw, policy, old)


def load_raw_files(environment: Environment, *, contents: bool = True) -> LoadedFiles:
    """Read and check everything; findings are raw, so that callers can add their own.

    Suppressions and configured severities are not applied yet.
    """
    values = environment.values
    listing = directory.list_migrations(values.migrations_dir)
    folder = environment.display_path(values.migrations_dir)
    sequential = is_sequential(values.numbering, [file.version for file in listing.files])
    findings = check_names(listing, folder, sequential=sequential)
    parsed: tuple[ParsedMigration, ...] = ()
    if contents:
        checked = check_contents(listing.files, folder)
        findings += checked.findings
        parsed = checked.migrations
    try:
        sealed = lockfile.read_lockfile(values.lockfile)
    except HistoryError as error:
        return LoadedFiles(ProjectFiles(folder, listing.files, (), parsed), findings, error)
    path = environment.display_path(values.lockfile)
    findings += check_lockfile(
        listing.files,
        sealed,
        folder=folder,
        lockfile=path,
        protected=values.protected,
        disposable=values.disposable,
    )
    return LoadedFiles(ProjectFiles(folder, listing.files, sealed, parsed), findings)


def resolve(loaded: LoadedFiles, policy: Policy, old: frozenset[str] = frozenset()) -> LoadedFiles:
    """Apply suppressions and severities to the raw findings; only `check` reports needless comments.

    `old` are the names of migrations that can no longer be changed.
    """
    if not loaded.findings:
        return replace(loaded, old=old)
    from dbmate_wrap.policy.suppressions import resolve_findings, suppressions_of

    files, folder = loaded.files.migrations, loaded.files.folder
    # Only files with findings may hold a comment that matters.
    names = {(finding.file or "").removeprefix(f"{folder}/") for finding in loaded.findings}
    parsed = check_contents([file for file in files if file.name in names], folder).migrations
    suppressions = suppressions_of(parsed, folder)
    found = notices_in_old_files(loaded.findings, folder, old)
    kept = resolve_findings(found, suppressions, policy.severities)
    return replace(loaded, findings=policy.without_spared(kept, folder, files), old=old)


def sealed_names(files: ProjectFiles) -> frozenset[str]:
    """The names of the files that are as they were sealed."""
    sums = {line.name: line.checksum for line in files.sealed}
    return frozenset(file.name for file in files.migrations if sums.get(file.name) == file.checksum)


def _merged_names(environment: Environment, files: ProjectFiles) -> frozenset[str]:
    """The names of the files that are as the remote's main branch has them; none where git cannot tell."""
    from dbmate_wrap.git.default_ref import default_ref  # git is needed by few runs.
    from dbmate_wrap.git.merge_base import read_merge_base

    folder, lockfile = environment.values.migrations_dir, environment.values.lockfile
    try:
        ref = default_ref(folder)
        base = read_merge_base(ref, folder, lockfile, files.migrations) if ref is not None else None
    except ConfigError:
        return frozenset()
    then = base.files if base is not None else {}
    return frozenset(file.name for file in files.migrations if then.get(file.name) == file.checksum)


def texts_of(files: ProjectFiles, findings: Sequence[Finding]) -> dict[str, str]:
    """Return the text of each file that has findings, "" for the others; by the names in findings."""
    named = {finding.file for finding in findings}
    contents = {f"{files.folder}/{file.name}": file.content for file in files.migrations}
    return {name: text.decode("utf-8", "replace") if name in named else "" for name, text in contents.items()}
