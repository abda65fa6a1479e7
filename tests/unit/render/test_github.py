"""GitHub shows annotations beside the lines of a pull request; nothing else of the output is a command."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.render.annotations import Repository
from dbmate_wrap.render.github import escape_commands, render
from tests.support.cases import assert_golden
from tests.support.outcomes import OUTCOMES, check, check_good, outcome
from tests.support.workflow_commands import read_commands

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_is_printed_is_the_golden_output(name: str) -> None:
    assert_golden(f"{name}.github", render(OUTCOMES[name](), SHOP))


def test_an_annotation_has_the_place_in_the_repository_the_rule_and_what_to_do() -> None:
    assert read_commands(render(check(), SHOP))[0] == (
        "error",
        {"file": "crm/db/migrations/002_add_orders.sql", "line": "3", "col": "2", "title": "search-path"},
        "sets search_path\nhint: write app.orders instead",
    )


def test_no_more_than_ten_of_each_kind_are_annotations_and_the_rest_is_counted() -> None:
    run = check_good()
    severities: tuple[Severity, ...] = ("notice", "error", "warning")
    run.findings = [Finding("r", each, "a.sql", n + 1, 1, f"m{n}") for n in range(12) for each in severities]
    stdout = render(run, SHOP)
    names = [name for name, _, _ in read_commands(stdout)]
    assert names == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert "\n6 more: " in stdout


def test_every_finding_becomes_its_own_command_whatever_it_says() -> None:
    run = OUTCOMES["check-hostile"]()
    commands = read_commands(render(run, SHOP))
    assert [name for name, _, _ in commands] == ["error", "warning", "warning"]
    assert commands[0][1]["title"] == "squawk/a,b:c%"
    assert commands[0][1]["file"] == "crm/db/migrations/003_,:%|`@x #1\\n<b>\\u202e\\xff.sql"
    assert commands[0][2].startswith("a\n::error file=x::y\n  ##[warning]z %0A, | ")


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_another_command_or_property(rule: str, file: str, message: str) -> None:
    run = check_good()
    run.findings = [Finding(f"r{rule}", "error", f"f{file}", 1, 1, f"m{message}")]
    run.summary = message
    [(name, properties, data)] = read_commands(render(run, SHOP))
    assert (name, list(properties)) == ("error", ["file", "line", "col", "title"])
    assert data.startswith("m")


@pytest.mark.parametrize(
    "words",
    [
        *(
            "::error::x",
            "  ::add-mask::x",
            "\t::stop-commands::t\n",
            "a ##[error]x",
            "##[add-mask]e",
            "###[x]",
        ),
        *("a\n::group::b\n", "\xa0::x::y", "\u2028::x::y", "\x85::x::y", "a\r::x::y", "a\x0b::x::y"),
    ],
)
def test_no_line_of_other_text_is_a_command(words: str) -> None:
    assert read_commands(escape_commands(words)) == []


@given(st.text("a:#[] \n\r\t\x0b\x85\u2028"))
def test_whatever_the_text_no_line_of_it_is_a_command(words: str) -> None:
    assert read_commands(escape_commands(words)) == []
    assert escape_commands(words).replace("\\", "") == words


def test_ordinary_text_stays_as_it_is() -> None:
    words = "error: a::text cast failed at [1::2]\n  | select 1::text\n"
    assert escape_commands(words) == words


def test_the_table_follows_and_cannot_be_a_command() -> None:
    run = outcome("status")
    run.migrations = [MigrationRow("::error::1", "::error::x", "pending", None, None)]
    assert read_commands(render(run, SHOP)) == []
    assert "pending" in render(run, SHOP)
