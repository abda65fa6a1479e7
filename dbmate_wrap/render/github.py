"""Renders annotations for GitHub Actions, and keeps other text from being taken for commands."""

from collections import Counter

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render import text
from dbmate_wrap.render.annotations import Repository, annotations_of, text_of
from dbmate_wrap.render.table import PLAIN

# GitHub shows no more of each kind from one step.
MOST = 10
# Of a message; what GitHub takes is 64 KB.
_LONGEST = 4000


def render(outcome: Outcome, repository: Repository) -> str:
    """For stdout, of a masked outcome: annotations for the first of each kind, then the text for people."""
    found = annotations_of(outcome, repository)
    shown: Counter[str] = Counter()
    lines: list[str] = []
    for remark in found:
        shown[remark.finding.severity] += 1
        if shown[remark.finding.severity] <= MOST:
            lines.append(_annotation(remark.finding))
    more = sum(count - MOST for count in shown.values() if count > MOST)
    if more:
        lines.append(
            f"{more} more: GitHub shows {MOST} of a kind; the log and the step summary have them all"
        )
    return "".join(f"{line}\n" for line in lines) + inert(text.result(outcome, PLAIN))


def inert(words: str) -> str:
    r"""The text, no line of which the runner takes for a command.

    It looks for ``::`` at the beginning of a line, after white space, and for ``##[`` anywhere in it
    (actions/runner, ActionCommand.cs); both get a backslash.
    """
    if "::" not in words and "##[" not in words:
        return words
    lines = words.replace("##[", "#\\#[").splitlines(keepends=True)
    return "".join(_not_a_command(line) for line in lines)


def _not_a_command(line: str) -> str:
    start = len(line) - len(line.lstrip())
    return f"{line[:start]}\\{line[start:]}" if line.startswith("::", start) else line


def _annotation(finding: Finding) -> str:
    properties: dict[str, str] = {}
    if finding.file:
        properties["file"] = finding.file
        if finding.line is not None:
            properties["line"] = str(finding.line)
            if finding.column is not None:
                properties["col"] = str(finding.column)
    properties["title"] = finding.rule
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    words = text_of(finding)
    cut = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
    return f"::{finding.severity} {given}::{_data(cut)}"


def _data(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")
