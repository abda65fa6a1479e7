"""Renders stderr for people: findings with their line of SQL, then the error with its hint."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dbmate_wrap.domain.code_frame import line_frame
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy.registry import FAMILIES
from dbmate_wrap.render.annotations import SUMMARY_CODES, line_of_code, source_lines
from dbmate_wrap.render.table import PLAIN, Paint

# Warnings of one rule: a project that has just begun with lockfiles has one for each of its files.
_MAX_WARNINGS = 3
# With the number before it and the dots of a cut line on both sides it fits into 80 columns.
_MAX_WIDTH = 66
# The worst first.
_STYLE: Mapping[Severity, str] = {"error": "red", "warning": "yellow", "notice": "dim"}


def stderr_text(outcome: Outcome, paint: Paint, *, quiet: bool, verbose: bool = False) -> str:
    """The text for stderr; at most three warnings of one rule, unless `verbose`."""
    most = len(outcome.findings) if verbose else _MAX_WARNINGS
    lines = list(_findings(outcome, paint, most, quiet=quiet))
    if len(outcome.findings) > 1 and not quiet:
        lines.append(severity_counts(outcome.findings))
    if outcome.error is not None:
        error = error_lines(outcome, paint)
        # One finding alone is the error, and is shown already.
        lines += error[-1:] if _error_is_a_finding(outcome) else error
    return "".join(f"{line}\n" for line in lines)


def severity_counts(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``; empty without findings."""
    numbers = Counter(finding.severity for finding in findings)
    return ", ".join(count(numbers[severity], severity) for severity in _STYLE if numbers[severity])


def error_lines(outcome: Outcome, paint: Paint = PLAIN) -> list[str]:
    """Return the error: message, the line of the migration, faults of the settings, hint, exit code."""
    error = outcome.error
    assert error is not None
    code = f" ({error.sqlstate})" if error.sqlstate else ""
    lines = [f"{paint('red', 'error')}: {visible_lines(error.message)}{code}"]
    if error.frame:
        lines += [visible(line) for line in error.frame.split("\n")]
    # A single fault is the message already.
    for fault in error.faults if len(error.faults) > 1 else ():
        lines.append(f"  {visible(fault.source)}: {visible_lines(fault.message, '    ')}")
        if fault.hint:
            lines.append(f"    hint: {visible_lines(fault.hint, '      ')}")
    if error.hint:
        lines.append(f"  hint: {visible_lines(error.hint, '    ')}")
    return [*lines, f"  exit: {int(outcome.exit)} ({outcome.exit.label})"]


def _findings(outcome: Outcome, paint: Paint, most: int, *, quiet: bool) -> Iterator[str]:
    lines_of = source_lines(outcome)
    numbers: Counter[tuple[Severity, str]] = Counter()
    merged = [finding for finding in outcome.findings if _is_merged(finding)]
    folded = len(merged) > most
    for finding in outcome.findings:
        if folded and _is_merged(finding):
            continue
        if not finding.is_error:
            numbers[finding.severity, finding.rule] += 1
            if quiet or numbers[finding.severity, finding.rule] > most:
                continue
        shown = line_of_code(finding, lines_of) is not None
        yield from _finding(finding, lines_of[finding.file or ""] if shown else (), paint)
    if folded and not quiet:
        more = f"{len(merged)} in merged files, which stay as they are; --verbose shows them"
        yield f"{paint(_STYLE['notice'], 'notice')}: {more}"
    for (severity, rule), number in numbers.items():
        if number > most and not quiet:
            more = f"and {number - most} more with --verbose [{visible(rule)}]"
            yield f"{paint(_STYLE[severity], severity)}: {more}"


def _is_merged(finding: Finding) -> bool:
    """Return whether it is about merged SQL, which stays as it is: a project may have hundreds of them."""
    return finding.severity == "notice" and finding.rule in FAMILIES["sql"]


def _error_is_a_finding(outcome: Outcome) -> bool:
    errors = [finding.message for finding in outcome.findings if finding.is_error]
    return outcome.exit in SUMMARY_CODES and outcome.error is not None and errors == [outcome.error.message]


def _finding(finding: Finding, lines: Sequence[str], paint: Paint) -> Iterator[str]:
    line = f":{finding.line}" if finding.line is not None else ""
    place = f"{finding.file}{line}: " if finding.file else ""
    message = visible_lines(f"{place}{finding.message}")
    yield f"{paint(_STYLE[finding.severity], finding.severity)}: {message} [{visible(finding.rule)}]"
    if lines and finding.line is not None:
        frame = line_frame(lines, finding.line, finding.column, _MAX_WIDTH)
        yield from (visible(each).rstrip() for each in frame.split("\n"))
    if finding.hint:
        yield f"  hint: {visible_lines(finding.hint, '    ')}"
