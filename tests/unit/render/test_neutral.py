"""What comes from a server, a file name, SQL or the settings is text in every format, and nothing else.

Every text of every kind of outcome is replaced by every hostile one, each alone.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import PurePosixPath

import pytest

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.plan_gate import warnings_of
from dbmate_wrap.render import github, gitlab, junit, markdown, sarif, text
from dbmate_wrap.render import json as json_format
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.stderr_text import stderr_text
from dbmate_wrap.render.table import PLAIN
from tests.support.outcomes import ENDED, OUTCOMES
from tests.support.workflow_commands import read_commands

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")
HOSTILE = (
    "\x1b[31mred",
    "\x9b31mred",
    "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "a\rb",
    "a\x08\x85\u2028b\x00",
    "\u202edesrever\u2066",
    "\udcff\udc9b",
    "::error::x",
    "a\n::error file=x::y\n  ::add-mask::z",
    "##[error]x",
    "a ##vso[task.setvariable variable=x]y",
    "a\nsection_start:1:x\r\x1b[0K",
    "@team",
    "#123 org/repo#123 GH-123",
    "!1 ~label %1 $1 [vulnerability:1]",
    "[x](http://evil.example) ![x](http://evil.example/x.png)",
    "<img src=x> <!-- --> &lt;b&gt;",
    "https://evil.example www.evil.example",
    "` `` ``` x",
    "a|b|c",
    "a\nb\n# c\n- d\n---\n1. e",
    "x -->\n</details>",
    "]]>",
)
# Of our own words and numbers alone: (class, field).
OURS = {
    *(("Outcome", name) for name in ("command", "environment", "run_id")),
    *(("Finding", "severity"), ("Check", "id"), ("Check", "status"), ("SettingRow", "name")),
    # The four are names of environments, which are checked (settings/names.py).
    *(("EnvironmentRow", "name"), ("MatrixError", "environment"), ("Matrix", "environments")),
    ("ErrorReport", "sqlstate"),
    # Pages of the package.
    *(("ExplainedPage", name) for name in ("kind", "name", "text")),
}

# Their texts are those of `fleet-hostile`, many times over.
MANY = {"fleet-status", "fleet-up-failed", "fleet-up-stopped"}


def variants(value: object, hostile: str, seen: set[tuple[str, str]]) -> Iterator[object]:
    """Copies of a value, each with one text replaced; fields that were `seen` before are left alone."""
    if isinstance(value, str) and not isinstance(value, Enum):
        yield hostile
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value[:1]):
            for each in variants(item, hostile, seen):
                yield type(value)([*value[:index], each, *value[index + 1 :]])
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            key = (type(value).__name__, field.name)
            if key in OURS or (key in seen and not is_container(getattr(value, field.name))):
                continue
            seen.add(key)
            for each in variants(getattr(value, field.name), hostile, seen):
                yield replace(value, **{field.name: each})


def is_container(value: object) -> bool:
    return isinstance(value, list | tuple) or is_dataclass(value)


def outcomes(hostile: str) -> Iterator[Outcome]:
    for make in (OUTCOMES[name] for name in OUTCOMES if name not in MANY):
        seen: set[tuple[str, str]] = set()
        for each in variants(make(), hostile, seen):
            assert isinstance(each, Outcome)
            # The line of code of a finding is shown too.
            yield replace(each, sources=dict.fromkeys(each.sources, f"{hostile}\n" * 3))


def is_visible(shown: str) -> bool:
    return all(line.isprintable() or "\xa0" in line for line in shown.split("\n"))


def assert_text(run: Outcome) -> None:
    shown = text.render(run, PLAIN) + stderr_text(run, PLAIN, quiet=False, verbose=True)
    assert is_visible(shown), shown
    # In the log of a runner.
    assert read_commands(github.escape_commands(shown)) == []
    assert not re.search(r"##\w*\[", github.escape_commands(shown))


def assert_github(run: Outcome) -> None:
    shown = github.render(run, SHOP)
    assert is_visible(shown), shown
    commands = read_commands(shown)
    assert {name for name, _, _ in commands} <= {"error", "warning", "notice"}
    assert len(commands) <= len(run.findings) + len([*warnings_of(run)]) + 1
    others = [
        line for line in shown.splitlines() if not line.startswith(("::error", "::warning", "::notice"))
    ]
    assert not any(re.search(r"##\w*\[", line) for line in others)


def assert_json(run: Outcome) -> None:
    shown = json_format.render(run, ENDED)
    assert shown.isascii()
    assert is_visible(shown)
    json.loads(shown)
    assert not re.search(r"##\w*\[|(?m:^\s*::)", shown)


FENCE = re.compile(r"^(`{3,})(?:text|mermaid)\n.*?\n\1$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)")


def assert_markdown(run: Outcome) -> None:
    shown = markdown.render(run, SHOP)
    assert is_visible(shown.replace("\u200b", "")), shown
    assert not re.search(r"##\w*\[|(?m:^\s*::)", shown), shown
    bare = FENCE.sub("", shown.partition("\n")[2])
    columns: int | None = None
    for line in bare.split("\n"):
        if not line.startswith("|"):
            columns = None
            continue
        number = len(re.findall(r"(?<!\\)\|", line))
        assert number == (columns or number), line
        columns = number
    # No mention, reference, link, picture or markup but ours is left outside of code.
    prose = re.sub(r"&#\d+;", ";", SPAN.sub("", bare))
    prose = re.sub(r"^</?details>$|^<summary>[\w ()]+</summary>$|<br>", "", prose, flags=re.MULTILINE)
    assert not re.search(r"<\w|</|<!|(?<!\\)\]\(|://|\bwww\.", prose), prose
    assert not re.search(r"[@!]\w|#\d|GH-\d|[~%$]\w|&amp;\d|\[\w+:", prose), prose
    titles = [line for line in bare.split("\n") if line.startswith("#")]
    assert all(re.fullmatch(r"#{2,3} [\w ().,:-]+", line) for line in titles), titles


def assert_junit(run: Outcome) -> None:
    root = ET.fromstring(junit.render(run, SHOP, ENDED))
    for element in root.iter():
        for shown in (element.text or "", *element.attrib.values()):
            assert is_visible(shown), shown


def assert_gitlab(run: Outcome) -> None:
    for issue in json.loads(gitlab.render(run, SHOP)):
        assert is_visible(issue["description"])
        assert issue["location"]["path"].isprintable()


def assert_sarif(run: Outcome) -> None:
    [report] = json.loads(sarif.render(run, SHOP, ENDED, "1"))["runs"]
    said = [each["message"]["text"] for each in report["results"]]
    said += [each["message"]["text"] for each in report["invocations"][0]["toolExecutionNotifications"]]
    for shown in said:
        assert is_visible(shown.replace("\u200b", ""))
        assert not re.search(r"\]\(|@\w|#\d", shown), shown
    for each in report["results"]:
        uri = each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w./:%~-]*", uri, re.ASCII), uri


FORMATS: dict[str, Callable[[Outcome], None]] = {
    "text": assert_text,
    "github": assert_github,
    "json": assert_json,
    "markdown": assert_markdown,
    "junit": assert_junit,
    "gitlab": assert_gitlab,
    "sarif": assert_sarif,
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_it_is_text_and_nothing_else_in_every_field(hostile: str, form: str) -> None:
    for run in outcomes(hostile):
        FORMATS[form](run)


def test_every_text_of_every_outcome_is_tried_but_for_our_own_words() -> None:
    tried: set[tuple[str, str]] = set()
    for make in OUTCOMES.values():
        list(variants(make(), "x", tried))
    wanted = {("Finding", name) for name in ("rule", "file", "message", "hint")}
    wanted |= {("ErrorReport", name) for name in ("message", "hint", "migration", "frame", "faults")}
    wanted |= {("Fault", name) for name in ("message", "source", "hint")}
    wanted |= {("Target", name) for name in ("host", "database", "server_version")}
    wanted |= {("LedgerEntry", name) for name in ("file", "host", "os_user", "database_user", "git_commit")}
    wanted |= {
        ("SettingRow", "value"),
        ("EnvironmentRow", "url"),
        ("MatrixError", "error"),
        ("NewResult", "path"),
    }
    wanted |= {("ExecResult", "stdout"), ("Check", "message"), ("Check", "hint"), ("MigrationRow", "file")}
    assert wanted <= tried
