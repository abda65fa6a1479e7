"""Findings of rules in files, and results of checks of the machine and the server."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "notice"]
CheckStatus = Literal["pass", "warn", "fail", "skip"]


@dataclass(frozen=True)
class Finding:
    """One finding; `file` is relative to the project, `line` and `column` count from 1."""

    rule: str
    severity: Severity
    file: str | None
    line: int | None
    column: int | None
    message: str
    hint: str | None = None

    @property
    def is_error(self) -> bool:
        """True where it stops a run."""
        return self.severity == "error"


@dataclass(frozen=True)
class Check:
    """One check of the machine or of the server, with what to do about it."""

    id: str
    status: CheckStatus
    message: str
    hint: str | None = None

    @property
    def advice(self) -> str | None:
        """The hint, where there is something to do: a check that passed needs none."""
        return None if self.status == "pass" else self.hint
