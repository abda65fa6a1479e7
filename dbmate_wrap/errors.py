"""The exit codes of the public contract and one error tree whose classes carry them."""

from dataclasses import KW_ONLY, dataclass, replace
from enum import IntEnum
from typing import ClassVar, Literal, Self


class ExitCode(IntEnum):
    """The exit codes that scripts branch on; dbmate_wrap/pages/exit_codes.toml says more about each."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "done"
    INTERNAL = 1, "a bug in dbmate-wrap; a redacted report is written"
    USAGE = 2, "wrong arguments"
    CONFIG = 10, "settings or environment wrong, URL missing or malformed, two environments on one database"
    BINARY = 11, "dbmate is missing, not the pinned version, or its SHA-256 differs"
    POLICY = 12, "migration files break a rule"
    HISTORY = (
        13,
        "files, lockfile and database disagree: edited, removed, reordered, unknown, out of order, "
        "not baselined",
    )
    REFUSED = (
        20,
        "a guard said no: protected without confirmation, the database is stamped with another environment, "
        "rollback where protected, a migration without migrate:down",
    )
    UNREACHABLE = 21, "no connection: host, TLS, authentication, or the database does not exist"
    PREFLIGHT = (
        22,
        "the server cannot take the migration now: replica, read-only, privilege or extension missing, "
        "invalid index, pooler in transaction mode",
    )
    LOCKED = 23, "another run holds the advisory lock, or an orphan of one is still active"
    BLOCKED = 24, "lock_timeout was hit on every try; the report names who blocked"
    FAILED = 30, "a migration failed and left nothing behind"
    PARTIAL = 31, "a migration outside a transaction failed and may have left something behind"
    PENDING = 32, "`status --exit-code`, and `wait` when its time is over: migrations are pending"
    DRIFT = 33, "the live schema differs"
    AGAIN = 34, "fleet: every failure may go away by itself (21, 23, 24, 143): run it again"
    SOME_FAILED = 35, "fleet: at least one database needs a person"
    INTERRUPTED = 130, "stopped by SIGINT (Ctrl-C); the state was read and reported"
    TERMINATED = 143, "stopped by SIGTERM or SIGHUP; the state was read and reported"

    @property
    def label(self) -> str:
        """The lower-case name that the JSON carries."""
        return self.name.lower().replace("_", "-")


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


@dataclass(eq=False, repr=False)
class WrapError(Exception):
    """An error that a person can act on: what happened to what, and the next command to type."""

    code: ClassVar[ExitCode] = ExitCode.INTERNAL
    message: str
    _: KW_ONLY
    hint: str | None = None
    sqlstate: str | None = None
    migration: str | None = None
    line: int | None = None
    frame: str | None = None
    faults: tuple[Fault, ...] = ()

    def __init_subclass__(cls, code: ExitCode | None = None) -> None:
        cls.code = code or cls.code

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def but(self, *, message: str | None = None, hint: str | None = None) -> Self:
        """Return the same error with another message or hint: an error that was raised is never changed."""
        return replace(self, message=message or self.message, hint=hint or self.hint)

    def report(self) -> ErrorReport:
        """Return the error as a value."""
        return ErrorReport(
            self.message, self.hint, self.sqlstate, self.migration, self.line, self.frame, self.faults
        )


class UsageError(WrapError, code=ExitCode.USAGE):
    """The command line is wrong."""


class ConfigError(WrapError, code=ExitCode.CONFIG):
    """Settings or environment wrong; `faults` are all that were found, not the first."""


class BinaryError(WrapError, code=ExitCode.BINARY):
    """dbmate is missing, not the pinned version, or its SHA-256 differs."""


class PolicyError(WrapError, code=ExitCode.POLICY):
    """Migration files break a rule."""


class HistoryError(WrapError, code=ExitCode.HISTORY):
    """Files, lockfile and database disagree."""


class RefusedError(WrapError, code=ExitCode.REFUSED):
    """The run was refused: protected, another environment, or nothing to undo it with."""


UnreachableKind = Literal[
    "refused", "dns", "timeout", "tls", "password", "role", "database_missing", "slots", "starting", "other"
]


@dataclass(eq=False, repr=False, kw_only=True)
class UnreachableError(WrapError, code=ExitCode.UNREACHABLE):
    """No connection; `kind` is the cause."""

    kind: UnreachableKind


class PreflightError(WrapError, code=ExitCode.PREFLIGHT):
    """The server cannot take the migration now."""


class LockedError(WrapError, code=ExitCode.LOCKED):
    """Another run is active."""


class BlockedError(WrapError, code=ExitCode.BLOCKED):
    """lock_timeout was hit: another session holds a lock that the migration needs."""


class FailedError(WrapError, code=ExitCode.FAILED):
    """A migration failed and left nothing behind."""


class PartialError(WrapError, code=ExitCode.PARTIAL):
    """A migration outside a transaction failed and may have left something behind."""


class DriftError(WrapError, code=ExitCode.DRIFT):
    """The live schema differs from what the migrations make."""


class InterruptedRun(WrapError, code=ExitCode.INTERRUPTED):
    """The run was stopped by a signal."""


class TerminatedRun(InterruptedRun, code=ExitCode.TERMINATED):
    """The run was stopped by SIGTERM or SIGHUP."""
