"""Renders JUnit XML as GitLab and Jenkins read it: a suite for each family of rules, a case for each file.

Of a run over a fleet there is a case for each target.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.fleet_result import FleetResult
from dbmate_wrap.domain.fleet_summary import SUMS_UP
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.policy.registry import RULES, family_of
from dbmate_wrap.render.annotations import Repository, annotations_of, message_with_hint
from dbmate_wrap.render.fleet_junit import fleet_suite

# These families check every file; the others have cases only for what they found.
_ALWAYS = ("files", "sql", "lockfile")
_RUN = "run"
# XML 1.0 does not have these characters (production 2, Char); a carriage return would not come back as it is.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def render(outcome: Outcome, repository: Repository, ended_at: datetime) -> str:
    """Return the XML of a masked outcome; the suite `run` is always there and has the error of the run."""
    root = ET.Element("testsuites", name=f"dbmate-wrap {outcome.command}")
    started = outcome.started_at.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    of_fleet = None
    if isinstance(outcome.result, FleetResult):
        of_fleet = fleet_suite(outcome, outcome.result.fleet)
        if of_fleet is not None and outcome.exit in SUMS_UP:
            # The cases of the targets have failed already.
            outcome = replace(outcome, error=None)
    for family, cases in _findings_by_family(outcome, repository).items():
        suite = ET.SubElement(root, "testsuite", name=f"dbmate-wrap {family}")
        for name, findings in cases.items():
            _add_case(suite, family, name, findings, is_file=name != outcome.command)
        _finish_suite(suite, started)
    if of_fleet is not None:
        root.append(of_fleet)
        _finish_suite(of_fleet, started)
    seconds = max((ended_at - outcome.started_at).total_seconds(), 0)
    root.attrib |= _counts(root) | {"time": f"{seconds:.3f}"}
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _findings_by_family(outcome: Outcome, repository: Repository) -> dict[str, dict[str, list[Finding]]]:
    """Return the findings by family and file; those without a file stand under the command."""
    command, files = outcome.command, sorted(map(repository.path, outcome.sources))
    families: dict[str, dict[str, list[Finding]]] = {_RUN: {command: []}}
    for family in _ALWAYS if files else ():
        families[family] = {file: [] for file in files}
    for annotation in annotations_of(outcome, repository):
        finding = annotation.finding
        is_rule = finding.rule in RULES or finding.rule.startswith("squawk/")
        family = family_of(finding.rule) if is_rule else _RUN
        name = finding.file if finding.file and is_rule else command
        families.setdefault(family, {}).setdefault(name, []).append(finding)
    return families


def _finish_suite(suite: ET.Element, started: str) -> None:
    skipped = str(len(suite.findall(".//skipped")))
    time = suite.get("time", "0")
    suite.attrib |= _counts(suite) | {"skipped": skipped, "time": time, "timestamp": started}


def _counts(element: ET.Element) -> dict[str, str]:
    counted = {"tests": "testcase", "failures": "failure", "errors": "error"}
    return {name: str(len(element.findall(f".//{tag}"))) for name, tag in counted.items()}


def _add_case(suite: ET.Element, family: str, name: str, found: Sequence[Finding], *, is_file: bool) -> None:
    # Jenkins takes what is before the last dot for a package; GitLab tells cases apart by both names.
    element = ET.SubElement(suite, "testcase", classname=f"dbmate-wrap.{family}", name=_xml_text(name))
    if is_file:
        element.set("file", _xml_text(name))
    element.set("time", "0")
    if errors := [finding for finding in found if finding.is_error]:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        # GitLab shows the text alone, Jenkins the message above it.
        message, kind = _xml_text(errors[0].message + more), _xml_text(errors[0].rule)
        ET.SubElement(element, "failure", message=message, type=kind).text = _describe_all(errors)
    if others := [finding for finding in found if not finding.is_error]:
        ET.SubElement(element, "system-out").text = _describe_all(others)


def _describe_all(findings: Sequence[Finding]) -> str:
    return _xml_text("\n\n".join(_describe(finding) for finding in findings))


def _describe(finding: Finding) -> str:
    line = f":{finding.line}" if finding.line is not None else ""
    place = f"{finding.file}{line}: " if finding.file else ""
    return f"{finding.severity}: {place}{message_with_hint(finding)} [{finding.rule}]"


def _xml_text(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
