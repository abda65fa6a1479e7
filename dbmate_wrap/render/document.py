"""The public JSON document as values: the one place that fixes its keys; docs/output.schema.json has them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, Target

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Exit:
    """How the run ended."""

    code: int
    name: str


@dataclass(frozen=True)
class SettingsFault:
    """One thing wrong with the settings, and the file or variable it came from."""

    message: str
    source: str
    hint: str | None


@dataclass(frozen=True)
class Error:
    """Why the run ended with another code than 0."""

    message: str
    hint: str | None
    sqlstate: str | None
    migration: str | None
    line: int | None
    frame: str | None
    faults: tuple[SettingsFault, ...]


@dataclass(frozen=True)
class Document:
    """What every command prints with `--format json`, also on failure; commands add keys of their own."""

    format_version: int
    command: str
    environment: str | None
    target: Target | None
    run_id: str
    started_at: str
    duration_ms: int
    exit: Exit
    error: Error | None
    checks: tuple[Check, ...]
    migrations: tuple[MigrationRow, ...]
    applied: tuple[str, ...]
    findings: tuple[Finding, ...]


def document(outcome: Outcome, ended_at: datetime) -> Document:
    """The document of a run that ended at `ended_at`."""
    error = outcome.error
    return Document(
        format_version=FORMAT_VERSION,
        command=outcome.command,
        environment=outcome.environment,
        target=outcome.target,
        run_id=outcome.run_id,
        started_at=_rfc_3339(outcome.started_at),
        # A clock that is set back makes no time negative.
        duration_ms=max(round((ended_at - outcome.started_at).total_seconds() * 1000), 0),
        exit=Exit(int(outcome.exit), outcome.exit.label),
        error=Error(
            error.message,
            error.hint,
            error.sqlstate,
            error.migration,
            error.line,
            error.frame,
            tuple(SettingsFault(fault.message, fault.source, fault.hint) for fault in error.faults),
        )
        if error
        else None,
        checks=tuple(outcome.checks),
        migrations=tuple(outcome.migrations),
        applied=tuple(outcome.applied),
        findings=tuple(outcome.findings),
    )


def _rfc_3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
