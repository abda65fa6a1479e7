"""What one check has found, before the engine puts the check's id to it."""

from dataclasses import dataclass

from dbmate_wrap.domain.finding import CheckStatus


@dataclass(frozen=True)
class Verdict:
    """A result with, where it is not a pass, what to do about it."""

    status: CheckStatus
    message: str
    hint: str | None = None


def passed(message: str) -> Verdict:
    """All is well; `message` says what was seen."""
    return Verdict("pass", message)


def skipped(reason: str, hint: str | None = None) -> Verdict:
    """The check has no subject here, or cannot be made."""
    return Verdict("skip", reason, hint)


def warned(message: str, hint: str) -> Verdict:
    """The run goes on, and somebody should know."""
    return Verdict("warn", message, hint)


def failed(message: str, hint: str) -> Verdict:
    """The run must not begin."""
    return Verdict("fail", message, hint)


def join_names(names: tuple[str, ...], *, most: int = 5) -> str:
    """``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def format_duration(seconds: float) -> str:
    """``45 s``, ``12 min`` or ``3 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
