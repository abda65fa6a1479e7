"""Renders JUnit XML as GitLab and Jenkins read it: a suite for each family of rules, a case for each file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.render.annotations import Repository, annotations_of, text_of

# Every file is judged by these; the others have cases only for what they found.
_ALWAYS = ("files", "sql", "lockfile")
_RUN = "run"


@dataclass(frozen=True)
class _Case:
    name: str
    is_file: bool
    found: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.found if finding.is_error)


def render(outcome: Outcome, repository: Repository, ended_at: datetime) -> str:
    """The XML of a masked outcome; the suite `run` is always there and has the error of the run."""
    found = [remark.finding for remark in annotations_of(outcome, repository)]
    files = {repository.path(file) for file in outcome.sources}
    seconds = max((ended_at - outcome.started_at).total_seconds(), 0)
    suites = list(_suites(found, sorted(files), outcome.command))
    tests = sum(len(cases) for _, cases in suites)
    failures = sum(bool(case.failures) for _, cases in suites for case in cases)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(
        f'<testsuites name="dbmate-wrap {escape(outcome.command)}" tests="{tests}" failures="{failures}"'
        f' errors="0" time="{seconds:.3f}">'
    )
    started = outcome.started_at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    for family, cases in suites:
        lines += _suite(family, cases, started)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suites(
    found: Sequence[Finding], files: Sequence[str], command: str
) -> Iterator[tuple[str, Sequence[_Case]]]:
    families: dict[str, dict[str, list[Finding]]] = {_RUN: {command: []}}
    for family in _ALWAYS if files else ():
        families[family] = {file: [] for file in files}
    for finding in found:
        family = family_of(finding.rule) if _is_rule(finding.rule) else _RUN
        name = finding.file if finding.file and family != _RUN else command
        families.setdefault(family, {}).setdefault(name, []).append(finding)
    for family, by_file in families.items():
        yield family, [_Case(name, name != command, tuple(of)) for name, of in by_file.items()]


def _is_rule(rule: str) -> bool:
    return rule in RULES or rule.startswith("squawk/")


def _suite(family: str, cases: Sequence[_Case], started: str) -> Iterator[str]:
    failures = sum(bool(case.failures) for case in cases)
    yield (
        f'  <testsuite name="dbmate-wrap {family}" tests="{len(cases)}" failures="{failures}" errors="0"'
        f' skipped="0" time="0" timestamp="{started}">'
    )
    for case in cases:
        yield from _case(family, case)
    yield "  </testsuite>"


def _case(family: str, case: _Case) -> Iterator[str]:
    # Jenkins takes what is before the last dot for a package; GitLab tells cases apart by both names.
    place = f' file="{_attribute(case.name)}"' if case.is_file else ""
    start = f'    <testcase classname="dbmate-wrap.{family}" name="{_attribute(case.name)}"{place} time="0"'
    if not case.found:
        yield f"{start}/>"
        return
    yield f"{start}>"
    if case.failures:
        first = case.failures[0]
        more = f" (and {len(case.failures) - 1} more)" if len(case.failures) > 1 else ""
        words = _text("\n\n".join(_shown(finding) for finding in case.failures))
        # GitLab shows the text alone, Jenkins the message above it.
        kind = _attribute(first.rule)
        yield f'      <failure message="{_attribute(first.message + more)}" type="{kind}">{words}</failure>'
    others = [_shown(finding) for finding in case.found if not finding.is_error]
    if others:
        words = _text("\n\n".join(others))
        yield f"      <system-out>{words}</system-out>"
    yield "    </testcase>"


def _shown(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line is not None else ""
    place = f"{finding.file}{line}: " if finding.file else ""
    return f"{finding.severity}: {place}{text_of(finding)} [{finding.rule}]"


def _text(words: str) -> str:
    return escape("".join(each for each in words if _allowed(each)), quote=False)


def _attribute(words: str) -> str:
    # A line end in an attribute would be read as a space.
    return (
        escape("".join(each for each in words if _allowed(each))).replace("\n", "&#10;").replace("\t", "&#9;")
    )


def _allowed(character: str) -> bool:
    """XML 1.0, production 2 (Char)."""
    return (
        character in "\t\n"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character >= "\U00010000"
    )
