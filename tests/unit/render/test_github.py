"""GitHub shows annotations beside the lines of a pull request; nothing else of the output is a command."""

import re
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

SHOP = Repository(PurePosixPath("/srv/shop"), "crm")
_COMMAND = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>.*?))?::(?P<data>.*)")


def read(stdout: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands that the runner finds (actions/runner, ActionCommand.cs): name, properties, data."""
    found: list[tuple[str, dict[str, str], str]] = []
    for line in stdout.splitlines():
        assert "##[" not in line or line.lstrip().startswith("::"), line
        if (match := _COMMAND.match(line.lstrip())) is None:
            assert not line.lstrip().startswith("::"), line
            continue
        pairs = (pair.split("=", 1) for pair in (match["properties"] or "").split(",") if pair)
        properties = {name: plain(value, ":,") for name, value in pairs}
        found.append((match["name"], properties, plain(match["data"])))
    return found


def plain(value: str, more: str = "") -> str:
    """What the runner makes of an escaped value: the per cent sign last."""
    for character in f"\r\n{more}%":
        value = value.replace(f"%{ord(character):02X}", character)
    return value


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_is_printed_is_the_golden_output(name: str) -> None:
    assert_golden(f"{name}.github", render(OUTCOMES[name](), SHOP))


def test_an_annotation_has_the_place_in_the_repository_the_rule_and_what_to_do() -> None:
    assert read(render(check(), SHOP))[0] == (
        "error",
        {"file": "crm/db/migrations/002_add_orders.sql", "line": "3", "col": "2", "title": "search-path"},
        "sets search_path\nhint: write app.orders instead",
    )


def test_no_more_than_ten_of_each_kind_are_annotations_and_the_rest_is_counted() -> None:
    run = check_good()
    severities: tuple[Severity, ...] = ("notice", "error", "warning")
    run.findings = [Finding("r", each, "a.sql", n + 1, 1, f"m{n}") for n in range(12) for each in severities]
    stdout = render(run, SHOP)
    names = [name for name, _, _ in read(stdout)]
    assert names == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert "\n6 more: " in stdout


def test_every_finding_becomes_its_own_command_whatever_it_says() -> None:
    run = OUTCOMES["check-hostile"]()
    commands = read(render(run, SHOP))
    assert [name for name, _, _ in commands] == ["error", "warning", "warning"]
    assert commands[0][1]["title"] == "squawk/a,b:c%"
    assert commands[0][1]["file"] == "crm/db/migrations/003_,:%|`@x #1\\n<b>\\u202e\\xff.sql"
    assert commands[0][2].startswith("a\n::error file=x::y\n  ##[warning]z %0A, | ")


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_another_command_or_property(rule: str, file: str, message: str) -> None:
    run = check_good()
    run.findings = [Finding(f"r{rule}", "error", f"f{file}", 1, 1, f"m{message}")]
    run.summary = message
    [(name, properties, data)] = read(render(run, SHOP))
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
    assert read(escape_commands(words)) == []


@given(st.text("a:#[] \n\r\t\x0b\x85\u2028"))
def test_whatever_the_text_no_line_of_it_is_a_command(words: str) -> None:
    assert read(escape_commands(words)) == []
    assert escape_commands(words).replace("\\", "") == words


def test_ordinary_text_stays_as_it_is() -> None:
    words = "error: a::text cast failed at [1::2]\n  | select 1::text\n"
    assert escape_commands(words) == words


def test_the_table_follows_and_cannot_be_a_command() -> None:
    run = outcome("status")
    run.migrations = [MigrationRow("::error::1", "::error::x", "pending", None, None)]
    assert read(render(run, SHOP)) == []
    assert "pending" in render(run, SHOP)
