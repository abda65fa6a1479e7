"""Makes the one error that findings end a command with."""

from collections.abc import Sequence

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.errors import HistoryError, PolicyError
from dbmate_wrap.policy.registry import FAMILIES, is_lenient


def findings_error(
    findings: Sequence[Finding], folder: str, *, history: bool = True
) -> PolicyError | HistoryError | None:
    """The error for the worst finding: PolicyError (12) before HistoryError (13); None without an error.

    `folder` is how the migrations folder is shown to people; `history` False leaves the lockfile out.
    """
    errors = [finding for finding in findings if finding.is_error]
    against_policy = [finding for finding in errors if finding.rule not in FAMILIES["lockfile"]]
    if against_policy:
        return _error(PolicyError, against_policy, folder, "breaks a rule", "break rules")
    if errors and history:
        return _error(HistoryError, errors, folder, "does not fit the history", "do not fit the history")
    return None


def _error(
    kind: type[PolicyError] | type[HistoryError],
    findings: Sequence[Finding],
    folder: str,
    one: str,
    many: str,
) -> PolicyError | HistoryError:
    if len(findings) == 1:
        message, hint = findings[0].message, findings[0].hint
    else:
        files = len({finding.file for finding in findings})
        message = f"{files} files {many}" if files > 1 else f"{files} file {one}"
        hints = {finding.hint for finding in findings}
        hint = (hints.pop() if len(hints) == 1 else None) or "fix each of the findings above"
        if any(is_lenient(finding.rule) for finding in findings):
            hint += '; or leave what was applied before alone: since = "VERSION" in [policy]'
    # The error names a migration and a line where all findings are at that one place.
    places = {(finding.file or "", finding.line) for finding in findings}
    file, line = places.pop() if len(places) == 1 else ("", None)
    if not file.startswith(f"{folder}/"):
        return kind(message, hint=hint)
    return kind(message, hint=hint, migration=file.removeprefix(f"{folder}/"), line=line)
