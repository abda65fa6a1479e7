"""The result of one check, before the engine adds the id of the check."""

from dataclasses import dataclass

from dbmate_wrap.domain.finding import CheckStatus


@dataclass(frozen=True)
class Verdict:
    """The status and the reason, with a hint where the check did not pass."""

    status: CheckStatus
    message: str
    hint: str | None = None


def passed(message: str) -> Verdict:
    """The verdict of a check without objection; `message` is what it saw."""
    return Verdict("pass", message)


def skipped(reason: str, hint: str | None = None) -> Verdict:
    """The verdict of a check that has no subject here, or cannot be made."""
    return Verdict("skip", reason, hint)


def warned(message: str, hint: str) -> Verdict:
    """The verdict of a check after which the run goes on with a warning."""
    return Verdict("warn", message, hint)


def failed(message: str, hint: str) -> Verdict:
    """The verdict of a check that keeps the run from beginning."""
    return Verdict("fail", message, hint)


def join_names(names: tuple[str, ...], *, most: int = 5) -> str:
    """``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def format_rounded(seconds: float) -> str:
    """``45 s``, ``12 min`` or ``3 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
