"""The tool's own record in a database: what was applied, from which bytes, by which run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from dbmate_wrap.domain.ledger_access import LedgerAccess
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.stamp import Identity, Missing, Stamp, StampVerdict, compare_stamp

# Bytes of a migration. A longer one is mostly data, and nothing to be undone by hand.
LARGEST_TEXT = 1 << 20


class Origin(StrEnum):
    """The origin of a line in the ledger; the last line of a version is its state."""

    APPLIED = "applied"
    BASELINE = "baseline"
    ADOPTED = "adopted"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True)
class Provenance:
    """The account, host and commit of a run; None where one could not be found out.

    `git_dirty`: the migrations (not the rest of the tree) were not as in the commit.
    """

    os_user: str | None
    host: str | None
    git_commit: str | None
    git_dirty: bool | None


@dataclass(frozen=True)
class Run:
    """One run that writes; the server adds its own time and the database user.

    `history` is the history table that it is about, quoted for SQL: `public.schema_migrations`.
    """

    run_id: str
    command: str
    environment: str
    tool_version: str
    dbmate_version: str | None
    history: str
    provenance: Provenance
    consent: str | None = None


@dataclass(frozen=True)
class Record:
    """A line to be written; `ended_ago_ms` is how long ago the migration ended: the server's clock rules.

    `content` are the bytes that ran; the ledger keeps up to 1 MB (`LARGEST_TEXT`).
    """

    version: str
    file: str | None
    checksum: str | None
    how: Origin
    duration_ms: int | None = None
    ended_ago_ms: int = 0
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class KeptText:
    """The file that ran, as the ledger kept it; `content` is None for what is longer, adopted or older."""

    version: str
    file: str | None
    checksum: str | None
    content: bytes | None = field(repr=False)


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that was killed while `version` ran outside a transaction: done, in part, or not at all."""

    run_id: str
    version: str
    started_at: str


@dataclass(frozen=True)
class AppliedVersion:
    """The last line of a version that is applied; `applied_at` is None for what plain dbmate applied."""

    version: str
    file: str | None
    checksum: str | None
    applied_at: str | None
    how: str


@dataclass(frozen=True)
class LedgerEntry:
    """A line with the run that wrote it; times are RFC 3339 in UTC, of the server's clock.

    `how` is text, because a newer version of the tool may have written it. `history` is the history table
    that the run was about; None where a ledger of format 1 did not keep it. `consent` are the words of the
    person for whom an AI agent typed.
    """

    version: str
    file: str | None
    checksum: str | None
    applied_at: str | None
    recorded_at: str
    duration_ms: int | None
    how: str
    run_id: str
    command: str
    environment: str
    database_user: str
    os_user: str | None
    host: str | None
    git_commit: str | None
    git_dirty: bool | None
    tool_version: str
    dbmate_version: str | None
    history: str | None
    consent: str | None = None


@dataclass(frozen=True)
class Ledger:
    """The ledger of a history table; `format` and `identity` are None where there is none yet."""

    format: int | None
    identity: Identity | None
    stamp: Stamp | None
    current: Mapping[str, AppliedVersion]
    access: LedgerAccess

    def verdict(self, environment: str, *, protected: bool) -> StampVerdict:
        """Return the verdict of the stamp on a run of `environment` here."""
        if self.identity is None:
            return Missing()
        return compare_stamp(self.stamp, environment, self.identity, protected=protected)

    def lacks(self, applied: Collection[str], files: Sequence[MigrationFile]) -> bool:
        """Return True where a history has begun, and it has no stamp, or versions without a line here."""
        return bool(applied) and (self.stamp is None or bool(lines_to_adopt(applied, self.current, files)))

    def ran_here(self, version: str) -> bool:
        """Return True where this tool applied the version: the ledger keeps the text of such a file."""
        line = self.current.get(version)
        return line is not None and line.how == Origin.APPLIED

    @property
    def checksums(self) -> dict[str, str]:
        """The checksum that each applied version had when it was recorded, where one was."""
        return {line.version: line.checksum for line in self.current.values() if line.checksum is not None}


def last_applied(entries: Sequence[LedgerEntry], history: str) -> dict[str, LedgerEntry]:
    """Return the last line of each version that a run applied, oldest first; rolled back or not.

    `entries` are in their order. A line of format 1 names no history table, and counts for each.
    """
    found: dict[str, LedgerEntry] = {}
    for line in entries:
        if line.how == Origin.APPLIED and line.history in (None, history):
            found.pop(line.version, None)
            found[line.version] = line
    return found


def lines_of_changes(
    before: Collection[str], after: Collection[str], files: Sequence[MigrationFile]
) -> tuple[Record, ...]:
    """Lines for what the history has more or less than before; `files` are taken to be what ran."""
    known = {file.version: file for file in files}
    changed = [(version, Origin.ROLLED_BACK) for version in sorted(set(before) - set(after), reverse=True)]
    changed += [(version, Origin.APPLIED) for version in sorted(set(after) - set(before))]
    return tuple(_line(version, known.get(version), how) for version, how in changed)


def _line(version: str, file: MigrationFile | None, how: Origin) -> Record:
    if file is None:
        return Record(version, None, None, how)
    content = file.content if how is Origin.APPLIED else None
    return Record(version, file.name, file.checksum, how, content=content)


def lines_to_adopt(
    applied: Collection[str], current: Mapping[str, AppliedVersion], files: Sequence[MigrationFile]
) -> tuple[Record, ...]:
    """Lines for the versions that plain dbmate applied: the files are taken to be what ran.

    A version without a file has no bytes to vouch for; it is left until its file is back.
    """
    return tuple(
        Record(file.version, file.name, file.checksum, Origin.ADOPTED)
        for file in files
        if file.version in applied and file.version not in current
    )
