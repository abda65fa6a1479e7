"""The public JSON document as values, each spelled once: docs/output.schema.json is made from these types.

The keys that all commands have stand here. What they hold, and the keys of single commands
(domain/results.py), are values of the domain, whose field names are the keys.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, Target
from dbmate_wrap.errors import ErrorReport

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Exit:
    """How the run ended."""

    code: int
    name: str


@dataclass(frozen=True)
class Document:
    """The keys of every command with `--format json`, also on failure; those of its result follow."""

    format_version: int
    command: str
    environment: str | None
    target: Target | None
    run_id: str
    started_at: str
    duration_ms: int
    exit: Exit
    error: ErrorReport | None
    checks: tuple[Check, ...]
    migrations: tuple[MigrationRow, ...]
    applied: tuple[str, ...]
    findings: tuple[Finding, ...]


def document(outcome: Outcome, ended_at: datetime) -> Document:
    """The document of a run that ended at `ended_at`."""
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
        error=outcome.error,
        checks=tuple(outcome.checks),
        migrations=tuple(outcome.migrations),
        applied=tuple(outcome.applied),
        findings=tuple(outcome.findings),
    )


def _rfc_3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
