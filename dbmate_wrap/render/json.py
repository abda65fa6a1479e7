"""Renders the public JSON document; docs/output.schema.json is made from the types here.

The keys that all commands have stand here. What they hold, and the keys of single commands
(domain/results.py), are values of the domain, whose field names are the keys.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dbmate_wrap.domain.escape import visible
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, Target
from dbmate_wrap.errors import ErrorReport

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT_VERSION = 1
_LONE_SURROGATES = re.compile("[\ud800-\udfff]+")

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


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


def render(outcome: Outcome, ended_at: datetime) -> str:
    """One object on indented lines, of a masked outcome.

    In ASCII, so that it is JSON on every stream and steers no terminal; undecodable bytes are shown as \\xff.
    """
    return _neutral(json.dumps(_keys(outcome, ended_at), indent=2))


def render_line(outcome: Outcome, ended_at: datetime) -> str:
    """Return the same object on one line: for a run of which every target has a document (JSON lines)."""
    return _neutral(json.dumps(_keys(outcome, ended_at), separators=(",", ":")))


def _neutral(text: str) -> str:
    # The same text to who reads JSON, and no command to who reads a log for ##[...] and ##vso[...].
    return text.replace("##", "#\\u0023") + "\n"


def _keys(outcome: Outcome, ended_at: datetime) -> dict[str, JsonValue]:
    keys = _object(_document(outcome, ended_at))
    return keys if outcome.result is None else keys | _object(outcome.result)


def rfc_3339(time: datetime) -> str:
    """Return the time in UTC with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _document(outcome: Outcome, ended_at: datetime) -> Document:
    return Document(
        format_version=FORMAT_VERSION,
        command=outcome.command,
        environment=outcome.environment,
        target=outcome.target,
        run_id=outcome.run_id,
        started_at=rfc_3339(outcome.started_at),
        # A clock that is set back makes no time negative.
        duration_ms=max(round((ended_at - outcome.started_at).total_seconds() * 1000), 0),
        exit=Exit(int(outcome.exit), outcome.exit.label),
        error=outcome.error,
        checks=tuple(outcome.checks),
        migrations=tuple(outcome.migrations),
        applied=tuple(outcome.applied),
        findings=tuple(outcome.findings),
    )


def _object(value: "DataclassInstance") -> dict[str, JsonValue]:
    # dataclasses.asdict deep-copies: three times slower on a thousand migrations.
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> JsonValue:
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATES.sub(lambda found: visible(found[0]), value)
    assert value is None or isinstance(value, (int, float, bool))
    return value
