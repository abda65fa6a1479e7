"""Renders stderr for people: findings with their line of SQL, then the error with its hint."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from dbmate_wrap.domain.code_frame import line_frame
from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.migration import version_of
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy.registry import RULES
from dbmate_wrap.render.annotations import SUMMARY_CODES, line_of_code, source_lines
from dbmate_wrap.render.table import PLAIN, Paint

# Warnings of one rule: a project that has just begun with lockfiles has one for each of its files.
_MAX_WARNINGS = 3
# So many findings that differ in nothing but the file are told in one line.
_ALIKE = 3
_ADJECTIVES = frozenset({"unsealed", "edited", "removed", "not-appended"})
# With the number before it and the dots of a cut line on both sides it fits into 80 columns.
_MAX_WIDTH = 66
_Kind: TypeAlias = tuple[Severity, str, str | None]
_Alike: TypeAlias = Mapping[_Kind, Sequence[Finding]]
# The worst first.
_STYLE: Mapping[Severity, str] = {"error": "red", "warning": "yellow", "notice": "dim"}


def stderr_text(outcome: Outcome, paint: Paint, *, quiet: bool, verbose: bool = False) -> str:
    """The text for stderr: one line for what differs in its file alone, at most three warnings of one rule.

    `verbose` shows all of them.
    """
    told = outcome.findings if verbose else outcome.told
    lines = list(_findings(outcome, paint, told, quiet=quiet, verbose=verbose))
    untold = len(outcome.findings) - len(told)
    if untold and outcome.command == "check" and not quiet:
        more = f"{untold} in merged files, which stay as they are; --verbose shows them"
        lines.append(f"{paint(_STYLE['notice'], 'notice')}: {more}")
    if len(told) > 1 and not quiet:
        lines.append(severity_counts(told))
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


def _findings(
    outcome: Outcome, paint: Paint, told: Sequence[Finding], *, quiet: bool, verbose: bool
) -> Iterator[str]:
    lines_of = source_lines(outcome)
    numbers: Counter[tuple[Severity, str]] = Counter()
    alike = {} if verbose else _alike(told)
    most = len(told) if verbose else _MAX_WARNINGS
    for finding in told:
        if found := alike.get(_kind(finding)):
            if finding is found[0] and (finding.is_error or not quiet):
                yield from _finding(_summed_up(found), (), paint)
            continue
        if not finding.is_error:
            numbers[finding.severity, finding.rule] += 1
            if quiet or numbers[finding.severity, finding.rule] > most:
                continue
        shown = line_of_code(finding, lines_of) is not None
        yield from _finding(finding, lines_of[finding.file or ""] if shown else (), paint)
    for (severity, rule), number in numbers.items():
        if number > most and not quiet:
            more = f"and {number - most} more with --verbose [{visible(rule)}]"
            yield f"{paint(_STYLE[severity], severity)}: {more}"


def _kind(finding: Finding) -> _Kind:
    return finding.severity, finding.rule, finding.hint


def _alike(findings: Sequence[Finding]) -> _Alike:
    """Return those that one line tells: of rules about whole files, where only the file differs."""
    kinds: dict[_Kind, list[Finding]] = {}
    for finding in findings:
        rule = RULES.get(finding.rule)
        if rule is not None and rule.scope == "file" and finding.file is not None and finding.hint:
            kinds.setdefault(_kind(finding), []).append(finding)
    return {kind: found for kind, found in kinds.items() if len(found) >= _ALIKE}


def _summed_up(findings: Sequence[Finding]) -> Finding:
    """Return one finding for many: ``3 unsealed: 014, 015, 016``."""
    names = [(finding.file or "").rpartition("/")[2] for finding in findings]
    shown = join_names([version_of(name) or name for name in names])
    first = findings[0]
    verb = first.rule if first.rule in _ADJECTIVES else f"break {first.rule}"
    message = f"{len(names)} {verb}: {shown}"
    return replace(first, file=None, line=None, column=None, message=message)


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
