"""Compares files, lockfile and database: one state per migration."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from dbmate_wrap.domain.migration import MigrationFile


class MigrationState(StrEnum):
    """The state of a migration in one database."""

    APPLIED = "applied"
    PENDING = "pending"
    EDITED = "edited"
    UNKNOWN = "unknown"
    OUT_OF_ORDER = "out-of-order"


@dataclass(frozen=True)
class Sealed:
    """One line of the lockfile; `line` counts from 1."""

    name: str
    checksum: str
    line: int


@dataclass(frozen=True)
class MigrationEntry:
    """One migration: `file` is None where only the database has it."""

    version: str
    file: str | None
    state: MigrationState
    applied: bool
    checksum: str | None


# States that end a run with 13: database and files disagree.
DISAGREEING = frozenset({MigrationState.EDITED, MigrationState.UNKNOWN, MigrationState.OUT_OF_ORDER})


def compare_history(
    files: Sequence[MigrationFile],
    sealed: Sequence[Sealed],
    applied: Collection[str],
    ran: Mapping[str, str] = MappingProxyType({}),
    newest: str | None = None,
) -> tuple[MigrationEntry, ...]:
    """Return an entry for every version of a file or of the database, in the order in which dbmate runs them.

    dbmate orders by the text of the file name, so a version is "later" here when its text is. `ran` has the
    checksums of what ran in this database, by version, as far as the ledger has them. `newest` is the version
    that a pending one must come after; None is the newest that is applied.
    """
    checksums = {line.name: line.checksum for line in sealed}
    recorded = frozenset(applied)
    newest = max(recorded, default="") if newest is None else newest
    without_file = recorded - {file.version for file in files}
    entries = [MigrationEntry(version, None, MigrationState.UNKNOWN, True, None) for version in without_file]
    for file in files:
        state = _state(file, checksums.get(file.name), recorded, newest, ran.get(file.version))
        is_applied = file.version in recorded
        entries.append(MigrationEntry(file.version, file.name, state, is_applied, file.checksum))
    return tuple(sorted(entries, key=lambda entry: entry.file or entry.version))


def _state(
    file: MigrationFile, sealed: str | None, applied: frozenset[str], newest: str, ran: str | None
) -> MigrationState:
    if sealed is not None and sealed != file.checksum:
        return MigrationState.EDITED
    if file.version in applied:
        return MigrationState.EDITED if ran is not None and ran != file.checksum else MigrationState.APPLIED
    if file.version < newest:
        return MigrationState.OUT_OF_ORDER
    return MigrationState.PENDING


def pending_entries(entries: Sequence[MigrationEntry]) -> tuple[MigrationEntry, ...]:
    """The entries that an `up` would still have to apply."""
    return tuple(entry for entry in entries if not entry.applied)


def disagreements(entries: Sequence[MigrationEntry]) -> tuple[MigrationEntry, ...]:
    """The entries that stop a run."""
    return tuple(entry for entry in entries if entry.state in DISAGREEING)
