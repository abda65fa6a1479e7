"""The report of one run: filled in by a verb as it goes, so that nothing is lost when it ends early."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.domain.command_hint import TargetOfFleet, name_environment
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.history import Phase
from dbmate_wrap.errors import ErrorReport, ExitCode, WrapError

if TYPE_CHECKING:
    from dbmate_wrap.domain.fleet_end import TargetEnd

    # Twenty classes, of which a run needs one or none.
    from dbmate_wrap.domain.results import Result


@dataclass(frozen=True)
class Target:
    """The database that the run is connected to; `host` may be a socket directory."""

    host: str
    port: int
    database: str
    server_version: str

    @property
    def place(self) -> str:
        """The socket directory, or ``host:port``, where an IPv6 address has brackets."""
        if self.host.startswith("/"):
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ProjectLocation:
    """The project's folder; files of findings are relative to it, as is `migrations`, the folder."""

    root: Path
    migrations: str


@dataclass(frozen=True)
class MigrationRow:
    """One row of the result's table; `applied_at` is an RFC 3339 time where it is known.

    `phase` is the side of a rollout on which it is to run, null where it is applied or has no file.
    """

    version: str
    file: str | None
    state: str
    applied_at: str | None
    checksum: str | None
    phase: Phase | None = None

    @property
    def is_applied(self) -> bool:
        """True where it is applied, and nothing disagrees."""
        return self.state.startswith("applied")

    @property
    def label(self) -> str:
        """The state for people, who also see what waits for a rollout."""
        return f"{self.state} (after rollout)" if self.phase is Phase.AFTER else self.state


@dataclass
class Outcome:
    """One run of one verb. Mutable on purpose: the verb fills it in step by step.

    `location`, `full`, `wrote`, `sources`, `old_files` and `ends` are not part of the JSON. `wrote`: it began
    to change a database or the lockfile, whatever came of that. `full` asks for a text in
    which nothing is folded. `sources` has the text of each file that findings are about, "" for the others,
    by the names in findings; `old_files` are those, by the same names, that are merged or sealed. `ends` has
    every target of a fleet, for a report with a case for each.
    """

    command: str
    environment: str | None
    run_id: str
    started_at: datetime
    target: Target | None = None
    location: ProjectLocation | None = None
    full: bool = False
    wrote: bool = False
    exit: ExitCode = ExitCode.OK
    error: ErrorReport | None = None
    summary: str | None = None
    checks: list[Check] = field(default_factory=list)
    migrations: list[MigrationRow] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    result: "Result | None" = None
    sources: dict[str, str] = field(default_factory=dict)
    old_files: list[str] = field(default_factory=list)
    ends: "list[TargetEnd]" = field(default_factory=list)

    def fail(self, error: WrapError, about: str | TargetOfFleet | None) -> None:
        """End with an error; the commands of its hint name what the run is `about`, unless that is None."""
        report = error.report()
        hint = name_environment(report.hint, about) if report.hint else None
        self.exit, self.error = error.code, replace(report, hint=hint)

    @property
    def told(self) -> list[Finding]:
        """The findings without notices about files that nobody may change: who asks for those sees them."""
        old = frozenset(self.old_files)
        return [each for each in self.findings if each.severity != "notice" or each.file not in old]
