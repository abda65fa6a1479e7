"""Whether an agent types, and whether its person has agreed."""

import re
from pathlib import Path

import pytest

from dbmate_wrap.domain.agents import MARKERS, Marker, Typist, typist_of
from dbmate_wrap.domain.consent import CONSENT_VARIABLE

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = ("CLAUDECODE", "CURSOR_AGENT", "GEMINI_CLI", "CODEX_SANDBOX", "REPLIT_CLI")


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: f"{marker.variable}-{marker.agent}")
def test_each_variable_tells_its_agent(marker: Marker) -> None:
    for value in (marker.value,) if marker.value else ("1", "true", "seatbelt", "/usr/bin/replit"):
        assert typist_of({marker.variable: value}) == Typist(marker)
        assert typist_of({marker.variable: value}).must_ask


@pytest.mark.parametrize("variable", sorted({marker.variable for marker in MARKERS}))
@pytest.mark.parametrize("value", ["", " ", "0", "false", "FALSE", "no", "off"])
def test_a_variable_that_is_switched_off_tells_nothing(variable: str, value: str) -> None:
    assert typist_of({variable: value}) == Typist()


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AGENT": "jenkins-7"},
        {"OR_APP_NAME": "another program"},
        {"CURSOR_TRACE_ID": "a terminal of the editor, in which a person types"},
        {"TERM_PROGRAM": "vscode"},
        {"CI": "true"},
    ],
    ids=str,
)
def test_what_is_set_for_persons_too_is_no_agent(variables: dict[str, str]) -> None:
    assert not typist_of(variables).must_ask


def test_a_name_of_its_own_goes_before_the_one_for_all() -> None:
    found = typist_of({"AI_AGENT": "x", "CURSOR_AGENT": "1"}).marker
    assert found is not None
    assert found.agent == "Cursor"


@pytest.mark.parametrize("words", ["yes, apply them", "Ja, mach das", "go ahead!", "  do\n it "])
def test_the_words_of_a_person_are_consent(words: str) -> None:
    found = typist_of({"CLAUDECODE": "1", CONSENT_VARIABLE: words})
    assert not found.must_ask
    assert found.consent == " ".join(words.split())


@pytest.mark.parametrize(
    "words", ["", " ", "1", "true", "YES", "y", "ok", "on", "null", "0", "no", "...", "123"]
)
def test_a_switch_is_no_consent(words: str) -> None:
    assert typist_of({"CLAUDECODE": "1", CONSENT_VARIABLE: words}).must_ask


def test_the_table_has_the_variables_that_were_promised() -> None:
    assert {marker.variable for marker in MARKERS} >= set(CONTRACT)


def test_the_page_has_every_variable() -> None:
    page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)`(?: = `(\w+)`)? \| (.+) \|$", page, re.MULTILINE)
    assert rows[-len(MARKERS) :] == [(each.variable, each.value or "", each.agent) for each in MARKERS]
