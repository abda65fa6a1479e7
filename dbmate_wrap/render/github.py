"""Renders annotations for GitHub Actions, and escapes what the runner would take for a command."""

import re
from collections import Counter

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render import text
from dbmate_wrap.render.annotations import Repository, annotations_of, message_with_hint
from dbmate_wrap.render.table import PLAIN

# GitHub shows no more annotations of a severity from one step.
MAX_ANNOTATIONS = 10
# Characters of a message; GitHub takes 64 KB.
_MAX_MESSAGE = 4000
# The older form of a command: ##[group], and of Azure Pipelines ##vso[task.complete].
_MARK = re.compile(r"##(?=\w*\[)")


def render(outcome: Outcome, repository: Repository) -> str:
    """For stdout, of a masked outcome: annotations for the first of each kind, then the text for people."""
    found = annotations_of(outcome, repository)
    shown: Counter[str] = Counter()
    lines: list[str] = []
    for annotation in found:
        shown[annotation.finding.severity] += 1
        if shown[annotation.finding.severity] <= MAX_ANNOTATIONS:
            lines.append(_annotation(annotation.finding))
    if more := len(found) - len(lines):
        all_of_them = "the log and the step summary have them all"
        lines.append(f"{more} more: GitHub shows {MAX_ANNOTATIONS} of a kind; {all_of_them}")
    return "".join(f"{line}\n" for line in lines) + escape_commands(text.render(outcome, PLAIN))


def escape_commands(output: str) -> str:
    r"""Return `output` with a backslash in every line that the runner would take for a command.

    It looks for ``::`` at the beginning of a line, after white space, and for ``##[`` anywhere in it
    (actions/runner, ActionCommand.cs); Azure Pipelines for ``##vso[`` too.
    """
    if "::" not in output and "##" not in output:
        return output
    lines = _MARK.sub(r"#\\#", output).splitlines(keepends=True)
    return "".join(_escape_command(line) for line in lines)


def _escape_command(line: str) -> str:
    start = len(line) - len(line.lstrip())
    return f"{line[:start]}\\{line[start:]}" if line.startswith("::", start) else line


def _annotation(finding: Finding) -> str:
    place = {"file": finding.file, "line": finding.line, "col": finding.column} if finding.file else {}
    properties = place | {"title": finding.rule}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value is not None)
    message = message_with_hint(finding)
    cut = message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}..."
    return f"::{finding.severity} {listed}::{_data(cut)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str | int) -> str:
    return _data(str(value)).replace(":", "%3A").replace(",", "%2C")
