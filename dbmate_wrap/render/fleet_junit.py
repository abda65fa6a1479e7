"""Renders the targets of a fleet as a suite of JUnit XML: a case for each."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from dbmate_wrap.domain.escape import visible, visible_lines
from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.domain.fleet_result import FleetSummary
from dbmate_wrap.domain.outcome import Outcome


def fleet_suite(outcome: Outcome, summary: FleetSummary) -> ET.Element | None:
    """Return the suite of a run over a fleet; None where it is about no target at all.

    What was not begun is skipped; of what no shard reported nobody knows whether it failed: an error.
    """
    suite = ET.Element("testsuite", name=f"dbmate-wrap fleet {visible(summary.name)}")
    for end in outcome.ends:
        if end.was_begun:
            _add_end(_case(suite, summary, end.row.name, end.duration_ms), end)
    reason = visible_lines(summary.stopped or "the run was stopped before it", "")
    for name in summary.not_begun:
        ET.SubElement(_case(suite, summary, name), "skipped", message=reason)
    for name in summary.unreported:
        message = "no shard reported it"
        error = ET.SubElement(_case(suite, summary, name), "error", message=message, type="unreported")
        error.text = f"{message}: it may have been migrated, or not"
    return suite if len(suite) else None


def _case(suite: ET.Element, summary: FleetSummary, name: str, duration_ms: int = 0) -> ET.Element:
    # Jenkins takes what is before the last dot for a package.
    package = f"dbmate-wrap.{visible(summary.name)}"
    seconds = f"{duration_ms / 1000:.3f}".rstrip("0").rstrip(".")
    return ET.SubElement(suite, "testcase", classname=package, name=visible(name), time=seconds)


def _add_end(case: ET.Element, end: TargetEnd) -> None:
    if end.has_failed:
        message = visible_lines(end.error.message if end.error else end.exit.meaning, "")
        failure = ET.SubElement(case, "failure", message=message, type=end.exit.label)
        failure.text = "\n".join([message, *_details(end)])
    version = f", at {end.row.version}" if end.row.version else ""
    labels = "".join(f"\n{label}" for label in end.row.labels)
    ET.SubElement(case, "system-out").text = visible_lines(f"{end.row.state}{version}{labels}", "")


def _details(end: TargetEnd) -> Iterator[str]:
    yield f"exit: {int(end.exit)} ({end.exit.label})"
    if end.error is None:
        return
    facts = {"migration": end.error.migration, "SQLSTATE": end.error.sqlstate, "hint": end.error.hint}
    yield from (f"{name}: {visible_lines(text, '  ')}" for name, text in facts.items() if text)
