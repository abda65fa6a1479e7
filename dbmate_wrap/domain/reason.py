"""A reason that a person gives with --because."""

from dbmate_wrap.errors import UsageError


def check_reason(because: str) -> str:
    """Return the reason on one line. Raises UsageError where it is empty or cannot be printed."""
    reason = " ".join(because.split())
    if reason and reason.isprintable():
        return reason
    what = "has characters that cannot be printed" if reason else "is empty"
    raise UsageError(f"--because {what}", hint="say in some words why")
