"""`explain` finds a page by every name that the tool prints."""

import re
from datetime import UTC, datetime

import pytest

from dbmate_wrap.commands.explain import explain, names, pages_of
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import ExplainResult
from dbmate_wrap.errors import ExitCode, UsageError
from dbmate_wrap.policy.registry import RULES


def explained(name: str | None) -> list[tuple[str, str, str]]:
    """Kind, name and text of each page."""
    outcome = Outcome("explain", None, "0", datetime.now(UTC))
    explain(outcome, name)
    assert isinstance(outcome.result, ExplainResult)
    return [(page.kind, page.name, page.text) for page in outcome.result.pages]


def kinds(name: str) -> list[str]:
    """What the pages of a name are about."""
    return [kind for kind, _, _ in explained(name)]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_page(rule: str) -> None:
    [kind, name, text] = explained(rule)[0]
    assert (kind, name) == ("rule", rule)
    assert text.startswith(f"# {rule}\n")


@pytest.mark.parametrize("code", ExitCode, ids=lambda code: code.label)
def test_a_code_is_found_by_number_and_by_name(code: ExitCode) -> None:
    [by_number] = explained(str(int(code)))
    assert by_number in explained(code.label)
    assert by_number[2].startswith(f"# {int(code)} {code.label}\n")


@pytest.mark.parametrize(
    "code", [code for code in ExitCode if 11 <= code <= 35 and code != ExitCode.PENDING], ids=int
)
def test_a_code_leads_to_its_runbook(code: ExitCode) -> None:
    [(_, _, text)] = explained(str(int(code)))
    led = re.findall(r"`dbmate-wrap explain ([a-z0-9-]+)`", text.replace("\n", " "))
    wanted = "a-check-is-red" if code is ExitCode.POLICY else str(int(code))
    assert [name for name in led if wanted in name.split("-") or name == wanted], led
    assert {kind for name in led for kind in kinds(name)} == {"guide"}


def test_names_that_are_shared_show_every_page() -> None:
    assert kinds("edited") == ["rule", "state"]
    assert kinds("pending") == ["exit code", "state"]


@pytest.mark.parametrize(
    "typed", ["applied (former text)", "Applied-Former-Text", "out of order", "OUT_OF_ORDER"]
)
def test_a_state_is_found_as_it_is_shown_and_as_it_is_typed(typed: str) -> None:
    assert kinds(typed) == ["state"]


def test_a_rule_of_squawk_has_the_page_of_all_and_its_address() -> None:
    [(kind, name, text)] = explained("squawk/ban-drop-column")
    assert (kind, name) == ("rule", "squawk/ban-drop-column")
    assert "https://squawkhq.com/docs/ban-drop-column" in text
    assert kinds("squawk") == ["rule"]


@pytest.mark.parametrize("name", ["rules", "states", "runbook", "adopt", "sealed-too-early", "database-urls"])
def test_guides_and_their_sections_are_found(name: str) -> None:
    assert kinds(name) == ["guide"]


def test_without_a_name_every_name_is_listed() -> None:
    [(_, _, text)] = explained(None)
    for name in names():
        assert name in text, name


def test_every_name_that_is_listed_has_a_page() -> None:
    for name in names():
        assert pages_of(name), name


def test_no_page_links_to_a_file() -> None:
    for name in names():
        for _, _, text in explained(name):
            assert ".md)" not in text, name
            assert ".md#" not in text, name


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("partail", "`dbmate-wrap explain partial`?"),
        ("data-wirte", "`dbmate-wrap explain data-write`?"),
        ("squawk/ban-drop-colum", "`dbmate-wrap explain squawk/ban-drop-column`?"),
        ("pooler", "`dbmate-wrap explain a-pooler-is-in-between`?"),
        ("99", "`dbmate-wrap explain` lists all"),
        ("  ", "`dbmate-wrap explain` lists all"),
    ],
)
def test_a_name_without_a_page_suggests_the_nearest(typed: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        explained(typed)
    assert hint in str(raised.value.hint)
