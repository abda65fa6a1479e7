"""What a run reports: filled in by a verb as it goes, so that nothing is lost when it ends early."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.errors import ExitCode, Fault, WrapError


@dataclass(frozen=True)
class Target:
    """The database that the run is connected to; `host` may be a socket directory."""

    host: str
    port: int
    database: str
    server_version: str


@dataclass(frozen=True)
class ProjectLocation:
    """Where the project lies; files of findings are relative to it, as is `migrations`, the folder."""

    root: Path
    migrations: str


@dataclass(frozen=True)
class MigrationRow:
    """One row of the result's table; `applied_at` is an RFC 3339 time where it is known."""

    version: str
    file: str | None
    state: str
    applied_at: str | None
    checksum: str | None


@dataclass(frozen=True)
class ErrorReport:
    """Why the run ended as it did; `faults` are all the things wrong with the settings.

    `frame` shows the line of the migration, with a caret under the place.
    """

    message: str
    hint: str | None = None
    sqlstate: str | None = None
    migration: str | None = None
    line: int | None = None
    faults: tuple[Fault, ...] = ()
    frame: str | None = None

    @classmethod
    def of(cls, error: WrapError, faults: tuple[Fault, ...] = ()) -> "ErrorReport":
        """The report of one error of the tree."""
        place = (error.migration, error.line)
        return cls(error.message, error.hint, error.sqlstate, *place, faults, error.frame)


@dataclass(frozen=True)
class Step:
    """One pending migration and how it would run."""

    version: str
    file: str
    transaction: bool
    own_process: bool


@dataclass(frozen=True)
class EnvironmentRow:
    """One environment; `url` says where its URL comes from, None where it has none."""

    name: str
    default: bool
    protected: bool
    url: str | None


@dataclass(frozen=True)
class SettingRow:
    """One setting as text, and where its value comes from."""

    name: str
    value: str
    source: str


@dataclass(frozen=True)
class MatrixRow:
    """One migration, and its state in each environment of the matrix ("-" where it is unknown)."""

    version: str
    file: str | None
    states: tuple[str, ...]


@dataclass(frozen=True)
class MatrixError:
    """An environment that is not in the matrix, and why."""

    environment: str
    code: int
    error: str


@dataclass(frozen=True)
class Matrix:
    """Environments x migrations."""

    environments: tuple[str, ...]
    migrations: tuple[MatrixRow, ...]
    errors: tuple[MatrixError, ...]


@dataclass
class Extra:
    """What single commands report beside what all do; None where the command does not."""

    steps: tuple[Step, ...] | None = None
    environments: tuple[EnvironmentRow, ...] | None = None
    settings: tuple[SettingRow, ...] | None = None
    matrix: Matrix | None = None
    entries: tuple[LedgerEntry, ...] | None = None
    url: str | None = None
    path: str | None = None
    schema_file: str | None = None
    changed: bool | None = None
    returncode: int | None = None
    stdout: str | None = None
    stderr: str | None = None


@dataclass
class Outcome:
    """One run of one verb. Mutable on purpose: the verb records what it knows as soon as it knows it.

    `place` and `sources` (the text of files, by the name that findings give them) are not part of the JSON.
    """

    command: str
    environment: str | None
    run_id: str
    started_at: datetime
    target: Target | None = None
    place: ProjectLocation | None = None
    exit: ExitCode = ExitCode.OK
    error: ErrorReport | None = None
    summary: str | None = None
    checks: list[Check] = field(default_factory=list)
    migrations: list[MigrationRow] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    extra: Extra = field(default_factory=Extra)
    sources: dict[str, str] = field(default_factory=dict)
