"""Renders JUnit XML as GitLab and Jenkins read it: a suite for each family of rules, a case for each file."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.render.annotations import Repository, annotations_of, message_with_hint

# These families check every file; the others have cases only for what they found.
_ALWAYS = ("files", "sql", "lockfile")
_RUN = "run"
# XML 1.0 does not have these characters (production 2, Char); a carriage return would not come back as it is.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class _Case:
    name: str
    is_file: bool
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_error)


def render(outcome: Outcome, repository: Repository, ended_at: datetime) -> str:
    """The XML of a masked outcome; the suite `run` is always there and has the error of the run."""
    findings = [annotation.finding for annotation in annotations_of(outcome, repository)]
    files = {repository.path(file) for file in outcome.sources}
    suites = list(_suites(findings, sorted(files), outcome.command))
    cases = [case for _, of_family in suites for case in of_family]
    seconds = max((ended_at - outcome.started_at).total_seconds(), 0)
    title = f"dbmate-wrap {outcome.command}"
    root = ET.Element("testsuites", {"name": title, **_counts(cases), "time": f"{seconds:.3f}"})
    started = outcome.started_at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    for family, of_family in suites:
        _add_suite(root, family, of_family, started)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suites(
    findings: Sequence[Finding], files: Sequence[str], command: str
) -> Iterator[tuple[str, Sequence[_Case]]]:
    families: dict[str, dict[str, list[Finding]]] = {_RUN: {command: []}}
    for family in _ALWAYS if files else ():
        families[family] = {file: [] for file in files}
    for finding in findings:
        is_rule = finding.rule in RULES or finding.rule.startswith("squawk/")
        family = family_of(finding.rule) if is_rule else _RUN
        name = finding.file if finding.file and family != _RUN else command
        families.setdefault(family, {}).setdefault(name, []).append(finding)
    for family, by_file in families.items():
        yield family, [_Case(name, name != command, tuple(of)) for name, of in by_file.items()]


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    failures = sum(bool(case.failures) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}


def _add_suite(root: ET.Element, family: str, cases: Sequence[_Case], started: str) -> None:
    attributes = {"name": f"dbmate-wrap {family}", **_counts(cases), "skipped": "0", "time": "0"}
    suite = ET.SubElement(root, "testsuite", attributes | {"timestamp": started})
    for case in cases:
        _add_case(suite, family, case)


def _add_case(suite: ET.Element, family: str, case: _Case) -> None:
    # Jenkins takes what is before the last dot for a package; GitLab tells cases apart by both names.
    element = ET.SubElement(suite, "testcase", classname=f"dbmate-wrap.{family}", name=_xml_text(case.name))
    if case.is_file:
        element.set("file", _xml_text(case.name))
    element.set("time", "0")
    if case.failures:
        first = case.failures[0]
        more = f" (and {len(case.failures) - 1} more)" if len(case.failures) > 1 else ""
        # GitLab shows the text alone, Jenkins the message above it.
        message, kind = _xml_text(first.message + more), _xml_text(first.rule)
        ET.SubElement(element, "failure", message=message, type=kind).text = _describe_all(case.failures)
    if others := [finding for finding in case.findings if not finding.is_error]:
        ET.SubElement(element, "system-out").text = _describe_all(others)


def _describe_all(findings: Sequence[Finding]) -> str:
    return _xml_text("\n\n".join(_describe(finding) for finding in findings))


def _describe(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line is not None else ""
    place = f"{finding.file}{line}: " if finding.file else ""
    return f"{finding.severity}: {place}{message_with_hint(finding)} [{finding.rule}]"


def _xml_text(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
