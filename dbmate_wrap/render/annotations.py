"""Annotations for code hosts: findings and the error, each at its place in the repository."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.policy.registry import rule_of

# With these codes the error sums up the findings.
SUMMARY_CODES = frozenset({ExitCode.POLICY, ExitCode.HISTORY})


@dataclass(frozen=True)
class Repository:
    """`root` is absolute; `folder` is the project's within it, with slashes, empty where both are one."""

    root: PurePath
    folder: str = ""

    def path(self, file: str) -> str:
        """A file as findings name it (relative to the project, or absolute), relative to the repository.

        One that lies outside stays absolute.
        """
        path = PurePath(file)
        if not path.is_absolute():
            return visible(f"{self.folder}/{file}" if self.folder else file)
        return visible((path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix())


@dataclass(frozen=True)
class Annotation:
    """A finding whose `file` is relative to the repository; `line_of_code` is the text there, if known."""

    finding: Finding
    line_of_code: str | None = None


def annotations_of(outcome: Outcome, repository: Repository) -> tuple[Annotation, ...]:
    """Return the error, unless it only sums up findings, and the findings, errors first; all is visible."""
    lines_of = source_lines(outcome)
    told = [*outcome.told, *_of_plan(outcome)]
    found = [_annotate(finding, repository, line_of_code(finding, lines_of)) for finding in told]
    if outcome.error is not None and not _error_only_summarizes(outcome):
        found.insert(0, Annotation(_finding_of(outcome, outcome.error, repository)))
    order = ("error", "warning", "notice")
    return tuple(sorted(found, key=lambda each: order.index(each.finding.severity)))


def source_lines(outcome: Outcome) -> dict[str, list[str]]:
    """Return the lines of each file, by its name in findings; split once for all that are in it."""
    return {file: text.split("\n") for file, text in outcome.sources.items()}


def line_of_code(finding: Finding, lines_of: Mapping[str, Sequence[str]]) -> str | None:
    """Return the line that a finding is about, if known; a whole file is only shown on its first line."""
    rule = rule_of(finding.rule)
    if finding.file is None or finding.line is None or (rule is not None and rule.scope == "file"):
        return None
    lines = lines_of.get(finding.file, ())
    return lines[finding.line - 1] if 1 <= finding.line <= len(lines) else None


def message_with_hint(finding: Finding) -> str:
    """The message, and under it what to do."""
    return f"{finding.message}\nhint: {finding.hint}" if finding.hint else finding.message


def fingerprints(found: Sequence[Annotation]) -> list[str]:
    """One for each, 64 hex digits, unique, and the same when lines above are added or removed.

    Made from the rule, the file and the line of code (without one, the message); annotations with the same
    three are numbered from the top.
    """
    seen: Counter[str] = Counter()
    result: list[str] = []
    for annotation in found:
        finding = annotation.finding
        line = annotation.line_of_code
        about = finding.message if line is None else " ".join(line.split())
        key = "\0".join((finding.rule, finding.file or "", about))
        seen[key] += 1
        result.append(hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "backslashreplace")).hexdigest())
    return result


def _of_plan(outcome: Outcome) -> Iterator[Finding]:
    """Yield a warning for each statement of a plan that is no finding already."""
    if outcome.command != "plan":
        return
    from dbmate_wrap.domain.plan_gate import warnings_of  # Few runs are plans.

    yield from warnings_of(outcome)


def _annotate(finding: Finding, repository: Repository, line: str | None) -> Annotation:
    shown = replace(
        finding,
        rule=visible(finding.rule),
        file=repository.path(finding.file) if finding.file else None,
        # GitLab refuses an issue without a description.
        message=visible_lines(finding.message, "") or visible(finding.rule),
        hint=visible_lines(finding.hint, "") if finding.hint else None,
    )
    return Annotation(shown, line)


def _error_only_summarizes(outcome: Outcome) -> bool:
    errors = [finding for finding in outcome.findings if finding.is_error]
    repeated = outcome.error is not None and outcome.error.message in {each.message for each in errors}
    return repeated or (bool(errors) and outcome.exit in SUMMARY_CODES)


def _finding_of(outcome: Outcome, error: ErrorReport, repository: Repository) -> Finding:
    file, message = None, error.message
    if error.migration is not None and outcome.location is not None:
        shown = f"{outcome.location.migrations}/{error.migration}"
        file = repository.path(shown)
        # The place is shown beside the message.
        message = message.removeprefix(f"{shown}:{error.line}: ")
    message += f" ({error.sqlstate})" if error.sqlstate else ""
    # A single fault is the message already.
    for fault in error.faults if len(error.faults) > 1 else ():
        message += f"\n{fault.source}: {fault.message}" + (f" (hint: {fault.hint})" if fault.hint else "")
    return Finding(
        rule=outcome.exit.label,
        severity="error",
        file=file,
        line=error.line if file else None,
        column=None,
        message=visible_lines(message, ""),
        hint=visible_lines(error.hint, "") if error.hint else None,
    )
