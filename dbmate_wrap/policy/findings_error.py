"""Makes the one error that findings end a command with."""

from collections.abc import Sequence

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.errors import HistoryError, PolicyError
from dbmate_wrap.policy.registry import FAMILIES


def findings_error(
    findings: Sequence[Finding], folder: str, *, history: bool = True
) -> PolicyError | HistoryError | None:
    """The error for the worst finding: PolicyError (12) before HistoryError (13); None without an error.

    `folder` is how the migrations folder is shown to people; `history` False leaves the lockfile out.
    """
    errors = [finding for finding in findings if finding.is_error]
    against_history = [finding for finding in errors if finding.rule in FAMILIES["lockfile"]]
    against_policy = [finding for finding in errors if finding.rule not in FAMILIES["lockfile"]]
    if against_policy:
        message = _message(against_policy, "breaks a rule", "break rules")
        name, line = _migration_and_line(against_policy, folder)
        return PolicyError(message, hint=_hint(against_policy), migration=name, line=line)
    if against_history and history:
        message = _message(against_history, "does not fit the history", "do not fit the history")
        name, line = _migration_and_line(against_history, folder)
        return HistoryError(message, hint=_hint(against_history), migration=name, line=line)
    return None


def _message(findings: Sequence[Finding], one: str, many: str) -> str:
    if len(findings) == 1:
        return findings[0].message
    files = len({finding.file for finding in findings})
    return f"{files} files {many}" if files > 1 else f"{files} file {one}"


def _hint(findings: Sequence[Finding]) -> str | None:
    return findings[0].hint if len(findings) == 1 else "fix each of the findings above"


def _migration_and_line(findings: Sequence[Finding], folder: str) -> tuple[str | None, int | None]:
    """The migration and its line, where all findings are at one place of one migration."""
    places = {(finding.file or "", finding.line) for finding in findings}
    file, line = next(iter(places)) if len(places) == 1 else ("", None)
    return (file.removeprefix(f"{folder}/"), line) if file.startswith(f"{folder}/") else (None, None)
