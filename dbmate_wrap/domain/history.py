"""Compares files, lockfile and database: one state per migration."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from dbmate_wrap.domain.migration import MigrationFile


class MigrationState(StrEnum):
    """The state of a migration in one database."""

    APPLIED = "applied"
    FORMER_TEXT = "applied (former text)"
    PENDING = "pending"
    EDITED = "edited"
    UNKNOWN = "unknown"
    OUT_OF_ORDER = "out-of-order"


class Phase(StrEnum):
    """The side of a rollout on which a migration that is not applied is to run."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Sealed:
    """One line of the lockfile; `line` counts from 1.

    `former` are the checksums that the line had before the file was amended, oldest first; `reason` is the
    one in the comment above it, None without one.
    """

    name: str
    checksum: str
    line: int
    former: tuple[str, ...] = ()
    reason: str | None = None

    def amends(self, before: "Sealed") -> bool:
        """Return True where amending can have made this line of the line `before`: it forgets no checksum."""
        had = {*before.former, before.checksum} - {self.checksum}
        return self.name == before.name and self.reason is not None and had <= {*self.former}


@dataclass(frozen=True)
class MigrationEntry:
    """One migration: `file` is None where only the database has it, `phase` where it is applied."""

    version: str
    file: str | None
    state: MigrationState
    applied: bool
    checksum: str | None
    phase: Phase | None = None


# States that end a run with 13: database and files disagree.
DISAGREEING = frozenset({MigrationState.EDITED, MigrationState.UNKNOWN, MigrationState.OUT_OF_ORDER})


def amend_command(name: str) -> str:
    """Return the command that mends a sealed migration which failed."""
    return f"dbmate-wrap amend {shlex.quote(name)} --because TEXT"


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
    lines = {line.name: line for line in sealed}
    recorded = frozenset(applied)
    newest = max(recorded, default="") if newest is None else newest
    without_file = recorded - {file.version for file in files}
    entries = [MigrationEntry(version, None, MigrationState.UNKNOWN, True, None) for version in without_file]
    for file in files:
        state = _state(file, lines.get(file.name), recorded, newest, ran.get(file.version))
        is_applied = file.version in recorded
        entries.append(MigrationEntry(file.version, file.name, state, is_applied, file.checksum))
    return tuple(sorted(entries, key=lambda entry: entry.file or entry.version))


def _state(
    file: MigrationFile, sealed: Sealed | None, applied: frozenset[str], newest: str, ran: str | None
) -> MigrationState:
    if sealed is not None and sealed.checksum != file.checksum:
        return MigrationState.EDITED
    if file.version in applied:
        return _state_applied(file, sealed.former if sealed is not None else (), ran)
    if file.version < newest:
        return MigrationState.OUT_OF_ORDER
    return MigrationState.PENDING


def _state_applied(file: MigrationFile, former: Collection[str], ran: str | None) -> MigrationState:
    if ran is None or ran == file.checksum:
        return MigrationState.APPLIED
    return MigrationState.FORMER_TEXT if ran in former else MigrationState.EDITED


def pending_entries(entries: Sequence[MigrationEntry]) -> tuple[MigrationEntry, ...]:
    """The entries that an `up` would still have to apply."""
    return tuple(entry for entry in entries if not entry.applied)


def disagreements(entries: Sequence[MigrationEntry]) -> tuple[MigrationEntry, ...]:
    """The entries that stop a run."""
    return tuple(entry for entry in entries if entry.state in DISAGREEING)
