"""The exit codes of the public contract and one error tree whose classes carry them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, Literal, Self


class ExitCode(IntEnum):
    """The exit codes that scripts branch on; docs/exit-codes.md fixes numbers and names."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    CONFIG = 10
    BINARY = 11
    POLICY = 12
    HISTORY = 13
    REFUSED = 20
    UNREACHABLE = 21
    PREFLIGHT = 22
    LOCKED = 23
    BLOCKED = 24
    FAILED = 30
    PARTIAL = 31
    PENDING = 32
    DRIFT = 33
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def label(self) -> str:
        """The lower-case name that the JSON carries."""
        return self.name.lower()


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.INTERNAL: "a bug in dbmate-wrap; a redacted report is written",
    ExitCode.USAGE: "wrong arguments",
    ExitCode.CONFIG: "settings or environment wrong, URL missing or malformed, "
    "two environments on one database",
    ExitCode.BINARY: "dbmate is missing, not the pinned version, or its SHA-256 differs",
    ExitCode.POLICY: "migration files break a rule",
    ExitCode.HISTORY: "files, lockfile and database disagree: edited, removed, reordered, unknown, "
    "out of order, not baselined",
    ExitCode.REFUSED: "a guard said no: protected without confirmation, the database is stamped with "
    "another environment, rollback where protected, a migration without migrate:down",
    ExitCode.UNREACHABLE: "no connection: host, TLS, authentication, or the database does not exist",
    ExitCode.PREFLIGHT: "the server cannot take the migration now: replica, read-only, privilege or "
    "extension missing, invalid index, pooler in transaction mode",
    ExitCode.LOCKED: "another run holds the advisory lock, or an orphan of one is still active",
    ExitCode.BLOCKED: "lock_timeout was hit on every try; the report names who blocked",
    ExitCode.FAILED: "a migration failed and left nothing behind",
    ExitCode.PARTIAL: "a migration outside a transaction failed and may have left something behind",
    ExitCode.PENDING: "`status --exit-code`: migrations are pending",
    ExitCode.DRIFT: "the live schema differs",
    ExitCode.INTERRUPTED: "stopped by SIGINT (Ctrl-C); the state was read and reported",
    ExitCode.TERMINATED: "stopped by SIGTERM or SIGHUP; the state was read and reported",
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with the settings; `source` is the file and line, or the variable, it came from."""

    message: str
    source: str
    hint: str | None = None


@dataclass(frozen=True)
class ErrorReport:
    """The error that ended a run; its field names are keys of the public JSON.

    `frame` shows the line of the migration, with a caret under the place. `faults` are all the things that
    are wrong with the settings.
    """

    message: str
    hint: str | None = None
    sqlstate: str | None = None
    migration: str | None = None
    line: int | None = None
    frame: str | None = None
    faults: tuple[Fault, ...] = ()


class WrapError(Exception):
    """An error that a person can act on: what happened to what, and the next command to type."""

    code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        sqlstate: str | None = None,
        migration: str | None = None,
        line: int | None = None,
        frame: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.frame = frame
        self.hint = hint
        self.sqlstate = sqlstate
        self.migration = migration
        self.line = line

    def but(self, *, message: str | None = None, hint: str | None = None) -> Self:
        """The same error with another message or hint: an error that was raised is never changed."""
        other = type(self).__new__(type(self), self.message)
        other.__dict__.update(self.__dict__)
        if message is not None:
            other.message = message
            other.args = (message,)
        if hint is not None:
            other.hint = hint
        return other

    def report(self) -> ErrorReport:
        """Return the error as a value."""
        return ErrorReport(self.message, self.hint, self.sqlstate, self.migration, self.line, self.frame)


class UsageError(WrapError):
    """The command line is wrong."""

    code = ExitCode.USAGE


class ConfigError(WrapError):
    """Settings or environment wrong; holds every fault that was found, not the first."""

    code = ExitCode.CONFIG

    def __init__(self, message: str, *, hint: str | None = None, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.faults = faults

    def report(self) -> ErrorReport:
        """Return the error as a value, with every fault."""
        return replace(super().report(), faults=self.faults)


class BinaryError(WrapError):
    """dbmate is missing, not the pinned version, or its SHA-256 differs."""

    code = ExitCode.BINARY


class PolicyError(WrapError):
    """Migration files break a rule."""

    code = ExitCode.POLICY


class HistoryError(WrapError):
    """Files, lockfile and database disagree."""

    code = ExitCode.HISTORY


class RefusedError(WrapError):
    """A guard said no."""

    code = ExitCode.REFUSED


UnreachableKind = Literal[
    "refused", "dns", "timeout", "tls", "password", "role", "database_missing", "slots", "starting", "other"
]


class UnreachableError(WrapError):
    """No connection; `kind` is the cause."""

    code = ExitCode.UNREACHABLE

    def __init__(
        self,
        message: str,
        *,
        kind: UnreachableKind,
        hint: str | None = None,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, sqlstate=sqlstate)
        self.kind = kind


class PreflightError(WrapError):
    """The server cannot take the migration now."""

    code = ExitCode.PREFLIGHT


class LockedError(WrapError):
    """Another run is active."""

    code = ExitCode.LOCKED


class BlockedError(WrapError):
    """lock_timeout was hit: another session holds a lock that the migration needs."""

    code = ExitCode.BLOCKED


class FailedError(WrapError):
    """A migration failed and left nothing behind."""

    code = ExitCode.FAILED


class PartialError(WrapError):
    """A migration outside a transaction failed and may have left something behind."""

    code = ExitCode.PARTIAL


class InterruptedRun(WrapError):
    """The run was stopped by a signal."""

    code = ExitCode.INTERRUPTED


class TerminatedRun(InterruptedRun):
    """The run was stopped by SIGTERM or SIGHUP."""

    code = ExitCode.TERMINATED
